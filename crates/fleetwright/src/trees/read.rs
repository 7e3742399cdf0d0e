//! What a tree needs from the fleet's folder.

use crate::codes;
use crate::exit::Exit;
use crate::failure::Failure;
use diag::{Diagnostic, Place};
use model::{Sp, TemplateTree};
use secret::vault::{self, Passwords};
use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use trees::{Entry, Files};

/// Files larger than this belong into no tree of configuration.
const LARGEST: u64 = 64 << 20;
/// Folders deeper than this are a loop of links.
const DEPTH: usize = 32;

/// Decrypts with these passwords.
pub fn vault(passwords: &Passwords) -> impl Fn(&[u8], Option<&str>) -> Result<String, Diagnostic> {
    move |bytes, _| {
        let nowhere = Place::builtin("vault");
        let unplaced = |mut diagnostic: Diagnostic| {
            diagnostic.place = diagnostic.place.filter(Place::is_source);
            diagnostic
        };
        let content = vault::decrypt(bytes, passwords, &nowhere).map_err(unplaced)?;
        match content.text() {
            Some(text) => Ok(text.to_owned()),
            None => Err(Diagnostic::bare(ansible::codes::NOT_UTF8, "what is encrypted here is not UTF-8")
                .help("values are texts: encrypt base64 of it, and decode it in the template")),
        }
    }
}

/// Inventories, the folders of variables beside them, and the files of values.
pub fn inventory(folder: &Path, tree: &TemplateTree) -> Result<ansible::Files, Failure> {
    let mut paths: BTreeSet<String> = BTreeSet::new();
    let beside = |base: &str| {
        let base = base.trim_end_matches('/');
        ["group_vars", "host_vars"]
            .map(|n| if base.is_empty() { n.to_owned() } else { format!("{base}/{n}") })
    };
    for path in &tree.inventory {
        paths.insert(path.value.clone());
        let base = if folder.join(&path.value).is_dir() {
            path.value.as_str()
        } else {
            path.value.rsplit_once('/').map_or("", |(parent, _)| parent)
        };
        paths.extend(beside(base));
    }
    paths.extend(tree.playbooks.iter().flat_map(|p| beside(&p.value)));
    paths.extend(tree.outputs.iter().chain(&tree.secrets).map(|p| p.value.clone()));
    let mut files = ansible::Files::new();
    for path in paths {
        walk(folder, &path, 0, &mut |path, found| match found {
            Found::File { bytes, .. } => files.insert(path, bytes),
            Found::Other(what) => files.insert_other(path, what),
        })?;
    }
    Ok(files)
}

/// Everything in the folder of templates.
pub fn templates(folder: &Path, templates: &Sp<String>) -> Result<Files, Failure> {
    let mut files = Files::new();
    walk(folder, templates.value.trim_end_matches('/'), 0, &mut |path, found| {
        let entry = match found {
            Found::File { bytes, mode } => Entry::File { bytes: Arc::from(bytes), mode },
            Found::Other(what) => Entry::Other(what),
        };
        files.insert(path, entry);
    })?;
    Ok(files)
}

enum Found {
    File { bytes: Vec<u8>, mode: u32 },
    Other(String),
}

/// Every file at or below a path, hidden ones too. Links are followed as long as they stay in the fleet's
/// folder. Nothing where there is nothing.
fn walk(folder: &Path, path: &str, depth: usize, each: &mut dyn FnMut(String, Found)) -> Result<(), Failure> {
    let real = folder.join(path);
    let meta = match fs::symlink_metadata(&real) {
        Ok(meta) => meta,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(unreadable(&real, &e)),
    };
    let meta = if meta.is_symlink() {
        let stays = match (fs::canonicalize(&real), fs::canonicalize(folder)) {
            (Ok(target), Ok(folder)) => target.starts_with(folder),
            (Err(e), _) if e.kind() == ErrorKind::NotFound => {
                each(path.to_owned(), Found::Other("a link that leads nowhere".to_owned()));
                return Ok(());
            }
            (Err(e), _) | (_, Err(e)) => return Err(unreadable(&real, &e)),
        };
        if !stays {
            each(path.to_owned(), Found::Other("a link out of the fleet's folder".to_owned()));
            return Ok(());
        }
        fs::metadata(&real).map_err(|e| unreadable(&real, &e))?
    } else {
        meta
    };
    if meta.is_dir() {
        if depth >= DEPTH {
            each(path.to_owned(), Found::Other("a folder too deep, or a loop of links".to_owned()));
            return Ok(());
        }
        for entry in fs::read_dir(&real).map_err(|e| unreadable(&real, &e))? {
            let entry = entry.map_err(|e| unreadable(&real, &e))?;
            match entry.file_name().into_string() {
                Ok(name) => walk(folder, &format!("{path}/{name}"), depth + 1, each)?,
                Err(name) => each(
                    format!("{path}/{}", name.to_string_lossy()),
                    Found::Other("a name that is not UTF-8".to_owned()),
                ),
            }
        }
    } else if !meta.is_file() {
        each(path.to_owned(), Found::Other("neither a file nor a folder".to_owned()));
    } else if meta.len() > LARGEST {
        each(path.to_owned(), Found::Other(format!("a file of {} MiB", meta.len() >> 20)));
    } else {
        let bytes = fs::read(&real).map_err(|e| unreadable(&real, &e))?;
        each(path.to_owned(), Found::File { bytes, mode: meta.permissions().mode() & 0o7777 });
    }
    Ok(())
}

pub(super) fn unreadable(path: &Path, e: &std::io::Error) -> Failure {
    Failure::bare(Exit::Errors, codes::UNREADABLE, format!("{}: {e}", path.display()))
}
