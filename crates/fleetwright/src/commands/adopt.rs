//! `fleetwright adopt`.

use crate::adopt::{Adoption, Left, adopt, text_on_host};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::keys::Keys;
use crate::twin_fleet;
use crate::ui::{Progress, Style};
use crate::way::{self, At, Way};
use crate::{Cx, codes, lock_file, pipeline};
use ::plan::{Kind, PlannedStep};
use artifact::Desired;
use clap::Args;
use derive::{Lock, Options};
use serde_json::{Value, json};
use similar::TextDiff;
use source::Sources;
use std::collections::BTreeMap;
use std::fmt::Write;
use twin::session::short_timers;

/// Print the edit of the sources that would make a hand-made change on a host so
///
/// Looks at what was changed by hand on the host and searches the edit: the same value in the sources, or raw
/// text in the host's `override`. Every edit is tried: the sources are rendered again with it, and what else
/// would change is told. The edit is printed as a patch; --write makes it. What no source says is shown with
/// the place the line comes from. `fleetwright apply` undoes what is not adopted.
///
/// Exit code 3 when something is left that no edit was found for.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fleetwright status --drift\n  fleetwright adopt kyiv-gw\n  \
    fleetwright adopt kyiv-gw:/etc/fleetwright/dnsmasq.conf --write\n  fleetwright adopt kyiv-gw | patch -p1")]
pub struct Adopt {
    /// The host, and one of its files when only that is meant
    #[arg(value_name = "HOST[:PATH]")]
    what: String,
    /// Where the hosts are
    #[command(flatten)]
    at: At,
    /// Make the edit
    #[arg(short, long)]
    write: bool,
}

/// What came of one item.
struct Item {
    name: String,
    whole: bool,
    left: Vec<Left>,
    also: Vec<String>,
    /// Why nothing was tried.
    untried: Option<String>,
}

/// Runs it.
///
/// # Errors
/// When the fleet has errors, the host does not answer, or the edit cannot be written.
pub fn run(command: &Adopt, cx: &Cx) -> Result<Exit, Failure> {
    let (host, path) = match command.what.split_once(':') {
        Some((host, path)) => (host.to_owned(), Some(path)),
        None => (command.what.clone(), None),
    };
    let progress = Progress::new(&cx.console, "reading and rendering");
    let way = way::open(cx, &command.at, std::slice::from_ref(&host))?;
    drop(progress);
    let plan = super::apply::look(cx, &way, &way::options()?, "looking at the host");
    let Some(plan) = plan.plan.hosts.get(&host) else {
        if let Some(known) = plan.diagnostics().pop() {
            return Err(Failure::new(Exit::Unknown, known));
        }
        let why = plan.plan.unknown.get(&host).map_or("not looked at", String::as_str);
        return Err(Failure::bare(Exit::Unknown, codes::NO_WAY, format!("{host}: {why}")));
    };
    let meant = |name: &str| path.map_or_else(|| plan.drift.iter().any(|d| d == name), |p| p == name);
    let steps: Vec<&PlannedStep> = plan.steps.iter().filter(|s| meant(&s.step.name)).collect();
    if steps.is_empty() {
        let what = path.map_or("nothing".to_owned(), |p| format!("nothing at {p}"));
        return pipeline::finish(
            cx,
            &way.checked,
            Exit::Ok,
            || fields(&way, &host, &[], &[], false),
            || format!("{host}: {what} was changed by hand\n"),
        );
    }
    let (lock, options) = choices(cx, &way)?;
    let render = |sources: &Sources| render(sources, &lock, &options);
    let before = (*way.checked.sources).clone();
    let mut sources = before.clone();
    let desired = render(&before).map_err(|e| Failure::bare(Exit::Errors, codes::NO_SUCH, e))?;
    let mut items = Vec::new();
    for step in steps {
        let name = step.step.name.clone();
        let ours = desired.get(&host).and_then(|d| d.files.get(&name)).map(|f| f.text.public());
        let theirs = match (&ours, &step.diff) {
            (Some(ours), Some(diff)) if step.step.kind == Kind::File => text_on_host(ours, diff),
            _ => None,
        };
        items.push(match theirs {
            None => {
                Item { name, whole: false, left: Vec::new(), also: Vec::new(), untried: Some(untried(step)) }
            }
            Some(theirs) => {
                let Adoption { sources: made, whole, left, also, .. } =
                    adopt(&host, &name, &theirs, &sources, &render);
                sources = made;
                // Only the text is adopted: rights are the engines' business.
                let rights =
                    step.step.detail.iter().find(|d| !matches!(d.as_str(), "content" | "changed by hand"));
                Item { name, whole: whole && rights.is_none(), left, also, untried: rights.cloned() }
            }
        });
    }
    let edits = edits(&before, &sources);
    if command.write {
        write(&way, &edits, &sources)?;
    }
    let exit = if items.iter().all(|i| i.whole) { Exit::Ok } else { Exit::Refuted };
    if !cx.global.json {
        cx.console.note(words(cx, &host, &items, command.write));
    }
    pipeline::finish(
        cx,
        &way.checked,
        exit,
        || fields(&way, &host, &items, &edits, command.write),
        || edits.iter().map(|(_, diff)| diff.as_str()).collect(),
    )
}

/// Why no edit can be looked for.
fn untried(step: &PlannedStep) -> String {
    let what = match step.step.kind {
        Kind::File => "its text is not known or holds a secret",
        _ => "only the text of files can be adopted",
    };
    let places: Vec<String> = step.why.iter().take(3).map(|w| format!("{}: {}", w.place, w.reason)).collect();
    format!("{}; {what}; it comes from {}", step.step.detail.join(", "), places.join(", "))
}

/// The choices and timers the way's hosts were rendered with.
fn choices(cx: &Cx, way: &Way) -> Result<(Lock, Options), Failure> {
    if let Some(name) = way.name.strip_prefix("twin ") {
        let name = name.split(' ').next().unwrap_or(name);
        let record = twin_fleet::running(cx, Some(name))?;
        let timers = (!record.exact_timers).then(short_timers);
        return Ok((twin_fleet::load(cx, &record)?.lock, Options { timers }));
    }
    let lock = lock_file::read(&way.checked.folder)?.unwrap_or_default();
    Ok((Keys::of(&way.checked).onto(lock), Options::default()))
}

fn render(sources: &Sources, lock: &Lock, options: &Options) -> Result<BTreeMap<String, Desired>, String> {
    let words = |report: &diag::Report| {
        report.items.iter().find(|d| d.severity == diag::Severity::Error).map(|d| d.message.clone())
    };
    let (model, report) = source::load(sources);
    let wrong = || words(&report).unwrap_or_else(|| "the sources have errors".to_owned());
    let model = model.filter(|_| !report.has_errors()).ok_or_else(wrong)?;
    let ruled = check::check(&model);
    if let Some(wrong) = words(&source::settle(report, ruled)) {
        return Err(wrong);
    }
    let derived = derive::derive(&model, lock, options);
    if let Some(wrong) = words(&derived.report) {
        return Err(wrong);
    }
    let fleet = derived.fleet.ok_or("the fleet cannot be derived")?;
    let (hosts, report) = render::render(&fleet);
    match words(&report) {
        Some(wrong) => Err(wrong),
        None => Ok(hosts.into_iter().map(|(id, desired)| (id.to_string(), desired)).collect()),
    }
}

/// Each edited source file with its patch.
fn edits(before: &Sources, after: &Sources) -> Vec<(String, String)> {
    let text = |of: &Sources, file: &str| {
        of.files.get(file).map(|b| String::from_utf8_lossy(b).into_owned()).unwrap_or_default()
    };
    let changed = after.files.iter().filter(|(file, bytes)| before.files.get(*file) != Some(bytes));
    changed
        .map(|(file, _)| {
            let (old, new) = (text(before, file), text(after, file));
            let diff = TextDiff::from_lines(&old, &new);
            let mut unified = diff.unified_diff();
            unified.context_radius(3).header(&format!("a/{file}"), &format!("b/{file}"));
            (file.clone(), unified.to_string())
        })
        .collect()
}

fn write(way: &Way, edits: &[(String, String)], sources: &Sources) -> Result<(), Failure> {
    for (file, _) in edits {
        let path = way.checked.folder.join(file);
        let staged = path.with_extension(format!("new-{}", std::process::id()));
        let bytes = sources.files.get(file).map(Vec::as_slice).unwrap_or_default();
        std::fs::write(&staged, bytes).and_then(|()| std::fs::rename(&staged, &path)).map_err(|e| {
            let _ = std::fs::remove_file(&staged);
            Failure::bare(Exit::Errors, codes::UNWRITABLE, format!("{}: {e}", path.display()))
        })?;
    }
    Ok(())
}

/// What a person has to know beside the patch; on standard error, so that the patch can be piped.
fn words(cx: &Cx, host: &str, items: &[Item], written: bool) -> String {
    let paint = cx.console.paint_err;
    let mut out = String::new();
    for item in items {
        let name = paint.with(Style::Name, format!("{host}:{}", item.name));
        let _ = match (item.whole, item.left.is_empty(), &item.untried) {
            (true, _, _) if written => writeln!(out, "{name}: adopted; the plan has nothing to do for it"),
            (true, _, _) => writeln!(out, "{name}: with this edit the plan has nothing to do for it"),
            (false, true, Some(why)) => writeln!(out, "{name}: not adopted: {why}"),
            (false, _, _) => writeln!(out, "{name}: not wholly: the plan still has something to do for it"),
        };
        for left in &item.left {
            let one = |sign: char, text: &Option<String>| {
                text.iter().flat_map(|t| t.lines()).map(|l| format!("  {sign} {l}\n")).collect::<String>()
            };
            let _ = write!(out, "{}{}", one('-', &left.ours), one('+', &left.theirs));
            let _ = writeln!(out, "    no source says this: it comes from {}: {}", left.place, left.reason);
        }
        for also in &item.also {
            let _ = writeln!(out, "  changes with it: {also}");
        }
    }
    out
}

fn fields(
    way: &Way,
    host: &str,
    items: &[Item],
    edits: &[(String, String)],
    written: bool,
) -> Vec<(&'static str, Value)> {
    let items: Vec<Value> = items
        .iter()
        .map(|i| json!({"name": i.name, "whole": i.whole, "left": i.left, "also": i.also, "untried": i.untried}))
        .collect();
    let edits: Vec<Value> = edits.iter().map(|(file, diff)| json!({"file": file, "diff": diff})).collect();
    vec![
        ("at", json!(way.name)),
        ("host", json!(host)),
        ("items", json!(items)),
        ("edits", json!(edits)),
        ("written", json!(written)),
    ]
}
