//! Going back to what was before a generation. Can be begun again at any point: it compares with what was
//! saved and does what is left.

use crate::accounts;
use crate::journal::{Durable, Log};
use crate::store::{Before, Manifest, Store};
use crate::switch::{Phase, UNIT_LIMIT, run_units};
use crate::system::{System, now};
use crate::systemd::Verb;
use crate::transaction::{DEADMAN, note};
use crate::tree::{self, Entry};
use artifact::protocol::{Code, Fault, State, UndoReport};
use artifact::{Unit, UnitSeen};
use plan::{Change, Kind, needs_manager_reload};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// An undo that leaves something is tried again at the next contacts, this often in all.
const TRIES: usize = 3;

/// Undoes a generation and reports what was seen afterwards.
///
/// # Errors
/// When what was saved cannot be read or the journal cannot be written; what could not be put back is in
/// the report instead.
pub fn undo(
    system: &mut System,
    store: &Store,
    log: &mut Log,
    generation: u64,
    reason: &str,
    fault: Option<Fault>,
) -> Result<UndoReport, Fault> {
    let lines = &log.journal().entries;
    let from = lines.iter().rev().find(|e| e.generation == generation && e.state != State::Undoing);
    let from = from.map_or(State::Confirmed, |e| e.state);
    let was_switched = from == State::Confirmed || log.journal().find(generation, State::Switching).is_some();
    let mut report =
        UndoReport { generation, from, reason: reason.to_owned(), fault, at: now(), remaining: Vec::new() };
    if !was_switched {
        cancel_deadman(system, &mut report);
        note(log, generation, State::Failed, "nothing was switched", Durable::Now)?;
        return Ok(report);
    }
    let before = store.before(generation)?;
    let manifest = store.manifest(generation)?;
    let entered =
        |phase: Phase| {
            from == State::Confirmed
                || log.journal().entries.iter().any(|e| {
                    e.generation == generation && e.state == State::Switching && e.step == phase.word()
                })
        };
    let packages = entered(Phase::Packages);
    let back = Back { units_ran: entered(Phase::Units) || packages, before: &before, manifest: &manifest };
    note(log, generation, State::Undoing, reason, Durable::Now)?;
    back.go(system, store, &mut report.remaining);
    back.verify(system, &mut report.remaining);
    store.put_undo_report(&report)?;
    let tries =
        log.journal().entries.iter().filter(|e| e.generation == generation && e.state == State::Undoing);
    if report.remaining.is_empty() || tries.count() >= TRIES {
        note(log, generation, State::Undone, reason, Durable::Now)?;
        if store.current()? == generation {
            store.set_current(manifest.previous)?;
        }
    }
    cancel_deadman(system, &mut report);
    Ok(report)
}

fn cancel_deadman(system: &mut System, report: &mut UndoReport) {
    if system.booting {
        return;
    }
    if let Err(fault) = system.systemd().and_then(|s| s.cancel_timer(DEADMAN))
        && fault.code != Code::NoSystemd
    {
        report.remaining.push(format!("the dead-man timer: {}", fault.message));
    }
}

struct Back<'a> {
    before: &'a Before,
    manifest: &'a Manifest,
    units_ran: bool,
}

impl Back<'_> {
    /// Does everything it can, and says what it could not.
    fn go(&self, system: &mut System, store: &Store, remaining: &mut Vec<String>) {
        let mut tell = |what: Result<(), Fault>| {
            if let Err(fault) = what {
                remaining.push(fault.message);
            }
        };
        tell(self.stop(system));
        let reload = self.disable(system);
        let reload = reload.unwrap_or_else(|fault| {
            tell(Err(fault));
            true
        });
        self.paths(system, store, &mut tell);
        for (name, was) in &self.before.users {
            tell(match was {
                None => accounts::remove(system, name),
                Some(was) => accounts::put_back(system, name, was),
            });
        }
        tell(self.manager(system, reload));
        tell(self.start(system));
    }

    fn seen(&self, system: &mut System) -> Result<BTreeMap<String, UnitSeen>, Fault> {
        let names: Vec<&str> = self.before.units.keys().map(String::as_str).collect();
        if names.is_empty() { Ok(BTreeMap::new()) } else { system.systemd()?.show(&names) }
    }

    fn stop(&self, system: &mut System) -> Result<(), Fault> {
        let seen = self.seen(system)?;
        let runs = |name: &String| {
            seen.get(name)
                .is_some_and(|u| !matches!(u.active.as_str(), "inactive" | "failed") || system.booting)
        };
        let stop: Vec<&str> =
            self.before.units.iter().filter(|(n, w)| !w.active && runs(n)).map(|(n, _)| n.as_str()).collect();
        if system.booting {
            return stop.iter().try_for_each(|name| match system.systemd()?.queue(Verb::Stop, name) {
                Err(fault) if fault.code == Code::UnitFailed => Ok(()),
                other => other,
            });
        }
        if stop.is_empty() { Ok(()) } else { system.systemd()?.run(Verb::Stop, &stop, UNIT_LIMIT) }
    }

    /// Gives whether systemd must read its files again.
    fn disable(&self, system: &mut System) -> Result<bool, Fault> {
        let seen = self.seen(system)?;
        let on = |name: &String| seen.get(name).is_some_and(|u| u.file_state == "enabled");
        let off: Vec<&str> =
            self.before.units.iter().filter(|(n, w)| !w.enabled && on(n)).map(|(n, _)| n.as_str()).collect();
        if !off.is_empty() {
            system.systemd()?.disable(&off)?;
        }
        Ok(!off.is_empty())
    }

    fn paths(&self, system: &System, store: &Store, tell: &mut impl FnMut(Result<(), Fault>)) {
        let mut folders: BTreeSet<PathBuf> = BTreeSet::new();
        let is_dir = |e: &Entry| matches!(e, Entry::Dir { .. });
        let dirs = self.before.paths.iter().filter(|(_, e)| is_dir(e));
        let present = self.before.paths.iter().filter(|(_, e)| !is_dir(e) && **e != Entry::Missing);
        let missing = self.before.paths.iter().rev().filter(|(_, e)| **e == Entry::Missing);
        for (path, was) in dirs.chain(present).chain(missing) {
            let real = system.real(path);
            let bytes = || match was {
                Entry::File { sha256, .. } => store.blob(sha256).map_err(std::io::Error::other),
                _ => Ok(Vec::new()),
            };
            let restored = tree::restore(&real, was, bytes);
            tell(restored.map(|_| ()).map_err(|e| crate::system::fault(Code::UndoIncomplete, path, &e)));
            folders.extend(real.parent().map(PathBuf::from));
        }
        for folder in folders {
            let shown = folder.display().to_string();
            tell(
                tree::sync_folder(&folder)
                    .map_err(|e| crate::system::fault(Code::UndoIncomplete, &shown, &e)),
            );
        }
    }

    fn manager(&self, system: &mut System, changed: bool) -> Result<(), Fault> {
        let enable: Vec<&str> = {
            let seen = self.seen(system)?;
            let off = |name: &String| seen.get(name).is_none_or(|u| u.file_state != "enabled");
            self.before.units.iter().filter(|(n, w)| w.enabled && off(n)).map(|(n, _)| n.as_str()).collect()
        };
        if !enable.is_empty() {
            system.systemd()?.enable(&enable)?;
        }
        let reads = self.before.paths.keys().any(|p| needs_manager_reload(p));
        if changed || reads || !enable.is_empty() { system.systemd()?.reload() } else { Ok(()) }
    }

    /// Brings back what ran, with its old files.
    fn start(&self, system: &mut System) -> Result<(), Fault> {
        let ran: Vec<&String> = self.before.units.iter().filter(|(_, w)| w.active).map(|(n, _)| n).collect();
        if system.booting {
            return ran.iter().try_for_each(|name| system.systemd()?.queue(Verb::Start, name));
        }
        let seen = self.seen(system)?;
        let mut verbs: BTreeMap<&str, Verb> = BTreeMap::new();
        for name in ran {
            let active = seen.get(name).is_some_and(UnitSeen::is_active);
            let change = |c: Change| {
                self.before.steps.iter().any(|s| s.kind == Kind::Unit && s.name == *name && s.change == c)
            };
            let verb = match active {
                false => Some(Verb::Restart),
                true if !self.units_ran => None,
                true if change(Change::Restart) => Some(Verb::Restart),
                true if change(Change::Reload) => Some(Verb::Reload),
                true => None,
            };
            if let Some(verb) = verb {
                verbs.insert(name, verb);
            }
        }
        let known: &BTreeMap<String, Unit> = &self.manifest.desired.units;
        run_units(system, known, &verbs)
    }

    /// Looks whether everything is really as it was.
    fn verify(&self, system: &mut System, remaining: &mut Vec<String>) {
        for (path, was) in &self.before.paths {
            match tree::look(&system.real(path)) {
                Ok((is, _)) if is == *was => {}
                // Something was put into it meanwhile: never deleted.
                Ok((Entry::Dir { .. }, _)) if *was == Entry::Missing => {}
                Ok(_) => remaining.push(format!("{path} is not as it was")),
                Err(e) => remaining.push(format!("{path}: {e}")),
            }
        }
        if system.booting {
            return;
        }
        match self.seen(system) {
            Ok(seen) => {
                for (name, was) in &self.before.units {
                    let active = seen.get(name).is_some_and(|u| u.is_active() || u.active == "activating");
                    if active != was.active {
                        let word = if was.active { "does not run again" } else { "still runs" };
                        remaining.push(format!("{name} {word}"));
                    }
                }
            }
            Err(fault) => remaining.push(fault.message),
        }
        remaining.sort();
        remaining.dedup();
    }
}
