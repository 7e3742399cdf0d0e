//! A machine of the twin as a host: commands run among its namespaces, files are reached below its root.

use crate::TwinError;
use crate::ground::netns::{aside, unshare};
use crate::ground::process::{Cut, ProcId, capture};
use crate::paths::Paths;
use crate::state::State;
use remote::{Output, Reach, Remote, RemoteError, Stream};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, Mode, OFlags, ResolveFlags, fchmod, mkdirat, openat2, renameat, unlinkat};
use rustix::io::Errno;
use rustix::thread::{ThreadNameSpaceType, UnshareFlags, move_into_thread_name_spaces};
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What commands start with.
pub(crate) const ENVIRONMENT: [(&str, &str); 2] =
    [("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"), ("LANG", "C.UTF-8")];

/// A machine of a twin. It stays valid over power cuts: each use finds the machine that runs then.
#[derive(Debug)]
pub struct NamespaceRemote {
    paths: Paths,
    machine: String,
    leader: Mutex<Option<ProcId>>,
}

impl NamespaceRemote {
    pub(crate) fn new(paths: Paths, machine: &str, leader: Option<ProcId>) -> Self {
        NamespaceRemote { paths, machine: machine.to_owned(), leader: Mutex::new(leader) }
    }

    fn unreachable(&self, detail: impl ToString) -> RemoteError {
        RemoteError::Unreachable {
            host: self.machine.clone(),
            reason: Reach::Off,
            detail: detail.to_string(),
        }
    }
    fn failed(&self, command: &str, detail: impl ToString) -> RemoteError {
        RemoteError::Failed {
            host: self.machine.clone(),
            command: command.to_owned(),
            detail: detail.to_string(),
        }
    }

    /// The first process of the machine and a handle on it.
    fn leader(&self) -> Result<(ProcId, OwnedFd), RemoteError> {
        let mut known = self.leader.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((leader, handle)) = known.and_then(|l| l.handle().map(|h| (l, h))) {
            return Ok((leader, handle));
        }
        let state = State::load(&self.paths).map_err(|e| self.unreachable(e))?;
        *known = state.and_then(|s| s.machines.get(&self.machine).map(|p| p.leader));
        let found = known.and_then(|l| l.handle().map(|h| (l, h)));
        found.ok_or_else(|| self.unreachable("the machine is switched off"))
    }

    /// Starts a command inside.
    fn spawn(&self, argv: &[&str], capture_errors: bool, input: bool) -> Result<Child, RemoteError> {
        let (program, args) = argv.split_first().ok_or_else(|| self.failed("", "empty command"))?;
        let (_, handle) = self.leader()?;
        let mut command = Command::new(program);
        command.args(args).env_clear().envs(ENVIRONMENT).env("HOME", "/root").process_group(0);
        command.stdin(if input { Stdio::piped() } else { Stdio::null() }).stdout(Stdio::piped());
        command.stderr(if capture_errors { Stdio::piped() } else { Stdio::inherit() });
        aside(|| {
            enter(&handle).map_err(|e| self.unreachable(format!("enter its namespaces: {e}")))?;
            command.spawn().map_err(|e| self.failed(&argv.join(" "), e))
        })
        .map_err(|e: TwinError| self.unreachable(e))?
    }

    fn root(&self) -> Result<OwnedFd, RemoteError> {
        let (leader, handle) = self.leader()?;
        let root = format!("/proc/{}/root", leader.pid);
        let root = rustix::fs::open(root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
        let root = root.map_err(|e| self.unreachable(e))?;
        drop(handle);
        // Opened while that very process lived, else it may be another's.
        if leader.alive() { Ok(root) } else { Err(self.unreachable("the machine was switched off")) }
    }
}

impl NamespaceRemote {
    /// The number of the machine's first process, as this machine sees it.
    ///
    /// # Errors
    /// When the machine is switched off.
    pub fn pid(&self) -> Result<i32, RemoteError> {
        let (leader, _handle) = self.leader()?;
        Ok(leader.pid)
    }

    /// Removes a file. One that is not there is fine.
    pub(crate) fn remove(&self, path: &str) -> Result<(), RemoteError> {
        let root = self.root()?;
        let removed = || -> rustix::io::Result<()> {
            let path = Path::new(path);
            let folder = path.parent().and_then(Path::to_str).ok_or(Errno::INVAL)?;
            let folder = open_in(&root, folder, OFlags::PATH | OFlags::DIRECTORY, Mode::empty())?;
            unlinkat(&folder, path.file_name().ok_or(Errno::INVAL)?, AtFlags::empty())
        };
        match removed() {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(e) => Err(self.failed(&format!("remove {path}"), e)),
        }
    }
}

/// Moves the calling thread to where a machine's first process is.
fn enter(leader: &OwnedFd) -> rustix::io::Result<()> {
    use ThreadNameSpaceType as N;
    // A mount namespace cannot be joined by a thread that shares its working directory with others.
    unshare(UnshareFlags::FS)?;
    let all = N::MOUNT
        | N::CONTROL_GROUP
        | N::HOST_NAME_AND_NIS_DOMAIN_NAME
        | N::INTER_PROCESS_COMMUNICATION
        | N::PROCESS_ID
        | N::NETWORK;
    move_into_thread_name_spaces(leader.as_fd(), all)
}

/// Opens a path of the guest; no link in it leads out of the guest.
fn open_in(root: &OwnedFd, path: &str, flags: OFlags, mode: Mode) -> rustix::io::Result<OwnedFd> {
    loop {
        match openat2(root, path, flags | OFlags::CLOEXEC, mode, ResolveFlags::IN_ROOT) {
            // A rename somewhere on the way: the kernel could not be sure and says to ask again.
            Err(Errno::AGAIN | Errno::INTR) => {}
            other => return other,
        }
    }
}

/// Opens a folder of the guest, making what is missing.
fn folder_in(root: &OwnedFd, path: &Path) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY;
    let text = path.to_str().ok_or(Errno::INVAL)?;
    match open_in(root, text, flags, Mode::empty()) {
        Err(Errno::NOENT) => {}
        other => return other,
    }
    let parent = folder_in(root, path.parent().ok_or(Errno::NOENT)?)?;
    let name = path.file_name().ok_or(Errno::INVAL)?;
    match mkdirat(&parent, name, Mode::from_raw_mode(0o755)) {
        Ok(()) | Err(Errno::EXIST) => open_in(root, text, flags, Mode::empty()),
        Err(e) => Err(e),
    }
}

impl Remote for NamespaceRemote {
    fn name(&self) -> &str {
        &self.machine
    }

    fn run(&self, argv: &[&str], stdin: &[u8], deadline: Duration) -> Result<Output, RemoteError> {
        let child = self.spawn(argv, true, !stdin.is_empty())?;
        capture(child, stdin, deadline).map_err(|cut| match cut {
            Cut::Deadline => RemoteError::Deadline {
                host: self.machine.clone(),
                command: argv.join(" "),
                after_ms: u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX),
            },
            Cut::Io(e) => self.failed(&argv.join(" "), e),
        })
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, RemoteError> {
        let what = || format!("read {path}");
        let root = self.root()?;
        match open_in(&root, path, OFlags::RDONLY, Mode::empty()) {
            Ok(file) => {
                let mut bytes = Vec::new();
                File::from(file).read_to_end(&mut bytes).map_err(|e| self.failed(&what(), e))?;
                Ok(Some(bytes))
            }
            Err(Errno::NOENT) => Ok(None),
            Err(e) => Err(self.failed(&what(), e)),
        }
    }

    fn write(&self, path: &str, bytes: &[u8], mode: u32) -> Result<(), RemoteError> {
        let root = self.root()?;
        let written = || -> std::io::Result<()> {
            let path = Path::new(path);
            let name = path.file_name().ok_or(Errno::INVAL)?;
            let folder = folder_in(&root, path.parent().ok_or(Errno::INVAL)?)?;
            let staged = format!(".{}.fw-{}", name.to_string_lossy(), std::process::id());
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let bits = Mode::from_raw_mode(mode);
            let file = rustix::fs::openat(&folder, staged.as_str(), flags, bits)?;
            let done = (|| {
                // The process's umask took bits away.
                fchmod(&file, bits)?;
                let mut file = File::from(file);
                file.write_all(bytes)?;
                file.sync_all()?;
                renameat(&folder, staged.as_str(), &folder, name)?;
                Ok(())
            })();
            if done.is_err() {
                let _ = unlinkat(&folder, staged.as_str(), AtFlags::empty());
            }
            done
        };
        written().map_err(|e| self.failed(&format!("write {path}"), e))
    }

    fn open(&self, argv: &[&str]) -> Result<Stream, RemoteError> {
        self.spawn(argv, false, true).map(Stream::new)
    }
}
