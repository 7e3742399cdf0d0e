//! `fleetwright show`.

mod facts;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::keys::Keys;
use crate::ui::{Style, Table};
use crate::{Cx, codes, pipeline};
use clap::Args;
use diag::Diagnostic;
use facts::Fact;
use serde_json::json;
use std::fmt::Write;

/// Print everything about one thing: what is written and what was derived, or one run of the history
///
/// Values from profiles have the profile's place; derived ones the line that asked for them and the reason. A
/// number is a run of `fleetwright history`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fleetwright show services/photos\n  fleetwright show hosts/kyiv-gw\n  \
    fleetwright show tunnels/kyiv-wroclaw --json\n  fleetwright show 12")]
pub struct Show {
    /// Kind and name, `services/photos`; or the number of a run
    #[arg(value_name = "KIND/NAME|NUMBER")]
    what: String,
}

/// Runs it.
///
/// # Errors
/// When the fleet has errors or no such thing.
pub fn run(command: &Show, cx: &Cx) -> Result<Exit, Failure> {
    if let Ok(number) = command.what.parse() {
        return super::history::show(number, cx);
    }
    let checked = pipeline::check(cx)?;
    let keys = Keys::of(&checked);
    let chosen = checked.choose(&keys, &derive::Options::default())?;
    let tree = source::tree(&chosen.checked.sources);
    let things = tree.as_ref().map(facts::things).unwrap_or_default();
    let what = whole_name(&command.what, &things);
    let Some((kind, name)) = what.split_once('/').filter(|_| things.contains(&what)) else {
        let unknown = Diagnostic::bare(codes::NO_SUCH, format!("the fleet has no `{}`", command.what))
            .help("a thing is KIND/NAME, for example services/photos")
            .suggest(&command.what, things.iter().map(String::as_str));
        return Err(Failure::new(Exit::Errors, unknown));
    };
    let written = tree.as_ref().map(|t| facts::written(t, kind, name)).unwrap_or_default();
    let derived = facts::derived(&chosen.fleet, kind, name);
    let fields = || vec![("thing", json!(what)), ("written", json!(written)), ("derived", json!(derived))];
    pipeline::finish(cx, &chosen.checked, Exit::Ok, fields, || {
        let mut out = String::new();
        for (title, facts) in [("written", &written), ("derived", &derived)] {
            if !facts.is_empty() {
                let _ = writeln!(out, "{}\n{}", cx.console.paint.with(Style::Bold, title), table(cx, facts));
            }
        }
        out.truncate(out.trim_end().len());
        out.push('\n');
        out
    })
}

/// `service/x` and `services/x` are one; a name alone is enough when only one thing has it.
fn whole_name(text: &str, things: &[String]) -> String {
    if things.iter().any(|t| t == text) {
        return text.to_owned();
    }
    if let Some((kind, name)) = text.split_once('/') {
        let plural = if let Some(stem) = kind.strip_suffix('y') {
            format!("{stem}ies/{name}")
        } else {
            format!("{kind}s/{name}")
        };
        if things.contains(&plural) {
            return plural;
        }
    }
    let mut named = things.iter().filter(|t| t.split_once('/').is_some_and(|(_, name)| name == text));
    match (named.next(), named.next()) {
        (Some(only), None) => only.clone(),
        _ => text.to_owned(),
    }
}

fn table(cx: &Cx, facts: &[Fact]) -> String {
    let mut table = Table::new();
    for fact in facts {
        let from = match &fact.reason {
            Some(reason) if fact.place.is_source() => format!("{}: {reason}", fact.place),
            Some(reason) => reason.clone(),
            None => fact.place.to_string(),
        };
        table.styled([(&fact.key, Some(Style::Name)), (&fact.value, None), (&from, Some(Style::Dim))]);
    }
    table.text(2, cx.console.width.max(100), cx.console.paint)
}
