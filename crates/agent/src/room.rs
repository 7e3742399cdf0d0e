//! Room on the disk: enough to switch, looked for before anything changes, and enough to go back, set aside.

use crate::store::{Before, Store};
use crate::system::{System, fault};
use crate::tree::Entry;
use artifact::FlatDesired;
use artifact::protocol::{Code, Fault};
use plan::{Kind, Step};
use rustix::fs::{Access, FallocateFlags, access, fallocate, statvfs};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Wanted beyond the bytes themselves: names, the journal, a receipt.
const MARGIN: u64 = 256 << 10;
/// What is set aside, in the state folder.
const RESERVE: &str = "reserve";

/// Looks whether every path of the steps can be written and its file system has room.
///
/// # Errors
/// [`Code::ReadOnly`], [`Code::DiskFull`].
pub fn check(system: &System, store: &Store, desired: &FlatDesired, steps: &[Step]) -> Result<(), Fault> {
    let mut needed: BTreeMap<u64, (u64, PathBuf)> = BTreeMap::new();
    for step in steps.iter().filter(|s| matches!(s.kind, Kind::Dir | Kind::File | Kind::Link)) {
        let folder = nearest(&system.real(&step.name));
        let bad = |e: rustix::io::Errno| fault(Code::SwitchFailed, &step.name, &e.into());
        access(&folder, Access::WRITE_OK).map_err(bad)?;
        let device = folder.metadata().map_err(|e| fault(Code::SwitchFailed, &step.name, &e))?.dev();
        let size = desired.files.get(&step.name).and_then(|f| store.blob(&f.sha256).metadata().ok());
        let all = needed.entry(device).or_insert((MARGIN, folder));
        all.0 += size.map_or(4096, |m| m.len().next_multiple_of(4096));
    }
    for (needed, folder) in needed.into_values() {
        let free = statvfs(&folder).map(|s| s.f_bfree * s.f_frsize).unwrap_or(u64::MAX);
        if free < needed {
            let message = format!("{}: {free} bytes are free, the change needs {needed}", folder.display());
            return Err(Fault::new(Code::DiskFull, message));
        }
    }
    Ok(())
}

/// The innermost folder of a path that is there.
fn nearest(path: &Path) -> PathBuf {
    path.ancestors().skip(1).find(|p| p.is_dir()).unwrap_or(Path::new("/")).to_path_buf()
}

/// Sets aside what an undo may need, until [`release`].
///
/// # Errors
/// [`Code::DiskFull`].
pub fn reserve(store: &Store, before: &Before) -> Result<(), Fault> {
    let sizes = before.paths.values().filter_map(|entry| match entry {
        Entry::File { sha256, .. } => Some(store.blob(sha256).metadata().ok()?.len().next_multiple_of(4096)),
        Entry::Missing | Entry::Link { .. } | Entry::Dir { .. } | Entry::Other => None,
    });
    let path = store.path(RESERVE);
    let size = MARGIN + sizes.sum::<u64>();
    let made =
        File::options().create(true).truncate(true).write(true).mode(0o600).open(&path).and_then(|f| {
            match fallocate(&f, FallocateFlags::empty(), 0, size) {
                // A file system that cannot set room aside is used without.
                Ok(()) | Err(rustix::io::Errno::OPNOTSUPP) => Ok(()),
                Err(e) => Err(io::Error::from(e)),
            }
        });
    made.map_err(|e| {
        release(store);
        store.fault(&path, &e)
    })
}

/// Gives back what was set aside.
pub fn release(store: &Store) {
    let _ = std::fs::remove_file(store.path(RESERVE));
}
