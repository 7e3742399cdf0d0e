//! One host's part in a rollout, up to the switch: looked at, kept waiting, sent to, checked, switched. Each
//! step is told by the rollout; whatever is told before the switch can be left without a trace.

use crate::contact::{Trouble, json, unexpected};
use crate::host::{ANSWER, HostRun, unknown_secret};
use crate::inbox::{Command, Inbox};
use crate::meet::{Met, Ready, hear, moved};
use crate::pieces::pieces;
use crate::session::{Heard, Session};
use crate::settle::Live;
use crate::types::{HostOutcome, Phase};
use artifact::protocol::two::Go;
use artifact::protocol::{Code, Event, Fault, Order, State};
use artifact::{File, Segment, hash_hex};
use remote::RemoteError;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// A waiting session is kept alive this often; the agent waits six times as long.
const KEEP: Duration = Duration::from_secs(20);
/// An agent that is left may say goodbye for so long.
const GOODBYE: Duration = Duration::from_secs(2);
/// A host that said nothing by its deadline and this is cut off, or goes back: it is asked anew.
const LATE: Duration = Duration::from_secs(1);

/// Files from this size on are few at a time in memory and on their way.
const BIG: usize = 1 << 20;

/// What a host's thread tells the rollout.
pub(crate) enum Report {
    /// It was looked at, differs and waits.
    Ready,
    /// Its new files are there and passed their checks; it waits to be switched.
    Checked,
    /// Switched, well, and seen over a new connection; it waits to be confirmed.
    Proven,
    /// The end.
    Ended(HostOutcome),
}

/// A step went well, or the host was left before anything changed.
enum Step {
    Done,
    Left(String),
}

impl HostRun<'_> {
    /// Takes part until the host has its outcome.
    pub(crate) fn take_part(&self, inbox: &Inbox, report: &dyn Fn(Report)) -> HostOutcome {
        let outcome = self.part(inbox, report).unwrap_or_else(Trouble::into_outcome);
        self.teller.tell(Phase::Done, outcome.to_string());
        outcome
    }

    fn part(&self, inbox: &Inbox, report: &dyn Fn(Report)) -> Result<HostOutcome, Trouble> {
        let met = self.gates.contact.pass(|| match inbox.take() {
            Some(Command::Leave(reason)) => Ok(Err(reason)),
            _ => self.meet().map(Ok),
        })?;
        let mut ready = match met {
            Ok(Met::Unchanged(generation)) => return Ok(HostOutcome::Unchanged { generation }),
            Ok(Met::Ready(ready)) => ready,
            Err(reason) => return Ok(HostOutcome::Skipped { reason }),
        };
        let steps = ready.plan.steps.len();
        self.teller.tell(Phase::Observing, format!("{steps} steps to do"));
        report(Report::Ready);
        if let Step::Left(reason) = self.stand_by(&mut ready, inbox)? {
            return Ok(leave(ready.session.take(), reason));
        }
        if ready.session.is_none() {
            match self.meet()? {
                Met::Unchanged(generation) => return Ok(HostOutcome::Unchanged { generation }),
                Met::Ready(again) if again.plan.digest() == ready.plan.digest() => ready = again,
                Met::Ready(_) => return Err(moved()),
            }
        }
        let lost = "the connection was lost before anything was switched";
        let staged = self.gates.contact.pass(|| self.stage(&mut ready, inbox));
        if let Step::Left(reason) = staged.map_err(|t| harmless(t, lost))? {
            return Ok(leave(ready.session.take(), reason));
        }
        report(Report::Checked);
        let alone = match self.hold(&mut ready, inbox).map_err(|t| harmless(t, lost))? {
            Ok(alone) => alone,
            Err(reason) => return Ok(leave(ready.session.take(), reason)),
        };
        let ready = *ready;
        match self.switch(ready)? {
            Ok(live) => self.settle(&live, inbox, (!alone).then_some(report)),
            Err(outcome) => Ok(outcome),
        }
    }

    /// Waits for the host's turn. A session that is lost meanwhile is opened again then.
    fn stand_by(&self, ready: &mut Ready, inbox: &Inbox) -> Result<Step, Trouble> {
        loop {
            match self.awake(&mut ready.session, inbox) {
                Ok(Some(Command::Go)) => return Ok(Step::Done),
                Ok(Some(Command::Leave(reason) | Command::Undo(reason))) => return Ok(Step::Left(reason)),
                Ok(Some(Command::Switch { .. } | Command::Confirm) | None) | Err(_) => {}
            }
        }
    }

    /// A command, as soon as there is one; `None` when something else happened meanwhile.
    ///
    /// # Errors
    /// When the conversation is over, with what the agent said last.
    fn awake(&self, session: &mut Option<Session>, inbox: &Inbox) -> Result<Option<Command>, Trouble> {
        let Some(open) = session else { return Ok(inbox.wait(None)) };
        match waited(open, inbox, KEEP) {
            Waited::Command => return Ok(inbox.take()),
            Waited::Said(text) => self.teller.tell(Phase::Observing, text),
            Waited::Kept => {}
            Waited::Lost(said) => {
                *session = None;
                return Err(said.map_or_else(|| Trouble::failed("nothing more came"), Trouble::Fault));
            }
        }
        Ok(None)
    }

    /// Sends what is lacking and follows until everything is checked.
    fn stage(&self, ready: &mut Ready, inbox: &Inbox) -> Result<Step, Trouble> {
        let Ready { session: Some(session), lacking, partial, plan, checking, .. } = ready else {
            return Err(Trouble::failed("the session is gone"));
        };
        let go = Go { plan: plan.digest(), blobs: lacking.len(), hold: true };
        session.send(json(&Order::Go(go))?, ANSWER)?;
        if !lacking.is_empty() {
            self.teller.tell(Phase::Applying(State::Staged), format!("{} files to send", lacking.len()));
            if let Step::Left(reason) = self.send(session, lacking, partial, inbox)? {
                return Ok(Step::Left(reason));
            }
        }
        loop {
            match hear(session, *checking, Some(inbox))? {
                Heard::Event(Event::State { state, detail }) => {
                    self.teller.tell(Phase::Applying(state), detail);
                    if state == State::Checked {
                        return Ok(Step::Done);
                    }
                }
                Heard::Event(Event::Said(text)) => self.teller.tell(Phase::Applying(State::Staged), text),
                Heard::Event(event) => return Err(unexpected(event)),
                Heard::Woken => {
                    if let Some(Command::Leave(reason) | Command::Undo(reason)) = inbox.take() {
                        return Ok(Step::Left(reason));
                    }
                }
                Heard::End(code) => return Err(Trouble::Ended(code)),
            }
        }
    }

    /// Sends the bytes that are lacking; one file at a time is held in memory.
    fn send(
        &self,
        session: &mut Session,
        lacking: &BTreeSet<String>,
        partial: &BTreeMap<String, u64>,
        inbox: &Inbox,
    ) -> Result<Step, Trouble> {
        let mut left = lacking.clone();
        for file in self.target.desired.files.values() {
            if left.is_empty() {
                break;
            }
            let mut one = || {
                let bytes = file.text.reveal(&self.target.secrets).map_err(|name| unknown_secret(&name))?;
                let sha256 = hash_hex(bytes.as_bytes());
                if !left.remove(&sha256) {
                    return Ok(Step::Done);
                }
                let at = partial.get(&sha256).copied().unwrap_or(0);
                for chunk in pieces(&sha256, bytes.as_bytes(), at) {
                    if let Some(Command::Leave(reason) | Command::Undo(reason)) = inbox.take() {
                        return Ok(Step::Left(reason));
                    }
                    session.send(json(&chunk)?, ANSWER)?;
                }
                Ok::<_, Trouble>(Step::Done)
            };
            let step = if weight(file) > BIG { self.gates.big.pass(one)? } else { one()? };
            if let Step::Left(reason) = step {
                return Ok(Step::Left(reason));
            }
        }
        match left.first() {
            Some(sha256) => {
                Err(Trouble::failed(format!("the host wants bytes that are in no file: {sha256}")))
            }
            None => Ok(Step::Done),
        }
    }

    /// Checked, waits to be switched. Gives whether alone, or why it is left.
    fn hold(&self, ready: &mut Ready, inbox: &Inbox) -> Result<Result<bool, String>, Trouble> {
        loop {
            match self.awake(&mut ready.session, inbox)? {
                Some(Command::Switch { alone }) => return Ok(Ok(alone)),
                Some(Command::Leave(reason) | Command::Undo(reason)) => return Ok(Err(reason)),
                Some(Command::Go | Command::Confirm) | None => {}
            }
        }
    }

    /// Switches and follows until the host waits to be confirmed, or has its outcome.
    fn switch(&self, ready: Ready) -> Result<Result<Live, HostOutcome>, Trouble> {
        let Ready { session, plan, earlier, switching: silence, .. } = ready;
        let mut live = Live { generation: 0, token: String::new(), armed: None, plan, earlier };
        let Some(mut session) = session else { return Err(Trouble::failed("the session is gone")) };
        if let Err(error) = session.send(json(&Order::Switch)?, ANSWER) {
            drop(session);
            return self.after_loss(&error.into(), &live).map(Err);
        }
        loop {
            // Once it is armed it ends, or goes back, at its deadline: what says nothing then is cut off.
            let limit = match (live.armed, self.options.deadline_s) {
                (Some(armed), s @ 1..) => {
                    let end = armed + Duration::from_secs(u64::from(s)) + LATE;
                    end.saturating_duration_since(Instant::now()).min(silence)
                }
                _ => silence,
            };
            match hear(&mut session, limit, None) {
                Ok(Heard::Event(Event::State { state, detail })) => {
                    if state == State::Armed {
                        live.armed = Some(Instant::now());
                    }
                    self.teller.tell(Phase::Applying(state), detail);
                }
                Ok(Heard::Event(Event::Said(text))) => {
                    self.teller.tell(Phase::Applying(State::Switching), text);
                }
                Ok(Heard::Event(Event::Switched { generation, token })) => {
                    (live.generation, live.token) = (generation, token);
                    return Ok(Ok(live));
                }
                Ok(Heard::Event(Event::Undone(report))) => {
                    return Ok(Err(HostOutcome::Undone { reason: report.reason.clone(), report: *report }));
                }
                Ok(Heard::Event(event)) => return Err(unexpected(event)),
                Ok(Heard::Woken | Heard::End(_)) => {}
                Err(trouble) => {
                    // Closed, so that the agent is not held up by us.
                    drop(session);
                    return self.after_loss(&trouble, &live).map(Err);
                }
            }
        }
    }
}

/// What came of waiting with an open conversation.
#[derive(Debug, PartialEq, Eq)]
enum Waited {
    /// A command is there.
    Command,
    /// The agent said something for people.
    Said(String),
    /// Nothing; the agent was told to go on waiting.
    Kept,
    /// The conversation is over; what the agent said last.
    Lost(Option<Fault>),
}

/// Waits with an open conversation; when nothing comes for this time, tells the agent to go on waiting.
fn waited(session: &mut Session, inbox: &Inbox, keep: Duration) -> Waited {
    match session.hear(keep, Some(inbox.wake())) {
        Ok(Heard::Woken) => Waited::Command,
        Ok(Heard::Event(Event::Said(text))) => Waited::Said(text),
        Err(RemoteError::Deadline { .. }) => {
            let kept = json(&Order::Wait).ok().and_then(|line| session.send(line, keep).ok());
            kept.map_or(Waited::Lost(None), |()| Waited::Kept)
        }
        Ok(Heard::Event(Event::Failed(fault) | Event::Refused(fault))) => Waited::Lost(Some(fault)),
        Ok(Heard::Event(_) | Heard::End(_)) | Err(_) => Waited::Lost(None),
    }
}

/// Leaves a host on which nothing was switched. What it says itself counts where that is a reason of its own.
fn leave(session: Option<Session>, reason: String) -> HostOutcome {
    let until = Instant::now() + GOODBYE;
    if let Some(mut session) = session {
        session.close_input();
        while let Ok(Heard::Event(event)) =
            session.hear(until.saturating_duration_since(Instant::now()), None)
        {
            match event {
                Event::Failed(fault) if !matches!(fault.code, Code::NotSwitched | Code::BadRequest) => {
                    return Trouble::Fault(fault).into_outcome();
                }
                event if event.is_last() => break,
                _ => {}
            }
        }
    }
    HostOutcome::Skipped { reason }
}

/// About how many bytes a file has.
fn weight(file: &File) -> usize {
    let segments = file.text.lines.iter().flat_map(|line| &line.segments);
    segments
        .map(|segment| match segment {
            Segment::Text(text) | Segment::Secret(text) => text.len(),
        })
        .sum()
}

/// Before the switch nothing live changes, so a host that is lost then is known to be as it was.
fn harmless(trouble: Trouble, what: &str) -> Trouble {
    match trouble {
        Trouble::Fault(fault) => Trouble::Fault(fault),
        other => Trouble::failed(format!("{what}: {other}; the host is as it was")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use remote::Local;

    #[test]
    fn a_conversation_that_waits_is_kept_and_its_end_is_noticed() {
        // Says back what it hears, once; then it is gone.
        let script = r#"read line; [ "$line" = '"wait"' ] && echo '{"said":"kept"}'"#;
        let mut session = Session::open(&Local::new("a"), &["/bin/sh", "-c", script]).unwrap();
        let inbox = Inbox::new().unwrap();
        let (short, long) = (Duration::from_millis(20), Duration::from_secs(20));
        assert_eq!(waited(&mut session, &inbox, short), Waited::Kept);
        assert_eq!(waited(&mut session, &inbox, long), Waited::Said("kept".to_owned()));
        assert_eq!(waited(&mut session, &inbox, long), Waited::Lost(None));
    }

    #[test]
    fn a_command_wakes_a_conversation_that_waits_and_a_host_that_is_left_says_goodbye() {
        let script =
            r#"while read line; do :; done; echo '{"failed":{"code":"disk-full","message":"no room"}}'"#;
        let mut session = Session::open(&Local::new("a"), &["/bin/sh", "-c", script]).unwrap();
        let inbox = Inbox::new().unwrap();
        inbox.put(Command::Go);
        assert_eq!(waited(&mut session, &inbox, Duration::from_secs(20)), Waited::Command);
        assert_eq!(inbox.take(), Some(Command::Go));
        let left = leave(Some(session), "because of b".to_owned());
        assert!(matches!(left, HostOutcome::Failed { reason, .. } if reason == "no room"));
        let left = leave(None, "because of b".to_owned());
        assert_eq!(left, HostOutcome::Skipped { reason: "because of b".to_owned() });
    }
}
