//! `fleetwright secrets ls`.

use super::book::{self, Book};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::secret_store::Kept;
use crate::ui::{Style, Table};
use crate::{Cx, pipeline};
use clap::Args;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// List secrets: what kind, where the value lies, who may read it and who uses it
///
/// Never a value.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fleetwright secrets ls\n  fleetwright secrets ls --json")]
pub struct Ls {}

/// Runs it.
///
/// # Errors
/// When the fleet has errors.
pub fn run(_command: &Ls, cx: &Cx) -> Result<Exit, Failure> {
    let book = book::open(cx)?;
    let mut names = book.names();
    names.extend(book.store.names()?);
    let kept: Vec<(String, Option<Kept>)> = names
        .into_iter()
        .map(|name| book.store.kept(&name).map(|kept| (name, kept)))
        .collect::<Result<_, _>>()?;
    let fields = || vec![("secrets", kept.iter().map(|(name, kept)| one(&book, name, *kept)).collect())];
    pipeline::finish(cx, book.checked(), Exit::Ok, fields, || {
        let mut table = Table::new();
        for (name, kept) in &kept {
            let place = kept.map_or("no value", Kept::word);
            let style = if kept.is_none() { Style::Warn } else { Style::Dim };
            table.styled([
                (name, Some(Style::Name)),
                (book.kind(name), None),
                (place, Some(style)),
                (&users(&book, name), None),
            ]);
        }
        table.text(0, cx.console.width, cx.console.paint)
    })
}

/// Who uses it, in words.
fn users(book: &Book, name: &str) -> String {
    let mut all: Vec<String> =
        book.uses.get(name).into_iter().flatten().map(|u| format!("{}:{}", u.host, u.path)).collect();
    if all.is_empty() {
        all.extend(book.mentions.get(name).into_iter().flatten().map(ToString::to_string));
    }
    match all.is_empty() {
        true if book.is_used(name) => "a tunnel".to_owned(),
        true => "nothing".to_owned(),
        false => all.join(", "),
    }
}

fn one(book: &Book, name: &str, kept: Option<Kept>) -> Value {
    let readers: BTreeSet<String> = book.readers(name).into_iter().map(|r| r.who).collect();
    json!({
        "name": name,
        "kind": book.kind(name),
        "of": book.store.origin(name).of(),
        "kept": kept.map(Kept::word),
        "readers": readers,
        "uses": book.uses.get(name).map(Vec::as_slice).unwrap_or_default(),
        "named": book.mentions.get(name).map(Vec::as_slice).unwrap_or_default(),
    })
}
