//! `fleet.lock` on disk.

use crate::codes;
use crate::exit::Exit;
use crate::failure::Failure;
use derive::Lock;
use derive::lock::FILE as LOCK_FILE;
use source::Sources;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

/// The lock in a fleet's folder, or `None` when there is none yet.
///
/// # Errors
/// When it cannot be read or is no lock.
pub fn read(folder: &Path) -> Result<Option<Lock>, Failure> {
    let path = folder.join(LOCK_FILE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => {
            return Err(Failure::bare(Exit::Errors, codes::UNREADABLE, format!("{}: {e}", path.display())));
        }
    };
    Lock::parse(&text).map(Some).map_err(|diagnostic| {
        let mut failure = Failure::new(Exit::Errors, diagnostic);
        let mut texts = Sources::default();
        texts.files.insert(LOCK_FILE.to_owned(), text.into_bytes());
        failure.texts = Arc::new(texts);
        failure
    })
}

/// Writes the lock beside and renames it, so that there is always a whole one.
///
/// # Errors
/// When it cannot be written; the old one is then as it was.
pub fn write(folder: &Path, lock: &Lock) -> Result<(), Failure> {
    let path = folder.join(LOCK_FILE);
    let staged = folder.join(format!(".{}.new-{}", LOCK_FILE, std::process::id()));
    fs::write(&staged, lock.to_text()).and_then(|()| fs::rename(&staged, &path)).map_err(|e| {
        let _ = fs::remove_file(&staged);
        Failure::bare(Exit::Errors, codes::UNWRITABLE, format!("{}: {e}", path.display()))
    })
}
