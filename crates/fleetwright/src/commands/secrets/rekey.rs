//! `fleetwright secrets rekey`.

use super::book::{self, Book};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::keys::WIREGUARD;
use crate::secret_store::Kept;
use crate::ui::Style;
use crate::{Cx, codes, pipeline};
use ::secret::declared::Origin;
use ::secret::readers::Difference;
use clap::Args;
use diag::Report;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Encrypt secrets anew for whoever may read them now
///
/// Those whose readers have changed, or the named ones. A reader that was taken away can still read what it has seen:
/// rotate the secret too.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fleetwright secrets rekey\n  fleetwright secrets rekey --move    # also those of this machine, from now on committed"
)]
pub struct Rekey {
    /// Only these
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Also encrypt what lies in .fleetwright/secrets/, which then goes from there
    #[arg(long = "move")]
    moves: bool,
}

/// What became of one.
struct Changed {
    name: String,
    moved: bool,
    difference: Difference,
}

/// Runs it.
///
/// # Errors
/// When the fleet has errors, a secret cannot be read here, or there is nobody to encrypt it for. All that can be
/// done is done, and every error is told.
pub fn run(command: &Rekey, cx: &Cx) -> Result<Exit, Failure> {
    let book = book::open(cx)?;
    let named: Vec<String> = command.names.iter().map(|n| book.name(n)).collect::<Result<_, _>>()?;
    let mut changed = Vec::new();
    let mut report = Report::new();
    for name in book.store.names()? {
        if !named.is_empty() && !named.contains(&name) {
            continue;
        }
        match one(&book, &name, !named.is_empty(), command.moves) {
            Ok(Some(done)) => changed.push(done),
            Ok(None) => {}
            Err(failure) => report.extend(failure.report),
        }
    }
    let exit = if report.has_errors() { Exit::Errors } else { Exit::Ok };
    let mut book = book;
    book.rendered.chosen.checked.report.extend(report);
    let fields = || vec![("rekeyed", changed.iter().map(value).collect())];
    pipeline::finish(cx, book.checked(), exit, fields, || told(cx, &changed, exit))
}

fn one(book: &Book, name: &str, asked: bool, moves: bool) -> Result<Option<Changed>, Failure> {
    let kept = book.store.kept(name)?;
    let moved = kept == Some(Kept::Local) && moves;
    if kept != Some(Kept::Sealed) && !moved {
        return Ok(None);
    }
    // Of a host or tunnel that is gone: nobody reads it, and `secrets check` tells.
    if moved && !book.names().contains(name) {
        return Ok(None);
    }
    let readers = book.readers(name);
    let difference = Difference::of(&book.store.sealed.listed(name)?, &readers);
    if difference.is_empty() && !asked && !moved {
        return Ok(None);
    }
    if readers.is_empty() {
        let message =
            format!("nobody could read `secret/{name}`: neither an admin nor a host has a key for it");
        return Err(Failure::bare(Exit::Errors, codes::SECRET_READERS, message)
            .help("give an admin an ssh-ed25519 or ssh-rsa key in `keys:`, or an age key in `age:`"));
    }
    let Some(value) = book.store.get(name)? else { return Ok(None) };
    let public = public(book, name)?;
    book.store.put_in(Kept::Sealed, name, &value, &readers)?;
    if let Some(public) = public {
        book.store.put_public(name, &public)?;
    }
    Ok(Some(Changed { name: name.to_owned(), moved, difference }))
}

/// The public half goes along; that of an interface's key is in the lock.
fn public(book: &Book, name: &str) -> Result<Option<String>, Failure> {
    let of_interface = name.starts_with(WIREGUARD);
    match book.store.origin(name) {
        Origin::Made(_) if !of_interface => book.store.public(name),
        Origin::Made(_) | Origin::Given | Origin::Elsewhere(_) => Ok(None),
    }
}

fn value(changed: &Changed) -> Value {
    let Changed { name, moved, difference } = changed;
    json!({"name": name, "moved": moved, "added": difference.missing, "taken": difference.extra})
}

fn told(cx: &Cx, changed: &[Changed], exit: Exit) -> String {
    let mut text = String::new();
    if cx.global.quiet {
        return text;
    }
    for Changed { name, moved, difference } in changed {
        let path = if *moved { format!(" moved to secrets/{name}.age") } else { String::new() };
        let _ = write!(text, "secret/{name}{path}");
        for who in &difference.missing {
            let _ = write!(text, " {}", cx.console.paint.with(Style::Good, format!("+{who}")));
        }
        for who in &difference.extra {
            let _ = write!(text, " {}", cx.console.paint.with(Style::Bad, format!("-{who}")));
        }
        text.push('\n');
    }
    let taken = changed.iter().any(|c| !c.difference.extra.is_empty());
    match changed.len() {
        0 if exit == Exit::Ok => text.push_str("every secret is encrypted for whoever may read it\n"),
        0 => {}
        _ if taken => text.push_str("commit them; who was taken away has seen them: rotate those\n"),
        _ => text.push_str("commit them\n"),
    }
    text
}
