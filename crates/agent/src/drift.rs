//! What is no longer as the confirmed generation left it.

use crate::journal::Journal;
use crate::observe::{observe_on, pending};
use crate::store::{Record, Store};
use crate::system::System;
use crate::tree::SMALL;
use artifact::protocol::{DriftItem, DriftReport, Fault};
use artifact::{FlatDesired, FlatFile, Observation, PathDiff, RunningDiff, Seen, Unit, UnitSeen};
use similar::TextDiff;
use std::collections::BTreeMap;

/// Lines around a change.
const AROUND: usize = 3;

/// Looks at everything the confirmed generation speaks of.
///
/// # Errors
/// As [`crate::observe::observe`].
pub fn report(system: &mut System, store: &Store) -> Result<DriftReport, Fault> {
    let journal = Journal::read(&store.path("journal"))?;
    let pending = pending(&journal);
    let Some(record) = store.record_by(&journal)? else {
        return Ok(DriftReport { pending, ..DriftReport::default() });
    };
    let generation = record.manifest.generation;
    let desired = &record.manifest.desired;
    let seen = observe_on(system, store, Some(&record), desired)?;
    let mut items = Vec::new();
    for name in &seen.packages {
        items.push(item("package", name, "is not installed"));
    }
    users(&seen, &mut items);
    paths(store, &record, &seen, &mut items);
    for (name, unit) in &desired.units {
        let what = seen.units.get(name).map_or(Vec::new(), |now| unit_words(unit, now));
        if !what.is_empty() {
            items.push(item("unit", name, &what.join(", ")));
        }
        drop_ins(system, desired, name, &mut items);
    }
    running_items(&seen.running, &mut items);
    Ok(DriftReport { generation, items, pending })
}

fn item(kind: &str, name: &str, what: &str) -> DriftItem {
    DriftItem { kind: kind.to_owned(), name: name.to_owned(), what: what.to_owned(), diff: None }
}

fn unified(was: &str, is: &str) -> Option<String> {
    (was != is).then(|| TextDiff::from_lines(was, is).unified_diff().context_radius(AROUND).to_string())
}

fn users(seen: &Observation, items: &mut Vec<DriftItem>) {
    for (name, diff) in &seen.users {
        if diff.missing {
            items.push(item("user", name, "is gone"));
            continue;
        }
        let mut what = Vec::new();
        what.extend(diff.home.as_ref().map(|h| format!("home is {h}")));
        what.extend(diff.shell.as_ref().map(|s| format!("shell is {s}")));
        what.extend(diff.groups_extra.iter().map(|g| format!("in {g}")));
        what.extend(diff.groups_missing.iter().map(|g| format!("not in {g}")));
        if diff.keys {
            what.push("authorized_keys differ".to_owned());
        }
        items.push(item("user", name, &what.join(", ")));
    }
}

fn paths(store: &Store, record: &Record, seen: &Observation, items: &mut Vec<DriftItem>) {
    let desired = &record.manifest.desired;
    for (path, diff) in &seen.dirs {
        if let Some(dir) = desired.dirs.get(path) {
            items.push(item("dir", path, &words(&diff.seen, (dir.mode, &dir.owner, &dir.group)).join(", ")));
        }
    }
    for (path, diff) in &seen.files {
        let Some(file) = desired.files.get(path) else { continue };
        let mut what = words(&diff.seen, (file.mode, &file.owner, &file.group));
        if matches!(&diff.seen, Seen::File { sha256, .. } if *sha256 != file.sha256) {
            what.insert(0, if file.secret { "content, with secrets" } else { "content" }.to_owned());
        }
        let diff = content(store, file, diff);
        items.push(DriftItem { diff, ..item("file", path, &what.join(", ")) });
    }
    for (path, diff) in &seen.links {
        let Some(link) = desired.links.get(path) else { continue };
        let what = match &diff.seen {
            Seen::Link { target } => format!("is to {target}, was to {}", link.target),
            other => words(other, (0, "", "")).join(", "),
        };
        items.push(item("link", path, &what));
    }
}

/// Rights that differ, or what is there instead.
fn words(seen: &Seen, was: (u32, &str, &str)) -> Vec<String> {
    match seen {
        Seen::Missing => vec!["is gone".to_owned()],
        Seen::Link { target } => vec![format!("is a link to {target}")],
        Seen::Other => vec!["is a socket, pipe or device".to_owned()],
        Seen::File { mode, owner, group, .. } | Seen::Dir { mode, owner, group } => {
            let mut what = Vec::new();
            if *mode != was.0 {
                what.push(format!("mode {mode:04o}, was {:04o}", was.0));
            }
            if owner != was.1 {
                what.push(format!("owner {owner}, was {}", was.1));
            }
            if group != was.2 {
                what.push(format!("group {group}, was {}", was.2));
            }
            what
        }
    }
}

/// From what was left to what is; nothing of a file with secrets.
fn content(store: &Store, file: &FlatFile, diff: &PathDiff) -> Option<String> {
    if file.secret {
        return None;
    }
    let blob = store.blob(&file.sha256);
    let was = std::fs::read(&blob).ok().filter(|_| blob.metadata().is_ok_and(|m| m.len() <= SMALL))?;
    let was = String::from_utf8(was).ok()?;
    match &diff.seen {
        Seen::Missing => unified(&was, ""),
        Seen::File { sha256, .. } if *sha256 == file.sha256 => None,
        _ => unified(&was, diff.before.as_deref()?),
    }
}

fn unit_words(unit: &Unit, now: &UnitSeen) -> Vec<String> {
    let mut what = Vec::new();
    if now.load == "masked" {
        what.push("is masked".to_owned());
    } else if now.load == "not-found" && unit.active {
        what.push("is gone".to_owned());
    } else if unit.active && !now.is_active() {
        what.push(if now.active == "failed" { "failed" } else { "does not run" }.to_owned());
    } else if !unit.active && now.is_active() {
        what.push("runs and should not".to_owned());
    }
    if unit.enabled && !now.is_enabled() && now.load == "loaded" {
        what.push("does not start at boot".to_owned());
    }
    if !unit.enabled && now.file_state == "enabled" {
        what.push("starts at boot and should not".to_owned());
    }
    if now.need_daemon_reload {
        what.push("its unit file changed since systemd read it".to_owned());
    }
    what
}

/// Drop-ins somebody put beside a unit of the fleet.
fn drop_ins(system: &System, desired: &FlatDesired, unit: &str, items: &mut Vec<DriftItem>) {
    let folder = format!("/etc/systemd/system/{unit}.d");
    let files = std::fs::read_dir(system.real(&folder)).into_iter().flatten().flatten();
    let mut paths: Vec<String> =
        files.map(|f| format!("{folder}/{}", f.file_name().to_string_lossy())).collect();
    paths.sort();
    for path in paths.iter().filter(|p| p.ends_with(".conf") && !desired.files.contains_key(*p)) {
        let real = system.real(path);
        let small = real.metadata().is_ok_and(|m| m.len() <= SMALL);
        let open = real.metadata().is_ok_and(|m| std::os::unix::fs::MetadataExt::mode(&m) & 0o077 != 0);
        let text = std::fs::read_to_string(&real).ok().filter(|_| small && open);
        let diff = text.and_then(|is| unified("", &is));
        items.push(DriftItem { diff, ..item("file", path, "is extra: not of the fleet") });
    }
}

fn running_items(seen: &BTreeMap<String, RunningDiff>, items: &mut Vec<DriftItem>) {
    for (name, diff) in seen {
        let what = if diff.is.is_empty() { "is gone" } else { "is not as it was confirmed" };
        items.push(DriftItem { diff: unified(&diff.was, &diff.is), ..item("running", name, what) });
    }
}
