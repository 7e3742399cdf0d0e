//! Files that are there whole or not at all.

use super::{unreadable, unwritable};
use crate::codes;
use crate::exit::Exit;
use crate::failure::Failure;
use ::secret::Secret;
use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

/// Larger ones are no secrets.
const MOST: u64 = 16 << 20;

/// Written beside and renamed. New folders get `folders` as their mode.
pub(super) fn write(path: &Path, bytes: &[u8], mode: u32, folders: u32) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or(path);
    let staged = folder.join(format!(".new-{}", std::process::id()));
    let write = || -> std::io::Result<()> {
        DirBuilder::new().recursive(true).mode(folders).create(folder)?;
        // One of a process of this number that was killed may have other rights.
        match fs::remove_file(&staged) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&staged)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&staged, path)?;
        File::open(folder)?.sync_all()
    };
    write().map_err(|e| {
        let _ = fs::remove_file(&staged);
        unwritable(path, &e)
    })
}

/// The bytes of a file, if it is there.
pub(super) fn read(path: &Path) -> Result<Option<Secret>, Failure> {
    match File::open(path) {
        Ok(file) => whole(path, file).map(Some),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(unreadable(path, &e)),
    }
}

/// The bytes of a file nobody else may read, if it is there.
pub(super) fn read_own(path: &Path) -> Result<Option<Secret>, Failure> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(e) => return Err(unreadable(path, &e)),
    };
    let meta = file.metadata().map_err(|e| unreadable(path, &e))?;
    let mode = meta.mode() & 0o777;
    if meta.is_file() && mode & 0o077 != 0 {
        let message = format!("{} has mode {mode:04o}: others can read the secret", path.display());
        return Err(Failure::bare(Exit::Errors, codes::DAMAGED, message)
            .help(format!("chmod 600 {}; if others had access, make a new value", path.display())));
    }
    whole(path, file).map(Some)
}

fn whole(path: &Path, file: File) -> Result<Secret, Failure> {
    let mut bytes = Vec::new();
    file.take(MOST + 1).read_to_end(&mut bytes).map_err(|e| unreadable(path, &e))?;
    if bytes.len() as u64 > MOST {
        let message = format!("{} is larger than {} MiB", path.display(), MOST >> 20);
        return Err(Failure::bare(Exit::Errors, codes::UNREADABLE, message)
            .help("a secret is a key or a password; keep large files elsewhere"));
    }
    Ok(Secret::new(bytes))
}

/// Removes a file that may be there.
pub(super) fn remove(path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Err(e) if !matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Err(unwritable(path, &e))
        }
        _ => Ok(()),
    }
}

/// The names of files below a folder, from there, hidden ones left out.
pub(super) fn names(folder: &Path) -> Result<BTreeSet<String>, Failure> {
    let mut all = BTreeSet::new();
    walk(folder, "", &mut all)?;
    Ok(all)
}

fn walk(folder: &Path, within: &str, all: &mut BTreeSet<String>) -> Result<(), Failure> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(()),
        Err(e) => return Err(unreadable(folder, &e)),
    };
    for entry in entries {
        let entry = entry.map_err(|e| unreadable(folder, &e))?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with('.') {
            continue;
        }
        let name = format!("{within}{name}");
        // A link to a folder is not followed: it could lead round in a circle.
        if entry.file_type().map_err(|e| unreadable(folder, &e))?.is_dir() {
            walk(&entry.path(), &format!("{name}/"), all)?;
        } else {
            all.insert(name);
        }
    }
    Ok(())
}
