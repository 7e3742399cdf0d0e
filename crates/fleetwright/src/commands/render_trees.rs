//! `fleetwright render --trees`.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::trees::write::{Outcome, compare, write};
use crate::trees::{self, Purpose, Tree};
use crate::ui::{Progress, Style, Table};
use crate::{Cx, pipeline};
use model::Label;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Runs it.
///
/// # Errors
/// When the fleet has errors, names no tree, a template cannot be rendered, or a folder cannot be written.
pub fn run(check: bool, explain: bool, cx: &Cx) -> Result<Exit, Failure> {
    let progress = Progress::new(&cx.console, "reading and rendering");
    let mut checked = pipeline::check(cx)?;
    if checked.model.trees.is_empty() {
        return Err(trees::none());
    }
    let purpose = match (explain, check) {
        (true, _) => Purpose::Explain,
        (_, true) => Purpose::Check,
        _ => Purpose::Write,
    };
    let all = trees::render(&mut checked, purpose)?;
    drop(progress);
    if checked.report.has_errors() {
        return Err(checked.failure());
    }
    if explain {
        let fields = || vec![("trees", explained(&all))];
        return pipeline::finish(cx, &checked, Exit::Ok, fields, || explanation(cx, &all));
    }
    let mut outcomes = BTreeMap::new();
    for (name, tree) in all {
        let into = tree.into.clone();
        let outcome = match check {
            true => compare(&checked.folder, name.as_str(), &tree)?,
            false => write(&checked.folder, name.as_str(), tree)?,
        };
        outcomes.insert(name, (into, outcome));
    }
    let differs = outcomes.values().any(|(_, outcome)| !outcome.is_empty());
    let exit = if check && differs { Exit::Refuted } else { Exit::Ok };
    let fields = || {
        vec![(
            "trees",
            outcomes.iter().map(|(name, (_, outcome))| (name.to_string(), json!(outcome))).collect(),
        )]
    };
    pipeline::finish(cx, &checked, exit, fields, || told(cx, &outcomes))
}

fn told(cx: &Cx, outcomes: &BTreeMap<Label, (String, Outcome)>) -> String {
    if cx.global.quiet {
        return String::new();
    }
    let mut text = String::new();
    for (name, (into, outcome)) in outcomes {
        for (sign, style, paths) in [
            ("+", Style::Good, &outcome.new),
            ("~", Style::Warn, &outcome.changed),
            ("-", Style::Bad, &outcome.gone),
        ] {
            for path in paths {
                let _ = writeln!(text, "  {} {into}/{path}", cx.console.paint.with(style, sign));
            }
        }
        let _ = writeln!(
            text,
            "{name}: {} new, {} changed, {} gone, {} as they were, in {into}",
            outcome.new.len(),
            outcome.changed.len(),
            outcome.gone.len(),
            outcome.same
        );
    }
    text
}

fn explanation(cx: &Cx, all: &BTreeMap<Label, Tree>) -> String {
    let mut text = String::new();
    for tree in all.values() {
        for made in tree.files.iter().map(|file| &file.made) {
            let target = format!("{}/{}", tree.into, made.target);
            let _ = writeln!(text, "{} from {}", cx.console.paint.with(Style::Bold, &target), made.template);
            let mut table = Table::new();
            for read in &made.reads {
                let origin =
                    read.origin.as_ref().map_or("given by fleetwright".to_owned(), ToString::to_string);
                let shadowed: Vec<String> = read.shadowed.iter().rev().map(ToString::to_string).collect();
                let shadowed = match shadowed.is_empty() {
                    true => String::new(),
                    false => format!("over {}", shadowed.join(", ")),
                };
                table.styled([(&read.path, None), (&origin, None), (&shadowed, Some(Style::Dim))]);
            }
            text.push_str(&table.text(2, cx.console.width, cx.console.paint));
        }
    }
    text
}

fn explained(all: &BTreeMap<Label, Tree>) -> Value {
    let tree = |tree: &Tree| {
        let files: serde_json::Map<String, Value> = tree
            .files
            .iter()
            .map(|file| &file.made)
            .map(|made| {
                let reads: Vec<Value> = made
                    .reads
                    .iter()
                    .map(|read| {
                        let shadowed: Vec<String> = read.shadowed.iter().map(ToString::to_string).collect();
                        let origin = read.origin.as_ref().map(ToString::to_string);
                        json!({"name": read.path, "origin": origin, "shadowed": shadowed})
                    })
                    .collect();
                let fields = json!({"template": made.template, "secret": made.secret, "reads": reads});
                (made.target.clone(), fields)
            })
            .collect();
        json!({"into": tree.into, "files": files})
    };
    Value::Object(all.iter().map(|(name, t)| (name.to_string(), tree(t))).collect())
}
