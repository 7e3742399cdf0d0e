//! After the switch: seen by others, seen over a new connection, confirmed; or back, and seen to be back.
//! Nothing here is given up before the host has said how it is, or has had its time to go back by itself.

use crate::contact::{Trouble, call, json, unexpected};
use crate::host::{ANSWER, HostRun, any_agent};
use crate::inbox::{Command, Inbox};
use crate::options::Witness;
use crate::part::Report;
use crate::types::{HostOutcome, Phase};
use artifact::protocol::two::ConfirmRequest;
use artifact::protocol::{Code, Event, ProbeRequest, State, Status, UndoReport, UndoRequest};
use plan::HostPlan;
use std::time::{Duration, Instant};

/// Between two tries: the path may only come back when the other end has switched too.
const RETRY: Duration = Duration::from_millis(200);
/// One try to confirm: a connection that hangs leaves time for another.
const TRY: Duration = Duration::from_secs(10);
/// One try to ask a host that may be cut off: a new one finds it sooner.
const SOON: Duration = Duration::from_secs(3);
/// How long is tried to confirm where the host sets itself no deadline.
const CONFIRM: Duration = Duration::from_secs(30);
/// After its deadline a host goes back within this time, and longer it is not waited for.
const BACK: Duration = Duration::from_secs(20);
/// Kept of the deadline for the confirm itself.
const RESERVE: Duration = Duration::from_secs(3);

/// A host that was switched, or may have been.
pub(crate) struct Live {
    /// Its new generation; 0 while it has not said.
    pub(crate) generation: u64,
    /// What confirms it.
    pub(crate) token: String,
    /// When its timer began to run.
    pub(crate) armed: Option<Instant>,
    /// What was done.
    pub(crate) plan: HostPlan,
    /// The undo it told of before, which is not this one.
    pub(crate) earlier: Option<UndoReport>,
}

/// Why a host that is switched is not to be confirmed.
enum Not {
    /// It must go back.
    Back(String),
    /// It has its outcome already.
    Ended(Box<HostOutcome>),
}

impl HostRun<'_> {
    /// When the host goes back by itself.
    fn end_of(&self, live: &Live) -> Instant {
        let limit = match self.options.deadline_s {
            0 => CONFIRM,
            s => Duration::from_secs(u64::from(s)),
        };
        live.armed.filter(|_| self.options.deadline_s > 0).unwrap_or_else(Instant::now) + limit
    }

    /// From switched to the outcome. With `report`, others go the same way at once: it is told when all is
    /// well here, and confirmed when that is said.
    pub(crate) fn settle(
        &self,
        live: &Live,
        inbox: &Inbox,
        report: Option<&dyn Fn(Report)>,
    ) -> Result<HostOutcome, Trouble> {
        let until = self.end_of(live);
        let reserve = RESERVE.min(until.saturating_duration_since(Instant::now()) / 4);
        // What was open before the switch proves nothing.
        self.remote().renew();
        let proven = self.witnessed(until - reserve, inbox).and_then(|()| match report {
            Some(report) => self.seen_anew(live, until - reserve, inbox).and_then(|()| {
                report(Report::Proven);
                self.teller.tell(Phase::Confirming, "well; waiting for those that change with it");
                self.awaited(live, until, inbox)
            }),
            None => Ok(()),
        });
        match proven.and_then(|()| self.soak(live, until - reserve, inbox)) {
            Ok(()) => self.confirm(live, until),
            Err(Not::Ended(outcome)) => Ok(*outcome),
            Err(Not::Back(reason)) => self.take_back(live, &reason),
        }
    }

    /// Gives a change of the way in the time to show; what was open until then proves nothing.
    fn soak(&self, live: &Live, until: Instant, inbox: &Inbox) -> Result<(), Not> {
        if self.options.soak_ms == 0 || !live.plan.touches_the_way_in() {
            return Ok(());
        }
        let soak = Duration::from_millis(u64::from(self.options.soak_ms));
        self.teller.tell(Phase::Confirming, "its way in changed: waiting whether it stays reachable");
        told_back(inbox, (Instant::now() + soak).min(until))?;
        self.remote().renew();
        Ok(())
    }

    /// Every witness sees it well.
    fn witnessed(&self, until: Instant, inbox: &Inbox) -> Result<(), Not> {
        let all = self.options.witnesses.get(self.teller.host).map(Vec::as_slice).unwrap_or_default();
        all.iter().try_for_each(|witness| self.seen_by(witness, until, inbox))
    }

    fn seen_by(&self, witness: &Witness, until: Instant, inbox: &Inbox) -> Result<(), Not> {
        let by = &witness.by;
        let Some(remote) = self.others.way(by) else {
            self.teller
                .tell(Phase::Confirming, format!("{by} takes no part and is not asked how it sees it"));
            return Ok(());
        };
        self.teller.tell(Phase::Confirming, format!("as {by} sees it"));
        let request = ProbeRequest { hello: any_agent(), probe: witness.probe.clone(), timeout_s: 1 };
        let request = json(&request).map_err(|t| Not::Back(t.to_string()))?;
        loop {
            let left = until.saturating_duration_since(Instant::now()).clamp(Duration::from_secs(1), TRY);
            let seen = match call(remote, "probe", &request, left) {
                Ok(Event::Probed { held: true, .. }) => return Ok(()),
                Ok(Event::Probed { detail, .. }) => detail,
                Ok(other) => unexpected(other).to_string(),
                Err(trouble) => {
                    // The way to the witness may have changed as well.
                    remote.renew();
                    trouble.to_string()
                }
            };
            if Instant::now() + RETRY >= until {
                let why = &witness.why.reason;
                return Err(Not::Back(format!("{by} does not see it well: {seen} ({why})")));
            }
            told_back(inbox, Instant::now() + RETRY)?;
        }
    }

    /// It answers over a new connection, and still holds what it was switched to.
    fn seen_anew(&self, live: &Live, until: Instant, inbox: &Inbox) -> Result<(), Not> {
        self.teller.tell(Phase::Confirming, "over a new connection");
        loop {
            let left = until.saturating_duration_since(Instant::now()).clamp(Duration::from_secs(1), TRY);
            let seen = match self.status(left) {
                Ok(status) if status.pending.as_ref().is_some_and(|p| p.generation == live.generation) => {
                    return Ok(());
                }
                Ok(status) => {
                    let ended = self.outcome_of(&status, live, "it was not confirmed");
                    return Err(match ended {
                        Some(outcome) => Not::Ended(Box::new(outcome)),
                        None => Not::Back("another change is under way on it".to_owned()),
                    });
                }
                Err(trouble) => trouble.to_string(),
            };
            self.remote().renew();
            if Instant::now() + RETRY >= until {
                return Err(Not::Back(format!("it does not answer over a new connection: {seen}")));
            }
            told_back(inbox, Instant::now() + RETRY)?;
        }
    }

    /// Waits for those that change with it.
    fn awaited(&self, live: &Live, until: Instant, inbox: &Inbox) -> Result<(), Not> {
        loop {
            match inbox.wait(Some(until)) {
                Some(Command::Confirm) => return Ok(()),
                Some(Command::Undo(reason) | Command::Leave(reason)) => return Err(Not::Back(reason)),
                Some(Command::Go | Command::Switch { .. }) => {}
                None => {
                    let late = Trouble::failed("those that change with it were not well in time");
                    let outcome = self.after_loss(&late, live).unwrap_or_else(Trouble::into_outcome);
                    return Err(Not::Ended(Box::new(outcome)));
                }
            }
        }
    }

    /// Confirms over a new connection, again and again until the host's own deadline.
    fn confirm(&self, live: &Live, until: Instant) -> Result<HostOutcome, Trouble> {
        self.teller.tell(Phase::Confirming, "confirming over a new connection");
        let Live { generation, token, plan, .. } = live;
        let claim = self.options.claim.clone();
        let request =
            ConfirmRequest { hello: any_agent(), claim, generation: *generation, token: token.clone() };
        loop {
            let left = until.saturating_duration_since(Instant::now()).clamp(Duration::from_secs(1), TRY);
            let trouble = match call(self.remote(), "confirm", &json(&request)?, left) {
                Ok(Event::Confirmed(receipt)) => {
                    return Ok(HostOutcome::Changed { generation: *generation, plan: plan.clone(), receipt });
                }
                Ok(Event::Undone(report)) => {
                    return Ok(HostOutcome::Undone { reason: report.reason.clone(), report: *report });
                }
                Ok(Event::Refused(fault)) if fault.code == Code::LockHeld => Trouble::Fault(fault),
                Ok(other) => return self.after_loss(&unexpected(other), live),
                Err(trouble @ (Trouble::Remote(_) | Trouble::Ended(_))) => trouble,
                Err(trouble) => return self.after_loss(&trouble, live),
            };
            self.remote().renew();
            if Instant::now() + RETRY >= until {
                let late = Trouble::failed(format!("not confirmed in time: {trouble}"));
                return self.after_loss(&late, live);
            }
            // A host that is cut off sends no event when it is back.
            std::thread::sleep(RETRY);
        }
    }

    /// Has the host go back now; where that cannot be said to it, it goes back by itself.
    fn take_back(&self, live: &Live, reason: &str) -> Result<HostOutcome, Trouble> {
        self.undo(live.generation, false, reason).or_else(|t| {
            let lost = Trouble::failed(format!("{reason}; then {t}"));
            self.after_loss(&lost, live)
        })
    }

    /// The connection broke, or nothing came in time: asks the host how it is until it has had its time to go
    /// back by itself, and has it go back at once where it answers. Only its own word counts.
    pub(crate) fn after_loss(&self, lost: &Trouble, live: &Live) -> Result<HostOutcome, Trouble> {
        let lost = lost.to_string();
        self.teller.tell(Phase::Connecting, format!("failed: {lost}; looking how the host is"));
        let until = self.end_of(live).max(Instant::now()) + BACK;
        loop {
            self.remote().renew();
            let seen = match self.status(SOON) {
                Ok(status) => match self.outcome_of(&status, live, &lost) {
                    Some(outcome) => return Ok(outcome),
                    None => match self.end_pending(&status, &lost) {
                        Ok(outcome) => return Ok(outcome),
                        Err(trouble) => trouble.to_string(),
                    },
                },
                Err(trouble) => trouble.to_string(),
            };
            if Instant::now() >= until {
                let alone = match self.options.deadline_s {
                    0 => "it goes back at the next contact or boot",
                    _ => "it goes back by itself; `status` tells once it answers",
                };
                return Err(Trouble::Unknown(format!("{lost}; then {seen}; {alone}")));
            }
            // A host that is cut off sends no event when it is back.
            std::thread::sleep(RETRY);
        }
    }

    /// What a host says about itself as an outcome; `None` while something is pending on it.
    fn outcome_of(&self, status: &Status, live: &Live, lost: &str) -> Option<HostOutcome> {
        if status.pending.is_some() {
            return None;
        }
        let ours = |r: &&artifact::protocol::Receipt| {
            r.plan == live.plan.digest() && r.generation == status.generation && r.generation > live.plan.from
        };
        if let Some(receipt) = status.receipt.as_ref().filter(ours) {
            // A confirm got through whose answer did not.
            return Some(HostOutcome::Changed {
                generation: receipt.generation,
                plan: live.plan.clone(),
                receipt: Box::new(receipt.clone()),
            });
        }
        if live.generation > 0 && status.generation == live.generation {
            let reason = format!("{lost}; the host is at generation {} without a receipt", live.generation);
            return Some(HostOutcome::Unknown { reason, reach: None });
        }
        Some(match status.undo_report.as_ref().filter(|r| Some(*r) != live.earlier.as_ref()) {
            Some(report) => {
                HostOutcome::Undone { reason: format!("{lost}; {}", report.reason), report: report.clone() }
            }
            None => HostOutcome::Failed { reason: format!("{lost}; the host is as it was"), fault: None },
        })
    }

    /// Ends what is pending on a host that we lost in the middle.
    fn end_pending(&self, status: &Status, lost: &str) -> Result<HostOutcome, Trouble> {
        let Some(pending) = &status.pending else { return Err(Trouble::failed("nothing is pending")) };
        if pending.state < State::Armed {
            // Nothing live has changed: whoever still listens to the lost connection is ended, and what the
            // dead left is noted. Then the host is asked again.
            let run = &self.options.claim.run;
            return Err(match &status.claim {
                None => match call(self.remote(), "recover", b"", ANSWER)? {
                    Event::Unchanged(_) | Event::Undone(_) => Trouble::failed("what was begun was ended"),
                    other => unexpected(other),
                },
                Some(claim) if !run.is_empty() && claim.run == *run => {
                    self.unlock(run)?;
                    Trouble::failed("the agent that waited for us was ended")
                }
                Some(claim) => Trouble::failed(format!("{} is at work on it", claim.who)),
            });
        }
        self.undo(pending.generation, false, &format!("{lost}, while {}", pending.state))
    }

    /// Has a confirmed generation undone. Nobody else will: it is tried for as long as a confirm would be.
    pub(crate) fn undo_confirmed(&self, generation: u64, reason: &str) -> HostOutcome {
        let until = Instant::now() + CONFIRM;
        loop {
            match self.undo(generation, true, reason) {
                Ok(outcome) => return outcome,
                Err(Trouble::Remote(_) | Trouble::Ended(_)) if Instant::now() < until => {
                    self.remote().renew();
                    // A host that is cut off sends no event when it is back.
                    std::thread::sleep(RETRY);
                }
                Err(trouble) => {
                    let reason =
                        format!("{reason}; then {trouble}: generation {generation} may still be there");
                    return HostOutcome::Unknown { reason, reach: None };
                }
            }
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
        let request = UndoRequest { hello: any_agent(), generation, confirmed, reason: reason.to_owned() };
        match call(self.remote(), "undo", &json(&request)?, ANSWER * 4)? {
            Event::Undone(report) => Ok(HostOutcome::Undone { reason: reason.to_owned(), report: *report }),
            Event::Unchanged(_) => {
                Ok(HostOutcome::Failed { reason: format!("{reason}; the host is as it was"), fault: None })
            }
            other => Err(unexpected(other)),
        }
    }
}

/// Rests until then, unless the host is to go back meanwhile.
fn told_back(inbox: &Inbox, until: Instant) -> Result<(), Not> {
    while let Some(command) = inbox.wait(Some(until)) {
        if let Command::Undo(reason) | Command::Leave(reason) = command {
            return Err(Not::Back(reason));
        }
    }
    Ok(())
}
