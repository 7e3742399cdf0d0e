//! Rendered files in a folder: all of them or the folder as it was. Written into a folder beside, then
//! exchanged with the old one in one rename.

use crate::codes;
use crate::exit::Exit;
use crate::failure::Failure;
use artifact::Desired;
use model::HostId;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Shows that a folder was written here and may be replaced.
const MARK: &str = ".fleetwright-output";

/// The value of a secret by name.
pub type Reveal<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Writes `HOST/PATH` for every host. Without `reveal`, secrets are hidden; with it, files that hold one
/// have mode 0600 and the folder 0700.
///
/// # Errors
/// When something cannot be written, a secret has no value, or the folder holds what is not ours: the
/// folder is then as it was.
pub fn write(
    folder: &Path,
    hosts: &BTreeMap<HostId, Desired>,
    reveal: Option<Reveal<'_>>,
) -> Result<usize, Failure> {
    let fail = |e: std::io::Error| unwritable(folder, &e);
    let replaces = ours(folder)?;
    let whole = std::path::absolute(folder).map_err(fail)?;
    let (Some(parent), Some(name)) = (whole.parent(), whole.file_name()) else {
        return Err(unwritable(folder, &std::io::Error::other("this folder cannot be replaced")));
    };
    fs::create_dir_all(parent).map_err(fail)?;
    let staged = Staged::new(parent.join(format!(".{}.new-{}", name.to_string_lossy(), std::process::id())));
    let mode = if reveal.is_some() { 0o700 } else { 0o755 };
    DirBuilder::new().mode(mode).create(&staged.0).map_err(fail)?;
    fs::write(staged.0.join(MARK), "Written by `fleetwright render --out`, which replaces this folder.\n")
        .map_err(fail)?;
    let mut count = 0;
    for (host, desired) in hosts {
        for (path, file) in &desired.files {
            let (text, mode) = match reveal {
                None => (file.text.public(), file.mode),
                Some(value) => {
                    let secret = file.text.secrets().next().is_some();
                    let mode = if secret { 0o600 } else { file.mode };
                    (file.text.reveal(value).map_err(|name| unknown(&name))?, mode)
                }
            };
            one(&staged.0.join(host.as_str()), path, &text, mode).map_err(fail)?;
            count += 1;
        }
    }
    if replaces {
        // One system call: a reader sees the old tree or the new one.
        match renameat_with(CWD, &staged.0, CWD, &whole, RenameFlags::EXCHANGE) {
            Ok(()) => {}
            Err(e) => return Err(fail(e.into())),
        }
    } else {
        fs::rename(&staged.0, &whole).map_err(fail)?;
    }
    Ok(count)
}

fn one(root: &Path, path: &str, text: &str, mode: u32) -> std::io::Result<()> {
    let target = root.join(path.trim_start_matches('/'));
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&target)?;
    file.write_all(text.as_bytes())?;
    // After writing, and past the umask.
    file.set_permissions(fs::Permissions::from_mode(mode))
}

/// True when the folder is an earlier output; false when there is nothing or an empty folder.
fn ours(folder: &Path) -> Result<bool, Failure> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(unwritable(folder, &e)),
    };
    // `rename` replaces an empty folder by itself.
    if entries.count() == 0 {
        return Ok(false);
    }
    if folder.join(MARK).is_file() {
        return Ok(true);
    }
    let message = format!("{} holds files that `render` did not write", folder.display());
    Err(Failure::bare(Exit::Errors, codes::IN_THE_WAY, message).help("name an empty or a new folder"))
}

fn unwritable(folder: &Path, e: &std::io::Error) -> Failure {
    Failure::bare(Exit::Errors, codes::UNWRITABLE, format!("{}: {e}", folder.display()))
}

fn unknown(name: &str) -> Failure {
    Failure::bare(Exit::Errors, codes::NO_SECRET, format!("the secret {name} has no value here"))
}

/// The folder being written: whatever is there in the end (nothing, a part, or the old tree) goes.
struct Staged(PathBuf);

impl Staged {
    fn new(path: PathBuf) -> Self {
        // A folder of a process of the same number that was killed.
        let _ = fs::remove_dir_all(&path);
        Staged(path)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
