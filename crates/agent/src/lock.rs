//! The host's lock: one change at a time, and everybody can see whose.

use crate::store::Store;
use artifact::protocol::{Claim, Code, Fault};
use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

/// A process that was killed lets go of the lock within this time.
const DEAD: Duration = Duration::from_secs(5);

/// What is in the lock file while it is held.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Held {
    /// By whom.
    pub claim: Claim,
    /// The process.
    pub pid: u32,
}

/// The lock: held until dropped, and by no process that died.
pub struct Lock {
    file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // What is left in it is read by nobody once it is free.
        let _ = self.file.set_len(0);
    }
}

/// A claim of this host itself: the timer, the boot, somebody at its console.
pub fn own_claim(what: &str) -> Claim {
    Claim { who: what.to_owned(), from: "local".to_owned(), ..Claim::default() }
}

impl Store {
    /// Takes the lock, waiting at most `limit` for the one who has it.
    ///
    /// # Errors
    /// [`Code::LockHeld`], naming the holder.
    pub fn lock(&self, limit: Duration, claim: &Claim) -> Result<Lock, Fault> {
        self.make()?;
        let path = self.path("lock");
        let file =
            File::options().create(true).truncate(false).read(true).write(true).mode(0o600).open(&path);
        let file = file.map_err(|e| self.fault(&path, &e))?;
        let until = Instant::now() + limit;
        while !try_lock(&file).map_err(|e| self.fault(&path, &e))? {
            if Instant::now() >= until {
                return Err(Fault::new(Code::LockHeld, held_by(&path)));
            }
            // flock has no deadline and tells nobody when it is free.
            std::thread::sleep(Duration::from_millis(10));
        }
        let held = Held { claim: claim.clone(), pid: std::process::id() };
        let text = serde_json::to_vec(&held).unwrap_or_default();
        // A full disk keeps nobody from the lock; the claim is only for people.
        let _ = file.set_len(0).and_then(|()| file.write_all_at(&text, 0));
        Ok(Lock { file })
    }

    /// Who holds the lock now.
    pub fn held(&self) -> Option<Held> {
        let path = self.path("lock");
        let file = File::open(&path).ok()?;
        if try_shared(&file).ok()? {
            return None;
        }
        Some(read(&path))
    }

    /// Ends the process that holds the lock, if it is `holder`'s.
    ///
    /// # Errors
    /// [`Code::NoTransaction`] when nobody holds it; [`Code::LockHeld`] when somebody else does, or it does
    /// not end.
    pub fn break_lock(&self, holder: &str) -> Result<Claim, Fault> {
        let nobody = || Fault::new(Code::NoTransaction, "nobody holds the lock of this host");
        let held = self.held().ok_or_else(nobody)?;
        let path = self.path("lock");
        if holder.is_empty() || (held.claim.who != holder && held.claim.run != holder) {
            return Err(Fault::new(Code::LockHeld, format!("{}, not by `{holder}`", held_by(&path))));
        }
        self.end(&held)?;
        drop(self.lock(DEAD, &own_claim("unlock"))?);
        Ok(held.claim)
    }

    /// Kills a holder of the lock.
    ///
    /// # Errors
    /// [`Code::LockHeld`] when another one holds it by now.
    pub fn end(&self, held: &Held) -> Result<(), Fault> {
        let path = self.path("lock");
        let bad = |e: rustix::io::Errno| self.fault(&path, &e.into());
        let other = || Fault::new(Code::LockHeld, held_by(&path));
        let pid = i32::try_from(held.pid).ok().and_then(Pid::from_raw).ok_or_else(other)?;
        let process = pidfd_open(pid, PidfdFlags::empty()).map_err(bad)?;
        // Still the same holder: so the number was that process's when the handle was made.
        if self.held().as_ref() != Some(held) {
            return Err(other());
        }
        pidfd_send_signal(&process, Signal::KILL).map_err(bad)
    }
}

fn try_lock(file: &File) -> io::Result<bool> {
    tried(flock(file, FlockOperation::NonBlockingLockExclusive))
}

/// Two who look at once do not hinder each other.
fn try_shared(file: &File) -> io::Result<bool> {
    tried(flock(file, FlockOperation::NonBlockingLockShared))
}

fn tried(result: rustix::io::Result<()>) -> io::Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) => Ok(false),
        Err(e) => Err(e.into()),
    }
}

fn read(path: &Path) -> Held {
    std::fs::read(path).ok().and_then(|b| serde_json::from_slice(&b).ok()).unwrap_or_default()
}

/// "held by ann@desk from 10.1.0.7 for 42 s (run 7f3a)", by this host's own clock.
fn held_by(path: &Path) -> String {
    let claim = read(path).claim;
    let since = path.metadata().and_then(|m| m.modified()).ok();
    let age = since.and_then(|t| SystemTime::now().duration_since(t).ok()).unwrap_or_default();
    let who = if claim.who.is_empty() { "another apply" } else { claim.who.as_str() };
    let mut text = format!("this host's lock is held by {who}");
    if !claim.from.is_empty() {
        text += &format!(" from {}", claim.from);
    }
    text += &format!(" for {} s", age.as_secs());
    if !claim.run.is_empty() {
        text += &format!(" (run {})", claim.run);
    }
    text
}
