//! Running a program with a deadline.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Output kept of a program: its end, where errors are.
const KEEP: usize = 16 << 10;

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
    until(child, OwnedFd::from(read), limit, KEEP, None)
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
    until(child, OwnedFd::from(read), limit, KEEP, None)
}

/// As [`bounded`], and while it runs `note` says which process group it is: [`end_orphan`] ends one whose
/// agent was killed, so that it changes nothing any more once somebody goes back.
///
/// # Errors
/// As [`bounded`].
pub fn noted(command: &mut Command, limit: Duration, note: &Path) -> io::Result<Said> {
    let (read, write) = io::pipe()?;
    let child = command.stdin(Stdio::null()).stdout(write.try_clone()?).stderr(write);
    let said = until(child, OwnedFd::from(read), limit, KEEP, Some(note));
    let _ = std::fs::remove_file(note);
    said
}

/// Ends what a killed agent left running.
pub fn end_orphan(note: &Path) {
    let Ok(text) = std::fs::read_to_string(note) else { return };
    let _ = std::fs::remove_file(note);
    let pid = text.split_whitespace().next().and_then(|p| p.parse().ok());
    let Some(pid) = pid.filter(|pid| name_of(*pid).as_deref() == Some(text.trim())) else { return };
    if let Some(group) = Pid::from_raw(pid) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// What tells a process from all others there ever were on this host: number, start and boot.
fn name_of(pid: i32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let started = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?;
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(format!("{pid} {started} {}", boot.trim()))
}

/// As [`bounded`], with all of the standard output, at most its last 4 MiB, and nothing else.
///
/// # Errors
/// As [`bounded`].
pub fn whole(command: &mut Command, limit: Duration) -> io::Result<Said> {
    let (read, write) = io::pipe()?;
    until(
        command.stdin(Stdio::null()).stdout(write).stderr(Stdio::null()),
        OwnedFd::from(read),
        limit,
        KEEP << 8,
        None,
    )
}

fn until(
    command: &mut Command,
    read: OwnedFd,
    limit: Duration,
    keep: usize,
    note: Option<&Path>,
) -> io::Result<Said> {
    let mut child = command.process_group(0).spawn()?;
    if let (Some(note), Some(name)) = (note, i32::try_from(child.id()).ok().and_then(name_of)) {
        // It only helps after a kill: a disk that is full is no reason to stop.
        let _ = std::fs::write(note, name);
    }
    // The command keeps its copies of the pipe's end until it is given others.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let ended = until_ended(&mut child, read, Instant::now() + limit, keep);
    if ended.is_err() {
        if let Ok(pid) = i32::try_from(child.id())
            && let Some(pid) = Pid::from_raw(pid)
        {
            let _ = kill_process_group(pid, Signal::KILL);
        }
        let _ = child.kill();
        let _ = child.wait();
    }
    let (code, bytes) = ended.map_err(|e| match e.kind() {
        io::ErrorKind::TimedOut => {
            io::Error::new(e.kind(), format!("did not end within {} s", limit.as_secs_f32()))
        }
        _ => e,
    })?;
    Ok(Said { code, text: String::from_utf8_lossy(&bytes).into_owned() })
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
    fn something_left_running_does_not_hold_us() {
        let started = Instant::now();
        assert_eq!(shell("sleep 2 & echo done", 10_000).unwrap().text, "done\n");
        assert!(started.elapsed() < Duration::from_secs(1));
    }
}
