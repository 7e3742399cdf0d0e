//! `confirm`: the controller came back over a new connection. The host looks once more, makes the
//! generation its own and writes the receipt.

use crate::journal::{Durable, Log};
use crate::room;
use crate::running;
use crate::store::{Manifest, Store};
use crate::system::{System, fault, now};
use crate::systemd::names;
use crate::transaction::{DEADMAN, note};
use crate::tree::{self, Entry};
use crate::undo;
use artifact::protocol::two::ConfirmRequest;
use artifact::protocol::{Claim, Code, Event, Fault, Receipt, State};
use std::collections::BTreeSet;
use std::time::Duration;

/// The apply that just ended, or the dead-man's undo, may hold the lock this long.
const LOCK: Duration = Duration::from_secs(5);

/// The host's key that signs receipts.
const KEY: &str = "/etc/ssh/ssh_host_ed25519_key";

/// Confirms a generation. Confirming twice gives the same receipt.
///
/// # Errors
/// When there is nothing to confirm; nothing was changed then.
pub fn confirm(system: &mut System, request: &ConfirmRequest) -> Result<Event, Fault> {
    let store = Store::of(system);
    let _lock = store.lock(LOCK, &request.claim)?;
    let mut log = Log::open(store.path("journal"))?;
    let generation = request.generation;
    let Some(observed) = log.journal().find(generation, State::Observed).cloned() else {
        let message = format!("generation {generation} does not wait to be confirmed");
        return Err(Fault::new(Code::NoTransaction, message));
    };
    if observed.token.as_deref() != Some(request.token.as_str()) {
        let message = format!("the token is not that of generation {generation}");
        return Err(Fault::new(Code::TokenMismatch, message));
    }
    let last = log.journal().last().filter(|e| e.generation == generation).map(|e| e.state);
    match last {
        Some(State::Observed) => {}
        Some(State::Confirmed) => {
            return match store.receipt(generation) {
                Some(receipt) => Ok(Event::Confirmed(Box::new(receipt))),
                None => {
                    Err(Fault::new(Code::NoTransaction, format!("generation {generation} has no receipt")))
                }
            };
        }
        _ => {
            if let Some(report) = store.undo_report().filter(|r| r.generation == generation) {
                return Ok(Event::Undone(Box::new(report)));
            }
            let message = format!("generation {generation} is no longer waiting to be confirmed");
            return Err(Fault::new(Code::NoTransaction, message));
        }
    }
    let manifest = store.manifest(generation)?;
    let health = observed.step.split('\n').filter(|n| !n.is_empty()).map(str::to_owned).collect();
    match settle(system, &store, &mut log, &manifest, health, &request.claim) {
        Ok(receipt) => {
            // Only now: a timer that is taken away before the journal says so would leave nobody to undo.
            let _ = system.systemd().and_then(|s| s.cancel_timer(DEADMAN));
            store.drop_undo_report();
            // Old generations that could not be dropped are dropped next time.
            let _ = store.prune();
            Ok(Event::Confirmed(Box::new(receipt)))
        }
        Err(fault) => {
            let reason = fault.to_string();
            let report = undo::undo(system, &store, &mut log, generation, &reason, Some(fault))?;
            Ok(Event::Undone(Box::new(report)))
        }
    }
}

/// Looks at the whole generation, journals it as confirmed, makes it current and writes the receipt.
///
/// # Errors
/// [`Code::Unhealthy`] when something is not as wanted; nothing was journaled then.
pub fn settle(
    system: &mut System,
    store: &Store,
    log: &mut Log,
    manifest: &Manifest,
    health: Vec<String>,
    claim: &Claim,
) -> Result<Receipt, Fault> {
    let mut receipt = receipt(system, manifest, health)?;
    let claim = if claim.who.is_empty() { &manifest.claim } else { claim };
    receipt.who.clone_from(&claim.who);
    receipt.run.clone_from(&claim.run);
    receipt.running = running::look(system, &manifest.desired);
    sign(system, &mut receipt);
    // Before the line that makes it count: killed right after that line, the host still has its receipt.
    store.put_receipt(&receipt)?;
    note(log, manifest.generation, State::Confirmed, "", Durable::Now)?;
    room::release(store);
    store.set_current(manifest.generation)?;
    Ok(receipt)
}

/// Signs with the host's key; a host without one, or with one of another kind, gives an unsigned receipt.
fn sign(system: &System, receipt: &mut Receipt) {
    let Ok(key) = std::fs::read_to_string(system.real(KEY)) else { return };
    if artifact::signature::sign(receipt, &key).is_err() {
        (receipt.signature, receipt.signer) = (None, None);
    }
}

/// Reads everything back.
fn receipt(system: &mut System, manifest: &Manifest, health: Vec<String>) -> Result<Receipt, Fault> {
    let desired = &manifest.desired;
    let mut receipt = Receipt {
        host: desired.host.clone(),
        generation: manifest.generation,
        digest: desired.digest(),
        plan: manifest.plan.clone(),
        at: now(),
        health,
        ..Receipt::default()
    };
    for (path, file) in &desired.files {
        match tree::look(&system.real(path)).map_err(|e| fault(Code::Unhealthy, path, &e))? {
            (Entry::File { sha256, .. }, _) if sha256 == file.sha256 => {
                receipt.files.insert(path.clone(), sha256);
            }
            _ => return Err(Fault::new(Code::Unhealthy, format!("{path} is not as it was written"))),
        }
    }
    let units: BTreeSet<String> = desired.units.keys().cloned().collect();
    if units.is_empty() {
        return Ok(receipt);
    }
    receipt.units = system.systemd()?.show(&names(&units))?;
    for (name, unit) in desired.units.iter().filter(|(_, u)| u.active) {
        let Some(now) = receipt.units.get(name).filter(|n| !n.is_active()) else { continue };
        let _ = unit;
        return Err(Fault::new(Code::Unhealthy, format!("{name} is {} ({})", now.active, now.sub)));
    }
    Ok(receipt)
}
