//! Passwords of vaults, from where Ansible would have them: files and programs that its own variables name, else the
//! file that is named beside the vault.

use super::super::private;
use super::unreadable;
use crate::codes;
use crate::exit::Exit;
use crate::failure::Failure;
use ::secret::Secret;
use ::secret::vault::Passwords;
use diag::Place;
use model::Sp;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

/// Holds the password itself, for runs that have no place for a file.
const PASSWORD: &str = "FLEETWRIGHT_VAULT_PASSWORD";
/// Ansible's variable for a file with the password, or a program that prints it; `-` is standard input.
const FILE: &str = "ANSIBLE_VAULT_PASSWORD_FILE";
/// Ansible's variable for several, each `ID@FILE`, separated by commas.
const IDENTITIES: &str = "ANSIBLE_VAULT_IDENTITY_LIST";
/// Ansible's variable that lets a password open vaults of its own id only.
const ID_MATCH: &str = "ANSIBLE_VAULT_ID_MATCH";
/// The id of what is given without one.
const DEFAULT: &str = "default";

/// Every password that is given, in the order Ansible tries them: the one in the environment alone, else those of
/// the list and of the file; what is named beside the vault is for who has said nothing.
///
/// # Errors
/// When a file cannot be read, a program fails, or what they give is no password.
pub fn passwords(folder: &Path, named: Option<&Sp<String>>) -> Result<Passwords, Failure> {
    if let Some(text) = env::var_os(PASSWORD) {
        let password = Passwords::of_file(text.as_encoded_bytes(), &Place::file(PASSWORD));
        return Ok(Passwords::new().with(None, password.map_err(|d| Failure::new(Exit::Errors, d))?));
    }
    let only_matching = env::var(ID_MATCH).is_ok_and(|word| is_true(&word));
    let mut all = Passwords::new().only_matching(only_matching);
    let listed = env::var(IDENTITIES).unwrap_or_default();
    for one in listed.split(',').map(str::trim).filter(|one| !one.is_empty()) {
        let (id, source) = one.split_once('@').unwrap_or((DEFAULT, one));
        if source.starts_with("prompt") {
            let message = format!("{IDENTITIES}: `{one}` asks at a terminal, and a run may have none");
            return Err(Failure::bare(Exit::Errors, codes::UNREADABLE, message)
                .help("name a file, a program that prints the password, or `-` for standard input"));
        }
        all = all.with(Some(id), password(Path::new(source), id)?);
    }
    let file = env::var_os(FILE).filter(|path| !path.is_empty()).map(PathBuf::from);
    let beside = named.map(|path| folder.join(&path.value)).filter(|_| all.is_empty());
    match file.or(beside) {
        Some(path) => Ok(all.with(None, password(&path, DEFAULT)?)),
        None => Ok(all),
    }
}

fn is_true(word: &str) -> bool {
    matches!(word.to_lowercase().as_str(), "1" | "true" | "yes" | "on" | "y" | "t")
}

/// What a file holds, or what it prints where it is a program.
fn password(path: &Path, id: &str) -> Result<Secret, Failure> {
    let path = if path == Path::new("-") { Path::new("/dev/stdin") } else { path };
    let place = Place::file(path.display().to_string());
    let meta = fs::metadata(path).map_err(|e| unreadable(path, &e))?;
    let is_program = meta.is_file() && meta.permissions().mode() & 0o111 != 0;
    let password = match is_program {
        true => Passwords::of_program(printed(path, id)?.bytes(), &place),
        false => {
            let read = private::read(path)?.unwrap_or_else(|| Secret::new(Vec::new()));
            Passwords::of_file(read.bytes(), &place)
        }
    };
    password.map_err(|d| Failure::new(Exit::Errors, d))
}

/// Runs a program as Ansible does: one whose name ends with `-client` is told the id.
fn printed(path: &Path, id: &str) -> Result<Secret, Failure> {
    let whole = fs::canonicalize(path).map_err(|e| unreadable(path, &e))?;
    let mut command = Command::new(whole);
    if path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with("-client")) {
        command.args(["--vault-id", id]);
    }
    // What it says on standard error is for whoever sits there.
    let said = command.stderr(Stdio::inherit()).output().map_err(|e| unreadable(path, &e))?;
    let printed = Secret::new(said.stdout);
    if !said.status.success() {
        let message = format!("{} ended with {}", path.display(), said.status);
        return Err(Failure::bare(Exit::Errors, codes::UNREADABLE, message)
            .help("it should print the vault's password and nothing else"));
    }
    Ok(printed)
}
