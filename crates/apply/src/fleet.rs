//! All hosts of a fleet: brought to their desired state or back to a generation, or asked something.

use crate::contact::Trouble;
use crate::crew::{At, Crew, STACK, begin};
use crate::gate::Gates;
use crate::host::{ANSWER, Aim, HostRun, Others};
use crate::inbox::Inbox;
use crate::options::{Options, now};
use crate::rollout::Rollout;
use crate::teller::Teller;
use crate::types::{Answers, Event, FleetOutcome, FleetStatus, HostOutcome, Phase, Target};
use artifact::protocol::{Claim, DriftReport, GenerationSeen};
use plan::FleetPlan;
use rustix::process::{Resource, getrlimit, setrlimit};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::Builder;
use std::time::Instant;

/// What a run is made with.
struct Run<'a> {
    options: &'a Options,
    events: &'a Sender<Event>,
    begun: Instant,
    others: Others,
    gates: Gates,
}

impl<'a> Run<'a> {
    fn new(targets: &[Target<'_>], options: &'a Options, events: &'a Sender<Event>) -> Self {
        descriptors();
        let way = |t: &Target<'_>| (t.desired.host.clone(), Arc::clone(&t.remote));
        let others = Others::new(targets.iter().map(way).collect());
        Run { options, events, begun: Instant::now(), others, gates: Gates::new(options.parallel) }
    }

    fn host<'h>(&'h self, target: &'h Target<'h>, aim: Aim) -> HostRun<'h> {
        let teller = Teller { host: &target.desired.host, events: self.events, begun: self.begun };
        HostRun { target, aim, options: self.options, teller, others: &self.others, gates: &self.gates }
    }

    /// Does something on each of these hosts, at most `parallel` at once.
    fn pool<T: Send>(
        &self,
        targets: &[&Target<'_>],
        work: impl Fn(HostRun<'_>) -> T + Sync,
    ) -> BTreeMap<String, T> {
        let next = AtomicUsize::new(0);
        let (send, receive) = channel();
        let work = |send: Sender<(String, T)>| {
            while let Some(target) = targets.get(next.fetch_add(1, Ordering::Relaxed)) {
                let done = work(self.host(target, Aim::Desired));
                let _ = send.send((target.desired.host.clone(), done));
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..self.options.parallel.min(targets.len()) {
                let (send, work) = (send.clone(), &work);
                // Where no more threads are to be had, those there are do it all.
                let _ = Builder::new().stack_size(STACK).spawn_scoped(scope, move || work(send));
            }
            work(send);
            receive.into_iter().collect()
        })
    }

    /// Asks every target something.
    fn ask<T: Send>(
        &self,
        targets: &[Target<'_>],
        question: impl Fn(HostRun<'_>) -> Result<T, Trouble> + Sync,
    ) -> Answers<T> {
        let all: Vec<&Target<'_>> = targets.iter().collect();
        let mut answers = Answers::default();
        for (host, said) in self.pool(&all, question) {
            match said {
                Ok(said) => {
                    answers.hosts.insert(host, said);
                }
                Err(Trouble::Ended(126 | 127)) => {
                    answers.unknown.insert(host, "no agent there: nothing was applied yet".to_owned());
                }
                Err(trouble) => {
                    answers.unknown.insert(host, trouble.to_string());
                }
            }
        }
        answers
    }

    /// Brings every target to where it aims, wave after wave.
    fn roll_out(&self, targets: &[(&Target<'_>, Aim)]) -> FleetOutcome {
        let mut outcome =
            FleetOutcome { claim: self.options.claim.clone(), started: now(), ..FleetOutcome::default() };
        let mut inboxes = BTreeMap::new();
        for (target, _) in targets {
            match Inbox::new() {
                Ok(inbox) => {
                    inboxes.insert(target.desired.host.clone(), inbox);
                }
                Err(e) => {
                    let skipped = |t: &(&Target<'_>, Aim)| {
                        let reason = format!("this machine is out of descriptors: {e}");
                        (t.0.desired.host.clone(), HostOutcome::Skipped { reason })
                    };
                    outcome.hosts = targets.iter().map(skipped).collect();
                    return outcome;
                }
            }
        }
        let went = std::thread::scope(|scope| {
            let (send, reports) = channel();
            for (target, aim) in targets {
                if let Some(inbox) = inboxes.get(&target.desired.host) {
                    begin(scope, self.host(target, *aim), inbox, send.clone());
                }
            }
            drop(send);
            let mut crew = Crew::new(&inboxes, reports);
            let absent = |host| self.others.absent(host);
            let went = Rollout { options: self.options, crew: &mut crew, absent: &absent }.conduct();
            outcome.hosts = crew
                .at
                .into_iter()
                .filter_map(|(host, at)| match at {
                    At::Ended(ended) => Some((host, ended)),
                    _ => None,
                })
                .collect();
            went
        });
        let mut back: BTreeMap<String, String> = went.back.into_iter().collect();
        if self.options.undo_on_failure && went.failed {
            for host in outcome.hosts.keys() {
                back.entry(host.clone()).or_insert_with(|| "undone because another host failed".to_owned());
            }
        }
        // The other way round: whom others are reached through stays until they are back.
        for wave in went.waves.iter().rev() {
            self.undo_changed(targets, wave, &back, &mut outcome.hosts);
        }
        outcome.waves = went.waves;
        outcome.allowed = went.allowed;
        outcome.elapsed = self.begun.elapsed();
        outcome
    }

    /// Undoes what was confirmed earlier in this run on hosts of a wave, by reason.
    fn undo_changed(
        &self,
        targets: &[(&Target<'_>, Aim)],
        wave: &[String],
        back: &BTreeMap<String, String>,
        hosts: &mut BTreeMap<String, HostOutcome>,
    ) {
        let due = |host: &str| match hosts.get(host) {
            Some(HostOutcome::Changed { generation, .. }) if wave.iter().any(|h| h == host) => {
                Some((*generation, back.get(host)?.as_str()))
            }
            _ => None,
        };
        let some: Vec<&Target<'_>> =
            targets.iter().map(|t| t.0).filter(|t| due(&t.desired.host).is_some()).collect();
        let undone = self.pool(&some, |run| {
            let (generation, reason) = due(run.teller.host).unwrap_or_default();
            let outcome = run.undo_confirmed(generation, reason);
            run.teller.tell(Phase::Done, outcome.to_string());
            outcome
        });
        hosts.extend(undone);
    }
}

/// A host over SSH needs a handful of descriptors, and many systems begin a process with room for 1024.
fn descriptors() {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        limit.current = limit.maximum;
        // Without more, a large fleet fails with words of its own.
        let _ = setrlimit(Resource::Nofile, limit);
    }
}

/// Brings every target to its desired state, wave after wave. `events` gets what happens as it happens; its
/// receiver may be dropped. Before anything changes anywhere, every host was looked at; one that cannot be
/// (and may not be) stops the run. When a wave does not end whole, later waves are not begun.
pub fn apply_fleet(targets: &[Target<'_>], options: &Options, events: &Sender<Event>) -> FleetOutcome {
    let all: Vec<(&Target<'_>, Aim)> = targets.iter().map(|t| (t, Aim::Desired)).collect();
    Run::new(targets, options, events).roll_out(&all)
}

/// Brings hosts back to generations they keep, as [`apply_fleet`] would bring them forward. Targets without
/// a generation take no part, but can be witnesses.
pub fn rollback_fleet(
    targets: &[Target<'_>],
    generations: &BTreeMap<String, u64>,
    options: &Options,
    events: &Sender<Event>,
) -> FleetOutcome {
    let to = |target: &Target<'_>| generations.get(&target.desired.host).copied();
    let some: Vec<(&Target<'_>, Aim)> =
        targets.iter().filter_map(|target| Some((target, Aim::Generation(to(target)?)))).collect();
    Run::new(targets, options, events).roll_out(&some)
}

/// What would change on every target; nothing but the agent binary is written.
pub fn observe_fleet(targets: &[Target<'_>], options: &Options, events: &Sender<Event>) -> FleetPlan {
    let seen = Run::new(targets, options, events).ask(targets, |run| run.observe());
    FleetPlan { hosts: seen.hosts, unknown: seen.unknown }
}

/// What every target says about itself. Nothing is written; a host without an agent is unknown.
pub fn status_fleet(targets: &[Target<'_>], options: &Options) -> FleetStatus {
    Run::new(targets, options, &channel().0).ask(targets, |run| run.status(ANSWER))
}

/// What every target can go back to. Nothing is written.
pub fn generations_fleet(targets: &[Target<'_>], options: &Options) -> Answers<Vec<GenerationSeen>> {
    Run::new(targets, options, &channel().0).ask(targets, |run| run.generations())
}

/// What on every target is no longer as it was left. Nothing is written.
pub fn drift_fleet(targets: &[Target<'_>], options: &Options) -> Answers<DriftReport> {
    Run::new(targets, options, &channel().0).ask(targets, |run| run.drift())
}

/// Ends whoever holds the lock of these targets under that name (`user@machine`, or the id of a run), where
/// nothing live has changed yet. Gives whose it was.
pub fn unlock(targets: &[Target<'_>], holder: &str, options: &Options) -> Answers<Claim> {
    Run::new(targets, options, &channel().0).ask(targets, |run| run.unlock(holder))
}
