//! `fleetwright render --trees`.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::trees::write::{Outcome, compare, write};
use crate::trees::{self, Tree};
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
    let all = trees::render(&checked.folder, &checked.model.trees, &mut checked.report)?;
    drop(progress);
    if checked.report.has_errors() {
        return Err(checked.failure());
    }
    if explain {
        let fields = || vec![("trees", explained(&all))];
        return pipeline::finish(cx, &checked, Exit::Ok, fields, || explanation(cx, &all));
    }
    let mut outcomes = BTreeMap::new();
    for (name, tree) in &all {
        let act = if check { compare } else { write };
        outcomes.insert(name.clone(), act(&checked.folder, name.as_str(), &tree.into, &tree.made)?);
    }
    let differs = outcomes.values().any(|o| !o.is_empty());
    let exit = if check && differs { Exit::Refuted } else { Exit::Ok };
    let fields = || vec![("trees", json!(outcomes))];
    pipeline::finish(cx, &checked, exit, fields, || told(cx, &all, &outcomes))
}

fn told(cx: &Cx, all: &BTreeMap<Label, Tree>, outcomes: &BTreeMap<Label, Outcome>) -> String {
    if cx.global.quiet {
        return String::new();
    }
    let mut text = String::new();
    for (name, outcome) in outcomes {
        let into = all.get(name).map_or("", |tree| tree.into.as_str());
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
        for made in &tree.made {
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
            .made
            .iter()
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
