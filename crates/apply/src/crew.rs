//! The threads of a rollout, one a host, and what the rollout knows of each.

use crate::contact::Trouble;
use crate::host::HostRun;
use crate::inbox::{Command, Inbox};
use crate::part::Report;
use crate::types::HostOutcome;
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread::{Builder, Scope};
use std::time::Duration;

/// Of a thread; only what is touched of it costs memory.
pub(crate) const STACK: usize = 1 << 20;
/// How often is looked whether somebody asked to stop: a signal's flag wakes nobody.
const LOOK: Duration = Duration::from_millis(100);

/// Where a host is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// Being contacted.
    Meeting,
    /// Waits to be told to go.
    Ready,
    /// Being sent to and checked.
    Staging,
    /// Waits to be told to switch.
    Checked,
    /// Being switched or confirmed, or going back.
    Switching,
    /// Waits to be confirmed with its group.
    Proven,
    /// Has its outcome.
    Ended(HostOutcome),
}

/// All hosts of a rollout.
pub(crate) struct Crew<'a> {
    inboxes: BTreeMap<String, &'a Inbox>,
    reports: Receiver<(String, Report)>,
    /// Where each is.
    pub(crate) at: BTreeMap<String, At>,
}

/// Says how it ended also when the thread does not come to it.
struct Ending<'a> {
    host: &'a str,
    reports: Sender<(String, Report)>,
    said: bool,
}

impl Ending<'_> {
    fn say(&mut self, outcome: HostOutcome) {
        self.said = true;
        let _ = self.reports.send((self.host.to_owned(), Report::Ended(outcome)));
    }
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        if !self.said {
            let reason = "the thread that worked on it ended too early".to_owned();
            self.say(HostOutcome::Unknown { reason, reach: None });
        }
    }
}

/// Begins one host's part on a thread of its own.
pub(crate) fn begin<'s, 'e: 's>(
    scope: &'s Scope<'s, 'e>,
    run: HostRun<'e>,
    inbox: &'e Inbox,
    reports: Sender<(String, Report)>,
) {
    let host = run.teller.host;
    let mut ending = Ending { host, reports: reports.clone(), said: false };
    let work = move || {
        let report = |report| {
            let _ = reports.send((host.to_owned(), report));
        };
        let outcome = run.take_part(inbox, &report);
        ending.say(outcome);
    };
    // When it cannot be begun, the work is dropped and with it the ending, which says so.
    let _ = Builder::new().name(host.to_owned()).stack_size(STACK).spawn_scoped(scope, work);
}

impl<'a> Crew<'a> {
    pub(crate) fn new(inboxes: &'a BTreeMap<String, Inbox>, reports: Receiver<(String, Report)>) -> Self {
        Crew {
            inboxes: inboxes.iter().map(|(host, inbox)| (host.clone(), inbox)).collect(),
            reports,
            at: inboxes.keys().map(|host| (host.clone(), At::Meeting)).collect(),
        }
    }

    /// Tells a host, unless it has ended.
    pub(crate) fn tell(&mut self, host: &str, command: Command) {
        let Some(at) = self.at.get_mut(host).filter(|at| !matches!(at, At::Ended(_))) else { return };
        match command {
            Command::Go => *at = At::Staging,
            Command::Switch { .. } | Command::Confirm => *at = At::Switching,
            Command::Leave(_) | Command::Undo(_) => {}
        }
        if let Some(inbox) = self.inboxes.get(host) {
            inbox.put(command);
        }
    }

    /// The next host that is somewhere else; `None` when none is for a moment.
    pub(crate) fn next(&mut self) -> Option<String> {
        match self.reports.recv_timeout(LOOK) {
            Ok((host, report)) => {
                let at = match report {
                    Report::Ready => At::Ready,
                    Report::Checked => At::Checked,
                    Report::Proven => At::Proven,
                    Report::Ended(outcome) => At::Ended(outcome),
                };
                self.at.insert(host.clone(), at);
                Some(host)
            }
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                // Nobody is left who could say anything.
                for at in self.at.values_mut().filter(|at| !matches!(at, At::Ended(_))) {
                    let gone = Trouble::Unknown("the thread that worked on it is gone".to_owned());
                    *at = At::Ended(gone.into_outcome());
                }
                None
            }
        }
    }

    /// How a host ended.
    pub(crate) fn outcome(&self, host: &str) -> Option<&HostOutcome> {
        match self.at.get(host) {
            Some(At::Ended(outcome)) => Some(outcome),
            _ => None,
        }
    }

    /// It ended, and not as it was wanted.
    pub(crate) fn failed(&self, host: &str) -> bool {
        self.outcome(host).is_some_and(|outcome| !outcome.is_ok())
    }

    pub(crate) fn all(&self, hosts: &[String], what: impl Fn(&At) -> bool) -> bool {
        hosts.iter().all(|host| self.at.get(host).is_none_or(&what))
    }
}

impl At {
    pub(crate) fn is_ended(&self) -> bool {
        matches!(self, At::Ended(_))
    }
}
