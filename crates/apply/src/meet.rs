//! First contact with a host in a rollout: what differs, and the conversation that is kept open for the rest.

use crate::contact::{Trouble, json, unexpected};
use crate::host::{ANSWER, Aim, HostRun};
use crate::inbox::Inbox;
use crate::session::{Heard, Session};
use crate::types::Phase;
use artifact::protocol::two::{ApplyRequest, DESIRED};
use artifact::protocol::{AGENT_PATH, Code, Event, Fault, Goal, Packed, UndoReport, Unpackable};
use artifact::{Desired, FlatDesired, Observation, Why};
use plan::{HostPlan, Kind};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A host that differs.
pub(crate) struct Ready {
    /// The conversation, while it is open.
    pub(crate) session: Option<Session>,
    /// Hashes of the bytes it lacks.
    pub(crate) lacking: BTreeSet<String>,
    /// How many of each came before a connection broke.
    pub(crate) partial: BTreeMap<String, u64>,
    /// The longest it may say nothing while it checks.
    pub(crate) checking: Duration,
    /// The longest it may say nothing while it switches.
    pub(crate) switching: Duration,
    /// What is to be done, without the differences a reader would see.
    pub(crate) plan: HostPlan,
    /// The undo it told of before, which is not this one.
    pub(crate) earlier: Option<UndoReport>,
}

/// How first contact ended.
pub(crate) enum Met {
    /// Nothing differs; the generation on record.
    Unchanged(u64),
    /// Something does.
    Ready(Box<Ready>),
}

/// The next thing that happens; the end of the conversation is trouble.
pub(crate) fn hear(session: &mut Session, limit: Duration, inbox: Option<&Inbox>) -> Result<Heard, Trouble> {
    match session.hear(limit, inbox.map(Inbox::wake))? {
        Heard::End(code) => Err(Trouble::Ended(code)),
        heard => Ok(heard),
    }
}

impl HostRun<'_> {
    /// First contact: what differs.
    pub(crate) fn meet(&self) -> Result<Met, Trouble> {
        self.teller.tell(Phase::Connecting, "");
        // A desired state is made anew each time it is looked at: what many hosts wait with is only its hash.
        let target = match self.aim {
            Aim::Desired => Goal::Digest(self.gates.desk.pass(|| Ok::<_, Trouble>(self.flat()?.0.digest()))?),
            Aim::Generation(number) => Goal::Generation(number),
        };
        let request = ApplyRequest {
            hello: self.hello(),
            claim: self.options.claim.clone(),
            host: self.target.desired.host.clone(),
            target,
            deadline_s: self.options.deadline_s,
            settle_ms: self.options.settle_ms,
        };
        let (mut session, seen) = match self.contact().with_agent(|| self.begin(&request))? {
            Ok(begun) => begun,
            Err(generation) => return Ok(Met::Unchanged(generation)),
        };
        let (plan, checking, switching) = self.gates.desk.pass(|| self.judge(&seen))?;
        if plan.is_empty() {
            return match self.next(&mut session)? {
                Event::Unchanged(generation) => Ok(Met::Unchanged(generation)),
                other => Err(unexpected(other)),
            };
        }
        let agreed = self.options.agreed.as_ref().map(|a| a.get(self.teller.host));
        if agreed.is_some_and(|a| a != Some(&plan.digest())) {
            return Err(moved());
        }
        Ok(Met::Ready(Box::new(Ready {
            session: Some(session),
            lacking: seen.lacking,
            partial: seen.partial,
            checking,
            switching,
            plan,
            earlier: seen.undo_report,
        })))
    }

    /// What is to be done, and how long the agent may say nothing while it checks and while it switches.
    fn judge(&self, seen: &Observation) -> Result<(HostPlan, Duration, Duration), Trouble> {
        let (flat, mut plan) = match (self.aim, &seen.desired) {
            (Aim::Desired, _) => {
                let flat = self.flat()?.0;
                let plan = HostPlan::of(self.target.desired, &flat, seen);
                (flat, plan)
            }
            (Aim::Generation(number), Some(packed)) => {
                let bad = |e: Unpackable| Trouble::failed(format!("the generation: {e}"));
                let flat = packed.open::<FlatDesired>(DESIRED).map_err(bad)?;
                let plan = back_to(number, &flat, seen);
                (flat, plan)
            }
            (Aim::Generation(_), None) => {
                return Err(Trouble::failed("the host did not say what the generation is"));
            }
        };
        plan.steps.iter_mut().for_each(|step| step.diff = None);
        let (checking, switching) = (silence_checking(&flat, &plan), silence_switching(&flat));
        Ok((plan, checking, switching))
    }

    /// Sends the request and hears what differs, or the generation of a host that does not.
    fn begin(&self, request: &ApplyRequest) -> Result<Result<(Session, Observation), u64>, Trouble> {
        let mut session = Session::open(self.remote(), &[AGENT_PATH, "apply"])?;
        self.teller.tell(Phase::Observing, "");
        session.send(json(request)?, ANSWER)?;
        let mut event = self.next(&mut session)?;
        if event == Event::Want && self.aim == Aim::Desired {
            let line = self.gates.desk.pass(|| {
                let packed = Packed::value(&self.flat()?.0).map_err(|e| Trouble::failed(e.to_string()))?;
                json(&packed)
            })?;
            session.send(line, ANSWER)?;
            event = self.next(&mut session)?;
        }
        match event {
            Event::Observed(seen) => Ok(Ok((session, *seen))),
            Event::Unchanged(generation) => Ok(Err(generation)),
            other => Err(unexpected(other)),
        }
    }

    /// The next event that is not only told.
    fn next(&self, session: &mut Session) -> Result<Event, Trouble> {
        loop {
            match hear(session, ANSWER, None)? {
                Heard::Event(Event::Said(text)) => self.teller.tell(Phase::Observing, text),
                Heard::Event(event) => return Ok(event),
                Heard::End(_) | Heard::Woken => {}
            }
        }
    }
}

/// Somebody agreed to something else.
pub(crate) fn moved() -> Trouble {
    Trouble::Fault(Fault::new(
        Code::WorldMoved,
        "the host is no longer as it was when the plan was agreed to; plan again",
    ))
}

/// The plan of going back to a generation. Its sources are not at hand: the reason is the going back.
fn back_to(number: u64, flat: &FlatDesired, seen: &Observation) -> HostPlan {
    let desired = Desired { host: flat.host.clone(), ..Desired::default() };
    let mut plan = HostPlan::of(&desired, flat, seen);
    for step in &mut plan.steps {
        let why = step.why.first().cloned();
        step.why = why
            .into_iter()
            .map(|w| Why { reason: format!("back to generation {number}").into(), ..w })
            .collect();
    }
    plan
}

/// The longest the agent may say nothing while it checks and installs.
fn silence_checking(flat: &FlatDesired, plan: &HostPlan) -> Duration {
    let checks: u64 = flat.checks.iter().map(|c| u64::from(c.timeout_s)).sum();
    let packages = if plan.steps.iter().any(|s| s.step.kind == Kind::Package) { 1900 } else { 0 };
    Duration::from_secs(60 + checks + packages)
}

/// The longest the agent may say nothing while it switches.
fn silence_switching(flat: &FlatDesired) -> Duration {
    let health = flat.health.iter().map(|h| u64::from(h.timeout_s)).max().unwrap_or(0).max(30);
    Duration::from_secs(30 + health + 100 * (1 + flat.units.len() as u64))
}
