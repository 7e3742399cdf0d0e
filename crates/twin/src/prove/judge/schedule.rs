//! Which questions are asked together, how many groups at a time, and until when.

use super::super::question::{Ask, Kind, Question};
use super::super::verdict::{Outcome, Verdict};
use super::{Group, Prover, bgp, fetch, host, knock, names, routes, tunnel, watch};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The first pause between rounds; each is twice as long as the one before.
const PAUSE: Duration = Duration::from_millis(60);
/// The longest pause between rounds.
const LONGEST_PAUSE: Duration = Duration::from_millis(480);
/// Answers all questions; verdicts in their order.
pub(super) fn run(
    prover: &Prover<'_>,
    questions: &[Question],
    progress: &(dyn Fn(&Verdict) + Sync),
) -> Vec<Verdict> {
    let (knocks, others): (Vec<&Question>, Vec<&Question>) =
        questions.iter().partition(|q| matches!(q.ask, Ask::Knocks(_)));
    let results: Mutex<BTreeMap<String, Verdict>> = Mutex::default();
    let keep = |verdicts: Vec<(&Question, Verdict)>| {
        let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
        for (question, verdict) in verdicts {
            progress(&verdict);
            results.insert(question.id.clone(), verdict);
        }
    };
    let begun = Instant::now();
    let end = begun + prover.ctx.options.patience;
    // What was closed while roads were still being built proves nothing.
    let roads_late = AtomicBool::new(false);
    let queue: Mutex<VecDeque<Group<'_>>> = Mutex::new(groups(others).into());
    let knocked = std::thread::scope(|scope| {
        let knocking = scope.spawn(|| settle(prover, &knocks, begun, end));
        let workers = prover.ctx.options.at_once.max(1);
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    let Some(group) = next else { break };
                    let (verdicts, rounds) = settle(prover, &group, begun, end);
                    let road = |q: &&Question| matches!(q.kind, Kind::Tunnel | Kind::Bgp | Kind::Routes);
                    if rounds > 1 && group.iter().any(road) {
                        roads_late.store(true, Ordering::Relaxed);
                    }
                    keep(verdicts);
                }
            });
        }
        knocking.join().unwrap_or_default()
    });
    if roads_late.into_inner() && !knocks.is_empty() {
        keep(settle(prover, &knocks, begun, end).0);
    } else {
        keep(knocked.0);
    }
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    let lost = || Outcome::unjudged("the probe broke off");
    questions
        .iter()
        .map(|q| results.remove(&q.id).unwrap_or_else(|| Verdict::of(q, lost(), begun.elapsed())))
        .collect()
}

/// Questions that one command or query answers belong together. Slow kinds first.
fn groups(questions: Vec<&Question>) -> Vec<Group<'_>> {
    let mut groups: BTreeMap<(u8, String), Group<'_>> = BTreeMap::new();
    for question in questions {
        let key = match &question.ask {
            Ask::Quiet { host, .. } => (0, host.to_string()),
            Ask::Scrape { watcher, .. } => (1, watcher.to_string()),
            Ask::Tunnel(n) => (2, n.to_string()),
            Ask::Session { host, .. } => (3, host.to_string()),
            Ask::Hears { speaker, .. } => (4, speaker.to_string()),
            Ask::Takes { host, .. } | Ask::Holds { host, .. } => (5, host.to_string()),
            Ask::Fetch(_) => (6, question.id.clone()),
            Ask::HostRuns(host) => (7, host.to_string()),
            Ask::HostNames(host) => (8, host.to_string()),
            Ask::PublicNames { client } => (9, client.to_string()),
            Ask::Datagram(_) | Ask::Knocks(_) => (10, question.id.clone()),
        };
        groups.entry(key).or_default().push(question);
    }
    groups.into_values().collect()
}

/// Asks a group until everything in it is proved or `end` has passed, at least once; how many rounds it took.
fn settle<'q>(
    prover: &Prover<'_>,
    group: &[&'q Question],
    begun: Instant,
    end: Instant,
) -> (Vec<(&'q Question, Verdict)>, usize) {
    let mut pending: Vec<&Question> = group.to_vec();
    let mut done = Vec::new();
    let mut pause = PAUSE;
    let mut rounds = 0;
    while !pending.is_empty() {
        let last = Instant::now() >= end;
        rounds += 1;
        let outcomes = ask(prover, &pending, last);
        let mut open = Vec::new();
        for (question, outcome) in pending.iter().zip(outcomes) {
            if outcome.is_proved() || last {
                done.push((*question, Verdict::of(question, outcome, begun.elapsed())));
            } else {
                open.push(*question);
            }
        }
        pending = open;
        if !pending.is_empty() {
            // Routes, sessions, leases and scrapes come about in other programs that tell nobody here.
            std::thread::sleep(pause.min(end.saturating_duration_since(Instant::now())));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
    (done, rounds)
}

/// One round. In the last one causes are looked for, which takes longer.
fn ask(prover: &Prover<'_>, group: &[&Question], last: bool) -> Vec<Outcome> {
    let ctx = &prover.ctx;
    let Some(first) = group.first() else { return Vec::new() };
    match &first.ask {
        Ask::HostRuns(id) => vec![host::runs(ctx, id)],
        Ask::Tunnel(n) => vec![tunnel::carries(ctx, *n)],
        Ask::Session { host, .. } => bgp::sessions(ctx, host, group),
        Ask::Hears { speaker, .. } => routes::hears(ctx, *speaker, group),
        Ask::Takes { host, .. } | Ask::Holds { host, .. } => routes::held(ctx, host, group),
        Ask::Fetch(fetch) => vec![fetch::judge(prover, fetch, last)],
        Ask::Knocks(_) => knock::all(ctx, group),
        Ask::Datagram(datagram) => vec![knock::datagram(ctx, datagram)],
        Ask::HostNames(id) => vec![names::on_host(ctx, id)],
        Ask::PublicNames { client } => vec![names::public(ctx, *client)],
        Ask::Scrape { watcher, .. } => watch::scrapes(ctx, *watcher, group),
        Ask::Quiet { host, address, port } => vec![watch::quiet(ctx, host, *address, *port)],
    }
}
