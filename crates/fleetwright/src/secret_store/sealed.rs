//! Secrets that are committed: `secrets/NAME.age`, encrypted for who may read it, with `NAME.to`, which says who
//! that is, and `NAME.pub`, where it has a half that everybody may see.

use super::identities::Identities;
use super::{private, safe};
use crate::exit::Exit;
use crate::failure::Failure;
use ::secret::Secret;
use ::secret::age::{self, Form, Recipient};
use ::secret::readers::{self, Listed, Reader};
use diag::Place;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The folder of encrypted secrets, in the fleet's.
pub const FOLDER: &str = "secrets";

/// The encrypted secrets of a fleet, and what opens them.
#[derive(Clone, Debug)]
pub struct Sealed {
    dir: PathBuf,
    identities: Identities,
}

impl Sealed {
    /// Of a fleet.
    pub(super) fn of(folder: &Path) -> Self {
        Sealed { dir: folder.join(FOLDER), identities: Identities::default() }
    }

    /// The encrypted file of a secret.
    ///
    /// # Errors
    /// When it cannot be a secret's name.
    pub fn path(&self, name: &str) -> Result<PathBuf, Failure> {
        self.beside(name, "age")
    }

    fn beside(&self, name: &str, what: &str) -> Result<PathBuf, Failure> {
        Ok(self.dir.join(format!("{}.{what}", safe(name)?)))
    }

    fn place(name: &str) -> Place {
        Place::file(format!("{FOLDER}/{name}.age"))
    }

    /// The value of a secret.
    ///
    /// # Errors
    /// When it is there and no private key of this machine opens it, or it was damaged.
    pub fn get(&self, name: &str) -> Result<Option<Secret>, Failure> {
        let Some(file) = private::read(&self.path(name)?)? else { return Ok(None) };
        self.identities.open(file.bytes(), &Self::place(name)).map(Some)
    }

    /// Keeps a value for these readers.
    ///
    /// # Errors
    /// When there is nobody to keep it for, or it cannot be written.
    pub fn put(&self, name: &str, value: &Secret, readers: &[Reader]) -> Result<(), Failure> {
        let keys: Vec<Recipient> = readers.iter().map(|r| r.key.clone()).collect();
        let made = super::generate::with_entropy(|entropy| {
            age::encrypt(value.bytes(), &keys, Form::Armored, entropy, &Self::place(name))
        })?;
        let bytes = made.map_err(|d| Failure::new(Exit::Errors, d))?;
        private::write(&self.path(name)?, &bytes, 0o644, 0o755)?;
        // Afterwards: a list that is older than its file has it checked again, not believed.
        private::write(&self.beside(name, "to")?, readers::to_text(readers).as_bytes(), 0o644, 0o755)
    }

    /// For whom it was encrypted, as the list beside it says.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn listed(&self, name: &str) -> Result<Listed, Failure> {
        let list = private::read(&self.beside(name, "to")?)?;
        Ok(list.as_ref().and_then(Secret::text).map(readers::from_text).unwrap_or_default())
    }

    /// Removes a value, and what lies beside it.
    ///
    /// # Errors
    /// When it is there and cannot be removed.
    pub fn remove(&self, name: &str) -> Result<(), Failure> {
        ["age", "to", "pub"].iter().try_for_each(|what| private::remove(&self.beside(name, what)?))
    }

    /// Keeps the half of it that everybody may see.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put_public(&self, name: &str, text: &str) -> Result<(), Failure> {
        private::write(&self.beside(name, "pub")?, text.as_bytes(), 0o644, 0o755)
    }

    /// The half of it that everybody may see.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn public(&self, name: &str) -> Result<Option<String>, Failure> {
        let found = private::read(&self.beside(name, "pub")?)?;
        Ok(found.and_then(|t| t.text().map(str::to_owned)))
    }

    /// Every name with a value.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn names(&self) -> Result<BTreeSet<String>, Failure> {
        let all = private::names(&self.dir)?;
        let name = |file: String| file.strip_suffix(".age").map(str::to_owned);
        Ok(all.into_iter().filter_map(name).filter(|n| safe(n).is_ok()).collect())
    }

    /// The fleet keeps secrets this way.
    pub fn any(&self) -> bool {
        self.names().is_ok_and(|names| !names.is_empty())
    }
}
