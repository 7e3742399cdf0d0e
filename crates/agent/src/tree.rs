//! Paths on disk: what is there, and making it something else without a moment in between.

use artifact::Hasher;
use rustix::fs::{Gid, Uid};
use std::fs::{File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// What is at a path, exactly enough to put it back; bytes are kept apart, by hash.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Entry {
    /// Nothing.
    Missing,
    /// A file.
    File {
        /// SHA-256 of its bytes.
        sha256: String,
        /// Permission bits.
        mode: u32,
        /// Owner.
        uid: u32,
        /// Group.
        gid: u32,
    },
    /// A symbolic link.
    Link {
        /// Its target.
        target: String,
    },
    /// A directory.
    Dir {
        /// Permission bits.
        mode: u32,
        /// Owner.
        uid: u32,
        /// Group.
        gid: u32,
    },
    /// A socket, pipe or device.
    Other,
}

/// Files up to this size are held in memory; larger ones are only ever read through.
pub const SMALL: u64 = 256 << 10;

/// What is at a path, and its bytes when it is a file of at most [`SMALL`] bytes.
///
/// # Errors
/// When it cannot be read.
pub fn look(path: &Path) -> io::Result<(Entry, Option<Vec<u8>>)> {
    let meta = match std::fs::symlink_metadata(path) {
        Ok(meta) => meta,
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok((Entry::Missing, None));
        }
        Err(e) => return Err(e),
    };
    let (mode, uid, gid) = (meta.mode() & 0o7777, meta.uid(), meta.gid());
    let kind = meta.file_type();
    if kind.is_symlink() {
        let target = std::fs::read_link(path)?.to_string_lossy().into_owned();
        Ok((Entry::Link { target }, None))
    } else if kind.is_dir() {
        Ok((Entry::Dir { mode, uid, gid }, None))
    } else if kind.is_file() {
        let (sha256, bytes) = if meta.len() <= SMALL {
            let bytes = std::fs::read(path)?;
            (artifact::hash_hex(&bytes), Some(bytes))
        } else {
            (hash_file(path)?, None)
        };
        Ok((Entry::File { sha256, mode, uid, gid }, bytes))
    } else {
        Ok((Entry::Other, None))
    }
}

/// The hash of a file, read through.
///
/// # Errors
/// When it cannot be read.
pub fn hash_file(path: &Path) -> io::Result<String> {
    let mut hasher = Hasher::default();
    pass(&mut File::open(path)?, |piece| {
        hasher.add(piece);
        Ok(())
    })?;
    Ok(hasher.hex())
}

/// Gives a reader's bytes in pieces.
fn pass(from: &mut File, mut to: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut piece = vec![0u8; 64 << 10];
    loop {
        match from.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(n) => to(&piece[..n])?,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

/// Permission bits and owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

impl Rights {
    /// Of the owner alone: 0600, root.
    pub fn private() -> Self {
        Rights {
            mode: 0o600,
            uid: rustix::process::geteuid().as_raw(),
            gid: rustix::process::getegid().as_raw(),
        }
    }
}

/// The name a path is written under before it is renamed into place. Fixed, so that one left behind by a
/// kill is overwritten or cleaned up by the next attempt.
pub fn pending_name(path: &Path) -> PathBuf {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    path.with_file_name(format!(".{name}.fleetwright"))
}

/// Writes a file so that a reader, and a power loss, sees the old one or the new one. The folder entry is
/// durable only after [`sync_folder`].
///
/// # Errors
/// When it cannot be written; what was there before is untouched then.
pub fn write(path: &Path, bytes: &[u8], rights: Rights) -> io::Result<()> {
    put(path, rights, |file| file.write_all(bytes))
}

/// As [`write()`], with the bytes of another file, which must have this hash.
///
/// # Errors
/// As [`write()`]; [`io::ErrorKind::InvalidData`] when they have another hash.
pub fn copy(path: &Path, from: &Path, sha256: &str, rights: Rights) -> io::Result<()> {
    let named = |e: io::Error| io::Error::new(e.kind(), format!("{}: {e}", from.display()));
    let mut source = File::open(from).map_err(named)?;
    put(path, rights, |file| {
        let mut hasher = Hasher::default();
        pass(&mut source, |piece| {
            hasher.add(piece);
            file.write_all(piece)
        })?;
        let damaged = || named(io::Error::new(io::ErrorKind::InvalidData, "damaged"));
        if hasher.hex() == sha256 { Ok(()) } else { Err(damaged()) }
    })
}

fn put(path: &Path, rights: Rights, fill: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let pending = pending_name(path);
    let written = (|| {
        let _ = std::fs::remove_file(&pending);
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(&pending)?;
        fill(&mut file)?;
        rustix::fs::fchown(&file, Some(Uid::from_raw(rights.uid)), Some(Gid::from_raw(rights.gid)))?;
        file.set_permissions(Permissions::from_mode(rights.mode))?;
        file.sync_data()?;
        std::fs::rename(&pending, path)
    })();
    if written.is_err() {
        let _ = std::fs::remove_file(&pending);
    }
    written
}

/// Makes a symbolic link in one step, whatever file or link is there.
///
/// # Errors
/// When it cannot be made; what was there before is untouched then.
pub fn link(path: &Path, target: &str) -> io::Result<()> {
    let pending = pending_name(path);
    let _ = std::fs::remove_file(&pending);
    let made = std::os::unix::fs::symlink(target, &pending).and_then(|()| std::fs::rename(&pending, path));
    if made.is_err() {
        let _ = std::fs::remove_file(&pending);
    }
    made
}

/// Makes a directory, or gives the one that is there these rights.
///
/// # Errors
/// When it cannot be made, or something else is there.
pub fn dir(path: &Path, rights: Rights) -> io::Result<()> {
    match std::fs::create_dir(path) {
        Ok(()) => {}
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists && std::fs::symlink_metadata(path)?.is_dir() => {}
        Err(e) => return Err(e),
    }
    std::os::unix::fs::chown(path, Some(rights.uid), Some(rights.gid))?;
    std::fs::set_permissions(path, Permissions::from_mode(rights.mode))
}

/// Takes a file, link or empty directory away; nothing there is fine. A directory with something in it
/// stays, and false comes back.
///
/// # Errors
/// When it cannot be taken away.
pub fn remove(path: &Path) -> io::Result<bool> {
    let _ = std::fs::remove_file(pending_name(path));
    let gone = match std::fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => std::fs::remove_dir(path),
        Ok(_) => std::fs::remove_file(path),
        Err(e) => Err(e),
    };
    match gone {
        Ok(()) => Ok(true),
        Err(e) => match e.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(true),
            io::ErrorKind::DirectoryNotEmpty => Ok(false),
            _ => Err(e),
        },
    }
}

/// Makes the names in a folder durable.
///
/// # Errors
/// When the folder cannot be synced; one that is gone is fine.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    match File::open(path) {
        Ok(folder) => folder.sync_all(),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(e),
    }
}

/// Folders of a path that are not there, outermost first.
pub fn missing_parents(root: &Path, path: &str) -> Vec<String> {
    let mut missing = Vec::new();
    let mut at = path;
    while let Some((parent, _)) = at.rsplit_once('/') {
        if parent.is_empty() || root.join(parent.trim_start_matches('/')).symlink_metadata().is_ok() {
            break;
        }
        missing.push(parent.to_owned());
        at = parent;
    }
    missing.reverse();
    missing
}

/// Puts back what was at a path; `file` writes a file with these rights. Nothing is done when it is there
/// already. Gives false when a directory had to stay because something is in it.
///
/// # Errors
/// When it cannot be put back.
pub fn restore(
    path: &Path,
    was: &Entry,
    file: impl FnOnce(&Path, Rights) -> io::Result<()>,
) -> io::Result<bool> {
    let (is, _) = look(path)?;
    if is == *was {
        let _ = std::fs::remove_file(pending_name(path));
        return Ok(true);
    }
    if matches!(is, Entry::Dir { .. }) && !matches!(was, Entry::Dir { .. } | Entry::Missing) {
        std::fs::remove_dir(path)?;
    }
    match was {
        Entry::Missing => remove(path),
        Entry::File { mode, uid, gid, .. } => {
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            file(path, Rights { mode: *mode, uid: *uid, gid: *gid }).map(|()| true)
        }
        Entry::Link { target } => link(path, target).map(|()| true),
        Entry::Dir { mode, uid, gid } => {
            if !matches!(is, Entry::Dir { .. } | Entry::Missing) {
                std::fs::remove_file(path)?;
            }
            dir(path, Rights { mode: *mode, uid: *uid, gid: *gid }).map(|()| true)
        }
        Entry::Other => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_kind_can_become_every_other_and_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let bytes = b"old\n".to_vec();
        let own = Rights::private();
        let kinds = [
            Entry::Missing,
            Entry::File { sha256: artifact::hash_hex(&bytes), mode: 0o640, uid: own.uid, gid: own.gid },
            Entry::Link { target: "nowhere".to_owned() },
            Entry::Dir { mode: 0o711, uid: own.uid, gid: own.gid },
        ];
        for from in &kinds {
            for to in &kinds {
                assert!(restore(&path, from, |p, r| write(p, &bytes, r)).unwrap());
                assert_eq!(look(&path).unwrap().0, *from);
                assert!(restore(&path, to, |p, r| write(p, &bytes, r)).unwrap());
                assert_eq!(look(&path).unwrap().0, *to, "{from:?} to {to:?}");
            }
        }
    }

    #[test]
    fn a_folder_with_something_in_it_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        std::fs::create_dir(&path).unwrap();
        std::fs::write(path.join("precious"), "x").unwrap();
        assert!(!restore(&path, &Entry::Missing, |p, r| write(p, b"", r)).unwrap());
        assert!(path.join("precious").exists());
    }

    #[test]
    fn missing_parents_come_outermost_first() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("a")).unwrap();
        assert_eq!(missing_parents(folder.path(), "/a/b/c/d"), ["/a/b", "/a/b/c"]);
    }
}
