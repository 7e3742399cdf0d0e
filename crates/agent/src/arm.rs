//! Saving what was before, so that every step can be taken back.

use crate::accounts::password;
use crate::observe::keys_file;
use crate::store::{Before, Found, Manifest, Store};
use crate::system::{System, fault};
use crate::tree::{self, Entry};
use artifact::protocol::{Claim, Code, Fault};
use artifact::{FlatDesired, Observation, UnitRest, UnitSeen};
use plan::{Change, Kind, Step};
use std::collections::BTreeSet;

fn capture(system: &System, store: &Store, path: &str) -> Result<Entry, Fault> {
    let real = system.real(path);
    let (entry, bytes) = tree::look(&real).map_err(|e| fault(Code::PathBlocked, path, &e))?;
    if let Entry::File { sha256, .. } = &entry {
        match bytes {
            Some(bytes) => store.keep(sha256, &bytes)?,
            None => store.keep_file(sha256, &real)?,
        }
    }
    Ok(entry)
}

fn rest_of(seen: Option<&UnitSeen>) -> UnitRest {
    UnitRest {
        active: seen.is_some_and(|u| u.is_active() || u.active == "activating"),
        enabled: seen.is_some_and(|u| u.file_state == "enabled"),
        reads: BTreeSet::new(),
    }
}

/// Everything the steps touch, as it is now.
///
/// # Errors
/// When something cannot be read or kept.
pub fn before(
    system: &System,
    store: &Store,
    desired: &FlatDesired,
    seen: &Observation,
    steps: Vec<Step>,
) -> Result<Before, Fault> {
    let mut before = Before { running: seen.running.clone(), ..Before::default() };
    let accounts = system.accounts()?;
    let mut paths = BTreeSet::new();
    for step in &steps {
        match step.kind {
            Kind::Dir | Kind::File | Kind::Link => {
                paths.insert(step.name.clone());
            }
            Kind::Unit => {
                before.units.insert(step.name.clone(), rest_of(seen.units.get(&step.name)));
            }
            Kind::User => {
                before.users.insert(step.name.clone(), accounts.users.get(&step.name).cloned());
                if step.change == Change::Remove {
                    let bad = |e: std::io::Error| fault(Code::SwitchFailed, "/etc/shadow", &e);
                    let password = password(system, &step.name).map_err(bad)?;
                    before.passwords.extend(password.map(|p| (step.name.clone(), p)));
                }
                if let Some(user) = desired.users.get(&step.name) {
                    before.groups.extend(user.groups.iter().filter(|g| accounts.gid(g).is_none()).cloned());
                    paths.extend(keys_file(user).map(|(path, _)| path));
                    paths.insert(user.home.clone());
                }
            }
            Kind::Package | Kind::Manager => {}
        }
    }
    for path in paths {
        for parent in tree::missing_parents(system.root(), &path) {
            before.paths.insert(parent, Entry::Missing);
        }
        let entry = capture(system, store, &path)?;
        before.paths.insert(path, entry);
    }
    before.steps = steps;
    Ok(before)
}

/// The generation to come, with what was there before the fleet first took each thing.
///
/// # Errors
/// When something cannot be read or kept.
pub fn manifest(
    system: &System,
    store: &Store,
    desired: &FlatDesired,
    seen: &Observation,
    before: &Before,
    generation: u64,
) -> Result<Manifest, Fault> {
    let record = store.current_manifest()?;
    let known: BTreeSet<String> = record.iter().flat_map(|r| r.desired.users.keys().cloned()).collect();
    let old = record.map(|r| r.found).unwrap_or_default();
    let mut found = Found::default();
    let keys: Vec<String> = desired.users.values().filter_map(keys_file).map(|(p, _)| p).collect();
    let paths = desired.files.keys().chain(desired.links.keys()).chain(desired.dirs.keys()).chain(&keys);
    for path in paths {
        let entry = match old.paths.get(path).or_else(|| before.paths.get(path)) {
            Some(entry) => entry.clone(),
            None => capture(system, store, path)?,
        };
        found.paths.insert(path.clone(), entry);
    }
    // A generation can be gone back to: what was right already is kept like what was sent.
    for (path, file) in desired.files.iter().filter(|(_, f)| !store.has(&f.sha256)) {
        let real = system.real(path);
        if tree::hash_file(&real).is_ok_and(|h| h == file.sha256) {
            store.keep_file(&file.sha256, &real)?;
        }
    }
    let implicit = |p: &&String| !found.paths.contains_key(*p) && !seen.leaving.dirs.contains_key(*p);
    let made = before.paths.iter().filter(|(_, e)| **e == Entry::Missing).map(|(p, _)| p);
    let holds = |p: &&String| {
        found.paths.keys().any(|f| f.strip_prefix(p.as_str()).is_some_and(|r| r.starts_with('/')))
    };
    found.folders = old.folders.iter().chain(made.filter(holds)).filter(implicit).cloned().collect();
    for name in desired.units.keys() {
        let rest = old.units.get(name).cloned().unwrap_or_else(|| rest_of(seen.units.get(name)));
        found.units.insert(name.clone(), rest);
    }
    let makes =
        |name: &&String| old.users.contains(*name) || seen.users.get(*name).is_some_and(|d| d.missing);
    let accounts = system.accounts()?;
    for name in desired.users.keys() {
        let groups = match old.groups.get(name) {
            Some(groups) => groups.clone(),
            None if old.users.contains(name) => BTreeSet::new(),
            // Taken by an older agent, which did not note what it had.
            None if known.contains(name) => continue,
            None => accounts.users.get(name).map(|a| a.groups.clone()).unwrap_or_default(),
        };
        found.groups.insert(name.clone(), groups);
    }
    found.users = desired.users.keys().filter(makes).cloned().collect();
    Ok(Manifest {
        generation,
        previous: seen.generation,
        desired: desired.clone(),
        plan: String::new(),
        found,
        claim: Claim::default(),
    })
}
