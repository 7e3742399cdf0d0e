//! The engines' own checkers on the staged files, before anything live changes.

use crate::redact::Redactor;
use crate::store::Store;
use crate::system::{System, fault};
use crate::tree::{self, Rights};
use artifact::protocol::{Code, Fault};
use artifact::{Check, FlatDesired};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Where the bytes of a wanted file are: in the store, else on the disk, where it is already as wanted.
pub fn wanted_at(system: &System, store: &Store, path: &str, sha256: &str) -> PathBuf {
    if store.has(sha256) { store.blob(sha256) } else { system.real(path) }
}

/// What it means that wanted bytes could not be copied.
pub fn copy_fault(path: &str, error: &io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::InvalidData => {
            Fault::new(Code::GenerationMissing, format!("the bytes of {path}: {error}; apply again"))
        }
        _ => fault(Code::SwitchFailed, path, error),
    }
}

/// Runs every check one of whose files changes, on a staged tree that holds all files of the engines
/// concerned. Checks run side by side with nothing live touched.
///
/// # Errors
/// [`Code::CheckFailed`] with what each failed checker said, secrets hidden.
pub fn check(
    system: &System,
    store: &Store,
    desired: &FlatDesired,
    changed: &BTreeSet<&str>,
    redactor: &Redactor,
) -> Result<usize, Fault> {
    let due: Vec<&Check> =
        desired.checks.iter().filter(|c| c.files.iter().any(|f| changed.contains(f.as_str()))).collect();
    if due.is_empty() {
        return Ok(0);
    }
    let folder = store.path("stage");
    let result = stage_tree(system, store, desired, &due, &folder)
        .and_then(|()| run_all(system, &due, &folder, redactor));
    let _ = std::fs::remove_dir_all(&folder);
    result.map(|()| due.len())
}

fn stage_tree(
    system: &System,
    store: &Store,
    desired: &FlatDesired,
    due: &[&Check],
    folder: &Path,
) -> Result<(), Fault> {
    let bad = |path: &Path, e: io::Error| fault(Code::SwitchFailed, &path.display().to_string(), &e);
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(|e| bad(folder, e))?;
    }
    tree::dir(folder, Rights { mode: 0o700, ..Rights::private() }).map_err(|e| bad(folder, e))?;
    let accounts = system.accounts()?;
    let engines: BTreeSet<&str> = due.iter().map(|c| c.engine.as_str()).collect();
    let concerned =
        |path: &str, engine: &str| engines.contains(engine) || due.iter().any(|c| c.files.contains(path));
    for (path, file) in desired.files.iter().filter(|(p, f)| concerned(p, &f.engine)) {
        let from = wanted_at(system, store, path, &file.sha256);
        let staged = folder.join(path.trim_start_matches('/'));
        if let Some(parent) = staged.parent() {
            std::fs::create_dir_all(parent).map_err(|e| bad(parent, e))?;
        }
        // An owner that is only made by the switch is root here.
        let rights = Rights {
            mode: file.mode,
            uid: accounts.uid(&file.owner).unwrap_or(0),
            gid: accounts.gid(&file.group).unwrap_or(0),
        };
        write_plain(&staged, &from, rights).map_err(|e| copy_fault(path, &e))?;
    }
    for (path, link) in &desired.links {
        let staged = folder.join(path.trim_start_matches('/'));
        if staged.parent().is_some_and(Path::is_dir) {
            std::os::unix::fs::symlink(&link.target, &staged).map_err(|e| bad(&staged, e))?;
        }
    }
    Ok(())
}

/// Staged files need not outlive a power loss.
fn write_plain(path: &Path, from: &Path, rights: Rights) -> io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let mut file = std::fs::File::options().write(true).create_new(true).mode(0o600).open(path)?;
    io::copy(&mut std::fs::File::open(from)?, &mut file)?;
    std::os::unix::fs::chown(path, Some(rights.uid), Some(rights.gid))?;
    file.set_permissions(std::fs::Permissions::from_mode(rights.mode))
}

fn run_all(system: &System, due: &[&Check], folder: &Path, redactor: &Redactor) -> Result<(), Fault> {
    let folder = folder.display().to_string();
    let mut failed = Vec::new();
    for check in due {
        let argv: Vec<String> = check.argv.iter().map(|a| a.replace("{stage}", &folder)).collect();
        let Some((program, args)) = argv.split_first() else {
            failed.push(format!("{}: the check has no command", check.engine));
            continue;
        };
        let mut command = Command::new(program);
        command.args(args).env("LC_ALL", "C.UTF-8").current_dir("/");
        let shown = check.argv.join(" ");
        match system.run(&command, Duration::from_secs(u64::from(check.timeout_s.max(1)))) {
            Ok(said) if said.code == 0 => {}
            Ok(said) => {
                let text = redactor.clean(said.text.trim()).replace(&folder, "");
                failed.push(format!("{}: `{shown}`: exit code {}: {}", check.engine, said.code, tail(&text)));
            }
            Err(e) => failed.push(format!("{}: `{shown}`: {e}", check.engine)),
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(Fault::new(Code::CheckFailed, failed.join("\n"))) }
}

/// The last 20 lines: enough to see the error.
pub fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
