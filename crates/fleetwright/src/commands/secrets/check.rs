//! `fleetwright secrets check`.

use super::book::{self, Book};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::keys::{no_value, used_by};
use crate::secret_store::Kept;
use crate::ui::Style;
use crate::{Cx, codes, pipeline};
use ::secret::Secret;
use ::secret::declared::Origin;
use ::secret::readers::Difference;
use clap::Args;
use diag::{Diagnostic, Place, Report};
use serde_json::json;
use std::collections::BTreeMap;

/// Look whether every secret is there, can be read, fits, and is for those who use it
///
/// An error each for one that nothing uses, that has no value, that no private key of this machine opens, that is not
/// encrypted for a host that uses it or is for somebody who should not read it, that cannot stand where it is used,
/// a hash that is not of its plaintext, and a file others can read. Each names the host and the file.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fleetwright secrets check\n  fleetwright secrets check --json")]
pub struct Check {}

/// Runs it.
///
/// # Errors
/// When the fleet has errors.
pub fn run(_command: &Check, cx: &Cx) -> Result<Exit, Failure> {
    let mut book = book::open(cx)?;
    let mut names = book.names();
    names.extend(book.store.names()?);
    let mut report = Report::new();
    let mut exit = Exit::Ok;
    let mut values = BTreeMap::new();
    for name in &names {
        match one(&book, name, &mut report) {
            Ok(value) => {
                values.extend(value.map(|v| (name.as_str(), v)));
            }
            Err(failure) => {
                exit = exit.max(failure.exit);
                let uses = book.uses.get(name).map(Vec::as_slice).unwrap_or_default();
                let items = failure.report.items.into_iter();
                report.items.extend(items.map(|d| used_by(of(d, name), uses)));
            }
        }
    }
    for name in &names {
        hash(&book, name, &values, &mut report);
    }
    if report.has_errors() {
        exit = exit.max(Exit::Errors);
    }
    book.rendered.chosen.checked.report.extend(report);
    let fields = || vec![("secrets", json!(names.len()))];
    pipeline::finish(cx, book.checked(), exit, fields, || {
        if exit != Exit::Ok || cx.global.quiet {
            return String::new();
        }
        format!("{} {} secrets\n", cx.console.paint.with(Style::Good, "ok"), names.len())
    })
}

/// The message with the secret's name, where it has none yet.
fn of(mut diagnostic: Diagnostic, name: &str) -> Diagnostic {
    if !diagnostic.message.contains(&format!("secret/{name}")) {
        diagnostic.message = format!("secret/{name}: {}", diagnostic.message);
    }
    diagnostic
}

/// One alone; its value, if it can be read.
fn one(book: &Book, name: &str, report: &mut Report) -> Result<Option<Secret>, Failure> {
    let kept = book.store.kept(name)?;
    let placed = |mut found: Diagnostic| {
        found.place = book.place(name).cloned();
        found
    };
    if !book.is_used(name) {
        let message = format!("nothing uses `secret/{name}`");
        let file = match kept {
            Some(Kept::Sealed) => book.store.sealed.path(name)?.display().to_string(),
            Some(Kept::Local) => book.store.local.path(name)?.display().to_string(),
            Some(Kept::Elsewhere(_)) | None => String::new(),
        };
        let mut found = placed(
            Diagnostic::bare(codes::SECRET_UNUSED, message).help("take it away, or write where it is used"),
        );
        if found.place.is_none() && !file.is_empty() {
            found = found.help(format!("remove {file}, or write where it is used"));
        }
        report.push(found);
    }
    let uses = book.uses.get(name).map(Vec::as_slice).unwrap_or_default();
    if kept == Some(Kept::Sealed) {
        let listed = book.store.sealed.listed(name)?;
        let readers = book.readers(name);
        let difference = Difference::of(&listed, &readers);
        for who in &difference.missing {
            let message = format!("`secret/{name}` is not encrypted for {who}");
            let found =
                Diagnostic::bare(codes::SECRET_READERS, message).help("`fleetwright secrets rekey` does it");
            let own: Vec<_> = uses.iter().filter(|u| format!("host/{}", u.host) == *who).cloned().collect();
            report.push(placed_at(used_by(found, &own), book.place(name)));
        }
        for who in &difference.extra {
            let message = format!("`secret/{name}` is encrypted for {who}, who is not to read it");
            report.push(placed(
                Diagnostic::bare(codes::SECRET_READERS, message)
                    .help("`fleetwright secrets rekey`, and `rotate`: what was readable is known"),
            ));
        }
    }
    let Some(value) = book.store.get(name)? else {
        report.push(placed_at(no_value(name, &book.store.origin(name), uses), book.place(name)));
        return Ok(None);
    };
    book.fits(name, &value)?;
    Ok(Some(value))
}

fn placed_at(mut diagnostic: Diagnostic, place: Option<&Place>) -> Diagnostic {
    diagnostic.place = diagnostic.place.or_else(|| place.cloned());
    diagnostic
}

/// Whether a hash is of its plaintext as it is now. One that is missing was told already.
fn hash(book: &Book, name: &str, values: &BTreeMap<&str, Secret>, report: &mut Report) {
    let Origin::Made(generator) = book.store.origin(name) else { return };
    let Some(of) = generator.of() else { return };
    let (Some(kept), Some(plain)) = (values.get(name), values.get(of)) else { return };
    let place = book.place(name).cloned().unwrap_or_else(|| Place::builtin(name));
    let uses = book.uses.get(name).map(Vec::as_slice).unwrap_or_default();
    let way_out = format!("`fleetwright secrets rotate {name}` makes it anew");
    match generator.follows(kept, Some(plain), &place) {
        Ok(true) => {}
        Ok(false) => {
            let message = format!("`secret/{name}` is not the hash of `secret/{of}` as it is described");
            let found = Diagnostic::error(codes::SECRET_HASH, &place, message).help(way_out);
            report.push(used_by(found, uses));
        }
        Err(mut found) => {
            found.help = Some(way_out);
            report.push(used_by(self::of(found, name), uses));
        }
    }
}
