//! One host from first contact to its outcome.

use crate::contact::{Contact, Trouble, call};
use crate::session::{Heard, Session};
use crate::types::{Event as Told, HostOutcome, Options, Phase, Target};
use artifact::protocol::{
    AGENT_PATH, ApplyRequest, Bytes, Code, ConfirmRequest, Event, Fault, Go, Hello, ObserveRequest, PROTOCOL,
    Pending, State, Status, StatusRequest, UndoReport, UndoRequest,
};
use artifact::{FlatDesired, Observation};
use plan::{HostPlan, Kind};
use remote::RemoteError;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

/// The agent answers a question within this time.
pub(crate) const ANSWER: Duration = Duration::from_secs(60);
/// Between two tries to confirm: the path may only come back when the other end has switched too.
const RETRY: Duration = Duration::from_millis(200);
/// One try to confirm: a connection that hangs leaves time for another.
const TRY: Duration = Duration::from_secs(10);
/// How long is tried to confirm where the host sets itself no deadline.
const CONFIRM: Duration = Duration::from_secs(30);

/// Tells the listener what happens on one host.
pub(crate) struct Teller<'a> {
    /// The host.
    pub(crate) host: &'a str,
    /// Where it goes.
    pub(crate) events: &'a Sender<Told>,
    /// When the run began.
    pub(crate) begun: Instant,
}

impl Teller<'_> {
    pub(crate) fn tell(&self, phase: Phase, message: impl Into<String>) {
        // A listener that is gone is no reason to stop.
        let _ = self.events.send(Told {
            host: self.host.to_owned(),
            phase,
            message: message.into(),
            elapsed: self.begun.elapsed(),
        });
    }
}

/// One host's part of a run.
pub(crate) struct HostRun<'a> {
    pub(crate) target: &'a Target<'a>,
    pub(crate) options: &'a Options,
    pub(crate) teller: Teller<'a>,
}

type Flat = (FlatDesired, BTreeMap<String, Vec<u8>>);

impl HostRun<'_> {
    fn hello(&self) -> Hello {
        Hello { protocol: PROTOCOL, agent: self.options.agent.sha256.clone() }
    }

    /// For what ends a transaction: whichever agent holds it must do so.
    fn any_agent(&self) -> Hello {
        Hello { protocol: PROTOCOL, agent: String::new() }
    }

    fn flat(&self) -> Result<Flat, Trouble> {
        FlatDesired::of(self.target.desired, self.target.secrets)
            .map_err(|name| Trouble::failed(format!("the secret {name} is not known")))
    }

    /// Brings the host to its desired state.
    pub(crate) fn apply(&self) -> HostOutcome {
        self.teller.tell(Phase::Connecting, "");
        let outcome = self.try_apply().unwrap_or_else(Trouble::into_outcome);
        self.teller.tell(Phase::Done, crate::fleet::words(&outcome));
        outcome
    }

    fn try_apply(&self) -> Result<HostOutcome, Trouble> {
        let (flat, blobs) = self.flat()?;
        let request = ApplyRequest {
            hello: self.hello(),
            desired: flat.clone(),
            deadline_s: self.options.deadline_s,
            settle_ms: self.options.settle_ms,
        };
        let contact =
            Contact { remote: self.target.remote.as_ref(), agent: &self.options.agent, teller: &self.teller };
        let (mut session, seen) = contact.with_agent(|| self.begin(&request))?;
        let plan = HostPlan::of(self.target.desired, &flat, &seen);
        if plan.is_empty() {
            return match self.hear(&mut session, ANSWER)? {
                Event::Unchanged(generation) => Ok(HostOutcome::Unchanged { generation }),
                Event::Refused(fault) | Event::Failed(fault) => Err(Trouble::Fault(fault)),
                other => Err(Trouble::failed(format!("unexpected answer: {}", name_of(&other)))),
            };
        }
        let digest = plan.digest();
        let agreed = self.options.agreed.as_ref().map(|a| a.get(&flat.host));
        if agreed.is_some_and(|a| a != Some(&digest)) {
            return Err(Trouble::failed(
                "the host is no longer as it was when the plan was agreed to; plan again",
            ));
        }
        let lacking = seen.lacking.iter().filter_map(|h| Some((h.clone(), Bytes(blobs.get(h)?.clone()))));
        let go = Go { plan: digest, blobs: lacking.collect() };
        self.teller.tell(Phase::Observing, format!("{} steps to do", plan.steps.len()));
        session.send(json(&go)?, ANSWER)?;
        self.follow(session, &flat, plan, seen.undo_report)
    }

    /// Sends the request and hears what differs.
    fn begin(&self, request: &ApplyRequest) -> Result<(Session, Observation), Trouble> {
        let mut session = Session::open(self.target.remote.as_ref(), &[AGENT_PATH, "apply"])?;
        self.teller.tell(Phase::Observing, "");
        session.send(json(request)?, ANSWER)?;
        match self.hear(&mut session, ANSWER)? {
            Event::Observed(seen) => Ok((session, *seen)),
            Event::Refused(fault) => Err(Trouble::Fault(fault)),
            other => Err(Trouble::failed(format!("unexpected answer: {}", name_of(&other)))),
        }
    }

    fn hear(&self, session: &mut Session, limit: Duration) -> Result<Event, Trouble> {
        match session.hear(limit)? {
            Heard::Event(event) => Ok(event),
            Heard::End(code) => Err(Trouble::Ended(code)),
        }
    }

    /// Follows the transaction to its end.
    fn follow(
        &self,
        mut session: Session,
        flat: &FlatDesired,
        plan: HostPlan,
        earlier: Option<UndoReport>,
    ) -> Result<HostOutcome, Trouble> {
        let silence = longest_silence(flat, &plan);
        loop {
            let event = match self.hear(&mut session, silence) {
                Ok(event) => event,
                Err(trouble) => {
                    // The connection is gone: drop it, so that the agent is not held up, and ask anew.
                    drop(session);
                    return self.after_loss(&trouble, earlier);
                }
            };
            match event {
                Event::State { state, detail } => self.teller.tell(Phase::Applying(state), detail),
                Event::Said(text) => self.teller.tell(Phase::Applying(State::Switching), text),
                Event::Switched { generation, token } => {
                    drop(session);
                    return self.confirm(generation, token, plan, earlier);
                }
                Event::Undone(report) => {
                    return Ok(HostOutcome::Undone { reason: report.reason.clone(), report: *report });
                }
                Event::Failed(fault) | Event::Refused(fault) => return Err(Trouble::Fault(fault)),
                other => return Err(Trouble::failed(format!("unexpected answer: {}", name_of(&other)))),
            }
        }
    }

    /// Confirms over a new connection, again and again until the host's own deadline.
    fn confirm(
        &self,
        generation: u64,
        token: String,
        plan: HostPlan,
        earlier: Option<UndoReport>,
    ) -> Result<HostOutcome, Trouble> {
        self.teller.tell(Phase::Confirming, "over a new connection");
        let request = ConfirmRequest { hello: self.any_agent(), generation, token };
        let limit = match self.options.deadline_s {
            0 => CONFIRM,
            s => Duration::from_secs(u64::from(s)),
        };
        let until = Instant::now() + limit;
        loop {
            let left = until.saturating_duration_since(Instant::now()).clamp(Duration::from_secs(1), TRY);
            match call(self.target.remote.as_ref(), "confirm", &json(&request)?, left) {
                Ok(Event::Confirmed(_)) => return Ok(HostOutcome::Changed { generation, plan }),
                Ok(Event::Undone(report)) => {
                    return Ok(HostOutcome::Undone { reason: report.reason.clone(), report: *report });
                }
                Ok(Event::Refused(fault)) if fault.code != Code::LockHeld => {
                    return self.after_loss(&Trouble::Fault(fault), earlier);
                }
                Ok(Event::Refused(_)) | Err(Trouble::Remote(_) | Trouble::Ended(_)) => {}
                Ok(other) => {
                    let trouble = Trouble::failed(format!("unexpected answer: {}", name_of(&other)));
                    return self.after_loss(&trouble, earlier);
                }
                Err(trouble) => return self.after_loss(&trouble, earlier),
            }
            if Instant::now() + RETRY >= until {
                return match self.options.deadline_s {
                    0 => self.after_loss(&Trouble::failed("it could not be confirmed"), earlier),
                    _ => self.after_deadline(generation, plan),
                };
            }
            // A host that is cut off sends no event when it is back.
            std::thread::sleep(RETRY);
        }
    }

    /// The host should have gone back by itself; only its own word counts.
    fn after_deadline(&self, generation: u64, plan: HostPlan) -> Result<HostOutcome, Trouble> {
        self.teller.tell(Phase::Confirming, "not confirmed in time; waiting for the host to come back");
        let until = Instant::now() + Duration::from_secs(5) + ANSWER / 4;
        loop {
            match self.status(Duration::from_secs(5)) {
                // A confirm got through whose answer did not.
                Ok(status) if status.generation == generation && status.pending.is_none() => {
                    return Ok(HostOutcome::Changed { generation, plan });
                }
                Ok(status) => {
                    if let Some(report) = status.undo_report.filter(|r| r.generation == generation) {
                        return Ok(HostOutcome::Undone { reason: report.reason.clone(), report });
                    }
                }
                Err(Trouble::Remote(_) | Trouble::Ended(_)) => {}
                Err(trouble) => return Err(trouble),
            }
            if Instant::now() >= until {
                return Err(Trouble::Unknown(format!(
                    "generation {generation} could not be confirmed and the host has not been heard of since"
                )));
            }
            std::thread::sleep(RETRY);
        }
    }

    /// The connection broke in the middle: asks the host, and has it go back at once where it has not.
    /// `earlier` is the undo the host told of before, which is not this one.
    fn after_loss(&self, lost: &Trouble, earlier: Option<UndoReport>) -> Result<HostOutcome, Trouble> {
        let lost = lost.to_string();
        self.teller.tell(Phase::Connecting, format!("lost: {lost}"));
        let unknown = |what: String| {
            let alone = match self.options.deadline_s {
                0 => "it goes back at the next contact or boot".to_owned(),
                s => format!("it goes back by itself within {s} s"),
            };
            Trouble::Unknown(format!("{lost}; then {what}; {alone}"))
        };
        let status = self.status(ANSWER).map_err(|e| unknown(e.to_string()))?;
        match status.pending {
            Some(pending) => self
                .undo(pending.generation, false, &format!("connection lost while {}", pending.state))
                .map_err(|e| unknown(e.to_string())),
            None => match status.undo_report.filter(|r| Some(r) != earlier.as_ref()) {
                Some(report) => {
                    Ok(HostOutcome::Undone { reason: format!("{lost}; {}", report.reason), report })
                }
                None => Err(Trouble::failed(format!("{lost}; the host is as it was"))),
            },
        }
    }

    /// Has a generation undone.
    pub(crate) fn undo(
        &self,
        generation: u64,
        confirmed: bool,
        reason: &str,
    ) -> Result<HostOutcome, Trouble> {
        self.teller.tell(Phase::Applying(State::Undoing), reason);
        let request =
            UndoRequest { hello: self.any_agent(), generation, confirmed, reason: reason.to_owned() };
        match call(self.target.remote.as_ref(), "undo", &json(&request)?, ANSWER * 4)? {
            Event::Undone(report) => Ok(HostOutcome::Undone { reason: reason.to_owned(), report: *report }),
            Event::Unchanged(_) => Err(Trouble::failed(format!("{reason}; the host is as it was"))),
            Event::Refused(fault) => Err(Trouble::Fault(fault)),
            other => Err(Trouble::failed(format!("unexpected answer: {}", name_of(&other)))),
        }
    }

    /// What would change.
    pub(crate) fn observe(&self) -> Result<HostPlan, Trouble> {
        self.teller.tell(Phase::Observing, "");
        let (flat, _) = self.flat()?;
        let request = json(&ObserveRequest { hello: self.hello(), desired: flat.clone() })?;
        let remote = self.target.remote.as_ref();
        let contact = Contact { remote, agent: &self.options.agent, teller: &self.teller };
        let seen = contact.with_agent(|| match call(remote, "observe", &request, ANSWER)? {
            Event::Observed(seen) => Ok(seen),
            Event::Refused(fault) => Err(Trouble::Fault(fault)),
            other => Err(Trouble::failed(format!("unexpected answer: {}", name_of(&other)))),
        })?;
        if let Some(pending) = &seen.pending {
            // What is there now may be gone in a moment: no plan can be made of it.
            let Pending { generation, state } = pending;
            let what = format!("generation {generation} is {state} and neither confirmed nor undone");
            return Err(Trouble::Unknown(format!("{what}; the next apply settles it")));
        }
        let plan = HostPlan::of(self.target.desired, &flat, &seen);
        self.teller.tell(Phase::Done, format!("{} steps", plan.steps.len()));
        Ok(plan)
    }

    /// What the host says about itself; any build of the agent may answer.
    pub(crate) fn status(&self, limit: Duration) -> Result<Status, Trouble> {
        let request = StatusRequest { hello: self.any_agent() };
        match call(self.target.remote.as_ref(), "status", &json(&request)?, limit)? {
            Event::Status(status) => Ok(*status),
            Event::Refused(fault) => Err(Trouble::Fault(fault)),
            other => Err(Trouble::failed(format!("unexpected answer: {}", name_of(&other)))),
        }
    }
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, Trouble> {
    serde_json::to_vec(value).map_err(|e| Trouble::failed(e.to_string()))
}

/// The longest the agent may say nothing: every wait it does itself has a shorter limit.
fn longest_silence(flat: &FlatDesired, plan: &HostPlan) -> Duration {
    let checks: u64 = flat.checks.iter().map(|c| u64::from(c.timeout_s)).sum();
    let health = flat.health.iter().map(|h| u64::from(h.timeout_s)).max().unwrap_or(0).max(30);
    let units = 100 * (1 + flat.units.len() as u64);
    let packages = if plan.steps.iter().any(|s| s.step.kind == Kind::Package) { 1900 } else { 0 };
    Duration::from_secs(30 + checks + health + units + packages)
}

fn name_of(event: &Event) -> &'static str {
    match event {
        Event::Observed(_) => "observed",
        Event::Unchanged(_) => "unchanged",
        Event::State { .. } => "state",
        Event::Said(_) => "said",
        Event::Switched { .. } => "switched",
        Event::Confirmed(_) => "confirmed",
        Event::Undone(_) => "undone",
        Event::Failed(_) => "failed",
        Event::Refused(_) => "refused",
        Event::Status(_) => "status",
    }
}

impl From<RemoteError> for Trouble {
    fn from(error: RemoteError) -> Self {
        Trouble::Remote(error)
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Trouble::Fault(fault)
    }
}
