//! The files that were named, read by whom they belong to.

use super::folder::Target;
use super::world::World;
use super::{Import, What};
use crate::Cx;
use crate::codes as own;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::secret_store;
use ::import::{Engine, ImportFile, Imported, Input, ansible, codes, engine, host_of, incus};
use diag::{Diagnostic, Place, Report};
use model::Sp;
use secret::vault::{self, Passwords};
use source::Sources;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files larger than this are no configuration.
pub(super) const LARGEST: u64 = 64 << 20;
/// Folders deeper than this are a loop of links.
const DEPTH: usize = 32;

/// What was read.
pub(super) struct Read {
    pub(super) imported: Imported,
    /// Hosts the files are from.
    pub(super) hosts: BTreeSet<String>,
    /// The files by host.
    pub(super) by_host: BTreeMap<String, Vec<ImportFile>>,
    pub(super) meaning: Meaning,
}

/// What the rendered fleet is held against.
pub(super) enum Meaning {
    /// Nothing: what the files mean has no form that is rendered again.
    Nothing,
    /// The variables of an inventory.
    Inventory(Box<::ansible::Inventory>),
    /// What an engine's files mean.
    Engine(&'static Engine),
}

/// Reads all of them.
///
/// # Errors
/// When one cannot be read, or has errors: all of them.
pub(super) fn all(
    command: &Import,
    target: &Target,
    before: Option<&World>,
    cx: &Cx,
) -> Result<Read, Failure> {
    let fleet = before.map(|b| &b.model);
    if command.live && matches!(command.what, What::Ansible | What::Compose | What::Incus) {
        let message = "only the files of an engine lie at usual places of a host";
        return Err(Failure::bare(Exit::Usage, codes::UNREADABLE, message)
            .help("name the files; `-` is standard input: `ssh HOST cat FILE | fleetwright import … -`"));
    }
    let (read, texts) = match command.what {
        What::Ansible => inventory(command, target, fleet)?,
        What::Compose => compose(command)?,
        What::Incus => {
            let files = texts(&command.files)?;
            let imported = incus::read(&Input { host: command.host.as_deref(), files: &files, fleet });
            (plain(imported, Meaning::Nothing), files)
        }
        What::Wireguard => engines("wireguard", command, target, fleet, cx)?,
        What::Bird => engines("bird", command, target, fleet, cx)?,
        What::Caddy => engines("caddy", command, target, fleet, cx)?,
        What::Nftables => engines("nftables", command, target, fleet, cx)?,
        What::Prometheus => engines("prometheus", command, target, fleet, cx)?,
    };
    if read.imported.report.has_errors() {
        let mut sources = Sources::default();
        // Keys of WireGuard stand in lines of their own; no message points at one.
        sources.files.extend(texts.into_iter().map(|f| (f.path, f.text.into_bytes())));
        return Err(Failure { exit: Exit::Errors, report: read.imported.report, texts: Arc::new(sources) });
    }
    Ok(read)
}

fn plain(imported: Imported, meaning: Meaning) -> Read {
    Read { imported, hosts: BTreeSet::new(), by_host: BTreeMap::new(), meaning }
}

fn engines(
    name: &str,
    command: &Import,
    target: &Target,
    fleet: Option<&model::Fleet>,
    cx: &Cx,
) -> Result<(Read, Vec<ImportFile>), Failure> {
    let Some(engine) = engine(name) else {
        let message = format!("files of {name} cannot be imported yet");
        return Err(Failure::bare(Exit::Errors, codes::UNREADABLE, message));
    };
    let files = match command.host.as_deref().filter(|_| command.live) {
        Some(host) => super::live::read(engine, host, &command.at, cx)?,
        None => texts(&command.files)?,
    };
    let input = Input { host: command.host.as_deref(), files: &files, fleet };
    // With the fleet in view a reader finds other names for what is there; without it, what it would write is what
    // it wrote when the same files were imported before.
    let alone = (engine.read)(&Input { fleet: None, ..input });
    if fleet.is_some() && !alone.files.is_empty() && super::folder::all_there(target, &alone) {
        return Err(super::folder::nothing_new());
    }
    let imported = (engine.read)(&input);
    let mut read = plain(imported, Meaning::Engine(engine));
    for file in &files {
        if let Some(host) = host_of(&input, &file.path) {
            read.hosts.insert(host.clone());
            read.by_host.entry(host).or_default().push(file.clone());
        }
    }
    Ok((read, files))
}

fn compose(command: &Import) -> Result<(Read, Vec<ImportFile>), Failure> {
    let Some(host) = &command.host else {
        return Err(Failure::bare(
            Exit::Usage,
            codes::NO_HOST,
            "Compose files do not say where their services run",
        )
        .help("name the host: --host HOST"));
    };
    let files: Vec<String> = command.files.iter().map(|f| f.display().to_string()).collect();
    let options = ::compose::Options { files, ..::compose::Options::default() };
    let disk = Disk;
    let mut report = Report::new();
    let project = ::compose::load(&disk, &options, &mut report);
    let mut imported = Imported { report, ..Imported::default() };
    if let Some(project) = project.filter(|_| !imported.report.has_errors()) {
        let made = ::compose::model_files(
            &project,
            &disk,
            std::slice::from_ref(host),
            &command.prefix,
            &mut imported.report,
        );
        for file in made.files {
            for note in &file.notes {
                imported.note(&note.place, &note.what, &note.why);
            }
            imported.file(file.path, file.text);
        }
        for note in &made.notes {
            imported.note(&note.place, &note.what, &note.why);
        }
    }
    let shown = command.files.iter().filter_map(|path| {
        Some(ImportFile { path: path.display().to_string(), text: fs::read_to_string(path).ok()? })
    });
    let mut read = plain(imported, Meaning::Nothing);
    read.hosts.insert(host.clone());
    Ok((read, shown.collect()))
}

/// Compose files and what they name, where it lies.
struct Disk;

impl ::compose::Files for Disk {
    fn read(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, String> {
        match fs::metadata(path) {
            Ok(meta) if !meta.is_file() => return Ok(None),
            Ok(meta) if meta.len() > LARGEST => return Err(format!("a file of {} MiB", meta.len() >> 20)),
            Ok(_) => {}
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
            Err(e) => return Err(e.to_string()),
        }
        fs::read(path).map(|bytes| Some(Cow::Owned(bytes))).map_err(|e| e.to_string())
    }
}

fn inventory(
    command: &Import,
    target: &Target,
    fleet: Option<&model::Fleet>,
) -> Result<(Read, Vec<ImportFile>), Failure> {
    let mut files = ::ansible::Files::new();
    let mut sources = Vec::new();
    let mut real: BTreeMap<String, PathBuf> = BTreeMap::new();
    for path in &command.files {
        let base =
            if path.is_dir() { path.clone() } else { path.parent().unwrap_or(Path::new("")).to_path_buf() };
        if !path.exists() {
            return Err(unreadable(path, "there is no such file or folder"));
        }
        let name = named(path);
        sources.push(name.clone());
        let beside = ["group_vars", "host_vars"].map(|folder| base.join(folder));
        for root in [path.clone()].iter().chain(&beside).filter(|p| p.exists()) {
            walk(root, 0, &mut |path, found| {
                let name = named(path);
                match found {
                    Found::Bytes(bytes) => files.insert(name.clone(), bytes),
                    Found::Other(what) => files.insert_other(name.clone(), what),
                }
                real.insert(name, path.to_path_buf());
            })?;
        }
    }
    let passwords = passwords(command)?;
    let vault = |bytes: &[u8], _: Option<&str>| {
        let content = vault::decrypt(bytes, &passwords, &Place::builtin("vault")).map_err(|mut d| {
            d.place = d.place.filter(Place::is_source);
            d
        })?;
        content.text().map(str::to_owned).ok_or_else(|| {
            Diagnostic::bare(::ansible::codes::NOT_UTF8, "what is encrypted here is not UTF-8")
                .help("values are texts: encrypt base64 of it, and decode it where it is used")
        })
    };
    let mut report = Report::new();
    let names: Vec<&str> = sources.iter().map(String::as_str).collect();
    let options = ::ansible::Options { sources: &names, playbooks: None };
    let inventory = ::ansible::read(&files, options, &vault, &mut report);
    let within = target.folder().canonicalize().unwrap_or_else(|_| target.folder().to_path_buf());
    let at = |file: &str| {
        let path = real.get(file)?.canonicalize().ok()?;
        Some(path.strip_prefix(&within).ok()?.to_str()?.to_owned())
    };
    let mut imported = ansible::read(ansible::From { inventory: &inventory, fleet, at: &at });
    report.extend(std::mem::take(&mut imported.report));
    report.items.retain(|d| d.severity != diag::Severity::Note);
    imported.report = report;
    let texts = files.iter().filter_map(|(path, content)| match content {
        ::ansible::Content::Bytes(bytes) => {
            Some(ImportFile { path: path.to_owned(), text: String::from_utf8(bytes.clone()).ok()? })
        }
        ::ansible::Content::Other(_) => None,
    });
    let texts = texts.collect();
    Ok((plain(imported, Meaning::Inventory(Box::new(inventory))), texts))
}

/// A path as the readers name it: without `.`, `..` kept from leading anywhere.
fn named(path: &Path) -> String {
    let parts: Vec<String> = path
        .components()
        .filter_map(|part| match part {
            std::path::Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
            std::path::Component::ParentDir => Some("up".to_owned()),
            _ => None,
        })
        .collect();
    parts.join("/")
}

/// The vault's password, from the environment, else from the file the option names.
fn passwords(command: &Import) -> Result<Passwords, Failure> {
    let option = Place::builtin("--vault-password-file");
    let named = command.vault_password_file.as_ref().map(|path| Sp::new(path.display().to_string(), &option));
    secret_store::vault_passwords(Path::new(""), named.as_ref())
}

pub(super) fn unreadable(path: &Path, why: &str) -> Failure {
    Failure::bare(Exit::Errors, own::UNREADABLE, format!("{}: {why}", path.display()))
}

enum Found {
    Bytes(Vec<u8>),
    Other(String),
}

/// The texts of files and of all files in folders; `-` is standard input.
fn texts(paths: &[PathBuf]) -> Result<Vec<ImportFile>, Failure> {
    let (mut files, mut report) = (Vec::new(), Report::new());
    let mut add = |path: String, bytes: Vec<u8>| match String::from_utf8(bytes) {
        Ok(text) => files.push(ImportFile { path, text }),
        Err(_) => report.push(
            Diagnostic::error(codes::UNREADABLE, &Place::file(path.as_str()), "this file is not UTF-8")
                .help("configuration files are texts; convert it, or leave it out"),
        ),
    };
    for path in paths {
        if path.as_os_str() == "-" {
            let mut bytes = Vec::new();
            let read = std::io::stdin().lock().take(LARGEST).read_to_end(&mut bytes);
            read.map_err(|e| unreadable(Path::new("standard input"), &e.to_string()))?;
            add("standard-input".to_owned(), bytes);
            continue;
        }
        if !path.exists() {
            return Err(unreadable(path, "there is no such file or folder"));
        }
        walk(path, 0, &mut |path, found| {
            if let Found::Bytes(bytes) = found {
                add(path.display().to_string(), bytes);
            }
        })?;
    }
    if report.has_errors() {
        return Err(Failure { exit: Exit::Errors, report, texts: Arc::default() });
    }
    Ok(files)
}

/// Every file at or below a path, in order; hidden ones and editors' copies of folders apart.
fn walk(path: &Path, depth: usize, each: &mut dyn FnMut(&Path, Found)) -> Result<(), Failure> {
    let meta = fs::metadata(path).map_err(|e| unreadable(path, &e.to_string()))?;
    if meta.is_dir() {
        if depth >= DEPTH {
            each(path, Found::Other("a folder too deep, or a loop of links".to_owned()));
            return Ok(());
        }
        let entries = fs::read_dir(path).map_err(|e| unreadable(path, &e.to_string()))?;
        let mut inside = Vec::new();
        for entry in entries {
            inside.push(entry.map_err(|e| unreadable(path, &e.to_string()))?.path());
        }
        inside.sort();
        for path in inside {
            let hidden = path.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
            // A link that leads nowhere is nobody's file.
            if !hidden && path.exists() {
                walk(&path, depth + 1, each)?;
            }
        }
    } else if !meta.is_file() {
        each(path, Found::Other("neither a file nor a folder".to_owned()));
    } else if meta.len() > LARGEST {
        each(path, Found::Other(format!("a file of {} MiB", meta.len() >> 20)));
    } else {
        each(path, Found::Bytes(fs::read(path).map_err(|e| unreadable(path, &e.to_string()))?));
    }
    Ok(())
}
