//! `apply`: observe, stage, check, arm, switch, observe again; whatever goes wrong after `armed` is undone.

use crate::arm;
use crate::check;
use crate::confirm;
use crate::health;
use crate::journal::{self, Durable, Log};
use crate::observe::observe;
use crate::paths;
use crate::recover;
use crate::redact::Redactor;
use crate::store::{Before, Manifest, Store};
use crate::switch::{Phase, Switch, touched_units};
use crate::system::{System, fault, now};
use crate::systemd::Timer;
use crate::talk::{SECOND, Talk};
use crate::undo;
use artifact::protocol::{AGENT_PATH, ApplyRequest, Code, Event, Fault, Go, State};
use artifact::{FlatDesired, Observation, Seen, hash_hex};
use plan::{Change, Kind, Step, steps};
use std::collections::BTreeSet;
use std::time::Duration;

/// The transient timer and service that undo what nobody confirms.
pub const DEADMAN: &str = "fleetwright-deadman";
/// Another agent may take this long to let go of the lock.
const LOCK: Duration = Duration::from_secs(2);

/// Writes a state into the journal.
///
/// # Errors
/// When it cannot be written.
pub fn note(log: &mut Log, generation: u64, state: State, step: &str, durable: Durable) -> Result<(), Fault> {
    let entry = journal::Entry {
        v: 0,
        seq: 0,
        generation,
        state,
        step: step.to_owned(),
        at: now(),
        deadline_s: None,
        token: None,
    };
    add(log, entry, durable)
}

fn add(log: &mut Log, entry: journal::Entry, durable: Durable) -> Result<(), Fault> {
    let point = entry.clone();
    log.add(entry, durable).map_err(|e| fault(Code::SwitchFailed, "the journal", &e))?;
    crate::fault_points::reached(&point)
}

/// The next generation's number: never one that was used before.
fn next_generation(store: &Store, log: &Log) -> Result<u64, Fault> {
    let on_disk = store.generations().last().copied().unwrap_or(0);
    let in_journal = log.journal().entries.iter().map(|e| e.generation).max().unwrap_or(0);
    Ok(on_disk.max(in_journal).max(store.current()?) + 1)
}

/// Runs one apply up to `switched`, and says how it ended.
///
/// # Errors
/// What kept it from beginning; nothing live has changed then.
pub fn apply(system: &mut System, talk: &mut Talk, request: &ApplyRequest) -> Result<Event, Fault> {
    let desired = &request.desired;
    paths::check(desired)?;
    let store = Store::of(system);
    let _lock = store.lock(LOCK)?;
    let mut log = Log::open(store.path("journal"))?;
    recover::before_anything(system, &store, &mut log)?;
    let seen = observe(system, &store, desired)?;
    talk.say(&Event::Observed(Box::new(seen.clone())));
    let steps = steps(desired, &seen);
    if steps.is_empty() {
        return unchanged(system, &store, &mut log, desired, &seen);
    }
    let Some(go) = talk.hear::<Go>(SECOND)? else {
        return Ok(Event::Unchanged(seen.generation));
    };
    let generation = next_generation(&store, &log)?;
    let mut run = Run { system, talk, store: &store, log: &mut log, request, generation };
    let armed = run.prepare(&seen, steps, &go);
    let (manifest, before, redactor) = match armed {
        Ok(armed) => armed,
        Err(fault) => {
            note(run.log, generation, State::Failed, fault.code.name(), Durable::Now)?;
            return Ok(Event::Failed(fault));
        }
    };
    match run.switch(&manifest, &before, &redactor) {
        Ok(token) => Ok(Event::Switched { generation, token }),
        Err(fault) => {
            let shown = Fault::new(fault.code, redactor.clean(&fault.message));
            talk.say(&Event::State { state: State::Undoing, detail: shown.to_string() });
            let reason = shown.to_string();
            let report = undo::undo(system, &store, &mut log, generation, &reason, Some(shown))?;
            Ok(Event::Undone(Box::new(report)))
        }
    }
}

/// Nothing differs. When the state on record reads differently all the same (a health probe, an owner of a
/// path that was already right), the record is brought up to date; nothing live is touched.
fn unchanged(
    system: &mut System,
    store: &Store,
    log: &mut Log,
    desired: &FlatDesired,
    seen: &Observation,
) -> Result<Event, Fault> {
    if seen.digest.as_deref() == Some(&desired.digest()) {
        return Ok(Event::Unchanged(seen.generation));
    }
    let generation = next_generation(store, log)?;
    let before = Before::default();
    let manifest = arm::manifest(system, store, desired, seen, &before, generation)?;
    store.put(&manifest, &before)?;
    confirm::settle(system, store, log, &manifest, Vec::new())?;
    Ok(Event::Unchanged(generation))
}

struct Run<'a> {
    system: &'a mut System,
    talk: &'a Talk,
    store: &'a Store,
    log: &'a mut Log,
    request: &'a ApplyRequest,
    generation: u64,
}

impl Run<'_> {
    fn state(&mut self, state: State, detail: &str, durable: Durable) -> Result<(), Fault> {
        note(self.log, self.generation, state, detail, durable)?;
        self.talk.say(&Event::State { state, detail: detail.to_owned() });
        Ok(())
    }

    /// Stage, check and arm: nothing live changes.
    fn prepare(
        &mut self,
        seen: &Observation,
        steps: Vec<Step>,
        go: &Go,
    ) -> Result<(Manifest, Before, Redactor), Fault> {
        let desired = &self.request.desired;
        let redactor = self.stage(seen, go)?;
        let bytes = format!("{} files", seen.files.len());
        self.state(State::Staged, &bytes, Durable::Later)?;
        let changed: BTreeSet<&str> = steps
            .iter()
            .filter(|s| matches!(s.kind, Kind::File | Kind::Link))
            .map(|s| s.name.as_str())
            .collect();
        // The checkers come with the packages. A package is an addition that is never undone.
        let packages: BTreeSet<String> =
            steps.iter().filter(|s| s.kind == Kind::Package).map(|s| s.name.clone()).collect();
        if !packages.is_empty() {
            self.state(State::Staged, "packages", Durable::Now)?;
            crate::packages::install(self.system, &packages)?;
        }
        let passed = check::check(self.system, self.store, desired, &changed, &redactor)?;
        self.state(State::Checked, &format!("{passed} checks"), Durable::Later)?;
        let before = arm::before(self.system, self.store, desired, seen, steps)?;
        let mut manifest = arm::manifest(self.system, self.store, desired, seen, &before, self.generation)?;
        manifest.plan.clone_from(&go.plan);
        recover::install(self.system)?;
        self.store.put(&manifest, &before)?;
        let deadline_s = self.request.deadline_s;
        let entry = journal::Entry {
            v: 0,
            seq: 0,
            generation: self.generation,
            state: State::Armed,
            step: String::new(),
            at: now(),
            deadline_s: Some(deadline_s),
            token: None,
        };
        add(self.log, entry, Durable::Now)?;
        if deadline_s > 0 {
            self.set_deadman(deadline_s)?;
        }
        let detail = if deadline_s > 0 { format!("{deadline_s} s") } else { "no timer".to_owned() };
        self.talk.say(&Event::State { state: State::Armed, detail });
        Ok((manifest, before, redactor))
    }

    /// Takes the bytes in, each under its hash.
    fn stage(&mut self, seen: &Observation, go: &Go) -> Result<Redactor, Fault> {
        let desired = &self.request.desired;
        self.store.make()?;
        for (sha256, bytes) in &go.blobs {
            if hash_hex(&bytes.0) != *sha256 {
                return Err(Fault::new(Code::BlobMismatch, format!("the bytes sent as {sha256} are others")));
            }
            self.store.keep(sha256, &bytes.0)?;
        }
        let mut redactor = Redactor::default();
        for (path, file) in &desired.files {
            let differs = seen.files.get(path);
            if differs.is_none() && !file.secret {
                continue;
            }
            let bytes = check::wanted_bytes(self.system, self.store, path, &file.sha256)?;
            redactor.learn(file, &bytes);
            // Only the rights differ: the bytes come from the disk, which the switch will write over.
            if matches!(differs.map(|d| &d.seen), Some(Seen::File { .. })) {
                self.store.keep(&file.sha256, &bytes)?;
            }
        }
        Ok(redactor)
    }

    fn set_deadman(&mut self, deadline_s: u32) -> Result<(), Fault> {
        let argv = ["undo", "--generation", &self.generation.to_string(), "--deadman"].map(str::to_owned);
        let argv: Vec<String> = std::iter::once(AGENT_PATH.to_owned()).chain(argv).collect();
        self.system.systemd()?.set_timer(&Timer {
            name: DEADMAN,
            description: "Undo a Fleetwright change that nobody confirmed",
            after: Duration::from_secs(u64::from(deadline_s)),
            argv: &argv,
        })
    }

    /// Switch and observe. Gives the token to confirm with.
    fn switch(&mut self, manifest: &Manifest, before: &Before, redactor: &Redactor) -> Result<String, Fault> {
        let mut durable = Durable::Now;
        for phase in Phase::ALL {
            if !before.steps.iter().any(|s| Phase::of(s) == phase) && !self.reloads(phase, before) {
                continue;
            }
            self.state(State::Switching, phase.word(), durable)?;
            // What is saved does for every phase: only the first line must not be lost.
            durable = Durable::Later;
            let mut switch = Switch { system: self.system, store: self.store, manifest, before };
            if let Some(said) = switch.phase(phase)? {
                self.talk.say(&Event::Said(said));
            }
        }
        let count = before.steps.len();
        self.state(State::Switched, &format!("{count} steps"), Durable::Later)?;
        let settle = Duration::from_millis(u64::from(self.request.settle_ms));
        let started = touched_units(before);
        let held = health::watch(self.system, &manifest.desired, &started, settle, redactor)?;
        let token = token()?;
        let entry = journal::Entry {
            v: 0,
            seq: 0,
            generation: self.generation,
            state: State::Observed,
            step: held.join("\n"),
            at: now(),
            deadline_s: None,
            token: Some(token.clone()),
        };
        add(self.log, entry, Durable::Now)?;
        let detail = format!("{} probes hold", held.len());
        self.talk.say(&Event::State { state: State::Observed, detail });
        Ok(token)
    }

    /// Enabling and disabling is only seen by systemd after it has read its files again.
    fn reloads(&self, phase: Phase, before: &Before) -> bool {
        phase == Phase::Manager
            && before
                .steps
                .iter()
                .any(|s| s.kind == Kind::Unit && matches!(s.change, Change::Enable | Change::Disable))
    }
}

/// 16 random bytes in hex.
fn token() -> Result<String, Fault> {
    use std::io::Read;
    let mut bytes = [0u8; 16];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut f| f.read_exact(&mut bytes))
        .map_err(|e| fault(Code::SwitchFailed, "/dev/urandom", &e))?;
    Ok(bytes.iter().map(|b| format!("{b:02x}")).collect())
}
