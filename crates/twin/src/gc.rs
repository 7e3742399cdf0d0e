//! Releasing twins, whole ones and remains. Everything is found by the twin's name alone: processes by
//! control group, namespaces by prefix, directories by path. So whatever was killed when, it can be undone.

use crate::TwinError;
use crate::error::Step;
use crate::ground::{cgroup, limits, netns};
use crate::paths::{NETNS, Paths, RUN, VAR};
use crate::state::{Lock, Phase, State};
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Ending processes that cannot object, and their groups.
const DEADLINE: Duration = Duration::from_secs(20);

/// A twin that is there, or what is left of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TwinInfo {
    /// Its name.
    pub name: String,
    /// How it is.
    pub condition: Condition,
    /// Machines it has.
    pub machines: usize,
    /// Machines that are switched on.
    pub powered: usize,
}

/// How a twin is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Up.
    Running,
    /// Another process is bringing it up or down.
    Busy,
    /// Whoever built it was killed, or it died; `gc` releases it.
    Remains,
}

/// All twins on this machine, running or not.
///
/// # Errors
/// When a lock file cannot be made.
pub fn twins() -> Result<Vec<TwinInfo>, TwinError> {
    let mut found = Vec::new();
    for paths in named() {
        let state = State::load(&paths).ok().flatten();
        let condition = match &state {
            Some(state) if state.phase == Phase::Running && state.sound() => Condition::Running,
            _ if Lock::attempt(&paths)?.is_none() => Condition::Busy,
            _ => Condition::Remains,
        };
        let machines = state.as_ref().map_or(0, |s| s.topology.machines.len());
        let powered = state.map_or(0, |s| s.machines.values().filter(|p| p.leader.alive()).count());
        found.push(TwinInfo { name: paths.name, condition, machines, powered });
    }
    Ok(found)
}

/// Releases every twin whose builder was killed and every one that died, and ends what a killed build of a
/// base image left. Gives the names of what was released. Twins that run, or that somebody is at work on,
/// are left alone.
///
/// # Errors
/// When something could not be released; all else is.
pub fn gc() -> Result<Vec<String>, TwinError> {
    let mut released = Vec::new();
    let mut errors = Vec::new();
    // A builder killed before it made anything leaves its lock alone.
    let locks = entries(&format!("{RUN}/locks")).into_iter().filter(|n| !n.starts_with('.'));
    let mut all = named();
    all.extend(locks.filter_map(|n| Paths::of(&n).ok()));
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all.dedup_by(|a, b| a.name == b.name);
    for paths in all {
        let Some(_lock) = Lock::attempt(&paths)? else { continue };
        if State::load(&paths).is_ok_and(|s| s.is_some_and(|s| s.sound())) {
            continue;
        }
        match release(&paths) {
            Ok(()) => released.push(paths.name.clone()),
            Err(e) => errors.push(e.to_string()),
        }
    }
    if let Err(e) = crate::base::gc(&mut released) {
        errors.push(e.to_string());
    }
    let _shared = Lock::shared()?;
    if let Err(e) = last_one_out() {
        errors.push(e.to_string());
    }
    if errors.is_empty() { Ok(released) } else { Err(TwinError::failed("release", errors.join("; "))) }
}

/// Every name that anything of a twin is found under.
fn named() -> Vec<Paths> {
    let mut names = cgroup::twins();
    for folder in [format!("{RUN}/twins"), format!("{VAR}/twins")] {
        names.extend(entries(&folder));
    }
    let spaces = netns::list("fw-");
    names.extend(spaces.iter().filter_map(|n| Some(n.strip_prefix("fw-")?.split_once('.')?.0.to_owned())));
    names.iter().filter_map(|n| Paths::of(n).ok()).collect()
}

/// The base images that twins stand on.
pub(crate) fn bases() -> BTreeSet<PathBuf> {
    named().iter().filter_map(|paths| State::load(paths).ok().flatten()).map(|state| state.base).collect()
}

fn entries(folder: &str) -> BTreeSet<String> {
    let Ok(entries) = fs::read_dir(folder) else { return BTreeSet::new() };
    entries.flatten().filter_map(|e| e.file_name().into_string().ok()).collect()
}

/// Releases everything of one twin; the caller holds its lock. Goes on after an error and reports all.
pub(crate) fn release(paths: &Paths) -> Result<(), TwinError> {
    let mut errors = Vec::new();
    let mut note = |done: Result<(), TwinError>| errors.extend(done.err().map(|e| e.to_string()));
    note(cgroup::kill(&paths.cgroup(), DEADLINE));
    for name in netns::list(&paths.prefix()) {
        note(netns::remove(&name));
    }
    note(cgroup::remove(&paths.cgroup(), DEADLINE));
    note(remove_tree(&paths.var()));
    // The state last: while anything is left, it is known whose it is.
    note(remove_tree(&paths.run()));
    match Lock::shared() {
        Ok(_shared) => note(last_one_out()),
        Err(e) => note(Err(e)),
    }
    if errors.is_empty() { Ok(()) } else { Err(TwinError::failed("release", errors.join("; "))) }
}

/// Puts back what all twins share when none is left; the caller holds the shared lock.
fn last_one_out() -> Result<(), TwinError> {
    if !named().is_empty() {
        return Ok(());
    }
    cgroup::forget();
    if Path::new(NETNS).exists() {
        netns::forget();
    }
    limits::restore()?;
    for folder in [format!("{RUN}/twins"), format!("{VAR}/twins"), VAR.to_owned()] {
        // Not empty: somebody else keeps something there.
        let _ = fs::remove_dir(folder);
    }
    Ok(())
}

fn remove_tree(folder: &Path) -> Result<(), TwinError> {
    match fs::remove_dir_all(folder) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => {
            Err(e).step(|| format!("remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}
