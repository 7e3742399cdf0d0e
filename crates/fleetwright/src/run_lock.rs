//! Who runs an apply, and that only one does at a time from a fleet's folder.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::secret_store::HIDDEN;
use crate::{clock, codes, trouble};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// One run of the program that may change hosts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its name: when it began (UTC) and four random digits.
    pub id: String,
    /// `user@machine`.
    pub who: String,
    /// How the person came to this machine: `local`, or `ssh from ADDRESS`.
    pub from: String,
    /// When it began, seconds since the epoch.
    pub since: u64,
    /// Its process.
    pub pid: u32,
}

impl Run {
    /// This process, from now on.
    pub fn begin() -> Self {
        let since = clock::now();
        let moment: String = clock::moment(since).chars().filter(|c| c.is_ascii_digit()).collect();
        let mut random = [0u8; 2];
        // A name that is not unique is no harm: history is numbered and locks have a process.
        let _ = getrandom::fill(&mut random);
        let (day, time) = moment.split_at(8.min(moment.len()));
        Run {
            id: format!("{day}-{time}-{:02x}{:02x}", random[0], random[1]),
            who: who(),
            from: std::env::var("SSH_CONNECTION")
                .ok()
                .and_then(|c| c.split(' ').next().map(|a| format!("ssh from {a}")))
                .unwrap_or_else(|| "local".to_owned()),
            since,
            pid: std::process::id(),
        }
    }
}

/// The person behind this process: who called sudo, else the owner of the process.
fn who() -> String {
    let uid = rustix::process::getuid().as_raw();
    let sudo = std::env::var("SUDO_USER").ok().filter(|name| uid == 0 && !name.is_empty());
    let user = sudo.or_else(|| user_name(uid)).unwrap_or_else(|| uid.to_string());
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{user}@{}", machine.trim())
}

fn user_name(uid: u32) -> Option<String> {
    let passwd = std::fs::read_to_string("/etc/passwd").ok()?;
    let uid = uid.to_string();
    let mut lines = passwd.lines().map(|l| l.split(':').collect::<Vec<_>>());
    lines.find(|f| f.get(2) == Some(&uid.as_str())).map(|f| f[0].to_owned())
}

/// The lock of one environment of a fleet, held while this lives. The kernel releases it with its process.
#[derive(Debug)]
pub struct RunLock {
    file: File,
}

/// Where the lock of an environment (`this machine`, `twin NAME` …) lies.
pub fn path(folder: &Path, environment: &str) -> PathBuf {
    let name: String = environment.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    folder.join(HIDDEN).join("run-lock").join(name)
}

impl RunLock {
    /// Takes it.
    ///
    /// # Errors
    /// When somebody else holds it (by name), or it cannot be written.
    pub fn take(folder: &Path, environment: &str, run: &Run) -> Result<Self, Failure> {
        let path = path(folder, environment);
        let unwritable = |e: std::io::Error| {
            Failure::bare(Exit::Errors, codes::UNWRITABLE, format!("{}: {e}", path.display()))
        };
        let parent = path.parent().unwrap_or(folder);
        DirBuilder::new().recursive(true).mode(0o700).create(parent).map_err(unwritable)?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(unwritable)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(held(&mut file, environment)),
            Err(e) => return Err(unwritable(e.into())),
        }
        let text = serde_json::to_string(run).unwrap_or_default();
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(text.as_bytes()))
            .map_err(unwritable)?;
        Ok(RunLock { file })
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // Only words for people: the lock itself goes with the descriptor.
        let _ = self.file.set_len(0);
    }
}

fn held(file: &mut File, environment: &str) -> Failure {
    let mut text = String::new();
    let _ = file.read_to_string(&mut text);
    let by = match serde_json::from_str::<Run>(&text) {
        Ok(run) => format!(
            "{} ({}, process {}) is at it since {} UTC, run {}",
            run.who,
            run.from,
            run.pid,
            clock::moment(run.since),
            run.id
        ),
        Err(_) => "another process has just begun".to_owned(),
    };
    Failure::bare(Exit::Refuted, trouble::RUN_LOCK, format!("{environment}: {by}"))
        .help("wait until it is done, or end it with Ctrl-C where it runs")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn run() -> Run {
        Run {
            id: "20270630-070509-00ff".to_owned(),
            who: "olena@laptop".to_owned(),
            from: "local".to_owned(),
            since: 1_814_339_109,
            pid: 4711,
        }
    }

    #[test]
    fn the_second_is_told_who_is_first_and_a_dropped_lock_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let first = RunLock::take(folder.path(), "the fleet", &run()).unwrap();
        let refused = RunLock::take(folder.path(), "the fleet", &Run::begin()).unwrap_err();
        let said = &refused.report.items[0];
        assert_eq!(said.code, "FW1033");
        for word in ["olena@laptop", "2027-06-30", "4711", "20270630-070509-00ff"] {
            assert!(said.message.contains(word), "{word}: {}", said.message);
        }
        RunLock::take(folder.path(), "twin a", &run()).unwrap();
        drop(first);
        RunLock::take(folder.path(), "the fleet", &run()).unwrap();
    }

    #[test]
    fn a_run_has_a_name_a_person_and_a_place() {
        let run = Run::begin();
        assert_eq!(run.id.len(), "20270630-070509-00ff".len(), "{run:?}");
        let (user, machine) = run.who.split_once('@').unwrap();
        assert!(!user.is_empty() && !machine.is_empty() && !run.from.is_empty(), "{run:?}");
    }
}
