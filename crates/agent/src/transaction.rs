//! A transaction: stage, check, arm, switch, observe again; whatever goes wrong after `armed` is undone.

use crate::arm;
use crate::bring_back;
use crate::check;
use crate::confirm;
use crate::health;
use crate::journal::{self, Durable, Log};
use crate::observe::observe;
use crate::recover;
use crate::redact::Redactor;
use crate::room;
use crate::store::{Before, Manifest, Store};
use crate::switch::{Phase, Switch, touched_units};
use crate::system::{System, fault, now};
use crate::systemd::Timer;
use crate::talk::{Talk, held};
use crate::undo;
use artifact::protocol::{AGENT_PATH, Claim, Code, Event, Fault, State};
use artifact::{FlatDesired, Observation, Seen};
use plan::{Change, Kind, Step, steps};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// The transient timer and service that undo what nobody confirms.
pub const DEADMAN: &str = "fleetwright-deadman";
/// What was seen longer ago than this is looked at again before it is acted on.
const FRESH: Duration = Duration::from_secs(2);

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

/// Nothing differs. When the state on record reads differently all the same (a health probe, an owner of a
/// path that was already right), the record is brought up to date; nothing live is touched.
///
/// # Errors
/// When the record cannot be written.
pub fn unchanged(
    system: &mut System,
    store: &Store,
    log: &mut Log,
    desired: &FlatDesired,
    seen: &Observation,
    claim: &Claim,
) -> Result<Event, Fault> {
    if seen.digest.as_deref() == Some(&desired.digest()) {
        return Ok(Event::Unchanged(seen.generation));
    }
    let generation = next_generation(store, log)?;
    let before = Before::default();
    let mut manifest = arm::manifest(system, store, desired, seen, &before, generation)?;
    manifest.claim.clone_from(claim);
    store.put(&manifest, &before)?;
    confirm::settle(system, store, log, &manifest, Vec::new(), claim)?;
    Ok(Event::Unchanged(generation))
}

/// What a transaction is to do.
pub struct Job<'a> {
    /// What the host should be.
    pub desired: &'a FlatDesired,
    /// What differs, and when that was seen.
    pub seen: Observation,
    /// When that was seen.
    pub at: Instant,
    /// What follows from it.
    pub steps: Vec<Step>,
    /// Digest of the controller's plan.
    pub plan: String,
    /// Wait for an order between the checks and the switch.
    pub hold: bool,
    /// Seconds until the host goes back by itself; 0 for never.
    pub deadline_s: u32,
    /// Milliseconds a started unit is watched.
    pub settle_ms: u32,
    /// Who does it.
    pub claim: Claim,
}

impl Job<'_> {
    /// Looks again when the last look is no longer fresh.
    ///
    /// # Errors
    /// [`Code::WorldMoved`] when other steps come out; what keeps the host from being looked at.
    pub fn refresh(&mut self, system: &mut System, store: &Store) -> Result<(), Fault> {
        if self.at.elapsed() <= FRESH {
            return Ok(());
        }
        let seen = observe(system, store, self.desired)?;
        if steps(self.desired, &seen) != self.steps {
            let message = "the host is no longer as it was when it was looked at; plan again";
            return Err(Fault::new(Code::WorldMoved, message));
        }
        (self.seen, self.at) = (seen, Instant::now());
        Ok(())
    }
}

/// Runs a transaction up to `switched`, and says how it ended.
///
/// # Errors
/// When it ended and that could not be written down.
pub fn run(
    system: &mut System,
    talk: &mut Talk,
    store: &Store,
    log: &mut Log,
    job: &mut Job<'_>,
) -> Result<Event, Fault> {
    let generation = next_generation(store, log)?;
    let mut run = Run { system, talk, store, log, job, generation };
    let (manifest, before, redactor) = match run.prepare() {
        Ok(armed) => armed,
        Err(fault) => {
            room::release(store);
            if fault.code == Code::DiskFull {
                // What was sent for nothing makes room again.
                let _ = store.prune();
            }
            // When not even this can be written, the next contact finds it cut off before anything changed.
            let _ = note(run.log, generation, State::Failed, fault.code.name(), Durable::Now);
            return Ok(Event::Failed(fault));
        }
    };
    match run.switch(&manifest, &before, &redactor) {
        Ok(token) => Ok(Event::Switched { generation, token }),
        Err(fault) => {
            let shown = Fault::new(fault.code, redactor.clean(&fault.message));
            run.talk.say(&Event::State { state: State::Undoing, detail: shown.to_string() });
            let reason = shown.to_string();
            let report = undo::undo(run.system, store, run.log, generation, &reason, Some(shown))?;
            Ok(Event::Undone(Box::new(report)))
        }
    }
}

struct Run<'r, 'j> {
    system: &'r mut System,
    talk: &'r mut Talk,
    store: &'r Store,
    log: &'r mut Log,
    job: &'r mut Job<'j>,
    generation: u64,
}

impl Run<'_, '_> {
    fn state(&mut self, state: State, detail: &str, durable: Durable) -> Result<(), Fault> {
        note(self.log, self.generation, state, detail, durable)?;
        self.talk.say(&Event::State { state, detail: detail.to_owned() });
        Ok(())
    }

    /// Stage, check and arm: nothing live changes.
    fn prepare(&mut self) -> Result<(Manifest, Before, Redactor), Fault> {
        let desired = self.job.desired;
        let redactor = self.stage()?;
        let files = format!("{} files", self.job.seen.files.len());
        self.state(State::Staged, &files, Durable::Later)?;
        room::check(self.system, self.store, desired, &self.job.steps)?;
        let steps = &self.job.steps;
        let changed: BTreeSet<&str> = steps
            .iter()
            .filter(|s| matches!(s.kind, Kind::File | Kind::Link))
            .map(|s| s.name.as_str())
            .collect();
        // The checkers come with the packages. A package is an addition that is never undone.
        let packages: BTreeSet<String> =
            steps.iter().filter(|s| s.kind == Kind::Package).map(|s| s.name.clone()).collect();
        if !packages.is_empty() {
            note(self.log, self.generation, State::Staged, "packages", Durable::Now)?;
            self.talk.say(&Event::State { state: State::Staged, detail: "packages".to_owned() });
            crate::packages::install(self.system, &packages)?;
        }
        let passed = check::check(self.system, self.store, desired, &changed, &redactor)?;
        self.state(State::Checked, &format!("{passed} checks"), Durable::Later)?;
        if self.job.hold {
            held(self.talk)?;
        }
        // Packages bring files of their own: with them the host is not as it was seen, and rightly so.
        if packages.is_empty() {
            self.job.refresh(self.system, self.store)?;
        }
        let before = arm::before(self.system, self.store, desired, &self.job.seen, self.job.steps.clone())?;
        let mut manifest =
            arm::manifest(self.system, self.store, desired, &self.job.seen, &before, self.generation)?;
        manifest.plan.clone_from(&self.job.plan);
        manifest.claim.clone_from(&self.job.claim);
        recover::install(self.system)?;
        self.store.put(&manifest, &before)?;
        room::reserve(self.store, &before)?;
        let deadline_s = self.job.deadline_s;
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
            self.system.until = Some(Instant::now() + Duration::from_secs(u64::from(deadline_s)));
            self.set_deadman(deadline_s)?;
        }
        let detail = if deadline_s > 0 { format!("{deadline_s} s") } else { "no timer".to_owned() };
        self.talk.say(&Event::State { state: State::Armed, detail });
        Ok((manifest, before, redactor))
    }

    /// All wanted bytes are there and whole; learns which of them are secret.
    fn stage(&mut self) -> Result<Redactor, Fault> {
        self.store.make()?;
        let mut redactor = Redactor::default();
        for (path, file) in &self.job.desired.files {
            let differs = self.job.seen.files.get(path).map(|d| &d.seen);
            if let Some(seen) = differs
                && !self.store.is_whole(&file.sha256)
            {
                let same = matches!(seen, Seen::File { sha256, .. } if *sha256 == file.sha256);
                if !same {
                    return Err(Fault::new(Code::BlobMismatch, format!("{path}: its bytes were not sent")));
                }
                // Only the rights differ: the bytes come from the disk, which the switch will write over.
                self.store.keep_file(&file.sha256, &self.system.real(path))?;
            }
            if file.secret {
                let from = check::wanted_at(self.system, self.store, path, &file.sha256);
                let bytes = std::fs::read(&from).map_err(|e| check::copy_fault(path, &e))?;
                redactor.learn(file, &bytes);
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
        for said in bring_back::seen(self.system, &manifest.desired, before)? {
            self.talk.say(&Event::Said(said));
        }
        let count = before.steps.len();
        self.state(State::Switched, &format!("{count} steps"), Durable::Later)?;
        let settle = Duration::from_millis(u64::from(self.job.settle_ms));
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
