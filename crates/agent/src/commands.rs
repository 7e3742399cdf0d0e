//! The commands: read the request, do it, say how it ended.

use crate::confirm;
use crate::conversation;
use crate::drift;
use crate::generations;
use crate::health;
use crate::journal::{Journal, Log};
use crate::lock::own_claim;
use crate::observe::{observe, observe_on, pending};
use crate::paths;
use crate::recover;
use crate::store::Store;
use crate::system::{System, now};
use crate::talk::{FIRST, Talk};
use crate::undo;
use artifact::protocol::{
    ApplyRequest, Code, ConfirmRequest, DriftRequest, Event, Fault, GenerationsRequest, Hello,
    ObserveRequest, PROTOCOL, ProbeRequest, State, Status, StatusRequest, UndoRequest, UnlockRequest,
};
use plan::steps;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// An undo waits this long for whoever holds the lock.
const LOCK: Duration = Duration::from_secs(60);
/// Past its deadline, an apply that still holds the lock after this time is stuck.
const STUCK: Duration = Duration::from_secs(2);

fn request<T: DeserializeOwned>(talk: &mut Talk) -> Result<T, Fault> {
    talk.hear(FIRST)?.ok_or_else(|| Fault::new(Code::BadRequest, "no request on standard input"))
}

/// Refuses a controller that speaks a newer protocol or brings another agent.
fn greet(system: &System, hello: &Hello) -> Result<(), Fault> {
    if hello.protocol > PROTOCOL {
        let message = format!("the controller speaks protocol {}, this agent {PROTOCOL}", hello.protocol);
        return Err(Fault::new(Code::ProtocolNewer, message));
    }
    crate::identity::check(system, &hello.agent)
}

/// `observe`.
///
/// # Errors
/// What kept it from being done.
pub fn observe_command(system: &mut System, talk: &mut Talk) -> Result<Event, Fault> {
    let request: ObserveRequest = request(talk)?;
    greet(system, &request.hello)?;
    paths::check(&request.desired)?;
    let store = Store::of(system);
    Ok(Event::Observed(Box::new(observe(system, &store, &request.desired)?)))
}

/// `apply`.
///
/// # Errors
/// What kept it from beginning.
pub fn apply_command(system: &mut System, talk: &mut Talk) -> Result<Event, Fault> {
    let request: ApplyRequest = request(talk)?;
    greet(system, &request.hello)?;
    // A terminal that goes away must not end a switch half-way; failing means we lead no terminal.
    let _ = rustix::process::setsid();
    conversation::apply(system, talk, &request)
}

/// `confirm`.
///
/// # Errors
/// What kept it from being done.
pub fn confirm_command(system: &mut System, talk: &mut Talk) -> Result<Event, Fault> {
    let request: ConfirmRequest = request(talk)?;
    greet(system, &request.hello)?;
    confirm::confirm(system, &request)
}

/// `undo`, asked for by the controller.
///
/// # Errors
/// What kept it from being done.
pub fn undo_command(system: &mut System, talk: &mut Talk) -> Result<Event, Fault> {
    let request: UndoRequest = request(talk)?;
    greet(system, &request.hello)?;
    undo_generation(system, request.generation, request.confirmed, &request.reason)
}

/// `undo --deadman`, by the timer.
///
/// # Errors
/// What kept it from being done.
pub fn deadman(system: &mut System, generation: u64) -> Result<Event, Fault> {
    let store = Store::of(system);
    let claim = own_claim("the dead-man timer");
    match store.lock(STUCK, &claim).map(drop) {
        // Whoever switches gives up by itself at the deadline: one that does not is stuck. One that is
        // going back, or just made it the host's own, only needs time.
        Err(fault) if fault.code == Code::LockHeld => {
            let journal = Journal::read(&store.path("journal"))?;
            let switching =
                pending(&journal).is_some_and(|p| p.generation == generation && p.state != State::Undoing);
            if switching && let Some(held) = store.held() {
                // Gone meanwhile is as good.
                let _ = store.end(&held);
            }
        }
        Err(fault) => return Err(fault),
        Ok(()) => {}
    }
    let journal = Journal::read(&store.path("journal"))?;
    if journal.last().is_some_and(|e| e.generation == generation && e.state.is_final()) {
        return Ok(Event::Unchanged(store.current()?));
    }
    match undo_generation(system, generation, false, "nobody confirmed it in time") {
        // Confirmed or over meanwhile: nothing to try again.
        Err(fault) if fault.code == Code::NoTransaction => Ok(Event::Unchanged(store.current()?)),
        other => other,
    }
}

fn undo_generation(
    system: &mut System,
    generation: u64,
    confirmed: bool,
    reason: &str,
) -> Result<Event, Fault> {
    let store = Store::of(system);
    let _lock = store.lock(LOCK, &own_claim("an undo"))?;
    let mut log = Log::open(store.path("journal"))?;
    let last = log.journal().last().map(|e| (e.generation, e.state));
    match last {
        Some((g, State::Undone)) if g == generation => {
            return match store.undo_report().filter(|r| r.generation == generation) {
                Some(report) => Ok(Event::Undone(Box::new(report))),
                None => Ok(Event::Unchanged(store.current()?)),
            };
        }
        Some((g, State::Failed)) if g == generation => return Ok(Event::Unchanged(store.current()?)),
        Some((g, State::Confirmed)) if g == generation && !confirmed => {
            return Err(Fault::new(Code::NoTransaction, format!("generation {generation} is confirmed")));
        }
        Some((g, _)) if g == generation => {}
        // The last transaction ended without a change, or was undone: the current generation is older.
        Some((_, State::Failed | State::Undone)) if confirmed && store.current()? == generation => {}
        _ => {
            let message = format!("generation {generation} is not the last one");
            return Err(Fault::new(Code::NoTransaction, message));
        }
    }
    // One that was cut off while going back is gone on with, for the reason it was begun.
    let begun = log.journal().last().filter(|e| e.state == State::Undoing && e.generation == generation);
    let reason = begun.map_or(reason.to_owned(), |e| e.step.clone());
    undo::undo(system, &store, &mut log, generation, &reason, None).map(|r| Event::Undone(Box::new(r)))
}

/// `status`: reads only.
///
/// # Errors
/// What kept it from being done.
pub fn status_command(system: &mut System, talk: &mut Talk) -> Result<Event, Fault> {
    let request: StatusRequest = request(talk)?;
    greet(system, &request.hello)?;
    let store = Store::of(system);
    let journal = Journal::read(&store.path("journal"))?;
    let record = store.record_by(&journal)?;
    let generation = record.as_ref().map_or(0, |r| r.manifest.generation);
    let mut status = Status {
        generation,
        digest: record.as_ref().map(|r| r.digest.clone()),
        pending: pending(&journal),
        receipt: store.receipt(generation),
        claim: store.held().map(|h| h.claim),
        clock: now(),
        undo_report: store.undo_report(),
        watch: store.drift_seen().filter(|seen| seen.generation == generation),
        ..Status::default()
    };
    if let Some(record) = &record {
        let desired = &record.manifest.desired;
        let seen = observe_on(system, &store, Some(record), desired)?;
        for step in steps(desired, &seen) {
            let detail =
                if step.detail.is_empty() { String::new() } else { format!(": {}", step.detail.join("; ")) };
            status.drift.push(format!("{} {} would {}{detail}", step.kind, step.name, step.change));
        }
        status.units = seen.units;
    }
    Ok(Event::Status(Box::new(status)))
}

/// `generations`: reads only.
///
/// # Errors
/// What kept it from being done.
pub fn generations_command(system: &mut System, talk: &mut Talk) -> Result<Event, Fault> {
    let request: GenerationsRequest = request(talk)?;
    greet(system, &request.hello)?;
    generations::list(&Store::of(system)).map(Event::Generations)
}

/// `drift`: reads only.
///
/// # Errors
/// What kept it from being done.
pub fn drift_command(system: &mut System, talk: &mut Talk) -> Result<Event, Fault> {
    let request: DriftRequest = request(talk)?;
    greet(system, &request.hello)?;
    let store = Store::of(system);
    drift::report(system, &store).map(|r| Event::Drift(Box::new(r)))
}

/// `probe`: reads only.
///
/// # Errors
/// What kept it from being done.
pub fn probe_command(system: &mut System, talk: &mut Talk) -> Result<Event, Fault> {
    let request: ProbeRequest = request(talk)?;
    greet(system, &request.hello)?;
    let limit = Duration::from_secs(u64::from(request.timeout_s.min(600)));
    let seen = health::witness(system, &request.probe, limit)?;
    Ok(Event::Probed { held: seen.is_ok(), detail: seen.err().unwrap_or_default() })
}

/// `unlock`: ends the process that holds the lock, unless it has begun to change something.
///
/// # Errors
/// What kept it from being done.
pub fn unlock_command(system: &mut System, talk: &mut Talk) -> Result<Event, Fault> {
    let request: UnlockRequest = request(talk)?;
    greet(system, &request.hello)?;
    let store = Store::of(system);
    let journal = Journal::read(&store.path("journal"))?;
    if let Some(pending) = pending(&journal).filter(|p| p.state >= State::Armed) {
        let message = format!(
            "generation {} is {}: it ends, or goes back by itself; nobody is ended in between",
            pending.generation, pending.state
        );
        return Err(Fault::new(Code::LockHeld, message));
    }
    let claim = store.break_lock(&request.holder)?;
    // Nothing live had changed; whatever was begun is noted as ended.
    recover::command(system)?;
    Ok(Event::Unlocked(claim))
}

/// `recover`, at boot or by hand.
///
/// # Errors
/// What kept it from being done.
pub fn recover_command(system: &mut System) -> Result<Event, Fault> {
    recover::command(system)
}
