//! Running a program with a deadline.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
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
    let mut child =
        command.stdin(Stdio::null()).stdout(write.try_clone()?).stderr(write).process_group(0).spawn()?;
    // The command keeps its copies of the pipe's end until it is given others.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let ended = until_ended(&mut child, OwnedFd::from(read), Instant::now() + limit);
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
fn until_ended(child: &mut Child, pipe: OwnedFd, until: Instant) -> io::Result<(i32, Vec<u8>)> {
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
            open = drain(&mut pipe, &mut kept)?;
        }
        if ended {
            let status = child.wait()?;
            let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
            return Ok((code, kept));
        }
    }
}

/// Reads what is there; false at the end.
fn drain(pipe: &mut File, kept: &mut Vec<u8>) -> io::Result<bool> {
    let mut chunk = [0u8; 8 << 10];
    loop {
        match pipe.read(&mut chunk) {
            Ok(0) => return Ok(false),
            Ok(n) => {
                kept.extend_from_slice(&chunk[..n]);
                let over = kept.len().saturating_sub(KEEP);
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
