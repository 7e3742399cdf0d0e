//! Files of trees in the fleet's folder: all of them, or what was there before.
//!
//! What was written last is on record in `.fleetwright/trees/NAME.json`. A folder that holds nothing else is
//! exchanged with the new one in one rename; where somebody else has files beside ours, each of ours is renamed
//! into its place. What we wrote last and no longer do goes; what is not ours is never touched.

use super::{File, Tree, threads};
use crate::codes;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::secret_store::HIDDEN;
use rustix::fs::{CWD, Mode, OFlags, RenameFlags, fchmod, fstat, openat, renameat_with};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use trees::Made;

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The folder, from the fleet's.
    pub into: String,
    /// By path in it.
    pub files: BTreeMap<String, Written>,
}

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Permission bits in octal.
    pub mode: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// What it was made from.
    pub template: String,
    /// Something in it was encrypted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub secret: bool,
}

/// What a write did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Files that are new.
    pub new: Vec<String>,
    /// Files with other bytes or another mode.
    pub changed: Vec<String>,
    /// Files that go.
    pub gone: Vec<String>,
    /// How many are as they should be.
    pub same: usize,
}

impl Outcome {
    /// True when all is as it should be.
    pub fn is_empty(&self) -> bool {
        self.new.is_empty() && self.changed.is_empty() && self.gone.is_empty()
    }
}

impl Manifest {
    fn of(tree: &Tree) -> Manifest {
        let written = |file: &File| Written {
            mode: format!("{:04o}", file.made.mode),
            sha256: file.sha256.clone(),
            template: file.made.template.clone(),
            secret: file.made.secret,
        };
        Manifest {
            into: tree.into.clone(),
            files: tree.files.iter().map(|f| (f.made.target.clone(), written(f))).collect(),
        }
    }

    fn path(folder: &Path, name: &str) -> PathBuf {
        folder.join(HIDDEN).join("trees").join(format!("{name}.json"))
    }

    /// What was written last.
    fn read(folder: &Path, name: &str) -> Result<Option<Manifest>, Failure> {
        let path = Manifest::path(folder, name);
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|e| {
                Failure::bare(Exit::Errors, codes::DAMAGED, format!("{}: {e}", path.display()))
                    .help("remove it; files that were written before and are no longer made then stay")
            }),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(super::read::unreadable(&path, &e)),
        }
    }

    fn keep(&self, folder: &Path, name: &str) -> io::Result<()> {
        let path = Manifest::path(folder, name);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent)?;
        let mut bytes = serde_json::to_vec_pretty(self).map_err(io::Error::other)?;
        bytes.push(b'\n');
        let staged = parent.join(format!(".{name}.new-{}", std::process::id()));
        fs::write(&staged, bytes)?;
        fs::rename(staged, path)
    }
}

/// What a write would do.
///
/// # Errors
/// When something cannot be read, or a file of somebody else is in the way.
pub fn compare(folder: &Path, name: &str, tree: &Tree) -> Result<Outcome, Failure> {
    let (files, into) = (&tree.files, tree.into.as_str());
    let before = Manifest::read(folder, name)?;
    let mut outcome = Outcome::default();
    if tree.staged.is_some() {
        outcome.new = files.iter().map(|file| file.made.target.clone()).collect();
        return Ok(outcome);
    }
    let root = folder.join(into);
    let all = threads::each(files, || (), |(), file| compared(&root.join(&file.made.target), &file.made));
    for (file, state) in files.iter().zip(all) {
        match state? {
            State::New => outcome.new.push(file.made.target.clone()),
            State::Changed => outcome.changed.push(file.made.target.clone()),
            State::Same => outcome.same += 1,
        }
    }
    let wanted: BTreeSet<&str> = files.iter().map(|file| file.made.target.as_str()).collect();
    if let Some(before) = before {
        let moved = before.into != into;
        for target in before.files.keys() {
            let there = folder.join(&before.into).join(target).symlink_metadata().is_ok();
            if there && (moved || !wanted.contains(target.as_str())) {
                outcome.gone.push(if moved { format!("{}/{target}", before.into) } else { target.clone() });
            }
        }
    }
    Ok(outcome)
}

enum State {
    New,
    Changed,
    Same,
}

fn compared(path: &Path, file: &Made) -> Result<State, Failure> {
    let unreadable = |e: io::Error| super::read::unreadable(path, &e);
    match fs::symlink_metadata(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(State::New),
        Err(e) => Err(unreadable(e)),
        Ok(meta) if meta.is_dir() => {
            let message =
                format!("{} is a folder, and `{}` should be a file there", path.display(), file.template);
            Err(Failure::bare(Exit::Errors, codes::IN_THE_WAY, message).help("move it away"))
        }
        Ok(meta) => {
            let same = meta.is_file()
                && meta.permissions().mode() & 0o7777 == file.mode
                && fs::read(path).map_err(unreadable)? == *file.bytes;
            Ok(if same { State::Same } else { State::Changed })
        }
    }
}

/// Writes a tree.
///
/// # Errors
/// As [`compare`], and when something cannot be written. What was there is then as it was; but where somebody else
/// has files beside ours, and a rename fails, those before it are new: a second run ends it.
pub fn write(folder: &Path, name: &str, mut tree: Tree) -> Result<Outcome, Failure> {
    let outcome = compare(folder, name, &tree)?;
    let manifest = Manifest::of(&tree);
    let (into, files) = (tree.into.as_str(), &tree.files);
    let before = Manifest::read(folder, name)?;
    if outcome.is_empty() && before.as_ref() == Some(&manifest) {
        return Ok(outcome);
    }
    let target = folder.join(into);
    let fail =
        |e: io::Error| Failure::bare(Exit::Errors, codes::UNWRITABLE, format!("{}: {e}", target.display()));
    let whole = std::path::absolute(&target).map_err(fail)?;
    let staged = match tree.staged.take() {
        Some(staged) => staged,
        None => {
            let parent =
                whole.parent().ok_or_else(|| fail(io::Error::other("this folder cannot be written")))?;
            fs::create_dir_all(parent).map_err(fail)?;
            let staged = Staged::beside(&whole).map_err(fail)?;
            for put in threads::each(files, || (), |(), file| staged.put(&file.made)) {
                put.map_err(fail)?;
            }
            staged
        }
    };
    let known = before.as_ref().filter(|b| b.into == into);
    match others(&whole, known).map_err(fail)? {
        Others::Nothing => fs::rename(&staged.path, &whole).map_err(fail)?,
        Others::OnlyOurs => {
            // One system call: a reader sees the old tree or the new one.
            renameat_with(CWD, &staged.path, CWD, &whole, RenameFlags::EXCHANGE)
                .map_err(|e| fail(e.into()))?;
        }
        Others::Foreign => {
            for File { made: file, .. } in files {
                let path = whole.join(&file.target);
                if let Some(folder) = path.parent() {
                    fs::create_dir_all(folder).map_err(fail)?;
                }
                fs::rename(staged.path.join(&file.target), path).map_err(fail)?;
            }
        }
    }
    if let Some(before) = &before {
        let old = folder.join(&before.into);
        for path in before.files.keys().filter(|p| before.into != into || !manifest.files.contains_key(*p)) {
            forget(&old, path).map_err(fail)?;
        }
    }
    manifest.keep(folder, name).map_err(fail)?;
    Ok(outcome)
}

/// Takes a file away, and the folders that are empty then.
fn forget(root: &Path, path: &str) -> io::Result<()> {
    match fs::remove_file(root.join(path)) {
        Ok(()) => {}
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(()),
        Err(e) => return Err(e),
    }
    let mut folder = Path::new(path).parent();
    while let Some(next) = folder.filter(|f| !f.as_os_str().is_empty()) {
        // Not empty: somebody's.
        if fs::remove_dir(root.join(next)).is_err() {
            break;
        }
        folder = next.parent();
    }
    Ok(())
}

enum Others {
    /// There is no such folder, or an empty one.
    Nothing,
    /// Everything in it was written by us.
    OnlyOurs,
    /// Somebody else has files there.
    Foreign,
}

fn others(folder: &Path, known: Option<&Manifest>) -> io::Result<Others> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Others::Nothing),
        Err(e) => return Err(e),
    };
    if entries.count() == 0 {
        return Ok(Others::Nothing);
    }
    let ours = known.map(|k| &k.files);
    let only = holds_only(folder, "", &|path| ours.is_some_and(|files| files.contains_key(path)))?;
    Ok(if only { Others::OnlyOurs } else { Others::Foreign })
}

fn holds_only(folder: &Path, within: &str, ours: &dyn Fn(&str) -> bool) -> io::Result<bool> {
    for entry in fs::read_dir(folder.join(within))? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { return Ok(false) };
        let path = if within.is_empty() { name } else { format!("{within}/{name}") };
        let whole = if entry.file_type()?.is_dir() { holds_only(folder, &path, ours)? } else { ours(&path) };
        if !whole {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The folder being written, by several threads at once; whatever is there in the end (nothing, a part, or the old
/// tree) goes.
pub struct Staged {
    path: PathBuf,
    /// The same, open: the way to it is not walked again for each file.
    root: OwnedFd,
}

impl Staged {
    /// A folder for a tree that goes where nothing is yet; nothing where something is.
    pub fn where_nothing_is(folder: &Path, name: &str, into: &str) -> Result<Option<Staged>, Failure> {
        let target = folder.join(into);
        if Manifest::read(folder, name)?.is_some() || target.symlink_metadata().is_ok() {
            return Ok(None);
        }
        let fail = |e: io::Error| {
            Failure::bare(Exit::Errors, codes::UNWRITABLE, format!("{}: {e}", target.display()))
        };
        let whole = std::path::absolute(&target).map_err(fail)?;
        match whole.parent().is_some_and(Path::is_dir) {
            true => Staged::beside(&whole).map(Some).map_err(fail),
            false => Ok(None),
        }
    }

    /// A folder beside the one it will be.
    fn beside(whole: &Path) -> io::Result<Staged> {
        let last = whole.file_name().unwrap_or_default().to_string_lossy();
        let path = whole.with_file_name(format!(".{last}.new-{}", std::process::id()));
        // A folder of a process of the same number that was killed.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path)?;
        let root = fs::File::open(&path)?.into();
        Ok(Staged { path, root })
    }

    /// Writes a file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put(&self, file: &Made) -> io::Result<()> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(file.mode);
        let open = || openat(&self.root, &file.target, flags, mode);
        let out = match open() {
            // Files come sorted: most often the folder is there already.
            Err(Errno::NOENT) => {
                if let Some(folder) = Path::new(&file.target).parent() {
                    fs::create_dir_all(self.path.join(folder))?;
                }
                open()?
            }
            opened => opened?,
        };
        // What the umask took away.
        if fstat(&out)?.st_mode & 0o7777 != file.mode {
            fchmod(&out, mode)?;
        }
        fs::File::from(out).write_all(&file.bytes)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}
