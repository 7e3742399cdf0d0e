//! After a kill or a power loss: finish what was confirmed, undo what was not. Runs at boot and before
//! every apply.

use crate::journal::{Durable, Log};
use crate::lock::own_claim;
use crate::packages;
use crate::paths::RECOVER_UNIT;
use crate::room;
use crate::run;
use crate::store::Store;
use crate::system::{System, fault};
use crate::transaction::{DEADMAN, note};
use crate::tree::{self, Rights};
use crate::undo;
use artifact::protocol::{Code, Event, Fault, State, UndoReport};
use std::time::Duration;

const UNIT_TEXT: &str = "\
# Written by fleetwright-agent: finishes or undoes a change that a power loss cut off.
[Unit]
Description=Finish or undo an interrupted Fleetwright change
DefaultDependencies=no
RequiresMountsFor=/etc /usr/lib/fleetwright /var/lib/fleetwright
After=local-fs.target systemd-remount-fs.service
Before=sysinit.target network-pre.target systemd-networkd.service nftables.service shutdown.target
Conflicts=shutdown.target
ConditionPathExists=/var/lib/fleetwright/journal

[Service]
Type=oneshot
ExecStart=/usr/lib/fleetwright/fleetwright-agent recover --boot
TimeoutStartSec=120

[Install]
WantedBy=sysinit.target
";
const WANTED: &str = "/etc/systemd/system/sysinit.target.wants/fleetwright-recover.service";

/// Writes the unit that recovers at boot, with the link that enables it, unless they are there. systemd need
/// not read them before the next boot.
///
/// # Errors
/// When they cannot be written.
pub fn install(system: &System) -> Result<(), Fault> {
    let unit = system.real(RECOVER_UNIT);
    let wanted = system.real(WANTED);
    let bad = |e: std::io::Error| fault(Code::SwitchFailed, RECOVER_UNIT, &e);
    if std::fs::read(&unit).is_ok_and(|b| b == UNIT_TEXT.as_bytes()) && wanted.symlink_metadata().is_ok() {
        return Ok(());
    }
    for path in [&unit, &wanted] {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(bad)?;
        }
    }
    tree::write(&unit, UNIT_TEXT.as_bytes(), Rights { mode: 0o644, ..Rights::private() }).map_err(bad)?;
    tree::link(&wanted, RECOVER_UNIT).map_err(bad)?;
    for path in [&unit, &wanted] {
        path.parent().map_or(Ok(()), tree::sync_folder).map_err(bad)?;
    }
    Ok(())
}

/// What was found.
#[derive(Debug)]
pub enum Found {
    /// Nothing was unfinished.
    Settled,
    /// A generation waits to be confirmed and its timer runs.
    Waiting(u64),
    /// It was undone.
    Undone(Box<UndoReport>),
}

/// Brings an unfinished transaction to its end. The caller holds the lock, so whoever began it is dead or
/// waits to be confirmed.
///
/// # Errors
/// When the journal or what was saved cannot be read.
pub fn recover(system: &mut System, store: &Store, log: &mut Log) -> Result<Found, Fault> {
    let _ = std::fs::remove_dir_all(store.path("stage"));
    packages::allow_starts(system);
    run::end_orphan(&system.under_way());
    let Some(last) = log.journal().last().cloned() else { return Ok(Found::Settled) };
    let generation = last.generation;
    match last.state {
        State::Confirmed => {
            if store.current()? != generation {
                store.set_current(generation)?;
            }
            Ok(Found::Settled)
        }
        State::Undone => {
            if store.current()? == generation {
                store.set_current(store.manifest(generation)?.previous)?;
            }
            Ok(Found::Settled)
        }
        State::Failed => Ok(Found::Settled),
        State::Staged | State::Checked => {
            room::release(store);
            note(log, generation, State::Failed, "cut off", Durable::Now)?;
            Ok(Found::Settled)
        }
        State::Observed if !system.booting && timer_runs(system)? => Ok(Found::Waiting(generation)),
        State::Armed | State::Switching | State::Switched | State::Observed | State::Undoing => {
            let when = if system.booting { "at boot" } else { "at the next contact" };
            let reason = match last.state {
                State::Undoing => last.step.clone(),
                State::Observed => format!("never confirmed, found {when}"),
                state => format!("cut off while {state}, found {when}"),
            };
            let report = undo::undo(system, store, log, generation, &reason, None)?;
            Ok(Found::Undone(Box::new(report)))
        }
    }
}

fn timer_runs(system: &mut System) -> Result<bool, Fault> {
    let timer = format!("{DEADMAN}.timer");
    Ok(system.systemd()?.states(&[&timer])?.get(&timer).is_some_and(|u| u.is_active()))
}

/// Recovers before an apply.
///
/// # Errors
/// [`Code::LockHeld`] while another change waits to be confirmed; as [`recover`].
pub fn before_anything(system: &mut System, store: &Store, log: &mut Log) -> Result<(), Fault> {
    match recover(system, store, log)? {
        Found::Settled | Found::Undone(_) => Ok(()),
        Found::Waiting(generation) => Err(Fault::new(
            Code::LockHeld,
            format!(
                "generation {generation}{} waits to be confirmed; it is undone by itself if nobody does",
                store.manifest(generation).map(|m| m.claim.who).map_or(String::new(), |w| match w.as_str() {
                    "" => String::new(),
                    who => format!(", applied by {who},"),
                })
            ),
        )),
    }
}

/// The `recover` command.
///
/// # Errors
/// As [`recover`].
pub fn command(system: &mut System) -> Result<Event, Fault> {
    let store = Store::of(system);
    let claim = own_claim(if system.booting { "recovery at boot" } else { "recovery" });
    let _lock = store.lock(Duration::from_secs(30), &claim)?;
    let mut log = Log::open(store.path("journal"))?;
    match recover(system, &store, &mut log)? {
        Found::Undone(report) => Ok(Event::Undone(report)),
        Found::Settled | Found::Waiting(_) => Ok(Event::Unchanged(store.current()?)),
    }
}
