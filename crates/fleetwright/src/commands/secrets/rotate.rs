//! `fleetwright secrets rotate`.

use super::book::{self, Book, of_this_kind};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::keys;
use crate::ui::{Style, Table, ask};
use crate::{Cx, codes, lock_file, pipeline, secret_store};
use ::secret::declared::{Elsewhere, Origin, Tool};
use ::secret::generate::{Generator, Made};
use clap::Args;
use derive::Options;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Make a new value, and say first what restarts with it
///
/// For values the tool makes itself; hashes of it follow. The next apply brings it to the hosts. What has the old
/// value outside the fleet's hosts (a database that keeps its own copy, say) has to be told by hand.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fleetwright secrets rotate sql\n  fleetwright secrets rotate sql --yes")]
pub struct Rotate {
    /// The secret
    #[arg(value_name = "NAME")]
    name: String,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

/// A file that changes, and what its host does then.
struct Change {
    host: String,
    path: String,
    restarts: BTreeSet<String>,
    reloads: BTreeSet<String>,
}

/// Runs it.
///
/// # Errors
/// When the fleet has errors or no such secret, it is not made here, nobody agreed, or it cannot be kept.
pub fn run(command: &Rotate, cx: &Cx) -> Result<Exit, Failure> {
    let book = book::open(cx)?;
    let name = book.name(&command.name)?;
    let generator = generator(&book, &name)?;
    let plain = generator.of().map(|of| book.store.get(of)).transpose()?.flatten();
    let made = secret_store::made(&name, &generator, plain.as_ref())?;
    let changes = changes(&book, &name, &made)?;
    let hashes = book.hashes(&name);
    if !cx.global.json {
        cx.console.note(announced(cx, &name, &hashes, &changes));
    }
    if !command.yes {
        if !ask::somebody(cx) {
            let message = format!("nobody can be asked whether `secret/{name}` gets a new value");
            return Err(Failure::bare(Exit::Errors, codes::NO_ANSWER, message).help("`--yes` does not ask"));
        }
        if !ask::agreed(cx, &format!("Make a new value of secret/{name}?")) {
            cx.console.say("nothing was changed")?;
            return Ok(Exit::Interrupted);
        }
    }
    // The public half of an interface's key is in the lock.
    let public = made.public.as_deref().filter(|_| book.interface(&name).is_none());
    let (kept, followed) = book.keep(&name, &made.value, public, None)?;
    let fields = || {
        vec![
            ("name", json!(name)),
            ("kept", json!(kept.word())),
            ("followed", json!(followed)),
            ("changes", changes.iter().map(value).collect()),
        ]
    };
    pipeline::finish(cx, book.checked(), Exit::Ok, fields, || {
        let good = cx.console.paint.with(Style::Good, "ok");
        let next = match changes.is_empty() {
            true => String::new(),
            false => "; `fleetwright apply` brings it to the hosts".to_owned(),
        };
        if cx.global.quiet { String::new() } else { format!("{good} secret/{name} has a new value{next}\n") }
    })
}

/// What makes it.
fn generator(book: &Book, name: &str) -> Result<Generator, Failure> {
    if book.interface(name).is_some() {
        return Ok(Generator::Wireguard);
    }
    let (what, help) = match book.store.origin(name) {
        Origin::Made(generator) => return Ok(generator),
        Origin::Given => (
            "was made by somebody else".to_owned(),
            format!("`fleetwright secrets set {name}` keeps their new one"),
        ),
        Origin::Elsewhere(Elsewhere { tool, file, .. }) => {
            let how = match tool {
                Tool::Vault => format!("`ansible-vault edit {}` changes it", file.value),
                Tool::Sops => format!("`sops {}` changes it", file.value),
            };
            (format!("stands in {}", file.value), how)
        }
    };
    Err(of_this_kind(
        book.place(name),
        format!("`secret/{name}` {what}: no new value can be made here"),
        help,
    ))
}

/// Every file that changes with a new value.
fn changes(book: &Book, name: &str, made: &Made) -> Result<Vec<Change>, Failure> {
    let mut files: BTreeMap<(String, String), (BTreeSet<String>, BTreeSet<String>)> = BTreeMap::new();
    let names = std::iter::once(name.to_owned()).chain(book.hashes(name));
    for used in names.filter_map(|n| book.uses.get(&n)).flatten() {
        let key = (used.host.clone(), used.path.clone());
        files.insert(key, (used.restarts.clone(), used.reloads.clone()));
    }
    // The other ends of a tunnel have the public half, by the lock.
    if let Some(interface) = book.interface(name) {
        let mut lock = lock_file::read(&book.checked().folder)?.unwrap_or_default();
        lock.set_key(&interface.host, &interface.iface, &keys::public_of(name, &made.value)?);
        let derived = derive::derive(&book.checked().model, &lock, &Options::default());
        let after = derived.fleet.map(|fleet| render::render(&fleet).0).unwrap_or_default();
        for (host, desired) in &after {
            let before = book.rendered.hosts.get(host).map(|d| &d.files);
            for (path, file) in &desired.files {
                if before
                    .and_then(|files| files.get(path))
                    .is_none_or(|old| old.text.public() != file.text.public())
                {
                    files.insert((host.to_string(), path.clone()), plan::interrupted(desired, path));
                }
            }
        }
    }
    let change = |((host, path), (restarts, reloads))| Change { host, path, restarts, reloads };
    Ok(files.into_iter().map(change).collect())
}

fn announced(cx: &Cx, name: &str, hashes: &[String], changes: &[Change]) -> String {
    if cx.global.quiet {
        return String::new();
    }
    let mut text = format!("a new value of secret/{name} changes\n");
    let mut table = Table::new();
    for hash in hashes {
        table.styled([(&format!("secret/{hash}"), Some(Style::Name)), ("is made anew", None)]);
    }
    for change in changes {
        let units = |verb: &str, units: &BTreeSet<String>| {
            let list: Vec<&str> = units.iter().map(String::as_str).collect();
            if list.is_empty() { None } else { Some(format!("{verb} {}", list.join(", "))) }
        };
        let does: Vec<String> = [units("restarts", &change.restarts), units("reloads", &change.reloads)]
            .into_iter()
            .flatten()
            .collect();
        let does = if does.is_empty() { "interrupts nothing".to_owned() } else { does.join("; ") };
        table.styled([(&format!("{}:{}", change.host, change.path), Some(Style::Name)), (&does, None)]);
    }
    if table.is_empty() {
        table.row(["nothing on any host"]);
    }
    text.push_str(&table.text(2, cx.console.width, cx.console.paint_err));
    text
}

fn value(change: &Change) -> Value {
    let Change { host, path, restarts, reloads } = change;
    json!({"host": host, "path": path, "restarts": restarts, "reloads": reloads})
}
