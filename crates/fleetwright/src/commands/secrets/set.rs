//! `fleetwright secrets set`.

use super::book::{self, Book, of_this_kind};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::secret_store::Kept;
use crate::ui::{Style, hidden};
use crate::{Cx, codes, pipeline};
use ::secret::Secret;
use clap::Args;
use serde_json::json;
use std::io::Read;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// Keep the value of a secret
///
/// Asked for twice at the terminal, which shows nothing; or taken byte for byte, with a line end at its end if there
/// is one, from standard input, a file or a variable. Never an argument: those are seen by everybody on the machine.
/// It is kept where it lies already; a new one is encrypted into secrets/ when the fleet keeps others there.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fleetwright secrets set ams-transit\n  printf %s \"$TOKEN\" | fleetwright secrets set cloudflare --stdin\n  \
    fleetwright secrets set tls-key --file key.pem --age"
)]
pub struct Set {
    /// The secret
    #[arg(value_name = "NAME")]
    name: String,
    /// Take it from standard input
    #[arg(long)]
    stdin: bool,
    /// Take it from this file
    #[arg(long, value_name = "FILE", conflicts_with = "stdin")]
    file: Option<PathBuf>,
    /// Take it from this variable of the environment
    #[arg(long, value_name = "VAR", conflicts_with_all = ["stdin", "file"])]
    env: Option<String>,
    #[command(flatten)]
    to: To,
}

/// Where a value goes.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct To {
    /// Encrypt it into secrets/NAME.age, for whoever may read it
    #[arg(long)]
    age: bool,
    /// Keep it on this machine only, in .fleetwright/secrets/
    #[arg(long, conflicts_with = "age")]
    local: bool,
}

impl To {
    pub fn kept(self) -> Option<Kept> {
        match (self.age, self.local) {
            (true, _) => Some(Kept::Sealed),
            (false, true) => Some(Kept::Local),
            (false, false) => None,
        }
    }
}

/// Runs it.
///
/// # Errors
/// When the fleet has errors or no such secret, there is no value, or it cannot stand where it is used.
pub fn run(command: &Set, cx: &Cx) -> Result<Exit, Failure> {
    let book = book::open(cx)?;
    let name = book.name(&command.name)?;
    settable(&book, &name)?;
    let value = value(command, cx, &name)?;
    let (kept, followed) = book.keep(&name, &value, None, command.to.kept())?;
    told(cx, &book, &name, kept, &followed)
}

/// A value somebody may give.
///
/// # Errors
/// When it is made from another one, or another tool keeps it.
pub(super) fn settable(book: &Book, name: &str) -> Result<(), Failure> {
    let origin = book.store.origin(name);
    if let Some(of) = origin.of() {
        let message = format!("`secret/{name}` is made from `secret/{of}`");
        return Err(of_this_kind(
            book.place(name),
            message,
            format!("`fleetwright secrets set {of}` gives it a value, and this one follows"),
        ));
    }
    Ok(())
}

/// What was kept, in words.
pub(super) fn told(
    cx: &Cx,
    book: &Book,
    name: &str,
    kept: Kept,
    followed: &[String],
) -> Result<Exit, Failure> {
    let fields = || vec![("name", json!(name)), ("kept", json!(kept.word())), ("followed", json!(followed))];
    pipeline::finish(cx, book.checked(), Exit::Ok, fields, || {
        if cx.global.quiet {
            return String::new();
        }
        let path = match kept {
            Kept::Sealed => format!("secrets/{name}.age; commit it"),
            Kept::Local | Kept::Elsewhere(_) => format!(".fleetwright/secrets/{name}"),
        };
        let mut text =
            format!("{} secret/{name} is kept in {path}\n", cx.console.paint.with(Style::Good, "ok"));
        for hash in followed {
            text.push_str(&format!("   secret/{hash} is made from it anew\n"));
        }
        if book.is_used(name) {
            text.push_str("`fleetwright apply` brings it onto the hosts that use it\n");
        }
        text
    })
}

fn value(command: &Set, cx: &Cx, name: &str) -> Result<Secret, Failure> {
    let unreadable = |what: String, e: &std::io::Error| {
        Failure::bare(Exit::Errors, codes::UNREADABLE, format!("{what}: {e}"))
    };
    if command.stdin {
        let mut bytes = Vec::new();
        let read = std::io::stdin().lock().read_to_end(&mut bytes);
        read.map_err(|e| unreadable("standard input".to_owned(), &e))?;
        return Ok(Secret::new(bytes));
    }
    if let Some(path) = &command.file {
        return std::fs::read(path).map(Secret::new).map_err(|e| unreadable(path.display().to_string(), &e));
    }
    if let Some(variable) = &command.env {
        let found = std::env::var_os(variable).map(|text| Secret::new(text.into_vec()));
        return found.ok_or_else(|| {
            Failure::bare(Exit::Errors, codes::NO_ANSWER, format!("there is no variable {variable}"))
        });
    }
    let nobody = || {
        Failure::bare(Exit::Errors, codes::NO_ANSWER, "there is nobody to ask for the value")
            .help("`--stdin`, `--file FILE` or `--env VAR` gives it")
    };
    if cx.global.json {
        return Err(nobody());
    }
    let first = hidden::secretly(&format!("Value of secret/{name}")).ok_or_else(nobody)?;
    let again = hidden::secretly("The same again").ok_or_else(nobody)?;
    if first != again {
        return Err(Failure::bare(
            Exit::Errors,
            codes::NO_ANSWER,
            "the two are not the same; nothing was kept",
        ));
    }
    Ok(Secret::new(first))
}
