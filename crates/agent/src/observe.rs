//! What differs between a desired state and the system.

use crate::accounts::{Accounts, extra_groups};
use crate::journal::Journal;
use crate::packages;
use crate::running;
use crate::store::{Found, Manifest, Record, Store};
use crate::system::{System, fault};
use crate::systemd::names;
use crate::tree::{self, Entry};
use artifact::protocol::{Code, Fault, Pending};
use artifact::{Dir, FlatDesired, Leave, Leaving, Observation, PathDiff, Seen, Thing, Unit, UnitRest};
use engine::running::Running;
use std::collections::{BTreeMap, BTreeSet};

/// Looks at everything a desired state and the generation on record speak of.
///
/// # Errors
/// [`Code::PathBlocked`] when something that must not be replaced is in the way; [`Code::NoSystemd`];
/// [`Code::GenerationMissing`]; an unreadable disk.
pub fn observe(system: &mut System, store: &Store, desired: &FlatDesired) -> Result<Observation, Fault> {
    let record = store.record()?;
    observe_on(system, store, record.as_ref(), desired)
}

/// As [`observe`], with the record already read.
///
/// # Errors
/// As [`observe`].
pub fn observe_on(
    system: &mut System,
    store: &Store,
    record: Option<&Record>,
    desired: &FlatDesired,
) -> Result<Observation, Fault> {
    let digest = record.map(|r| r.digest.clone());
    let record = record.map(|r| &r.manifest);
    let confirmed = record.and_then(|r| store.receipt(r.generation)).map_or(BTreeMap::new(), |r| r.running);
    let asked = record.map(|r| {
        let ours = |what: Running| {
            let of = |path: &&String| what.files().iter().any(|prefix| path.starts_with(prefix));
            let mut paths = r.desired.files.keys().filter(of);
            confirmed.contains_key(what.name())
                && !paths.any(|path| desired.leaves_alone(&r.desired, Thing::File, path))
        };
        running::ask(system, &r.desired, ours)
    });
    let journal = Journal::read(&store.path("journal"))?;
    let accounts = system.accounts()?;
    let mut seen = Observation {
        host: desired.host.clone(),
        generation: record.map_or(0, |r| r.generation),
        digest,
        packages: packages::missing(system, &desired.packages)?,
        pending: pending(&journal),
        undo_report: store.undo_report(),
        ..Observation::default()
    };
    let look = Look { system, store, accounts: &accounts, record };
    look.users(desired, &mut seen)?;
    look.dirs(desired, &mut seen)?;
    look.files(desired, &mut seen)?;
    look.links(desired, &mut seen)?;
    if !seen.lacking.is_empty() {
        seen.partial = store.parts();
        seen.partial.retain(|hash, _| seen.lacking.contains(hash));
    }
    if let Some(record) = record {
        look.leaving(desired, record, &mut seen.leaving)?;
    }
    let mut units: BTreeSet<String> = desired.units.keys().cloned().collect();
    units.extend(seen.leaving.units.keys().cloned());
    if !units.is_empty() {
        seen.units = system.systemd()?.show(&names(&units))?;
    }
    if let Some(record) = record {
        unit_drift(desired, record, &mut seen);
    }
    if let Some(asked) = asked {
        seen.running = running::differences(&confirmed, &asked.answers(system));
    }
    seen.leaving.units.retain(|name, rest| {
        let now = seen.units.get(name);
        now.is_some_and(|u| u.load != "not-found" || u.is_active() || rest.active)
    });
    Ok(seen)
}

/// The transaction that has not ended, if there is one.
pub fn pending(journal: &Journal) -> Option<Pending> {
    let last = journal.last().filter(|e| !e.state.is_final())?;
    Some(Pending { generation: last.generation, state: last.state })
}

/// Units whose state is not as the generation on record left it.
fn unit_drift(desired: &FlatDesired, record: &Manifest, seen: &mut Observation) {
    for (name, unit) in &record.desired.units {
        let (Some(now), Some(_)) = (seen.units.get(name), desired.units.get(name)) else { continue };
        if now.is_active() != unit.active && now.active != "activating"
            || now.is_enabled() != unit.enabled && unit.enabled
        {
            seen.drift.insert(name.clone());
        }
    }
}

struct Look<'a> {
    system: &'a System,
    store: &'a Store,
    accounts: &'a Accounts,
    record: Option<&'a Manifest>,
}

impl Look<'_> {
    fn at(&self, path: &str) -> Result<(Entry, Option<Vec<u8>>), Fault> {
        tree::look(&self.system.real(path)).map_err(|e| fault(Code::PathBlocked, path, &e))
    }

    fn seen(&self, entry: &Entry) -> Seen {
        let owner = |uid: u32, gid: u32| (self.accounts.user_name(uid), self.accounts.group_name(gid));
        match entry {
            Entry::Missing => Seen::Missing,
            Entry::File { sha256, mode, uid, gid } => {
                let (owner, group) = owner(*uid, *gid);
                Seen::File { sha256: sha256.clone(), mode: *mode, owner, group }
            }
            Entry::Dir { mode, uid, gid } => {
                let (owner, group) = owner(*uid, *gid);
                Seen::Dir { mode: *mode, owner, group }
            }
            Entry::Link { target } => Seen::Link { target: target.clone() },
            Entry::Other => Seen::Other,
        }
    }

    fn is_owner(&self, uid: u32, gid: u32, owner: &str, group: &str) -> bool {
        self.accounts.uid(owner) == Some(uid) && self.accounts.gid(group) == Some(gid)
    }

    fn users(&self, desired: &FlatDesired, seen: &mut Observation) -> Result<(), Fault> {
        for (name, user) in &desired.users {
            let mut diff = self.accounts.differs(name, user);
            if let Some(now) = self.accounts.users.get(name) {
                diff.groups_extra = extra_groups(self.record, name, user, now);
            }
            if let Some((path, want)) = keys_file(user) {
                diff.keys =
                    !matches!(self.at(&path)?, (Entry::File { .. }, Some(bytes)) if bytes == want.as_bytes());
            }
            if diff != artifact::UserDiff::default() {
                seen.users.insert(name.clone(), diff);
            }
        }
        Ok(())
    }

    fn dirs(&self, desired: &FlatDesired, seen: &mut Observation) -> Result<(), Fault> {
        for (path, dir) in &desired.dirs {
            let (entry, _) = self.at(path)?;
            match &entry {
                Entry::Dir { mode, uid, gid }
                    if *mode == dir.mode && self.is_owner(*uid, *gid, &dir.owner, &dir.group) => {}
                Entry::Missing | Entry::Dir { .. } => {
                    seen.dirs.insert(path.clone(), PathDiff { seen: self.seen(&entry), before: None });
                    self.note_drift(path, |r| r.dirs.get(path) == Some(dir), seen);
                }
                Entry::File { .. } | Entry::Link { .. } | Entry::Other => {
                    return Err(blocked(path, "a directory is wanted and something else is there"));
                }
            }
        }
        Ok(())
    }

    fn files(&self, desired: &FlatDesired, seen: &mut Observation) -> Result<(), Fault> {
        for (path, file) in &desired.files {
            let (entry, bytes) = self.at(path)?;
            let same = match &entry {
                Entry::File { sha256, .. } => *sha256 == file.sha256,
                Entry::Missing | Entry::Link { .. } => false,
                Entry::Dir { .. } | Entry::Other => {
                    return Err(blocked(path, "a file is wanted and a directory or device is there"));
                }
            };
            let rights = matches!(&entry, Entry::File { mode, uid, gid, .. }
                if *mode == file.mode && self.is_owner(*uid, *gid, &file.owner, &file.group));
            if same && rights {
                continue;
            }
            if !same && !self.store.is_whole(&file.sha256) {
                seen.lacking.insert(file.sha256.clone());
            }
            let before = self.printable(path, &entry, bytes, file.secret);
            seen.files.insert(path.clone(), PathDiff { seen: self.seen(&entry), before });
            self.note_drift(path, |r| r.files.get(path).is_some_and(|f| f == file), seen);
        }
        Ok(())
    }

    fn links(&self, desired: &FlatDesired, seen: &mut Observation) -> Result<(), Fault> {
        for (path, link) in &desired.links {
            let (entry, _) = self.at(path)?;
            match &entry {
                Entry::Link { target } if *target == link.target => {}
                Entry::Dir { .. } | Entry::Other => {
                    return Err(blocked(path, "a link is wanted and a directory or device is there"));
                }
                Entry::Missing | Entry::Link { .. } | Entry::File { .. } => {
                    seen.links.insert(path.clone(), PathDiff { seen: self.seen(&entry), before: None });
                    self.note_drift(path, |r| r.links.get(path) == Some(link), seen);
                }
            }
        }
        Ok(())
    }

    /// What differs although the generation on record wanted just the same was changed by hand.
    fn note_drift(&self, path: &str, same: impl Fn(&FlatDesired) -> bool, seen: &mut Observation) {
        if self.record.is_some_and(|r| same(&r.desired)) {
            seen.drift.insert(path.to_owned());
        }
    }

    /// The text of a file, if it may be shown.
    fn printable(&self, path: &str, entry: &Entry, bytes: Option<Vec<u8>>, secret: bool) -> Option<String> {
        let Entry::File { sha256, mode, .. } = entry else { return None };
        let recorded = self.record.and_then(|r| r.desired.files.get(path));
        if let Some(file) = recorded.filter(|f| f.secret) {
            return file.shown.clone().filter(|_| file.sha256 == *sha256);
        }
        let private = recorded.is_none() && mode & 0o077 == 0;
        let bytes = bytes.filter(|b| !secret && !private && !b.contains(&0))?;
        String::from_utf8(bytes).ok()
    }

    fn leaving(&self, desired: &FlatDesired, record: &Manifest, out: &mut Leaving) -> Result<(), Fault> {
        let wanted = |path: &str| {
            desired.files.contains_key(path)
                || desired.links.contains_key(path)
                || desired.dirs.contains_key(path)
        };
        // What an engine that is no longer applied wanted is not taken away: it is somebody else's again.
        let left = |thing: Thing, name: &str| desired.leaves_alone(&record.desired, thing, name);
        let found = &record.found;
        for path in record.desired.files.keys().filter(|p| !wanted(p) && !left(Thing::File, p)) {
            let (is, bytes) = self.at(path)?;
            let was = found.paths.get(path).unwrap_or(&Entry::Missing);
            if is != *was && matches!(is, Entry::File { .. } | Entry::Link { .. }) {
                let before = self.printable(path, &is, bytes, false);
                out.files.insert(path.clone(), leave(record, path, was, before));
            }
        }
        for path in record.desired.links.keys().filter(|p| !wanted(p) && !left(Thing::Link, p)) {
            let (is, _) = self.at(path)?;
            let was = found.paths.get(path).unwrap_or(&Entry::Missing);
            if is != *was && matches!(is, Entry::File { .. } | Entry::Link { .. }) {
                out.links.insert(path.clone(), leave(record, path, was, None));
            }
        }
        let kept: BTreeSet<String> = desired.users.values().filter_map(keys_file).map(|(p, _)| p).collect();
        let users = record.desired.users.iter().filter(|(name, _)| !left(Thing::User, name));
        for (path, _) in users.filter_map(|(_, u)| keys_file(u)).filter(|(p, _)| !kept.contains(p)) {
            let (is, _) = self.at(&path)?;
            let was = found.paths.get(&path).unwrap_or(&Entry::Missing);
            if is != *was && !wanted(&path) && matches!(is, Entry::File { .. } | Entry::Link { .. }) {
                let leave = leave(record, &path, was, None);
                out.files.insert(path, leave);
            }
        }
        self.leaving_dirs(desired, record, out)?;
        self.leaving_units(desired, record, out);
        out.users = found.users.iter().filter(|u| !desired.users.contains_key(*u)).cloned().collect();
        out.users.retain(|u| self.accounts.users.contains_key(u) && !left(Thing::User, u));
        Ok(())
    }

    /// Directories the fleet made, that hold no data and will be empty.
    fn leaving_dirs(&self, desired: &FlatDesired, record: &Manifest, out: &mut Leaving) -> Result<(), Fault> {
        let Found { paths, folders, .. } = &record.found;
        let data = |d: &Dir| d.data;
        let made = record.desired.dirs.iter().filter(|(p, d)| {
            !data(d)
                && !desired.dirs.contains_key(*p)
                && paths.get(*p) == Some(&Entry::Missing)
                && !desired.leaves_alone(&record.desired, Thing::Dir, p)
        });
        let candidates: BTreeSet<&String> = made.map(|(p, _)| p).chain(folders.iter()).collect();
        let wanted: Vec<&String> =
            desired.files.keys().chain(desired.links.keys()).chain(desired.dirs.keys()).collect();
        let holds = |folder: &str| {
            wanted.iter().any(|p| *p == folder || p.strip_prefix(folder).is_some_and(|r| r.starts_with('/')))
        };
        // Innermost first, so that a folder is seen after those within it.
        for path in candidates.into_iter().rev() {
            if holds(path) || !matches!(self.at(path)?.0, Entry::Dir { .. }) {
                continue;
            }
            let real = self.system.real(path);
            let stays = std::fs::read_dir(&real).map_err(|e| fault(Code::PathBlocked, path, &e))?;
            let leaves = |name: &str| {
                let inner = format!("{path}/{name}");
                out.files.get(&inner).is_some_and(|l| !l.restores)
                    || out.links.get(&inner).is_some_and(|l| !l.restores)
                    || out.dirs.contains_key(&inner)
            };
            if stays.flatten().all(|e| leaves(&e.file_name().to_string_lossy())) {
                out.dirs.insert(path.clone(), Leave::default());
            }
        }
        Ok(())
    }

    fn leaving_units(&self, desired: &FlatDesired, record: &Manifest, out: &mut Leaving) {
        for (name, unit) in record.desired.units.iter().filter(|(n, _)| !desired.units.contains_key(*n)) {
            if desired.leaves_alone(&record.desired, Thing::Unit, name) {
                continue;
            }
            let mut rest = record.found.units.get(name).cloned().unwrap_or_else(UnitRest::default);
            rest.reads = unit.reload_on.union(&unit.restart_on).cloned().collect();
            out.units.insert(name.clone(), rest);
        }
    }
}

/// A path that leaves, with the units of the generation on record that read it.
fn leave(record: &Manifest, path: &str, was: &Entry, before: Option<String>) -> Leave {
    let read_by = |on: fn(&Unit) -> &BTreeSet<String>| {
        record.desired.units.iter().filter(|(_, u)| on(u).contains(path)).map(|(n, _)| n.clone()).collect()
    };
    Leave {
        restores: *was != Entry::Missing,
        reloads: read_by(|u| &u.reload_on),
        restarts: read_by(|u| &u.restart_on),
        before,
    }
}

fn blocked(path: &str, why: &str) -> Fault {
    Fault::new(Code::PathBlocked, format!("{path}: {why}; move it away by hand"))
}

/// Where a user's keys lie and what is in the file; `None` when the fleet gives the user no keys.
pub fn keys_file(user: &artifact::User) -> Option<(String, String)> {
    if user.keys.is_empty() {
        return None;
    }
    let mut text = user.keys.join("\n");
    text.push('\n');
    Some((format!("{}/.ssh/authorized_keys", user.home.trim_end_matches('/')), text))
}
