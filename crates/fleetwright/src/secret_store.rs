//! Values of secrets in a folder on this machine: one file a secret, mode 0600, folders 0700. The only
//! place that reads or writes them; they are never printed.

use crate::codes;
use crate::exit::Exit;
use crate::failure::Failure;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// What a fleet's folder holds that is never committed.
pub const HIDDEN: &str = ".fleetwright";

/// A folder of secrets.
#[derive(Clone, Debug)]
pub struct Store {
    dir: PathBuf,
}

impl Store {
    /// The fleet's own secrets.
    pub fn of_fleet(folder: &Path) -> Self {
        Store { dir: folder.join(HIDDEN).join("secrets") }
    }
    /// What a twin uses in place of secrets that are not on this machine.
    pub fn of_twin(folder: &Path) -> Self {
        Store { dir: folder.join(HIDDEN).join("twin").join("secrets") }
    }

    /// The file of a secret.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// The value of a secret, without the newline an editor leaves at its end.
    ///
    /// # Errors
    /// When it is there and cannot be read, others may read it, or it is empty or no text.
    pub fn get(&self, name: &str) -> Result<Option<String>, Failure> {
        let path = self.safe(name)?;
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
            Err(e) => return Err(unreadable(&path, &e)),
        };
        let mode = file.metadata().map_err(|e| unreadable(&path, &e))?.mode() & 0o777;
        if mode & 0o077 != 0 {
            let message = format!("{} has mode {mode:04o}: others can read the secret", path.display());
            return Err(Failure::bare(Exit::Errors, codes::DAMAGED, message)
                .help(format!("chmod 600 {}; if others had access, make a new value", path.display())));
        }
        let mut value = String::new();
        file.read_to_string(&mut value).map_err(|e| unreadable(&path, &e))?;
        let value = value.strip_suffix('\n').unwrap_or(&value);
        if value.is_empty() || value.contains('\n') {
            let message = format!("{} is not one line of text", path.display());
            return Err(Failure::bare(Exit::Errors, codes::DAMAGED, message));
        }
        Ok(Some(value.to_owned()))
    }

    /// Keeps a value: written beside and renamed, so that it is there whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put(&self, name: &str, value: &str) -> Result<(), Failure> {
        let path = self.safe(name)?;
        let write = || -> std::io::Result<()> {
            let folder = path.parent().unwrap_or(&self.dir);
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            let staged = folder.join(format!(".new-{}", std::process::id()));
            let mut file =
                OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&staged)?;
            file.write_all(value.as_bytes())?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            fs::rename(&staged, &path)
        };
        write()
            .map_err(|e| Failure::bare(Exit::Errors, codes::UNWRITABLE, format!("{}: {e}", path.display())))
    }

    /// The path of a name that stays inside the folder.
    fn safe(&self, name: &str) -> Result<PathBuf, Failure> {
        let plain = |part: &str| {
            !part.is_empty()
                && !part.starts_with('.')
                && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        };
        if name.split('/').all(plain) {
            Ok(self.dir.join(name))
        } else {
            Err(Failure::bare(Exit::Errors, codes::DAMAGED, format!("`{name}` cannot be a secret's name")))
        }
    }
}

fn unreadable(path: &Path, e: &std::io::Error) -> Failure {
    Failure::bare(Exit::Errors, codes::UNREADABLE, format!("{}: {e}", path.display()))
}

/// A random text of 160 bits in lower-case letters and digits (base 32, RFC 4648, without padding), safe in
/// every configuration file.
///
/// # Errors
/// When the kernel gives no randomness.
pub fn random_text() -> Result<String, Failure> {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let bytes = random::<32>()?;
    Ok(bytes.iter().map(|b| char::from(LETTERS[usize::from(b & 31)])).collect())
}

/// Random bytes from the kernel.
///
/// # Errors
/// When the kernel gives none.
pub fn random<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| {
        Failure::bare(Exit::Errors, codes::UNREADABLE, format!("no randomness from the kernel: {e}"))
    })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn secrets_are_private_and_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::of_fleet(folder.path());
        assert_eq!(store.get("wireguard/a/wg-b").unwrap(), None);
        store.put("wireguard/a/wg-b", "value").unwrap();
        assert_eq!(store.get("wireguard/a/wg-b").unwrap().as_deref(), Some("value"));
        let mode = |p: &Path| fs::metadata(p).unwrap().mode() & 0o777;
        assert_eq!(mode(&store.path("wireguard/a/wg-b")), 0o600);
        assert_eq!(mode(&store.path("wireguard/a")), 0o700);
        assert_eq!(mode(&folder.path().join(HIDDEN)), 0o700);
    }

    #[test]
    fn what_others_can_read_or_is_no_name_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::of_fleet(folder.path());
        store.put("a", "value").unwrap();
        fs::set_permissions(store.path("a"), fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(store.get("a").unwrap_err().report.items[0].code, codes::DAMAGED);
        for name in ["../a", "", "a//b", "/etc/passwd", ".hidden"] {
            assert!(store.get(name).is_err(), "{name}");
        }
    }

    #[test]
    fn random_texts_differ_and_are_plain() {
        let (a, b) = (random_text().unwrap(), random_text().unwrap());
        assert_ne!(a, b);
        assert!(a.len() == 32 && a.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()));
    }
}
