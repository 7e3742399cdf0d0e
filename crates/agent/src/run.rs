//! Running a program with a deadline.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Output kept of a program: its end, where errors are.
const KEEP: usize = 16 << 10;
/// What was killed is gone within this time, unless the kernel itself hangs.
const KILLED: Duration = Duration::from_secs(5);

/// What a program said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Exit code, 128 + n for signal n.
    pub code: i32,
    /// Both outputs together, the last 16 KiB.
    pub text: String,
}

/// Runs a program without input and waits at most `limit`; past it, the program and everything in its process
/// group is killed.
///
/// # Errors
/// When it cannot be started, or [`io::ErrorKind::TimedOut`].
pub fn bounded(command: &mut Command, limit: Duration) -> io::Result<Said> {
    let (read, write) = io::pipe()?;
    let child = command.stdin(Stdio::null()).stdout(write.try_clone()?).stderr(write);
    start(child, OwnedFd::from(read), limit, KEEP)?.end()
}

/// As [`bounded`], with something on its standard input.
///
/// # Errors
/// As [`bounded`].
pub fn fed(command: &mut Command, input: &[u8], limit: Duration) -> io::Result<Said> {
    let memory = rustix::fs::memfd_create("input", rustix::fs::MemfdFlags::CLOEXEC)?;
    let mut file = File::from(memory);
    file.write_all(input)?;
    file.rewind()?;
    let (read, write) = io::pipe()?;
    let child = command.stdin(file).stdout(write.try_clone()?).stderr(write);
    start(child, OwnedFd::from(read), limit, KEEP)?.end()
}

/// What becomes of a program whose agent was killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Orphan {
    /// It is killed: it may never end.
    Killed,
    /// It may end what it began, for this long: half of it would be worse.
    Awaited(Duration),
}

/// Where programs are when nobody says so.
const FOLDERS: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Waits for a line, which comes once it is on record which process this is, and becomes the program then. Without
/// the line its agent is dead, and the program never begins.
const GATE: &str = "read -r go && exec \"$@\"";

/// As [`bounded`], and while it runs `note` says which process group it is: [`end_orphan`] deals with one whose
/// agent was killed, so that it changes nothing any more once somebody goes back.
///
/// # Errors
/// As [`bounded`].
pub fn noted(command: &Command, limit: Duration, note: &Path, orphan: Orphan) -> io::Result<Said> {
    let (read, write) = io::pipe()?;
    let mut gated = Command::new("/bin/sh");
    gated.args(["-c", GATE, "sh"]).arg(found(command.get_program())?).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => gated.env(name, value),
            None => gated.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        gated.current_dir(folder);
    }
    gated.stdin(Stdio::piped()).stdout(write.try_clone()?).stderr(write);
    let mut begun = start(&mut gated, OwnedFd::from(read), limit, KEEP)?;
    if let Some(name) = i32::try_from(begun.child.id()).ok().and_then(name_of) {
        let orphan = match orphan {
            Orphan::Killed => String::new(),
            Orphan::Awaited(limit) => format!(" {}", limit.as_secs()),
        };
        // It only helps after a kill: a disk that is full is no reason to stop.
        let _ = std::fs::write(note, format!("{name}{orphan}"));
    }
    if let Some(mut gate) = begun.child.stdin.take() {
        // One that ended already says so below.
        let _ = gate.write_all(b"\n");
    }
    let said = begun.end();
    let _ = std::fs::remove_file(note);
    said
}

/// Where a program is: its path, or the first folder of `PATH` that has it.
fn found(program: &OsStr) -> io::Result<PathBuf> {
    let missing = || io::Error::new(io::ErrorKind::NotFound, "there is no such program");
    if Path::new(program).components().count() > 1 {
        return if Path::new(program).exists() { Ok(program.into()) } else { Err(missing()) };
    }
    let folders = std::env::var_os("PATH").unwrap_or_else(|| FOLDERS.into());
    std::env::split_paths(&folders).map(|f| f.join(program)).find(|p| p.is_file()).ok_or_else(missing)
}

/// Ends what a killed agent left running, or waits for its end.
pub fn end_orphan(note: &Path) {
    let Ok(text) = std::fs::read_to_string(note) else { return };
    let words: Vec<&str> = text.split_whitespace().collect();
    if let Some(pid) = words.first().and_then(|w| w.parse().ok())
        && let Some(group) = Pid::from_raw(pid)
        && let Ok(pidfd) = pidfd_open(group, PidfdFlags::empty())
        && name_of(pid).is_some_and(|name| words.iter().take(3).copied().eq(name.split(' ')))
    {
        let seconds = words.get(3).and_then(|w| w.parse().ok()).unwrap_or(0);
        if !ends(&pidfd, Duration::from_secs(seconds)) {
            let _ = kill_process_group(group, Signal::KILL);
            ends(&pidfd, KILLED);
        }
    }
    let _ = std::fs::remove_file(note);
}

/// True once a process has ended, false after `limit`.
fn ends(pidfd: &OwnedFd, limit: Duration) -> bool {
    let until = Instant::now() + limit;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        match poll(&mut [PollFd::new(pidfd, PollFlags::IN)], Some(&timespec(left))) {
            Err(rustix::io::Errno::INTR) => {}
            Ok(n) => return n > 0,
            Err(_) => return false,
        }
    }
}

/// What tells a process from all others there ever were on this host: number, start and boot.
fn name_of(pid: i32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let started = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?;
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(format!("{pid} {started} {}", boot.trim()))
}

/// A program that runs while something else is done.
pub struct Begun {
    child: Child,
    read: OwnedFd,
    until: Instant,
    limit: Duration,
    keep: usize,
}

/// Starts a program as [`bounded`] does, of which all of the standard output is wanted, at most its last 4 MiB, and
/// nothing else. What it says is taken by [`Begun::end`].
///
/// # Errors
/// When it cannot be started.
pub fn begin(command: &mut Command, limit: Duration) -> io::Result<Begun> {
    let (read, write) = io::pipe()?;
    let command = command.stdin(Stdio::null()).stdout(write).stderr(Stdio::null());
    start(command, OwnedFd::from(read), limit, KEEP << 8)
}

fn start(command: &mut Command, read: OwnedFd, limit: Duration, keep: usize) -> io::Result<Begun> {
    let child = command.process_group(0).spawn()?;
    // The command keeps its copies of the pipe's end until it is given others.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    Ok(Begun { child, read, until: Instant::now() + limit, limit, keep })
}

impl Begun {
    /// Waits for its end.
    ///
    /// # Errors
    /// [`io::ErrorKind::TimedOut`]; it is killed then.
    pub fn end(mut self) -> io::Result<Said> {
        let ended = until_ended(&mut self.child, self.read, self.until, self.keep);
        if ended.is_err() {
            if let Ok(pid) = i32::try_from(self.child.id())
                && let Some(pid) = Pid::from_raw(pid)
            {
                let _ = kill_process_group(pid, Signal::KILL);
            }
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        let (code, bytes) = ended.map_err(|e| match e.kind() {
            io::ErrorKind::TimedOut => {
                io::Error::new(e.kind(), format!("did not end within {} s", self.limit.as_secs_f32()))
            }
            _ => e,
        })?;
        Ok(Said { code, text: String::from_utf8_lossy(&bytes).into_owned() })
    }
}

/// Reads output until the program itself ends: something it left running may hold the pipe open.
fn until_ended(child: &mut Child, pipe: OwnedFd, until: Instant, keep: usize) -> io::Result<(i32, Vec<u8>)> {
    fcntl_setfl(&pipe, fcntl_getfl(&pipe)? | OFlags::NONBLOCK)?;
    let mut pipe = File::from(pipe);
    let raw = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidInput)?;
    let pidfd = pidfd_open(raw, PidfdFlags::empty())?;
    let mut kept = Vec::new();
    let mut open = true;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let mut fds = vec![PollFd::new(&pidfd, PollFlags::IN)];
        if open {
            fds.push(PollFd::from_borrowed_fd(pipe.as_fd(), PollFlags::IN));
        }
        match poll(&mut fds, Some(&timespec(left))) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
        let ended = fds[0].revents().contains(PollFlags::IN);
        drop(fds);
        if open {
            open = drain(&mut pipe, &mut kept, keep)?;
        }
        if ended {
            let status = child.wait()?;
            let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
            return Ok((code, kept));
        }
    }
}

/// Reads what is there; false at the end.
fn drain(pipe: &mut File, kept: &mut Vec<u8>, keep: usize) -> io::Result<bool> {
    let mut chunk = [0u8; 8 << 10];
    loop {
        match pipe.read(&mut chunk) {
            Ok(0) => return Ok(false),
            Ok(n) => {
                kept.extend_from_slice(&chunk[..n]);
                let over = kept.len().saturating_sub(keep);
                kept.drain(..over);
            }
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(true),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

/// A duration as the kernel takes it.
pub fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(duration.subsec_nanos()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn shell(script: &str, limit_ms: u64) -> io::Result<Said> {
        bounded(Command::new("/bin/sh").args(["-c", script]), Duration::from_millis(limit_ms))
    }

    #[test]
    fn exit_codes_and_both_outputs_come_back() {
        let said = shell("echo out; echo err >&2; exit 3", 5000).unwrap();
        assert_eq!((said.code, said.text.as_str()), (3, "out\nerr\n"));
    }

    #[test]
    fn a_hanging_program_is_ended_with_its_children() {
        let started = Instant::now();
        let error = shell("sleep 30 & sleep 30", 100).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(started.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn what_is_not_on_record_never_begins() {
        let folder = tempfile::tempdir().unwrap();
        let made = folder.path().join("made");
        let begin = || {
            let mut gated = Command::new("/bin/sh");
            gated.args(["-c", GATE, "sh", "touch"]).arg(&made).stdin(Stdio::piped()).spawn().unwrap()
        };
        let mut child = begin();
        drop(child.stdin.take());
        assert!(!child.wait().unwrap().success() && !made.exists());
        let mut child = begin();
        child.stdin.take().unwrap().write_all(b"\n").unwrap();
        assert!(child.wait().unwrap().success() && made.exists());
    }

    #[test]
    fn orphans_are_killed_or_awaited_and_others_let_be() {
        let folder = tempfile::tempdir().unwrap();
        let note = folder.path().join("under-way");
        let sleep = |time: &str| Command::new("sleep").arg(time).process_group(0).spawn().unwrap();
        let name = |child: &Child| name_of(i32::try_from(child.id()).unwrap()).unwrap();
        let mut killed = sleep("30");
        std::fs::write(&note, name(&killed)).unwrap();
        end_orphan(&note);
        assert_eq!(killed.wait().unwrap().signal(), Some(9));
        let mut awaited = sleep("0.2");
        std::fs::write(&note, format!("{} 10", name(&awaited))).unwrap();
        end_orphan(&note);
        assert!(awaited.try_wait().unwrap().unwrap().success());
        let mut other = sleep("30");
        std::fs::write(&note, name(&other).replace(' ', " 1")).unwrap();
        end_orphan(&note);
        assert!(other.try_wait().unwrap().is_none() && !note.exists());
        other.kill().unwrap();
        other.wait().unwrap();
    }

    #[test]
    fn a_noted_program_is_found_and_gets_its_surroundings() {
        let folder = tempfile::tempdir().unwrap();
        let note = folder.path().join("under-way");
        let mut command = Command::new("sh");
        let script = "cat; pwd; echo $WHO; read x || echo end; cut -d' ' -f4 under-way; exit 3";
        command.args(["-c", script]).env("WHO", "me").current_dir(folder.path());
        let orphan = Orphan::Awaited(Duration::from_secs(7));
        let said = noted(&command, Duration::from_secs(5), &note, orphan).unwrap();
        let there = folder.path().canonicalize().unwrap();
        assert_eq!((said.code, said.text), (3, format!("{}\nme\nend\n7\n", there.display())));
        assert!(!note.exists());
        for missing in ["no-such-program", "/no/such/program"] {
            let error = noted(&Command::new(missing), Duration::from_secs(5), &note, orphan).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::NotFound);
        }
    }

    #[test]
    fn something_left_running_does_not_hold_us() {
        let started = Instant::now();
        assert_eq!(shell("sleep 2 & echo done", 10_000).unwrap().text, "done\n");
        assert!(started.elapsed() < Duration::from_secs(1));
    }
}
