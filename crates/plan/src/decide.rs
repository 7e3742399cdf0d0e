//! The one place that decides what a difference means.

use crate::order::{is_own_file, needs_manager_reload, unit_levels};
use crate::running::{self, Cause};
use crate::step::{Change, Kind, Step};
use artifact::{Dir, FlatDesired, FlatFile, Leave, Link, Observation, Seen, Unit, UnitKind, UnitSeen};
use std::collections::{BTreeMap, BTreeSet};

/// The steps that bring a host from what was observed to what is desired, in order. Empty when nothing
/// differs. The order: packages, users, directories, what stops, files, links, what goes, systemd reads its
/// unit files, what is enabled, units in the order of their dependencies.
pub fn steps(desired: &FlatDesired, seen: &Observation) -> Vec<Step> {
    let mut out = Vec::new();
    for name in &seen.packages {
        out.push(step(Kind::Package, name, Change::Install, Vec::new()));
    }
    users(seen, &mut out);
    for (path, diff) in &seen.dirs {
        if let Some(dir) = desired.dirs.get(path) {
            let detail = dir_detail(dir, &diff.seen);
            out.push(step(Kind::Dir, path, change_of(&diff.seen), detail));
        }
    }
    let mut paths = Vec::new();
    for (path, diff) in &seen.files {
        if let Some(file) = desired.files.get(path) {
            let mut detail = file_detail(file, &diff.seen);
            if seen.drift.contains(path) {
                detail.push("changed by hand".to_owned());
            }
            paths.push(step(Kind::File, path, change_of(&diff.seen), detail));
        }
    }
    for (path, diff) in &seen.links {
        if let Some(link) = desired.links.get(path) {
            paths.push(step(Kind::Link, path, change_of(&diff.seen), link_detail(link, &diff.seen)));
        }
    }
    leaving(&seen.leaving.files, Kind::File, &mut paths);
    leaving(&seen.leaving.links, Kind::Link, &mut paths);
    let changed: BTreeSet<&str> = paths.iter().map(|s| s.name.as_str()).collect();
    let units = unit_steps(desired, seen, &changed);
    out.extend(units.stops);
    let manager = manager_step(seen, &changed);
    out.extend(paths);
    let mut dirs = Vec::new();
    leaving(&seen.leaving.dirs, Kind::Dir, &mut dirs);
    dirs.reverse();
    out.extend(dirs);
    for name in &seen.leaving.users {
        out.push(step(Kind::User, name, Change::Remove, Vec::new()));
    }
    out.extend(manager);
    out.extend(units.enables);
    out.extend(units.runs);
    out
}

fn step(kind: Kind, name: &str, change: Change, detail: Vec<String>) -> Step {
    Step { kind, name: name.to_owned(), change, detail }
}

fn change_of(seen: &Seen) -> Change {
    if *seen == Seen::Missing { Change::Create } else { Change::Update }
}

fn leaving(from: &BTreeMap<String, Leave>, kind: Kind, out: &mut Vec<Step>) {
    for (path, leave) in from {
        let change = if leave.restores { Change::Restore } else { Change::Remove };
        out.push(step(kind, path, change, Vec::new()));
    }
}

fn users(seen: &Observation, out: &mut Vec<Step>) {
    for (name, diff) in &seen.users {
        if diff.missing {
            out.push(step(Kind::User, name, Change::Create, Vec::new()));
            continue;
        }
        let mut detail = Vec::new();
        if let Some(home) = &diff.home {
            detail.push(format!("home is {home}"));
        }
        if let Some(shell) = &diff.shell {
            detail.push(format!("shell is {shell}"));
        }
        if !diff.groups_missing.is_empty() {
            let groups: Vec<&str> = diff.groups_missing.iter().map(String::as_str).collect();
            detail.push(format!("not in {}", groups.join(", ")));
        }
        if !diff.groups_extra.is_empty() {
            let groups: Vec<&str> = diff.groups_extra.iter().map(String::as_str).collect();
            detail.push(format!("still in {}", groups.join(", ")));
        }
        if diff.keys {
            detail.push("authorized_keys differ".to_owned());
        }
        out.push(step(Kind::User, name, Change::Update, detail));
    }
}

fn rights_detail(want: (u32, &str, &str), is: (u32, &str, &str)) -> Vec<String> {
    let mut detail = Vec::new();
    if want.0 != is.0 {
        detail.push(format!("mode {:04o}, is {:04o}", want.0, is.0));
    }
    if want.1 != is.1 {
        detail.push(format!("owner {}, is {}", want.1, is.1));
    }
    if want.2 != is.2 {
        detail.push(format!("group {}, is {}", want.2, is.2));
    }
    detail
}

fn dir_detail(dir: &Dir, seen: &Seen) -> Vec<String> {
    match seen {
        Seen::Dir { mode, owner, group } => {
            rights_detail((dir.mode, &dir.owner, &dir.group), (*mode, owner, group))
        }
        other => instead_of(other),
    }
}

fn file_detail(file: &FlatFile, seen: &Seen) -> Vec<String> {
    match seen {
        Seen::File { sha256, mode, owner, group } => {
            let mut detail = Vec::new();
            if *sha256 != file.sha256 {
                detail.push("content".to_owned());
            }
            detail.extend(rights_detail((file.mode, &file.owner, &file.group), (*mode, owner, group)));
            detail
        }
        other => instead_of(other),
    }
}

fn link_detail(link: &Link, seen: &Seen) -> Vec<String> {
    match seen {
        Seen::Link { target } => vec![format!("to {}, is to {target}", link.target)],
        other => instead_of(other),
    }
}

fn instead_of(seen: &Seen) -> Vec<String> {
    match seen {
        Seen::Missing => Vec::new(),
        Seen::File { .. } => vec!["a file is there".to_owned()],
        Seen::Dir { .. } => vec!["a directory is there".to_owned()],
        Seen::Link { target } => vec![format!("a link to {target} is there")],
        Seen::Other => vec!["a socket, pipe or device is there".to_owned()],
    }
}

fn manager_step(seen: &Observation, changed: &BTreeSet<&str>) -> Option<Step> {
    let mut detail: Vec<String> =
        changed.iter().filter(|p| needs_manager_reload(p)).map(|p| format!("{p} changes")).collect();
    let stale = seen.units.iter().filter(|(_, u)| u.need_daemon_reload && u.load != "not-found");
    detail.extend(stale.map(|(name, _)| format!("{name} is newer on disk")));
    (!detail.is_empty()).then(|| step(Kind::Manager, "systemd", Change::Reload, detail))
}

#[derive(Default)]
struct UnitSteps {
    stops: Vec<Step>,
    enables: Vec<Step>,
    runs: Vec<Step>,
}

fn unit_steps(desired: &FlatDesired, seen: &Observation, changed: &BTreeSet<&str>) -> UnitSteps {
    let mut out = UnitSteps::default();
    let nothing = UnitSeen::default();
    for (name, rest) in &seen.leaving.units {
        let now = seen.units.get(name).unwrap_or(&nothing);
        if now.is_active() && !rest.active {
            out.stops.push(step(Kind::Unit, name, Change::Stop, Vec::new()));
        }
        if now.file_state == "enabled" && !rest.enabled {
            out.stops.push(step(Kind::Unit, name, Change::Disable, Vec::new()));
        }
        if rest.active {
            let causes = causes(changed, |p| rest.reads.contains(p) || is_own_file(name, p));
            if !now.is_active() {
                out.runs.push(step(Kind::Unit, name, Change::Start, Vec::new()));
            } else if !causes.is_empty() {
                out.runs.push(step(Kind::Unit, name, Change::Restart, causes));
            }
        }
        if rest.enabled && !now.is_enabled() {
            out.enables.push(step(Kind::Unit, name, Change::Enable, Vec::new()));
        }
    }
    let running = running::causes(seen);
    for name in unit_levels(&desired.units).iter().flatten() {
        let Some(unit) = desired.units.get(name) else { continue };
        let now = seen.units.get(name).unwrap_or(&nothing);
        if unit.enabled && !now.is_enabled() {
            out.enables.push(step(Kind::Unit, name, Change::Enable, Vec::new()));
        }
        if !unit.enabled && matches!(now.file_state.as_str(), "enabled" | "enabled-runtime") {
            out.stops.push(step(Kind::Unit, name, Change::Disable, Vec::new()));
        }
        if !unit.active && (now.is_active() || now.active == "activating") {
            out.stops.insert(0, step(Kind::Unit, name, Change::Stop, Vec::new()));
        }
        if unit.active {
            out.runs.extend(run_step(name, unit, seen, changed, running.get(name)));
        }
    }
    out
}

fn run_step(
    name: &str,
    unit: &Unit,
    seen: &Observation,
    changed: &BTreeSet<&str>,
    running: Option<&Cause>,
) -> Option<Step> {
    let nothing = UnitSeen::default();
    let now = seen.units.get(name).unwrap_or(&nothing);
    // What leaves is named by the state before only.
    let left = |p: &str| seen.leaving.files.get(p).or_else(|| seen.leaving.links.get(p));
    let restarted = |p: &str| left(p).is_some_and(|l| l.restarts.contains(name));
    let reloaded = |p: &str| left(p).is_some_and(|l| l.reloads.contains(name));
    let mut restarts =
        causes(changed, |p| unit.restart_on.contains(p) || is_own_file(name, p) || restarted(p));
    let in_folder = |p: &str| unit.reload_on.iter().any(|on| on.ends_with('/') && p.starts_with(on.as_str()));
    let mut reloads = causes(changed, |p| unit.reload_on.contains(p) || in_folder(p) || reloaded(p));
    if let Some(cause) = running {
        let to = if cause.restart || !restarts.is_empty() { &mut restarts } else { &mut reloads };
        to.extend(cause.details.iter().cloned());
    }
    if now.active == "activating" && unit.kind == UnitKind::Service {
        let looping = now.sub == "auto-restart";
        let change = if looping || !restarts.is_empty() { Change::Restart } else { Change::Start };
        let word = if looping { "fails again and again" } else { "is still starting" };
        let detail = if restarts.is_empty() { vec![word.to_owned()] } else { restarts };
        return Some(step(Kind::Unit, name, change, detail));
    }
    if !now.is_active() {
        let detail = if now.active == "failed" { vec!["has failed".to_owned()] } else { Vec::new() };
        return Some(step(Kind::Unit, name, Change::Start, detail));
    }
    if !restarts.is_empty() {
        return Some(step(Kind::Unit, name, Change::Restart, restarts));
    }
    if reloads.is_empty() {
        return None;
    }
    let can_reload = now.can_reload || !unit.reload.is_empty();
    let change = if can_reload { Change::Reload } else { Change::Restart };
    Some(step(Kind::Unit, name, change, reloads))
}

fn causes(changed: &BTreeSet<&str>, concerns: impl Fn(&str) -> bool) -> Vec<String> {
    changed.iter().filter(|p| concerns(p)).map(|p| format!("{p} changes")).collect()
}
