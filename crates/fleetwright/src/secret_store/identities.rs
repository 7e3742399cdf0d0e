//! Private keys that open encrypted secrets: age identities and ssh keys of whoever runs this.

use super::private;
use crate::codes;
use crate::exit::Exit;
use crate::failure::Failure;
use ::secret::age::{self, Identity};
use ::secret::{Secret, codes as found};
use diag::{Diagnostic, Place};
use std::env;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// Names a file of identities; `-` is standard input.
pub const IDENTITY: &str = "FLEETWRIGHT_IDENTITY";
/// Holds an identity itself, for runs that have no place for a file.
pub const AGE_KEY: &str = "FLEETWRIGHT_AGE_KEY";
/// Where they lie when nobody says, from the home folder.
const USUAL: [&str; 3] = [".config/fleetwright/identity", ".ssh/id_ed25519", ".ssh/id_rsa"];

/// What was found. Private keys are read when one is first needed.
#[derive(Clone, Debug, Default)]
pub(super) struct Identities {
    read: Arc<OnceLock<Result<Found, Diagnostic>>>,
}

#[derive(Debug, Default)]
struct Found {
    identities: Vec<Identity>,
    /// Files that were passed over, and why.
    passed: Vec<String>,
}

impl Identities {
    /// The content of an age file.
    pub(super) fn open(&self, file: &[u8], place: &Place) -> Result<Secret, Failure> {
        let found = self.read.get_or_init(|| all().map_err(|f| first(f, place)));
        let found = found.as_ref().map_err(|d| Failure::new(Exit::Errors, d.clone()))?;
        age::decrypt(file, &found.identities, place)
            .map_err(|d| Failure::new(Exit::Errors, explained(d, found)))
    }
}

fn first(failure: Failure, place: &Place) -> Diagnostic {
    let unsaid = || Diagnostic::error(codes::UNREADABLE, place, "no private key could be read");
    failure.report.items.into_iter().next().unwrap_or_else(unsaid)
}

/// Where a key may come from, when none opens the file.
fn explained(mut diagnostic: Diagnostic, found: &Found) -> Diagnostic {
    if diagnostic.code == found::AGE_IDENTITY {
        let passed = match found.passed.as_slice() {
            [] => String::new(),
            some => format!(" (passed over: {})", some.join("; ")),
        };
        let help = diagnostic.help.take().map(|h| format!("{h}; ")).unwrap_or_default();
        diagnostic.help = Some(format!(
            "{help}private keys are read from {IDENTITY} (a file), ~/{}{passed}",
            USUAL.join(", ~/")
        ));
    }
    diagnostic
}

fn all() -> Result<Found, Failure> {
    let mut found = Found::default();
    let mut named = false;
    if let Some(text) = env::var_os(AGE_KEY) {
        let place = Place::file(AGE_KEY);
        let text = Secret::new(text.into_encoded_bytes());
        found
            .identities
            .extend(Identity::read_all(&text, &place).map_err(|d| Failure::new(Exit::Errors, d))?);
        named = true;
    }
    if let Some(path) = env::var_os(IDENTITY).map(PathBuf::from) {
        let path = if path == Path::new("-") { PathBuf::from("/dev/stdin") } else { path };
        let place = Place::file(path.display().to_string());
        let file = private::read_own(&path)?.ok_or_else(|| {
            let message = format!("{} is not there", path.display());
            Failure::bare(Exit::Errors, codes::UNREADABLE, message).help(format!("{IDENTITY} names it"))
        })?;
        found
            .identities
            .extend(Identity::read_all(&file, &place).map_err(|d| Failure::new(Exit::Errors, d))?);
        named = true;
    }
    // What was named is what is meant.
    if named {
        return Ok(found);
    }
    let Some(home) = env::var_os("HOME").map(PathBuf::from) else { return Ok(found) };
    for usual in USUAL {
        let path = home.join(usual);
        let read = match private::read_own(&path) {
            Ok(None) => continue,
            Ok(Some(file)) => {
                Identity::read_all(&file, &Place::file(path.display().to_string())).map_err(|d| d.message)
            }
            Err(failure) => Err(first(failure, &Place::builtin("identity")).message),
        };
        match read {
            Ok(read) => found.identities.extend(read),
            // An ssh key of another type, or with a passphrase, is there for other things.
            Err(why) => found.passed.push(format!("~/{usual}: {why}")),
        }
    }
    Ok(found)
}
