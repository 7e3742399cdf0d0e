//! Going back to what was before a generation. Can be begun again at any point: it compares with what was
//! saved and does what is left.

use crate::accounts::{self, Account};
use crate::journal::{Durable, Log};
use crate::room;
use crate::run;
use crate::store::{Before, Store};
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
use std::time::Duration;

/// An undo that leaves something is tried again at the next contacts, this often in all.
const TRIES: usize = 3;

/// On the way back a reload that takes longer is taken for one that never ends.
const RELOAD: Duration = Duration::from_secs(2);

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
    system.until = None;
    run::end_orphan(&system.under_way());
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
    // How a unit was reloaded before: the new way may be what is wrong.
    let mut units = manifest.desired.units.clone();
    if let Ok(Some(previous)) = (manifest.previous > 0).then(|| store.manifest(manifest.previous)).transpose()
    {
        units.extend(previous.desired.units);
    }
    let back = Back { units_ran: entered(Phase::Units) || packages, before: &before, units: &units };
    room::release(store);
    // Going back needs no journal: what is in it leads here again.
    match note(log, generation, State::Undoing, reason, Durable::Now) {
        Err(fault) if !matches!(fault.code, Code::DiskFull | Code::ReadOnly) => return Err(fault),
        Err(_) | Ok(()) => {}
    }
    back.go(system, store, &mut report.remaining);
    back.verify(system, &mut report.remaining);
    // A report that cannot be kept is still given to whoever is there.
    let _ = store.put_undo_report(&report);
    let tries =
        log.journal().entries.iter().filter(|e| e.generation == generation && e.state == State::Undoing);
    if report.remaining.is_empty() || tries.count() >= TRIES {
        let noted = note(log, generation, State::Undone, reason, Durable::Now).and_then(|()| {
            if store.current()? == generation { store.set_current(manifest.previous) } else { Ok(()) }
        });
        if let Err(fault) = noted {
            report.remaining.push(format!("{}; undone once more at the next contact", fault.message));
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
    units: &'a BTreeMap<String, Unit>,
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
        // systemd tells what starts at boot as it was when it last read its files.
        let switched = |c: Change| matches!(c, Change::Enable | Change::Disable);
        if !system.booting && self.before.steps.iter().any(|s| s.kind == Kind::Unit && switched(s.change)) {
            tell(system.systemd().and_then(|s| s.reload()));
        }
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
                Some(was) => {
                    let password = self.before.passwords.get(name).map(String::as_str);
                    accounts::put_back(system, name, was, password)
                }
            });
        }
        for group in &self.before.groups {
            tell(accounts::remove_group(system, group));
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
            let restored = tree::restore(&real, was, |to, rights| store.put_back(was, to, rights));
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
        let Err(fault) = run_units(system, self.units, &verbs, RELOAD) else { return Ok(()) };
        if !verbs.values().any(|v| *v == Verb::Reload) {
            return Err(fault);
        }
        // What cannot be reloaded any more is restarted: with its old files it runs as before.
        for verb in verbs.values_mut().filter(|v| **v == Verb::Reload) {
            *verb = Verb::Restart;
        }
        run_units(system, self.units, &verbs, UNIT_LIMIT)
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
        match system.accounts() {
            Ok(now) => {
                for (name, was) in &self.before.users {
                    if now.users.get(name).map(Account::essence) != was.as_ref().map(Account::essence) {
                        remaining.push(format!("the account {name} is not as it was"));
                    }
                }
            }
            Err(fault) => remaining.push(fault.message),
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
                    let enabled = seen.get(name).is_some_and(|u| u.file_state == "enabled");
                    if enabled != was.enabled {
                        let word = if was.enabled { "does not start" } else { "still starts" };
                        remaining.push(format!("{name} {word} at boot"));
                    }
                }
            }
            Err(fault) => remaining.push(fault.message),
        }
        remaining.sort();
        remaining.dedup();
    }
}
