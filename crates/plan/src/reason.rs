//! Why a step is there, what a reader would see change, and what it interrupts.

use crate::step::{Change, Kind, Step};
use artifact::{Desired, File, Observation, Segment, Why};
use diag::Place;
use similar::{ChangeTag, TextDiff};

/// The reasons of a step in the sources, each once, in the order of the lines.
pub(crate) fn whys(desired: &Desired, seen: &Observation, step: &Step) -> Vec<Why> {
    let name = step.name.as_str();
    let found = match step.kind {
        Kind::Package => desired.packages.get(name).map(|p| p.why.clone()),
        Kind::User => desired.users.get(name).map(|u| u.why.clone()),
        Kind::Dir => desired.dirs.get(name).map(|d| d.why.clone()),
        Kind::Link => desired.links.get(name).map(|l| l.why.clone()),
        Kind::Unit => desired.units.get(name).map(|u| u.why.clone()),
        Kind::Manager => return vec![builtin("systemd runs older unit files than those on disk")],
        Kind::File => match desired.files.get(name) {
            Some(file) => return file_whys(file, before(seen, name)),
            None => None,
        },
    };
    vec![found.unwrap_or_else(|| builtin("no longer in the fleet"))]
}

fn builtin(reason: &str) -> Why {
    Why::new(&Place::builtin("plan"), reason)
}

/// The printable text a path has now.
fn before<'a>(seen: &'a Observation, path: &str) -> Option<&'a str> {
    let diff = seen.files.get(path).and_then(|d| d.before.as_deref());
    diff.or_else(|| seen.leaving.files.get(path).and_then(|l| l.before.as_deref()))
}

fn file_whys(file: &File, before: Option<&str>) -> Vec<Why> {
    let after = file.text.public();
    let mut found: Vec<Why> = Vec::new();
    let mut add = |why: &Why| {
        if !found.contains(why) {
            found.push(why.clone());
        }
    };
    match before {
        // Without the old text every line may be the one that changed.
        None => file.text.lines.iter().for_each(|l| add(&l.why)),
        Some(before) if before == after => {
            let secret = |l: &&artifact::Line| l.segments.iter().any(|s| matches!(s, Segment::Secret(_)));
            file.text.lines.iter().filter(secret).for_each(|l| add(&l.why));
        }
        Some(before) => {
            for change in TextDiff::from_lines(before, after.as_str()).iter_all_changes() {
                if let (ChangeTag::Insert, Some(at)) = (change.tag(), change.new_index())
                    && let Some(line) = file.text.lines.get(at)
                {
                    add(&line.why);
                }
            }
            // What goes has no reason any more; what stays beside it tells whose it was.
            if found.is_empty() {
                found.extend(beside(file, before, &after));
                found.push(builtin("lines are no longer in the fleet"));
            }
        }
    }
    if found.is_empty() {
        found.extend(file.text.lines.first().map(|l| l.why.clone()));
    }
    found
}

/// The reasons of the lines right before and after each removed one.
fn beside(file: &File, before: &str, after: &str) -> Vec<Why> {
    let diff = TextDiff::from_lines(before, after);
    let changes: Vec<_> = diff.iter_all_changes().collect();
    let mut found: Vec<Why> = Vec::new();
    for (i, _) in changes.iter().enumerate().filter(|(_, c)| c.tag() == ChangeTag::Delete) {
        let above = changes[..i].iter().rev().find_map(|c| c.new_index());
        let below = changes[i + 1..].iter().find_map(|c| c.new_index());
        for line in above.into_iter().chain(below).filter_map(|at| file.text.lines.get(at)) {
            let why = Why::new(&line.why.place, format!("beside lines that go: {}", line.why.reason));
            if !found.contains(&why) {
                found.push(why);
            }
        }
    }
    found
}

/// A unified diff with secrets hidden. `None` when the present text is not known or must not be shown, and
/// when no line a person may see changes.
pub(crate) fn diff_of(desired: &Desired, seen: &Observation, step: &Step) -> Option<String> {
    let path = step.name.as_str();
    let after = desired.files.get(path).map(|f| f.text.public());
    let (before, after) = match step.change {
        Change::Create => (String::new(), after?),
        Change::Remove => (before(seen, path)?.to_owned(), String::new()),
        _ => (before(seen, path)?.to_owned(), after?),
    };
    if before == after {
        return None;
    }
    Some(TextDiff::from_lines(&before, &after).unified_diff().context_radius(3).to_string())
}

/// What a step does to those who use the host: for a path, what the units that read it do.
pub(crate) fn interruption(step: &Step, all: &[Step]) -> String {
    let verb = |change: Change| match change {
        Change::Restart => Some("restarts"),
        Change::Reload => Some("reloads"),
        Change::Stop => Some("stops"),
        _ => None,
    };
    let of = |s: &Step| verb(s.change).map(|v| format!("{v} {}", s.name));
    let found: Vec<String> = match step.kind {
        Kind::Unit => of(step).into_iter().collect(),
        Kind::File | Kind::Link => {
            let cause = format!("{} changes", step.name);
            let hit = |s: &&Step| s.kind == Kind::Unit && s.detail.contains(&cause);
            all.iter().filter(hit).filter_map(of).collect()
        }
        Kind::Package | Kind::User | Kind::Dir | Kind::Manager => Vec::new(),
    };
    if found.is_empty() { "none".to_owned() } else { found.join(", ") }
}

/// What going back does with a step: when the change fails, is not confirmed, or is rolled back.
pub(crate) fn undo(step: &Step) -> &'static str {
    match (step.kind, step.change) {
        (Kind::Package, _) => "it stays",
        (Kind::Manager, _) => "systemd reads the old unit files again",
        (Kind::User, Change::Create) => "the account goes",
        (Kind::User, _) => "the account is as before",
        (Kind::Unit, Change::Start) => "it is stopped",
        (Kind::Unit, Change::Stop) => "it is started again",
        (Kind::Unit, Change::Enable) => "it is disabled again",
        (Kind::Unit, Change::Disable) => "it is enabled again",
        (Kind::Unit, Change::Reload) => "it reads the old files",
        (Kind::Unit, _) => "it is restarted with the old files",
        (Kind::Dir, Change::Create) => "it goes when it is empty",
        (Kind::Dir, Change::Remove) => "it is made again",
        (Kind::Dir, _) => "its old mode and owner come back",
        (Kind::Link, Change::Create) | (Kind::File, Change::Create) => "it is removed",
        (Kind::Link, _) => "the old target comes back",
        (Kind::File, _) => "the old bytes come back",
    }
}
