//! The system the agent works on: `/`, or a folder that stands for it in tests.

use crate::accounts::Accounts;
use crate::run::{self, Orphan, Said};
use crate::store::STATE;
use crate::systemd::Systemd;
use artifact::protocol::{Code, Fault};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A system: the folder it lies in and the connection to its systemd.
pub struct System {
    root: PathBuf,
    systemd: Option<Systemd>,
    /// The machine is booting: units come up by themselves and nothing may wait for a job.
    pub booting: bool,
    /// When the host goes back by itself: nothing on the way there is waited for any longer.
    pub until: Option<Instant>,
}

impl System {
    /// The system under `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        System { root: root.into(), systemd: None, booting: false, until: None }
    }

    /// At most this long, and never past the deadline of the transaction.
    pub fn within(&self, limit: Duration) -> Duration {
        self.until.map_or(limit, |until| limit.min(until.saturating_duration_since(Instant::now())))
    }

    /// Runs one of the fleet's own commands, as [`run::bounded`]; killed at the next contact when the agent
    /// is killed meanwhile.
    ///
    /// # Errors
    /// As [`run::bounded`].
    pub fn run(&self, command: &Command, limit: Duration) -> io::Result<Said> {
        run::noted(command, limit, &self.under_way(), Orphan::Killed)
    }

    /// As [`System::run`], for one of the system's tools: the next contact waits for its end.
    ///
    /// # Errors
    /// As [`run::bounded`].
    pub fn run_to_its_end(&self, command: &Command, limit: Duration) -> io::Result<Said> {
        run::noted(command, limit, &self.under_way(), Orphan::Awaited(limit))
    }

    /// Says which command is under way.
    pub fn under_way(&self) -> PathBuf {
        self.real(STATE).join("under-way")
    }

    /// The folder the system lies in.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where a path of the system really is.
    pub fn real(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// A program of the system.
    pub fn program(&self, name: &str) -> PathBuf {
        let folders = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"];
        let found = folders.iter().map(|f| self.real(f).join(name)).find(|p| p.exists());
        found.unwrap_or_else(|| PathBuf::from(name))
    }

    /// Its systemd, connected on first use.
    ///
    /// # Errors
    /// [`Code::NoSystemd`].
    pub fn systemd(&mut self) -> Result<&mut Systemd, Fault> {
        let systemd = match self.systemd.take() {
            Some(systemd) => systemd,
            None => Systemd::connect(&self.root)?,
        };
        Ok(self.systemd.insert(systemd))
    }

    /// Its accounts as they are now.
    ///
    /// # Errors
    /// When `/etc/passwd` or `/etc/group` cannot be read.
    pub fn accounts(&self) -> Result<Accounts, Fault> {
        Accounts::read(self).map_err(|e| fault(Code::SwitchFailed, "/etc/passwd", &e))
    }
}

/// Seconds since the epoch by this host's clock.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}

/// A fault from an I/O error at a path; a full or read-only file system has its own code.
pub fn fault(otherwise: Code, path: &str, error: &io::Error) -> Fault {
    let code = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Code::DiskFull,
        io::ErrorKind::ReadOnlyFilesystem => Code::ReadOnly,
        _ => otherwise,
    };
    Fault::new(code, format!("{path}: {error}"))
}
