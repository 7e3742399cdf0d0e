//! Values of secrets: where they lie, and the only code that reads or writes them. They are never printed but by
//! `secrets show`.
//!
//! A value is looked for in `secrets/NAME.age`, which is committed, then in `.fleetwright/secrets/NAME` of this
//! machine; one that another tool keeps is read from its file.

mod elsewhere;
mod generate;
mod identities;
mod local;
mod private;
mod sealed;

pub use elsewhere::passwords as vault_passwords;
pub use generate::{made, random};
pub use identities::{AGE_KEY, IDENTITY};
pub use local::Local;
pub use sealed::{FOLDER, Sealed};

use crate::codes;
use crate::exit::Exit;
use crate::failure::Failure;
use ::secret::Secret;
use ::secret::declared::{Elsewhere, Origin, Tool};
use ::secret::readers::Reader;
use diag::{Place, Report};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// What a fleet's folder holds that is never committed.
pub const HIDDEN: &str = ".fleetwright";

/// Where a value lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// In a file for its readers, committed.
    Sealed,
    /// On this machine.
    Local,
    /// In another tool's file.
    Elsewhere(Tool),
}

impl Kept {
    /// One word.
    pub fn word(self) -> &'static str {
        match self {
            Kept::Sealed => "age",
            Kept::Local => "local",
            Kept::Elsewhere(Tool::Vault) => "vault",
            Kept::Elsewhere(Tool::Sops) => "sops",
        }
    }
}

/// The secrets of a fleet.
#[derive(Clone, Debug)]
pub struct Store {
    /// Files for their readers.
    pub sealed: Sealed,
    /// Files of this machine.
    pub local: Local,
    origins: Arc<BTreeMap<String, Origin>>,
    elsewhere: elsewhere::Files,
}

impl Store {
    /// Of a fleet as it is described; what is described with errors is left out.
    pub fn of_fleet(folder: &Path, fleet: &model::Fleet) -> Self {
        let read = |declared| Origin::read(declared, &mut Report::new());
        let origins = fleet.secrets.iter().filter_map(|(n, d)| Some((n.to_string(), read(d)?))).collect();
        Store {
            sealed: Sealed::of(folder),
            local: Local::of_fleet(folder),
            origins: Arc::new(origins),
            elsewhere: elsewhere::Files::of(folder),
        }
    }

    /// How the value of a secret comes to be.
    pub fn origin(&self, name: &str) -> Origin {
        self.origins.get(name).cloned().unwrap_or_else(Origin::undeclared)
    }

    /// Where it lies; `None` when it has no value.
    ///
    /// # Errors
    /// When it cannot be a secret's name.
    pub fn kept(&self, name: &str) -> Result<Option<Kept>, Failure> {
        if let Origin::Elsewhere(Elsewhere { tool, .. }) = self.origin(name) {
            return Ok(Some(Kept::Elsewhere(tool)));
        }
        Ok(match (self.sealed.path(name)?.exists(), self.local.path(name)?.exists()) {
            (true, _) => Some(Kept::Sealed),
            (false, true) => Some(Kept::Local),
            (false, false) => None,
        })
    }

    /// The value, byte for byte. `None` when it has none.
    ///
    /// # Errors
    /// When it is there and cannot be read, others may read it, or it is empty.
    pub fn get(&self, name: &str) -> Result<Option<Secret>, Failure> {
        if let Origin::Elsewhere(at) = self.origin(name) {
            return self.elsewhere.read(&at).map(Some);
        }
        match self.sealed.get(name)? {
            Some(value) => Ok(Some(value)),
            None => self.local.get(name),
        }
    }

    /// The value, or `None` also when it is not for this machine to read: no private key opens it, or no password
    /// was given. For twins, which then make one of their own.
    ///
    /// # Errors
    /// As [`Store::get`], for everything else.
    pub fn get_here(&self, name: &str) -> Result<Option<Secret>, Failure> {
        use ::secret::codes::{AGE_IDENTITY, VAULT_NO_PASSWORD};
        let foreign = [AGE_IDENTITY, VAULT_NO_PASSWORD, codes::LACKS];
        match self.get(name) {
            Err(failure) if failure.report.items.iter().all(|d| foreign.contains(&d.code)) => Ok(None),
            other => other,
        }
    }

    /// Keeps a value: where it lies, else with those of the fleet, sealed when any is.
    ///
    /// # Errors
    /// When it cannot be written, holds a NUL or nothing, or another tool keeps it.
    pub fn put(&self, name: &str, value: &Secret, readers: &[Reader]) -> Result<Kept, Failure> {
        let fresh = || if self.sealed.any() && !readers.is_empty() { Kept::Sealed } else { Kept::Local };
        let to = self.kept(name)?.unwrap_or_else(fresh);
        self.put_in(to, name, value, readers)?;
        Ok(to)
    }

    /// Keeps a value there, and nowhere else.
    ///
    /// # Errors
    /// As [`Store::put`].
    pub fn put_in(&self, to: Kept, name: &str, value: &Secret, readers: &[Reader]) -> Result<(), Failure> {
        sound(name, value)?;
        match to {
            Kept::Sealed => {
                self.sealed.put(name, value, readers)?;
                // Afterwards: a value that lies in both places is the sealed one.
                self.local.remove(name)
            }
            Kept::Local => {
                self.local.put(name, value)?;
                self.sealed.remove(name)
            }
            Kept::Elsewhere(_) => match self.origin(name) {
                Origin::Elsewhere(at) => self.elsewhere.write(name, &at, value),
                Origin::Given | Origin::Made(_) => Ok(()),
            },
        }
    }

    /// Keeps the half of it that everybody may see.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put_public(&self, name: &str, text: &str) -> Result<(), Failure> {
        match self.kept(name)? {
            Some(Kept::Sealed) => self.sealed.put_public(name, text),
            Some(Kept::Local) => self.local.put_public(name, text),
            Some(Kept::Elsewhere(_)) | None => Ok(()),
        }
    }

    /// The half of it that everybody may see, where it has one.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn public(&self, name: &str) -> Result<Option<String>, Failure> {
        match self.kept(name)? {
            Some(Kept::Sealed) => self.sealed.public(name),
            Some(Kept::Local) => self.local.public(name),
            Some(Kept::Elsewhere(_)) | None => Ok(None),
        }
    }

    /// Every name with a value here, whether anything uses it or not.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn names(&self) -> Result<BTreeSet<String>, Failure> {
        let mut all = self.sealed.names()?;
        all.extend(self.local.names()?);
        all.extend(
            self.origins.iter().filter(|(_, o)| matches!(o, Origin::Elsewhere(_))).map(|(n, _)| n.clone()),
        );
        Ok(all)
    }

    /// Every name that is described.
    pub fn declared(&self) -> impl Iterator<Item = (&str, &Origin)> {
        self.origins.iter().map(|(name, origin)| (name.as_str(), origin))
    }
}

/// A value some program could take.
fn sound(name: &str, value: &Secret) -> Result<(), Failure> {
    let place = Place::builtin(name);
    Secret::value(value.bytes(), &place).map_err(|mut d| {
        d.place = None;
        Failure::new(Exit::Errors, d)
    })?;
    if value.is_empty() {
        let message = format!("the value of `secret/{name}` would be empty");
        return Err(
            Failure::bare(Exit::Errors, codes::DAMAGED, message).help("nothing was kept; give a value")
        );
    }
    Ok(())
}

/// A name as the parts of a path that stays where it is put.
fn safe(name: &str) -> Result<&str, Failure> {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    if name.split('/').all(plain) {
        Ok(name)
    } else {
        Err(Failure::bare(Exit::Errors, codes::DAMAGED, format!("`{name}` cannot be a secret's name")))
    }
}

fn unreadable(path: &Path, e: &std::io::Error) -> Failure {
    Failure::bare(Exit::Errors, codes::UNREADABLE, format!("{}: {e}", path.display()))
}

fn unwritable(path: &Path, e: &std::io::Error) -> Failure {
    Failure::bare(Exit::Errors, codes::UNWRITABLE, format!("{}: {e}", path.display()))
}
