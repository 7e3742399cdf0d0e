//! The switch: one phase after the other, each in the journal before it begins.

use crate::accounts;
use crate::bring_back;
use crate::check::{copy_fault, wanted_at};
use crate::observe::keys_file;
use crate::packages;
use crate::store::{Before, Manifest, Store};
use crate::system::{System, fault};
use crate::systemd::Verb;
use crate::tree::{self, Entry, Rights};
use artifact::protocol::{Code, Fault};
use artifact::{FlatDesired, Unit};
use plan::{Change, Kind, Step, unit_levels};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// A unit may take this long to start, stop or reload.
pub const UNIT_LIMIT: Duration = Duration::from_secs(90);

/// The phases, in order. Phases nothing is to be done in are left out of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Packages are installed.
    Packages,
    /// Accounts, with their homes and keys.
    Users,
    /// Directories.
    Dirs,
    /// What leaves is stopped and disabled.
    Stops,
    /// Files and links come and go.
    Files,
    /// systemd reads its unit files; units are enabled.
    Manager,
    /// Units start, restart, reload.
    Units,
}

impl Phase {
    /// All of them.
    pub const ALL: [Phase; 7] = [
        Phase::Packages,
        Phase::Users,
        Phase::Dirs,
        Phase::Stops,
        Phase::Files,
        Phase::Manager,
        Phase::Units,
    ];

    /// The word in the journal.
    pub fn word(self) -> &'static str {
        match self {
            Phase::Packages => "packages",
            Phase::Users => "users",
            Phase::Dirs => "dirs",
            Phase::Stops => "stops",
            Phase::Files => "files",
            Phase::Manager => "manager",
            Phase::Units => "units",
        }
    }

    /// The phase a step belongs to.
    pub fn of(step: &Step) -> Phase {
        match (step.kind, step.change) {
            (Kind::Package, _) => Phase::Packages,
            (Kind::User, Change::Remove) => Phase::Files,
            (Kind::User, _) => Phase::Users,
            (Kind::Dir, Change::Remove | Change::Restore) => Phase::Files,
            (Kind::Dir, _) => Phase::Dirs,
            (Kind::File | Kind::Link, _) => Phase::Files,
            (Kind::Manager, _) => Phase::Manager,
            (Kind::Unit, Change::Stop | Change::Disable) => Phase::Stops,
            (Kind::Unit, Change::Enable) => Phase::Manager,
            (Kind::Unit, _) => Phase::Units,
        }
    }
}

/// Carries out the steps of a generation.
pub struct Switch<'a> {
    /// The system.
    pub system: &'a mut System,
    /// Where the bytes are.
    pub store: &'a Store,
    /// What is wanted.
    pub manifest: &'a Manifest,
    /// What was, and the steps.
    pub before: &'a Before,
}

impl Switch<'_> {
    /// Carries out one phase. Gives what a program said, where that is worth telling.
    ///
    /// # Errors
    /// The first thing that could not be done.
    pub fn phase(&mut self, phase: Phase) -> Result<Option<String>, Fault> {
        let before = self.before;
        let steps: Vec<&Step> = before.steps.iter().filter(|s| Phase::of(s) == phase).collect();
        match phase {
            Phase::Packages => {
                let wanted: BTreeSet<String> = steps.iter().map(|s| s.name.clone()).collect();
                // Installed before the checks; what somebody took away since is put back.
                let missing = packages::missing(self.system, &wanted)?;
                if missing.is_empty() {
                    return Ok(None);
                }
                return packages::install(self.system, &missing).map(Some);
            }
            Phase::Users => steps.iter().try_for_each(|s| self.user(&s.name))?,
            Phase::Dirs => self.dirs(&steps)?,
            Phase::Stops => self.stops(&steps)?,
            Phase::Files => self.paths(&steps)?,
            Phase::Manager => self.manager(&steps)?,
            Phase::Units => self.units(&steps)?,
        }
        Ok(None)
    }

    fn desired(&self) -> &FlatDesired {
        &self.manifest.desired
    }

    fn user(&self, name: &str) -> Result<(), Fault> {
        let Some(user) = self.desired().users.get(name) else { return Ok(()) };
        let previous = match self.manifest.previous {
            0 => None,
            number => Some(self.store.manifest(number)?),
        };
        let now = self.system.accounts()?.users.get(name).cloned();
        let extra = now.map(|now| accounts::extra_groups(previous.as_ref(), name, user, &now));
        accounts::make(self.system, name, user, &extra.unwrap_or_default())?;
        let accounts = self.system.accounts()?;
        let account = accounts
            .users
            .get(name)
            .ok_or_else(|| Fault::new(Code::SwitchFailed, format!("useradd made no account {name}")))?;
        let own = |mode| Rights { mode, uid: account.uid, gid: account.gid };
        let keys = keys_file(user);
        if user.system && keys.is_none() {
            return Ok(());
        }
        let bad = |path: &str, e: std::io::Error| fault(Code::SwitchFailed, path, &e);
        self.parents(&user.home)?;
        if !self.system.real(&user.home).exists() {
            tree::dir(&self.system.real(&user.home), own(0o700)).map_err(|e| bad(&user.home, e))?;
        }
        let Some((path, text)) = keys else { return Ok(()) };
        let folder = format!("{}/.ssh", user.home.trim_end_matches('/'));
        if !self.system.real(&folder).exists() {
            tree::dir(&self.system.real(&folder), own(0o700)).map_err(|e| bad(&folder, e))?;
        }
        let real = self.system.real(&path);
        tree::write(&real, text.as_bytes(), own(0o600))
            .and_then(|()| tree::sync_folder(&self.system.real(&folder)))
            .map_err(|e| bad(&path, e))
    }

    /// Folders nobody asked for that a path lies in.
    fn parents(&self, path: &str) -> Result<(), Fault> {
        for parent in tree::missing_parents(self.system.root(), path) {
            let rights = Rights { mode: 0o755, ..Rights::private() };
            tree::dir(&self.system.real(&parent), rights)
                .map_err(|e| fault(Code::SwitchFailed, &parent, &e))?;
        }
        Ok(())
    }

    fn rights(&self, path: &str, mode: u32, owner: &str, group: &str) -> Result<Rights, Fault> {
        let accounts = self.system.accounts()?;
        let unknown = |what: &str, name: &str| {
            Fault::new(Code::SwitchFailed, format!("{path}: there is no {what} {name} on this host"))
        };
        Ok(Rights {
            mode,
            uid: accounts.uid(owner).ok_or_else(|| unknown("user", owner))?,
            gid: accounts.gid(group).ok_or_else(|| unknown("group", group))?,
        })
    }

    fn dirs(&self, steps: &[&Step]) -> Result<(), Fault> {
        for step in steps {
            let Some(dir) = self.desired().dirs.get(&step.name) else { continue };
            let rights = self.rights(&step.name, dir.mode, &dir.owner, &dir.group)?;
            self.parents(&step.name)?;
            tree::dir(&self.system.real(&step.name), rights)
                .map_err(|e| fault(Code::SwitchFailed, &step.name, &e))?;
        }
        Ok(())
    }

    fn stops(&mut self, steps: &[&Step]) -> Result<(), Fault> {
        let of = |change| steps.iter().filter(move |s| s.change == change).map(|s| s.name.as_str());
        let stop: Vec<&str> = of(Change::Stop).collect();
        if !stop.is_empty() {
            let limit = self.system.within(UNIT_LIMIT);
            self.system.systemd()?.run(Verb::Stop, &stop, limit)?;
        }
        let disable: Vec<&str> = of(Change::Disable).collect();
        if !disable.is_empty() {
            self.system.systemd()?.disable(&disable)?;
        }
        Ok(())
    }

    fn paths(&self, steps: &[&Step]) -> Result<(), Fault> {
        let mut folders: BTreeSet<PathBuf> = BTreeSet::new();
        for step in steps {
            let path = step.name.as_str();
            let real = self.system.real(path);
            let bad = |e: std::io::Error| fault(Code::SwitchFailed, path, &e);
            match (step.kind, step.change) {
                (Kind::User, _) => {
                    accounts::remove(self.system, path)?;
                    continue;
                }
                (_, Change::Remove | Change::Restore) => {
                    let was = self.found_before(path)?;
                    tree::restore(&real, &was, |to, rights| self.store.put_back(&was, to, rights))
                        .map_err(bad)?;
                }
                (Kind::File, _) => {
                    let Some(file) = self.desired().files.get(path) else { continue };
                    let from = wanted_at(self.system, self.store, path, &file.sha256);
                    let rights = self.rights(path, file.mode, &file.owner, &file.group)?;
                    self.parents(path)?;
                    tree::copy(&real, &from, &file.sha256, rights).map_err(|e| copy_fault(path, &e))?;
                }
                (Kind::Link, _) => {
                    let Some(link) = self.desired().links.get(path) else { continue };
                    self.parents(path)?;
                    tree::link(&real, &link.target).map_err(bad)?;
                }
                _ => continue,
            }
            folders.extend(real.parent().map(PathBuf::from));
        }
        for folder in folders {
            tree::sync_folder(&folder)
                .map_err(|e| fault(Code::SwitchFailed, &folder.display().to_string(), &e))?;
        }
        Ok(())
    }

    /// What was at a path that leaves before the fleet first took it.
    fn found_before(&self, path: &str) -> Result<Entry, Fault> {
        if self.manifest.previous == 0 {
            return Ok(Entry::Missing);
        }
        let found = self.store.manifest(self.manifest.previous)?.found;
        Ok(found.paths.get(path).cloned().unwrap_or(Entry::Missing))
    }

    fn manager(&mut self, steps: &[&Step]) -> Result<(), Fault> {
        let enable: Vec<&str> =
            steps.iter().filter(|s| s.change == Change::Enable).map(|s| s.name.as_str()).collect();
        let systemd = self.system.systemd()?;
        if !enable.is_empty() {
            systemd.enable(&enable)?;
        }
        systemd.reload()
    }

    fn units(&mut self, steps: &[&Step]) -> Result<(), Fault> {
        // A package brings its units up with its own configuration: start would leave them at that.
        let packages = self.before.steps.iter().any(|s| s.kind == Kind::Package);
        let verbs: BTreeMap<&str, Verb> = steps
            .iter()
            .map(|s| {
                let verb = match s.change {
                    Change::Restart => Verb::Restart,
                    Change::Reload => Verb::Reload,
                    _ if packages => Verb::Restart,
                    _ => Verb::Start,
                };
                (s.name.as_str(), verb)
            })
            .collect();
        run_units(self.system, &self.manifest.desired.units, &verbs, UNIT_LIMIT)?;
        bring_back::finish(self.system, &self.manifest.desired, self.before)
    }
}

/// Brings units up in the order of their dependencies, all of one level at once. A reload may take as long
/// as `reload`, anything else [`UNIT_LIMIT`].
///
/// # Errors
/// [`Code::UnitFailed`].
pub fn run_units(
    system: &mut System,
    units: &BTreeMap<String, Unit>,
    verbs: &BTreeMap<&str, Verb>,
    reload: Duration,
) -> Result<(), Fault> {
    let mut levels =
        vec![verbs.keys().filter(|n| !units.contains_key(**n)).map(|n| (*n).to_owned()).collect()];
    levels.extend(unit_levels(units));
    for level in levels {
        for verb in [Verb::Restart, Verb::Start, Verb::Reload] {
            let due: Vec<&str> =
                level.iter().map(String::as_str).filter(|n| verbs.get(n) == Some(&verb)).collect();
            let (own, plain): (Vec<&str>, Vec<&str>) = due
                .into_iter()
                .partition(|n| verb == Verb::Reload && units.get(*n).is_some_and(|u| !u.reload.is_empty()));
            if !plain.is_empty() {
                let limit = system.within(if verb == Verb::Reload { reload } else { UNIT_LIMIT });
                let systemd = system.systemd()?;
                if verb != Verb::Reload {
                    // systemd's start limit is against units that end by themselves: it must keep us neither
                    // from the new state nor from going back.
                    systemd.forget_starts(plain.iter().copied())?;
                }
                systemd.run(verb, &plain, limit)?;
            }
            for name in own {
                reload_command(system, name, &units[name].reload, system.within(reload))?;
            }
        }
    }
    Ok(())
}

fn reload_command(system: &System, name: &str, argv: &[String], limit: Duration) -> Result<(), Fault> {
    let Some((program, args)) = argv.split_first() else { return Ok(()) };
    let mut command = Command::new(program);
    command.args(args).env("LC_ALL", "C.UTF-8").current_dir("/");
    let failed = |what: String| Fault::new(Code::UnitFailed, format!("{name}: `{}`: {what}", argv.join(" ")));
    match system.run(&command, limit) {
        Ok(said) if said.code == 0 => Ok(()),
        Ok(said) => {
            let last = said.text.lines().rev().map(str::trim).find(|l| !l.is_empty()).unwrap_or_default();
            Err(failed(format!("exit code {}: {last}", said.code)))
        }
        Err(e) => Err(failed(e.to_string())),
    }
}

/// Units a switch (re)starts or reloads.
pub fn touched_units(before: &Before) -> BTreeSet<String> {
    before.steps.iter().filter(|s| Phase::of(s) == Phase::Units).map(|s| s.name.clone()).collect()
}
