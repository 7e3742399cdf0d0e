//! What is known about a twin between processes: one file a twin, one lock a twin.

use crate::TwinError;
use crate::error::Step;
use crate::ground::process::ProcId;
use crate::paths::{Paths, RUN};
use crate::topology::{Mac, Topology};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// How far a twin is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Phase {
    /// Somebody is building it; if nobody holds the lock, somebody was.
    Starting,
    /// It was built and outlives whoever built it.
    Running,
}

/// What is written down about a twin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    pub phase: Phase,
    /// The boot of this machine it belongs to.
    pub boot: String,
    /// The base image's directory.
    pub base: PathBuf,
    pub topology: Topology,
    /// Machines that are switched on.
    pub machines: BTreeMap<String, Powered>,
    /// Running daemons by outside and name.
    pub daemons: BTreeMap<String, BTreeMap<String, ProcId>>,
    pub wiring: Wiring,
    /// What was put on disks: a digest by path, by machine; under the empty name what all share.
    #[serde(default)]
    pub seeded: Seeded,
}

/// Digests of seeded files by path, by machine.
pub(crate) type Seeded = BTreeMap<String, BTreeMap<String, String>>;

/// The processes of a machine that is switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Powered {
    /// systemd-nspawn.
    pub nspawn: ProcId,
    /// The systemd inside.
    pub leader: ProcId,
}

/// What is plugged where in the switch namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wiring {
    /// Bridge of each segment.
    pub bridges: BTreeMap<String, String>,
    /// Switch-side end of each interface, by node and interface.
    pub ports: BTreeMap<String, BTreeMap<String, Port>>,
    /// The next free number for either.
    pub next: u32,
}

/// An interface as it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Port {
    /// The switch-side end.
    pub name: String,
    pub segment: String,
    pub mac: Mac,
    pub mtu: Option<u32>,
}

/// This boot of the machine.
pub(crate) fn boot() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

/// Writes a file so that a reader sees the old or the new one, never a part.
pub(crate) fn store(file: &Path, bytes: &[u8]) -> Result<(), TwinError> {
    let what = || format!("write {}", file.display());
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).step(what)?;
    }
    let staged = file.with_extension(format!("new-{}", std::process::id()));
    fs::write(&staged, bytes).step(what)?;
    fs::rename(&staged, file).step(what)
}

impl State {
    /// The state of a twin, if one was ever written.
    pub fn load(paths: &Paths) -> Result<Option<State>, TwinError> {
        let file = paths.state();
        match fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).step(|| format!("read {}", file.display())),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e).step(|| format!("read {}", file.display())),
        }
    }
    pub fn save(&self, paths: &Paths) -> Result<(), TwinError> {
        let text = serde_json::to_vec(self).step(|| "write the state".to_owned())?;
        store(&paths.state(), &text)
    }
    /// True when the twin is as its builder left it: of this boot, complete, and not all of it dead.
    pub fn sound(&self) -> bool {
        let dead = |p: &Powered| !p.leader.alive();
        let all_dead = !self.machines.is_empty() && self.machines.values().all(dead);
        self.phase == Phase::Running && self.boot == boot() && !all_dead
    }
}

/// The right to change a twin (or, under an empty name, what all twins share). The kernel takes it back when
/// its holder dies, and not before every child that was about to start has started.
pub(crate) struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock of a twin, or `None` when another process has it.
    pub fn attempt(paths: &Paths) -> Result<Option<Lock>, TwinError> {
        Self::attempt_at(paths.lock())
    }
    /// Takes a lock, or `None` when another process has it.
    pub fn attempt_at(path: PathBuf) -> Result<Option<Lock>, TwinError> {
        Self::take(path, FlockOperation::NonBlockingLockExclusive)
    }
    /// Takes the lock of a twin.
    pub fn of(paths: &Paths) -> Result<Lock, TwinError> {
        Self::attempt(paths)?.ok_or_else(|| TwinError::Busy(paths.name.clone()))
    }
    /// Waits for the lock on what all twins share; it is held for moments only.
    pub fn shared() -> Result<Lock, TwinError> {
        Self::wait(PathBuf::from(RUN).join("locks/.shared"))
    }
    /// Waits for a lock.
    pub fn wait(path: PathBuf) -> Result<Lock, TwinError> {
        let missing = || TwinError::failed("lock", path.display());
        Self::take(path.clone(), FlockOperation::LockExclusive)?.ok_or_else(missing)
    }
    fn take(path: PathBuf, how: FlockOperation) -> Result<Option<Lock>, TwinError> {
        let what = || format!("lock {}", path.display());
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).step(what)?;
        }
        loop {
            let file = File::options().create(true).truncate(false).write(true).open(&path).step(what)?;
            match flock(&file, how) {
                Ok(()) => {}
                Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
                Err(rustix::io::Errno::INTR) => continue,
                Err(e) => return Err(e).step(what),
            }
            // Whoever held it may have removed the file while this waited: then it guards nothing.
            let same = fs::metadata(&path).is_ok_and(|m| file.metadata().is_ok_and(|f| f.ino() == m.ino()));
            if same {
                return Ok(Some(Lock { file, path }));
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
        let _ = flock(&self.file, FlockOperation::Unlock);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_lock_is_exclusive_and_leaves_nothing() {
        let path = std::env::temp_dir().join(format!("fw-lock-{}", std::process::id()));
        let one = Lock::take(path.clone(), FlockOperation::NonBlockingLockExclusive).unwrap();
        assert!(one.is_some());
        assert!(Lock::take(path.clone(), FlockOperation::NonBlockingLockExclusive).unwrap().is_none());
        drop(one);
        assert!(!path.exists());
        assert!(Lock::take(path.clone(), FlockOperation::NonBlockingLockExclusive).unwrap().is_some());
    }
}
