//! Secrets of this machine: one file a secret, mode 0600, in folders 0700.
//!
//! A file is the value and one line end. So what an editor or `echo` leaves is the value, and what is put here
//! comes back byte for byte, line ends at its end included.

use super::{HIDDEN, private, safe};
use crate::codes;
use crate::exit::Exit;
use crate::failure::Failure;
use ::secret::Secret;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What lies beside a secret's file: the half of it everybody may see.
const PUBLIC: &str = ".pub";

/// A folder of secrets.
#[derive(Clone, Debug)]
pub struct Local {
    dir: PathBuf,
}

impl Local {
    /// The fleet's own secrets.
    pub fn of_fleet(folder: &Path) -> Self {
        Local { dir: folder.join(HIDDEN).join("secrets") }
    }
    /// What a twin uses in place of secrets that are not on this machine.
    pub fn of_twin(folder: &Path) -> Self {
        Local { dir: folder.join(HIDDEN).join("twin").join("secrets") }
    }

    /// The file of a secret.
    ///
    /// # Errors
    /// When it cannot be a secret's name.
    pub fn path(&self, name: &str) -> Result<PathBuf, Failure> {
        Ok(self.dir.join(safe(name)?))
    }

    /// The value of a secret.
    ///
    /// # Errors
    /// When it is there and cannot be read, others may read it, or it is empty or holds a NUL.
    pub fn get(&self, name: &str) -> Result<Option<Secret>, Failure> {
        let path = self.path(name)?;
        let Some(file) = private::read_own(&path)? else { return Ok(None) };
        let bytes = file.bytes().strip_suffix(b"\n").unwrap_or(file.bytes());
        let wrong = |what: &str| {
            let message = format!("{} {what}", path.display());
            Err(Failure::bare(Exit::Errors, codes::DAMAGED, message)
                .help(format!("`fleetwright secrets set {name}` gives it a value")))
        };
        match bytes {
            [] => wrong("is empty"),
            _ if bytes.contains(&0) => wrong("holds a NUL"),
            _ => Ok(Some(Secret::new(bytes))),
        }
    }

    /// Keeps a value.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put(&self, name: &str, value: &Secret) -> Result<(), Failure> {
        let mut bytes = Vec::with_capacity(value.len() + 1);
        bytes.extend_from_slice(value.bytes());
        bytes.push(b'\n');
        let file = Secret::new(bytes);
        private::write(&self.path(name)?, file.bytes(), 0o600, 0o700)
    }

    /// Removes a value.
    ///
    /// # Errors
    /// When it is there and cannot be removed.
    pub fn remove(&self, name: &str) -> Result<(), Failure> {
        private::remove(&self.path(name)?)?;
        private::remove(&self.path(&format!("{name}{PUBLIC}"))?)
    }

    /// Keeps the half of it that everybody may see.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put_public(&self, name: &str, text: &str) -> Result<(), Failure> {
        private::write(&self.path(&format!("{name}{PUBLIC}"))?, text.as_bytes(), 0o600, 0o700)
    }

    /// The half of it that everybody may see.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn public(&self, name: &str) -> Result<Option<String>, Failure> {
        let found = private::read(&self.path(&format!("{name}{PUBLIC}"))?)?;
        Ok(found.and_then(|t| t.text().map(str::to_owned)))
    }

    /// Every name with a value.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn names(&self) -> Result<BTreeSet<String>, Failure> {
        let mut all = private::names(&self.dir)?;
        all.retain(|name| !name.ends_with(PUBLIC) && safe(name).is_ok());
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    fn value(text: &[u8]) -> Secret {
        Secret::new(text)
    }

    #[test]
    fn secrets_are_private_and_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let store = Local::of_fleet(folder.path());
        assert_eq!(store.get("wireguard/a/wg-b").unwrap(), None);
        store.put("wireguard/a/wg-b", &value(b"value")).unwrap();
        assert_eq!(store.get("wireguard/a/wg-b").unwrap(), Some(value(b"value")));
        let mode = |p: &Path| fs::metadata(p).unwrap().mode() & 0o777;
        let path = store.path("wireguard/a/wg-b").unwrap();
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        assert_eq!(mode(&folder.path().join(HIDDEN)), 0o700);
        store.put_public("wireguard/a/wg-b", "public").unwrap();
        assert_eq!(store.names().unwrap(), ["wireguard/a/wg-b".to_owned()].into());
        store.remove("wireguard/a/wg-b").unwrap();
        assert!(store.names().unwrap().is_empty());
    }

    #[test]
    fn every_byte_of_a_value_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let store = Local::of_fleet(folder.path());
        let long = [b'x'; 70_000];
        for bytes in
            [b"a\n".as_slice(), b"\n", b"a\n\n", b"a\r\n", b"= & | / $ ' \"\nb\n", b"\xff\xfe", b" a ", &long]
        {
            store.put("it", &value(bytes)).unwrap();
            assert_eq!(store.get("it").unwrap().unwrap().bytes(), bytes);
        }
    }

    #[test]
    fn what_an_editor_or_echo_leaves_is_the_value() {
        let folder = tempfile::tempdir().unwrap();
        let store = Local::of_fleet(folder.path());
        store.put("it", &value(b"first")).unwrap();
        for (file, kept) in [("a\n", "a"), ("a", "a"), ("a\nb\n", "a\nb")] {
            fs::write(store.path("it").unwrap(), file).unwrap();
            assert_eq!(store.get("it").unwrap(), Some(value(kept.as_bytes())));
        }
        for damaged in ["", "\n", "a\0b\n"] {
            fs::write(store.path("it").unwrap(), damaged).unwrap();
            assert_eq!(store.get("it").unwrap_err().report.items[0].code, codes::DAMAGED);
        }
    }

    #[test]
    fn what_others_can_read_or_is_no_name_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let store = Local::of_fleet(folder.path());
        store.put("a", &value(b"value")).unwrap();
        fs::set_permissions(store.path("a").unwrap(), fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(store.get("a").unwrap_err().report.items[0].code, codes::DAMAGED);
        for name in ["../a", "", "a//b", "/etc/passwd", ".hidden"] {
            assert!(store.get(name).is_err(), "{name}");
        }
    }
}
