//! All hosts: a bounded pool of threads, wave after wave.

use crate::contact::Trouble;
use crate::host::{HostRun, Teller};
use crate::types::{Event, FleetOutcome, FleetStatus, HostOutcome, Options, Target};
use plan::FleetPlan;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::Instant;

/// Runs `work` on every item, at most `parallel` at once, and gives the results by host.
fn pool<T: Send>(
    targets: &[&Target<'_>],
    parallel: usize,
    work: impl Fn(&Target<'_>) -> T + Sync,
) -> BTreeMap<String, T> {
    let next = AtomicUsize::new(0);
    let (send, receive) = channel();
    std::thread::scope(|scope| {
        for _ in 0..parallel.clamp(1, targets.len().max(1)) {
            let send = send.clone();
            let (next, work) = (&next, &work);
            scope.spawn(move || {
                while let Some(target) = targets.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let _ = send.send((target.desired.host.clone(), work(target)));
                }
            });
        }
        drop(send);
        receive.into_iter().collect()
    })
}

/// Brings every target to its desired state, wave after wave. `events` gets what happens as it happens; its
/// receiver may be dropped. When a wave does not end whole, later waves are not begun.
pub fn apply_fleet(targets: &[Target<'_>], options: &Options, events: &Sender<Event>) -> FleetOutcome {
    let begun = Instant::now();
    let mut hosts: BTreeMap<String, HostOutcome> = BTreeMap::new();
    let mut failed: Option<String> = None;
    for wave in waves(targets, &options.waves) {
        if let Some(reason) = &failed {
            hosts.extend(
                wave.iter()
                    .map(|t| (t.desired.host.clone(), HostOutcome::Skipped { reason: reason.clone() })),
            );
            continue;
        }
        let outcomes = pool(&wave, options.parallel, |target| run(target, options, events, begun).apply());
        let bad: Vec<&str> = outcomes.iter().filter(|(_, o)| !o.is_ok()).map(|(h, _)| h.as_str()).collect();
        if !bad.is_empty() {
            failed = Some(format!("not begun because of {}", bad.join(", ")));
        }
        hosts.extend(outcomes);
    }
    if options.undo_on_failure && failed.is_some() {
        undo_changed(targets, options, events, begun, &mut hosts);
    }
    FleetOutcome { hosts, elapsed: begun.elapsed() }
}

fn run<'a>(
    target: &'a Target<'a>,
    options: &'a Options,
    events: &'a Sender<Event>,
    begun: Instant,
) -> HostRun<'a> {
    HostRun { target, options, teller: Teller { host: &target.desired.host, events, begun } }
}

/// Undoes what was confirmed earlier in this run.
fn undo_changed(
    targets: &[Target<'_>],
    options: &Options,
    events: &Sender<Event>,
    begun: Instant,
    hosts: &mut BTreeMap<String, HostOutcome>,
) {
    let changed: BTreeMap<&str, u64> = hosts
        .iter()
        .filter_map(|(host, outcome)| match outcome {
            HostOutcome::Changed { generation, .. } => Some((host.as_str(), *generation)),
            _ => None,
        })
        .collect();
    let due: Vec<&Target<'_>> =
        targets.iter().filter(|t| changed.contains_key(t.desired.host.as_str())).collect();
    let undone = pool(&due, options.parallel, |target| {
        let generation = changed.get(target.desired.host.as_str()).copied().unwrap_or(0);
        let run = run(target, options, events, begun);
        run.undo(generation, true, "undone because another host failed").unwrap_or_else(Trouble::into_outcome)
    });
    hosts.extend(undone);
}

/// Targets by wave: those named in each, then all others together.
fn waves<'t, 'a>(targets: &'t [Target<'a>], named: &[Vec<String>]) -> Vec<Vec<&'t Target<'a>>> {
    let mut placed = BTreeSet::new();
    let mut out = Vec::new();
    for names in named {
        let wave: Vec<&Target<'_>> = targets
            .iter()
            .filter(|t| names.contains(&t.desired.host) && placed.insert(t.desired.host.as_str()))
            .collect();
        out.push(wave);
    }
    out.push(targets.iter().filter(|t| !placed.contains(t.desired.host.as_str())).collect());
    out.retain(|wave| !wave.is_empty());
    out
}

/// What would change on every target; nothing but the agent binary is written.
pub fn observe_fleet(targets: &[Target<'_>], options: &Options, events: &Sender<Event>) -> FleetPlan {
    let begun = Instant::now();
    let all: Vec<&Target<'_>> = targets.iter().collect();
    let mut plan = FleetPlan::default();
    for (host, seen) in pool(&all, options.parallel, |t| run(t, options, events, begun).observe()) {
        match seen {
            Ok(seen) => {
                plan.hosts.insert(host, seen);
            }
            Err(trouble) => {
                plan.unknown.insert(host, trouble.to_string());
            }
        }
    }
    plan
}

/// What every target says about itself. Nothing is written; a host without an agent is unknown.
pub fn status_fleet(targets: &[Target<'_>], options: &Options) -> FleetStatus {
    let begun = Instant::now();
    let (events, _) = channel();
    let all: Vec<&Target<'_>> = targets.iter().collect();
    let mut status = FleetStatus::default();
    for (host, said) in
        pool(&all, options.parallel, |t| run(t, options, &events, begun).status(crate::host::ANSWER))
    {
        match said {
            Ok(said) => {
                status.hosts.insert(host, said);
            }
            Err(Trouble::Ended(126 | 127)) => {
                status.unknown.insert(host, "no agent there: nothing was applied yet".to_owned());
            }
            Err(trouble) => {
                status.unknown.insert(host, trouble.to_string());
            }
        }
    }
    status
}

/// An outcome in a few words.
pub(crate) fn words(outcome: &HostOutcome) -> String {
    match outcome {
        HostOutcome::Unchanged { .. } => "nothing to do".to_owned(),
        HostOutcome::Changed { generation, plan } => {
            format!("generation {generation}, {} steps", plan.steps.len())
        }
        HostOutcome::Undone { reason, report } if report.remaining.is_empty() => format!("undone: {reason}"),
        HostOutcome::Undone { reason, report } => {
            format!("undone, but not wholly ({}): {reason}", report.remaining.join("; "))
        }
        HostOutcome::Failed { reason, .. } => format!("failed: {reason}"),
        HostOutcome::Unknown { reason } => format!("unknown: {reason}"),
        HostOutcome::Skipped { reason } => format!("skipped: {reason}"),
    }
}

impl std::fmt::Display for HostOutcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&words(self))
    }
}
