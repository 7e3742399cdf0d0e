//! The commands: read the request, do it, say how it ended.

use crate::confirm;
use crate::journal::{Journal, Log};
use crate::observe::{observe, pending};
use crate::paths;
use crate::recover;
use crate::store::Store;
use crate::system::System;
use crate::talk::{FIRST, Talk};
use crate::transaction;
use crate::undo;
use artifact::protocol::{
    ApplyRequest, Code, ConfirmRequest, Event, Fault, Hello, ObserveRequest, PROTOCOL, State, Status,
    StatusRequest, UndoRequest,
};
use plan::steps;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// An undo waits this long for whoever holds the lock.
const LOCK: Duration = Duration::from_secs(60);

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
    transaction::apply(system, talk, &request)
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
    undo_generation(system, generation, false, "nobody confirmed it in time")
}

fn undo_generation(
    system: &mut System,
    generation: u64,
    confirmed: bool,
    reason: &str,
) -> Result<Event, Fault> {
    let store = Store::of(system);
    let _lock = store.lock(LOCK)?;
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
    undo::undo(system, &store, &mut log, generation, reason, None).map(|r| Event::Undone(Box::new(r)))
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
    let record = store.current_manifest()?;
    let mut status = Status {
        generation: record.as_ref().map_or(0, |r| r.generation),
        digest: record.as_ref().map(|r| r.desired.digest()),
        pending: pending(&journal),
        receipt: record.as_ref().and_then(|r| store.receipt(r.generation)),
        undo_report: store.undo_report(),
        ..Status::default()
    };
    if let Some(record) = &record {
        let seen = observe(system, &store, &record.desired)?;
        for step in steps(&record.desired, &seen) {
            let detail =
                if step.detail.is_empty() { String::new() } else { format!(": {}", step.detail.join("; ")) };
            status.drift.push(format!("{} {} would {}{detail}", step.kind, step.name, step.change));
        }
        status.units = seen.units;
    }
    Ok(Event::Status(Box::new(status)))
}

/// `recover`, at boot or by hand.
///
/// # Errors
/// What kept it from being done.
pub fn recover_command(system: &mut System) -> Result<Event, Fault> {
    recover::command(system)
}
