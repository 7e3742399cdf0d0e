//! Values that stand in files of other tools: Ansible Vault is read here, sops by the user's own program.

mod passwords;
mod program;
mod vault;

pub use passwords::passwords;

use super::unreadable;
use crate::codes;
use crate::exit::Exit;
use crate::failure::Failure;
use ::secret::Secret;
use ::secret::declared::{Elsewhere, Tool};
use diag::Diagnostic;
use std::path::{Path, PathBuf};

/// Files of other tools in a fleet's folder.
#[derive(Clone, Debug)]
pub(super) struct Files {
    folder: PathBuf,
}

impl Files {
    pub(super) fn of(folder: &Path) -> Self {
        Files { folder: folder.to_path_buf() }
    }

    /// The value, byte for byte.
    pub(super) fn read(&self, at: &Elsewhere) -> Result<Secret, Failure> {
        let path = self.folder.join(&at.file.value);
        if let Err(e) = std::fs::metadata(&path) {
            let mut failure = unreadable(&path, &e);
            if let Some(first) = failure.report.items.first_mut() {
                first.place = Some(at.file.place.clone());
            }
            return Err(failure.help("the path counts from the fleet's folder"));
        }
        let value = match at.tool {
            Tool::Vault => vault::read(&self.folder, at)?,
            Tool::Sops => program::read(&self.folder, at)?,
        };
        match value.bytes() {
            [] => Err(no_value(at, "there is nothing")),
            bytes if bytes.contains(&0) => Err(no_value(at, "there is a NUL in what is there")),
            _ => Ok(value),
        }
    }

    /// Another tool's file is that tool's to write.
    pub(super) fn write(&self, name: &str, at: &Elsewhere, _value: &Secret) -> Result<(), Failure> {
        let how = match at.tool {
            Tool::Vault => format!("`ansible-vault edit {}` changes it", at.file.value),
            Tool::Sops => format!("`sops {}` changes it", at.file.value),
        };
        let message = format!("`secret/{name}` stands in {}, which is not written here", at.file.value);
        Err(Failure::new(Exit::Errors, Diagnostic::error(codes::SECRET_KIND, &at.file.place, message))
            .help(how))
    }
}

/// There is no value where it should stand.
fn no_value(at: &Elsewhere, what: &str) -> Failure {
    let place = at.key.as_ref().map_or(&at.file.place, |k| &k.place);
    let key = at.key.as_ref().map(|k| format!(" at `{}`", k.value)).unwrap_or_default();
    let message = format!("{}{key}: {what}", at.file.value);
    Failure::new(Exit::Errors, Diagnostic::error(codes::SECRET_ELSEWHERE, place, message))
        .help("`key:` names where in the file it stands, with dots between keys in keys; it is a text")
}
