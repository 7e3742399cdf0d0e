//! `fleetwright secrets grant`.

use super::book::{self, Book};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::secret_store::Kept;
use crate::ui::Style;
use crate::{Cx, codes, pipeline};
use ::secret::grant;
use clap::Args;
use diag::Diagnostic;
use serde_json::json;
use source::Sources;
use std::fs;

/// The file that is written when nothing describes the secret yet.
const FILE: &str = "secrets.yaml";

/// Let somebody more read a secret
///
/// Writes the name into the secret's `to` in the sources, and encrypts an encrypted value anew. Admins, and hosts
/// that use it, may read it anyway.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fleetwright secrets grant backup-key --to nas\n  fleetwright secrets grant deploy --to ci"
)]
pub struct Grant {
    /// The secret
    #[arg(value_name = "NAME")]
    name: String,
    /// A host, a group or an admin
    #[arg(long, value_name = "WHO")]
    to: String,
}

/// Runs it.
///
/// # Errors
/// When the fleet has errors, no such secret or nobody of the name, or the value cannot be read here.
pub fn run(command: &Grant, cx: &Cx) -> Result<Exit, Failure> {
    let before = book::open(cx)?;
    let name = before.name(&command.name)?;
    let who = known(&before, &command.to)?;
    let listed =
        before.checked().model.secrets.get(name.as_str()).map(|d| d.to.as_slice()).unwrap_or_default();
    let written = !listed.iter().any(|to| to.value == who);
    // Whoever cannot read it can give it to nobody: nothing is written then.
    let value = match before.store.kept(&name)? {
        Some(Kept::Sealed) => before.store.get(&name)?,
        Some(Kept::Local | Kept::Elsewhere(_)) | None => None,
    };
    let file = if written { Some(write(&before, &name, &who)?) } else { None };
    let book = book::open(cx)?;
    if let Some(value) = &value {
        let public = book.store.public(&name)?;
        book.store.put_in(Kept::Sealed, &name, value, &book.readers(&name))?;
        public.map_or(Ok(()), |public| book.store.put_public(&name, &public))?;
    }
    let reads = book.readers(&name).iter().any(|r| r.who == who || r.who == format!("host/{who}"));
    let fields = || {
        vec![
            ("name", json!(name)),
            ("to", json!(who)),
            ("file", json!(file)),
            ("encrypted", json!(value.is_some())),
        ]
    };
    pipeline::finish(cx, book.checked(), Exit::Ok, fields, || {
        if cx.global.quiet {
            return String::new();
        }
        let good = cx.console.paint.with(Style::Good, "ok");
        let mut text = match &file {
            Some(file) => format!("{good} secret/{name} is for {who} too, says {file}"),
            None => format!("{good} secret/{name} was for {who} already"),
        };
        text.push_str(if value.is_some() {
            "; it is encrypted anew, commit both\n"
        } else {
            "; commit it\n"
        });
        if !reads && !book.checked().model.groups.contains_key(who.as_str()) {
            text.push_str(&format!("{who} has no key yet: `age:` in their file gives one\n"));
        }
        text
    })
}

/// A host, group or admin.
fn known(book: &Book, who: &str) -> Result<String, Failure> {
    let model = &book.checked().model;
    let names: Vec<&str> = model
        .hosts
        .keys()
        .map(model::HostId::as_str)
        .chain(model.groups.keys().map(model::GroupId::as_str))
        .chain(model.admins.keys().map(model::Label::as_str))
        .chain(["all"])
        .collect();
    let plain = who.strip_prefix("host/").unwrap_or(who);
    if names.contains(&plain) {
        return Ok(plain.to_owned());
    }
    let unknown = Diagnostic::bare(codes::NO_SUCH, format!("the fleet has no host, group or admin `{who}`"));
    Err(Failure::new(Exit::Errors, unknown.suggest(plain, names)))
}

/// Writes the name into the sources, when they then say what was meant; gives the file.
fn write(book: &Book, name: &str, who: &str) -> Result<String, Failure> {
    let checked = book.checked();
    let declared = checked.model.secrets.get(name);
    let file = declared.map_or(FILE, |d| &*d.place.file).to_owned();
    let by_hand = || {
        let message = format!("{file} is written in a way that is not changed here");
        Failure::bare(Exit::Errors, codes::UNWRITABLE, message).help(format!(
            "write `to: {who}` into the description of `{name}` by hand, then `fleetwright secrets rekey`"
        ))
    };
    let text = match checked.sources.files.get(&file) {
        Some(bytes) => std::str::from_utf8(bytes).map_err(|_| by_hand())?,
        None => "",
    };
    // An interface's key has no description.
    if name.contains('/') {
        let message = format!("`secret/{name}` is a tunnel's key, for its host alone");
        return Err(
            Failure::bare(Exit::Errors, codes::SECRET_KIND, message).help("every admin reads it anyway")
        );
    }
    let after = match declared {
        Some(declared) => grant::add(text, declared, who).ok_or_else(by_hand)?,
        None => grant::append(text, name, who),
    };
    let mut sources = Sources::clone(&checked.sources);
    sources.files.insert(file.clone(), after.clone().into_bytes());
    if !says(&sources, &checked.model, name, who) {
        return Err(by_hand());
    }
    let path = checked.folder.join(&file);
    let staged = checked.folder.join(format!(".{}.new-{}", file.replace('/', "-"), std::process::id()));
    let write = || {
        fs::write(&staged, &after)?;
        if let Ok(meta) = fs::metadata(&path) {
            fs::set_permissions(&staged, meta.permissions())?;
        }
        fs::rename(&staged, &path)
    };
    write().map_err(|e| {
        let _ = fs::remove_file(&staged);
        Failure::bare(Exit::Errors, codes::UNWRITABLE, format!("{}: {e}", path.display()))
    })?;
    Ok(file)
}

/// The sources read without an error, and say this and nothing else that is new of the fleet's secrets.
fn says(sources: &Sources, before: &model::Fleet, name: &str, who: &str) -> bool {
    let (fleet, report) = source::load(sources);
    let Some(fleet) = fleet.filter(|_| !report.has_errors()) else { return false };
    let of = |d: &model::DeclaredSecret| {
        let to: Vec<String> = d.to.iter().map(|t| t.value.clone()).collect();
        (d.kind.as_ref().map(|k| k.value), d.of.as_ref().map(|o| o.value.clone()), to)
    };
    let others = fleet.secrets.iter().filter(|(n, _)| n.as_str() != name);
    let same = others.clone().all(|(n, d)| before.secrets.get(n).is_some_and(|b| of(b) == of(d)));
    let count = before.secrets.keys().filter(|n| n.as_str() != name).count();
    let kinds = |fleet: &model::Fleet| {
        fleet.secrets.get(name).map(of).map(|(kind, of, _)| (kind, of)).unwrap_or_default()
    };
    same && others.count() == count
        && kinds(&fleet) == kinds(before)
        && fleet.secrets.get(name).is_some_and(|d| d.to.iter().any(|t| t.value == who))
}
