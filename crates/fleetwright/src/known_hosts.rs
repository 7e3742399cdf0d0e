//! `known_hosts` of a fleet's folder: host keys that were compared by somebody and pinned. OpenSSH's format
//! (sshd(8)), one line a key type; it is committed with the sources. Lines that are not ours to understand
//! (comments, hashed names, authorities, revocations) stay as they are, first.

use crate::codes;
use crate::exit::Exit;
use crate::failure::Failure;
use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The file's name in a fleet's folder.
pub const FILE: &str = "known_hosts";

/// A pinned key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pin {
    /// Names the key is for, with commas between them.
    pub names: String,
    /// `ssh-ed25519` and so on.
    pub kind: String,
    /// The public key, base64.
    pub key: String,
}

/// The keys of a fleet's hosts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownHosts {
    other: Vec<String>,
    pins: BTreeSet<Pin>,
}

impl Pin {
    /// A line of known_hosts(5); `None` for one that is not a plain pin.
    pub fn of(line: &str) -> Option<Pin> {
        let mut words = line.split_whitespace();
        let (names, kind, key) = (words.next()?, words.next()?, words.next()?);
        // `|` begins hashed names, `@` a marker, `#` a comment.
        if names.starts_with(['|', '@', '#']) {
            return None;
        }
        Some(Pin { names: names.to_owned(), kind: kind.to_owned(), key: key.to_owned() })
    }

    /// True for a key of the same machine and type.
    fn replaces(&self, other: &Pin) -> bool {
        let mine: BTreeSet<&str> = self.names.split(',').collect();
        self.kind == other.kind && other.names.split(',').any(|name| mine.contains(name))
    }
}

impl KnownHosts {
    /// What a text says.
    pub fn parse(text: &str) -> Self {
        let mut all = KnownHosts::default();
        for line in text.lines().filter(|l| !l.trim().is_empty()) {
            match Pin::of(line) {
                Some(pin) => drop(all.pins.insert(pin)),
                None => all.other.push(line.to_owned()),
            }
        }
        all
    }

    /// Where a fleet keeps it.
    pub fn path(folder: &Path) -> PathBuf {
        folder.join(FILE)
    }

    /// Reads a fleet's; an empty one when there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(folder: &Path) -> Result<Self, Failure> {
        let path = Self::path(folder);
        match fs::read(&path) {
            Ok(bytes) => Ok(Self::parse(&String::from_utf8_lossy(&bytes))),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(e) => Err(Failure::bare(Exit::Errors, codes::UNREADABLE, format!("{}: {e}", path.display()))),
        }
    }

    /// The pinned key of the same machine and type.
    pub fn pinned(&self, pin: &Pin) -> Option<&Pin> {
        self.pins.iter().find(|p| pin.replaces(p))
    }

    /// Pins a key in place of one of the same machine and type.
    pub fn pin(&mut self, pin: Pin) {
        self.pins.retain(|p| !pin.replaces(p));
        self.pins.insert(pin);
    }

    /// The file's text: what is not ours, then pins by name and type.
    pub fn text(&self) -> String {
        let pins = self.pins.iter().map(|p| format!("{} {} {}\n", p.names, p.kind, p.key));
        self.other.iter().map(|l| format!("{l}\n")).chain(pins).collect()
    }

    /// Writes it so that a reader sees the old file or the new one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), Failure> {
        let path = Self::path(folder);
        let staged = folder.join(format!(".{FILE}.{}", std::process::id()));
        let written = fs::write(&staged, self.text())
            .and_then(|()| fs::File::open(&staged)?.sync_all())
            .and_then(|()| fs::rename(&staged, &path));
        written.map_err(|e| {
            let _ = fs::remove_file(&staged);
            Failure::bare(Exit::Errors, codes::UNWRITABLE, format!("{}: {e}", path.display()))
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn pin(line: &str) -> Pin {
        Pin::of(line).unwrap()
    }

    #[test]
    fn one_line_a_machine_and_type_sorted() {
        let mut all =
            KnownHosts::parse("# ours\nb ssh-ed25519 AAAB\n\na ssh-rsa AAAC\n@revoked * ssh-rsa AAAD\n");
        all.pin(pin("a ssh-ed25519 AAAE comment"));
        all.pin(pin("b,[192.0.2.1]:2222 ssh-ed25519 AAAF"));
        let wanted = "# ours\n@revoked * ssh-rsa AAAD\na ssh-ed25519 AAAE\na ssh-rsa AAAC\n\
                      b,[192.0.2.1]:2222 ssh-ed25519 AAAF\n";
        assert_eq!(all.text(), wanted);
        assert_eq!(KnownHosts::parse(&all.text()), all);
        assert_eq!(all.pinned(&pin("b ssh-ed25519 X")).unwrap().key, "AAAF");
        assert_eq!(all.pinned(&pin("b ssh-rsa X")), None);
    }

    #[test]
    fn hashed_names_are_left_alone() {
        let line = "|1|Vh8Zk1= ssh-ed25519 AAAB";
        assert_eq!(Pin::of(line), None);
        assert_eq!(KnownHosts::parse(line).text(), format!("{line}\n"));
    }
}
