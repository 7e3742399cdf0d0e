//! One case: a machine in a known state, one transition, one fault, and what came of it.

use crate::desired::{desired, secret};
use crate::dice::Dice;
use crate::facts::{Facts, difference, expected};
use crate::kind::Kind;
use crate::lab::{Bench, Lab};
use crate::look::{Seen, look};
use crate::state::State;
use crate::verdict::{Is, Told, Violation, Wrong, judge};
use crate::watch;
use crate::way::Way;
use apply::{Options, Target, apply_fleet, status_fleet};
use artifact::FlatDesired;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// A controller that takes longer hangs.
pub const HANG: Duration = Duration::from_secs(75);
/// A host is back so long after its deadline at the latest.
const BACK: Duration = Duration::from_secs(5);

/// What a case came to.
#[derive(Clone, Debug)]
pub struct Done {
    /// Its number.
    pub case: u64,
    /// What was done.
    pub kind: Kind,
    /// More exactly.
    pub detail: String,
    /// What the controller said.
    pub told: Told,
    /// What was wrong.
    pub wrong: Vec<Violation>,
    /// How long the controller took.
    pub took: Duration,
}

/// A case while it goes on.
pub struct Case<'a> {
    /// The machines and how applies are made.
    pub lab: &'a Lab,
    /// The machine.
    pub bench: &'a Bench,
    /// The way the controller has onto it.
    pub way: Arc<Way>,
    /// Numbers of this case.
    pub dice: Dice,
    /// Where it is.
    pub old: State,
    /// Where it should go.
    pub new: State,
    /// Seconds until the host goes back by itself.
    pub deadline_s: u32,
    /// The last line of the journal before.
    pub seq: u64,
    /// What is done, more exactly.
    pub detail: String,
    /// Facts that the fault itself changes, whatever the apply does: not held against it.
    pub excused: Vec<String>,
    /// How far the controller's clock is off.
    pub skew_s: i64,
    /// What is done keeps no apply from succeeding.
    pub must_succeed: bool,
    /// The apply under test has ended.
    pub over: AtomicBool,
}

/// What a fault leaves behind it.
#[derive(Default)]
pub struct After {
    /// Ends a fault that lasts.
    pub lift: Option<&'static str>,
    /// The state of another controller that was at work too, and what that one was told.
    pub rival: Option<(State, Told)>,
}

impl Case<'_> {
    /// Options of this case.
    pub fn options(&self) -> Options {
        let mut options = Options { deadline_s: self.deadline_s, ..self.lab.options() };
        options.claim.since = options.claim.since.saturating_add_signed(self.skew_s);
        options
    }

    /// Applies the new state by this case's way.
    pub fn apply(&self) -> Told {
        self.lab.apply(self.way.clone(), &self.new, &self.options())
    }

    /// Applies the new state while something else happens.
    pub fn apply_while(&self, meddle: impl FnOnce() + Send) -> Told {
        std::thread::scope(|scope| {
            scope.spawn(meddle);
            let told = self.apply();
            self.over.store(true, Ordering::Relaxed);
            told
        })
    }

    /// Waits for a step of the conversation or a state of the journal; empty is the start. False when the apply
    /// ended without.
    pub fn await_step(&self, step: &str) -> bool {
        let slice = Duration::from_millis(100);
        let until = Instant::now() + HANG;
        while Instant::now() < until {
            let over = self.over.load(Ordering::Relaxed);
            let came = match step {
                "" => true,
                "apply" | "confirm" => self.way.await_asked(step, slice),
                state => {
                    let wanted = |l: &watch::Line| l.state == state || l.is_final();
                    watch::await_line(&self.bench.host, self.seq, slice, wanted).is_some()
                }
            };
            if came || over {
                return came;
            }
        }
        false
    }

    /// Waits for a line of this transaction's journal.
    pub fn await_line(&self, what: impl FnMut(&watch::Line) -> bool) -> Option<watch::Line> {
        watch::await_line(&self.bench.host, self.seq, Duration::from_secs(10), what)
    }

    fn facts(&self, state: &State) -> Result<Facts, String> {
        expected(state, &desired(state, &self.bench.name))
    }

    fn look(&self) -> Result<Seen, String> {
        let mut seen = look(&self.bench.host)?;
        seen.facts.retain(|name, _| !self.excused.contains(name));
        Ok(seen)
    }
}

impl Lab {
    /// Applies a state, bounded.
    pub fn apply(&self, way: Arc<Way>, state: &State, options: &Options) -> Told {
        let (send, receive) = channel();
        let (state, options) = (state.clone(), options.clone());
        std::thread::spawn(move || {
            let host = remote::Remote::name(way.as_ref()).to_owned();
            let desired = desired(&state, &host);
            let target = Target { remote: way, desired: &desired, secrets: &secret };
            let mut outcome = apply_fleet(&[target], &options, &channel().0);
            let _ = send.send(outcome.hosts.remove(&host));
        });
        match receive.recv_timeout(HANG) {
            Ok(Some(outcome)) => Told::of(&outcome),
            Ok(None) => Told::Unknown("no outcome for the host".to_owned()),
            Err(RecvTimeoutError::Timeout) => Told::Hung,
            Err(RecvTimeoutError::Disconnected) => Told::Unknown("the controller panicked".to_owned()),
        }
    }

    /// Brings a machine to a state without a fault, and sees that it is there.
    ///
    /// # Errors
    /// What kept it from getting there.
    pub fn bring(&self, bench: &mut Bench, state: &State) -> Result<(), Violation> {
        let way = Way::new(bench.host.clone());
        let options = Options { deadline_s: 20, ..self.options() };
        let told = self.apply(way, state, &options);
        match &told {
            Told::New(_) => {}
            Told::Hung => return Err((Wrong::Hang, "a clean apply does not end".to_owned())),
            _ => return Err((Wrong::Stuck, format!("a clean apply: {told}"))),
        }
        let harness = |e: String| (Wrong::Harness, e);
        let should = expected(state, &desired(state, &bench.name)).map_err(harness)?;
        let seen = look(&bench.host).map_err(harness)?;
        if seen.facts != should {
            let lines = difference(&seen.facts, &should, 8).join("; ");
            return Err((Wrong::FalseSuccess, format!("after a clean apply: {lines}")));
        }
        match &bench.other {
            None => bench.other = Some(seen.other),
            Some(other) if *other != seen.other => {
                let lines = difference(&seen.other, other, 8).join("; ");
                // Told once; what comes after is held against what is there now.
                bench.other = Some(seen.other);
                return Err((Wrong::Foreign, lines));
            }
            Some(_) => {}
        }
        bench.holds = Some(state.clone());
        Ok(())
    }

    /// Runs a case on a machine.
    pub fn case(&self, bench: &mut Bench, case: u64, kind: Kind) -> Done {
        let mut done = Done {
            case,
            kind,
            detail: String::new(),
            told: Told::Nothing,
            wrong: Vec::new(),
            took: Duration::ZERO,
        };
        let old = State::of(self.seed, case);
        if bench.holds.as_ref() != Some(&old)
            && let Err(violation) = self.bring(bench, &old)
        {
            bench.holds = None;
            done.detail = "before the fault".to_owned();
            done.wrong.push(violation);
            return done;
        }
        let clean = State::of(self.seed, case + 1);
        if let Err(violation) = self.with_fault(bench, &clean, &mut done) {
            done.wrong.push(violation);
        }
        // A machine whose state is not known any more begins anew with the next case.
        bench.holds = None;
        if done.told != Told::Hung
            && (!self.keep || done.wrong.is_empty())
            && let Err(violation) = self.bring(bench, &clean)
        {
            done.wrong.push(violation);
        }
        done
    }

    fn with_fault(&self, bench: &mut Bench, clean: &State, done: &mut Done) -> Result<(), Violation> {
        let harness = |e: String| (Wrong::Harness, e);
        let old = bench.holds.clone().ok_or_else(|| harness("the machine is in no known state".into()))?;
        let mut case = Case {
            lab: self,
            bench,
            way: Way::new(bench.host.clone()),
            dice: Dice::new(self.seed, done.case, "fault"),
            old,
            new: clean.clone(),
            deadline_s: 3,
            seq: watch::last(&bench.host).map_or(0, |l| l.seq),
            detail: String::new(),
            excused: Vec::new(),
            skew_s: 0,
            must_succeed: false,
            over: AtomicBool::new(false),
        };
        let begun = Instant::now();
        let (told, after) = crate::faults::inject(&mut case, done.kind).map_err(harness)?;
        done.took = begun.elapsed();
        done.told = told;
        done.detail.clone_from(&case.detail);
        if done.told == Told::Hung {
            return Err((Wrong::Hang, "the controller does not end".to_owned()));
        }
        if case.must_succeed && !matches!(done.told, Told::New(_)) {
            return Err((Wrong::Needless, done.told.to_string()));
        }
        let lasting = after.lift;
        // A disk nobody can write to cannot be put back: only a success would be a lie now.
        let early = match (&done.told, lasting) {
            (Told::New(_), _) | (_, None) => self.compare(&case, done, &after, lasting.is_some()),
            (_, Some(_)) => Ok(()),
        };
        if let Some(script) = lasting {
            case.bench.sh(script).map_err(harness)?;
        }
        let settled = self.await_settled(&case, lasting.is_some());
        early?;
        let settled = settled?;
        if lasting.is_some() && !settled {
            return Ok(());
        }
        self.compare(&case, done, &after, true)?;
        self.status_tells(&case, done)
    }

    /// Looks, and holds what was told against it.
    fn compare(&self, case: &Case<'_>, done: &Done, after: &After, settled: bool) -> Result<(), Violation> {
        let harness = |e: String| (Wrong::Harness, e);
        let (mut told, mut new) = (&done.told, &case.new);
        if let Some((rival, theirs)) = &after.rival {
            // Whoever got the higher generation was last; both may have succeeded.
            match (told, theirs) {
                (Told::New(mine), Told::New(other)) if other > mine => (told, new) = (theirs, rival),
                (Told::New(_), _) => {}
                (_, Told::New(_)) => (told, new) = (theirs, rival),
                _ => {}
            }
        }
        let excuse = |mut facts: Facts| {
            facts.retain(|name, _| !case.excused.contains(name));
            facts
        };
        let (old, new) = (case.facts(&case.old).map_err(harness)?, case.facts(new).map_err(harness)?);
        let seen = case.look().map_err(harness)?;
        let is = Is::of(&seen.facts, &excuse(old), &excuse(new));
        if let Some(violation) = judge(done.kind, told, &is, settled) {
            return Err(violation);
        }
        match &case.bench.other {
            Some(other) if *other != seen.other => {
                Err((Wrong::Foreign, difference(&seen.other, other, 8).join("; ")))
            }
            _ => Ok(()),
        }
    }

    /// Waits until the machine's transaction has ended by itself: it has its deadline and 5 s for that.
    fn await_settled(&self, case: &Case<'_>, may_wait: bool) -> Result<bool, Violation> {
        let limit = Duration::from_secs(u64::from(case.deadline_s)) + BACK;
        let ended = |line: Option<watch::Line>| line.is_none_or(|l| l.seq <= case.seq || l.is_final());
        if ended(watch::last(&case.bench.host)) {
            return Ok(true);
        }
        let until = Instant::now() + limit;
        loop {
            let last = watch::last(&case.bench.host);
            if ended(last.clone()) {
                return Ok(true);
            }
            let seq = last.map_or(0, |l| l.seq);
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            watch::await_line(&case.bench.host, seq, left, |_| true);
        }
        let line = watch::last(&case.bench.host);
        let line = line.map_or_else(String::new, |l| format!("{} {}", l.state, l.step));
        // Before it is armed nothing has changed and nothing has to go back: the next contact notes it.
        let harmless = ["staged", "checked"].iter().any(|s| line.starts_with(s));
        if may_wait || harmless {
            return Ok(false);
        }
        // What it waits for.
        let script = "systemctl list-jobs --no-legend; ps -eo pid,etimes,stat,wchan:24,args --no-headers";
        let busy = case.bench.sh(script).unwrap_or_else(|e| e);
        Err((Wrong::Late, format!("not back {limit:?} after the fault: still {line}; there runs:\n{busy}")))
    }

    /// What `status` says is what is.
    fn status_tells(&self, case: &Case<'_>, done: &Done) -> Result<(), Violation> {
        let unsure = matches!(done.told, Told::Unknown(_) | Told::Nothing | Told::NotWholly(_));
        if !unsure && done.kind != Kind::DiesLater {
            return Ok(());
        }
        let harness = |e: String| (Wrong::Harness, e);
        let desired_new = desired(&case.new, &case.bench.name);
        let way = Way::new(case.bench.host.clone());
        let target = Target { remote: way, desired: &desired_new, secrets: &secret };
        let mut status = status_fleet(&[target], &case.options());
        let Some(status) = status.hosts.remove(&case.bench.name) else {
            return Err((Wrong::FalseStatus, format!("no status: {:?}", status.unknown)));
        };
        let digest = |state: &State| -> Result<String, Violation> {
            let desired = desired(state, &case.bench.name);
            Ok(FlatDesired::of(&desired, &secret).map_err(harness)?.0.digest())
        };
        let seen = case.look().map_err(harness)?.facts;
        let mut as_new = case.facts(&case.new).map_err(harness)?;
        as_new.retain(|name, _| !case.excused.contains(name));
        let is_new = seen == as_new;
        let wanted = digest(if is_new { &case.new } else { &case.old })?;
        if status.digest.as_deref() != Some(&wanted) {
            let pending = status.pending.map_or(String::new(), |p| format!(", pending {}", p.state));
            let other = if is_new { "new" } else { "old" };
            return Err((
                Wrong::FalseStatus,
                format!(
                    "status gives another generation ({}{pending}) than the {other} one",
                    status.generation
                ),
            ));
        }
        if done.kind == Kind::DiesLater && matches!(done.told, Told::New(_)) {
            let active = status.units.get("chaos-app.service").map(|u| u.active.clone());
            if active.as_deref() == Some("active") {
                return Err((Wrong::FalseStatus, "status says that a dead service is active".to_owned()));
            }
        }
        Ok(())
    }
}
