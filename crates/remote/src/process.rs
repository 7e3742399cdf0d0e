//! Running a child process with a deadline.

use crate::{Output, RemoteError};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Exit code of a status, 128 + n for signal n.
pub(crate) fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}

/// Waits for a child to end, by the file descriptor that stands for it (pidfd_open(2)), and gives its exit code, 128 + n
/// for signal n.
///
/// # Errors
/// `TimedOut` when it has not ended by then, and what the kernel says.
pub fn wait_until(child: &mut Child, until: Instant) -> io::Result<i32> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidInput)?;
    let pidfd = pidfd_open(pid, PidfdFlags::empty())?;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(code(status));
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let limit = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(left.subsec_nanos()),
        };
        match poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&limit)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
    }
}

/// Runs `command` with `stdin`, reads both outputs to their end, and waits at most `deadline`; past it
/// the child is killed.
///
/// # Errors
/// When the child cannot be started or the deadline passes.
pub fn run_bounded(
    host: &str,
    command: &mut Command,
    stdin: &[u8],
    deadline: Duration,
) -> Result<Output, RemoteError> {
    let shown = format!("{:?}", command.get_program()).trim_matches('"').to_owned()
        + &command.get_args().map(|a| format!(" {}", a.to_string_lossy())).collect::<String>();
    let failed =
        |detail: String| RemoteError::Failed { host: host.to_owned(), command: shown.clone(), detail };
    let started = Instant::now();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| failed(e.to_string()))?;
    let input = child.stdin.take();
    let stdout = child.stdout.take();
    let stderr = child.stderr.take();
    let (send, receive) = mpsc::channel();
    std::thread::scope(|scope| {
        if let Some(mut pipe) = input {
            let bytes = stdin.to_vec();
            scope.spawn(move || {
                // A command may end without reading its input: that is its exit code's matter.
                let _ = pipe.write_all(&bytes);
            });
        }
        let out_send = send.clone();
        scope.spawn(move || {
            let mut bytes = Vec::new();
            let read = stdout.map_or(Ok(0), |mut p| p.read_to_end(&mut bytes));
            let _ = out_send.send((false, read.map(|_| bytes)));
        });
        scope.spawn(move || {
            let mut bytes = Vec::new();
            let read = stderr.map_or(Ok(0), |mut p| p.read_to_end(&mut bytes));
            let _ = send.send((true, read.map(|_| bytes)));
        });
        let mut outputs = [None, None];
        for _ in 0..2 {
            let left = deadline.saturating_sub(started.elapsed());
            match receive.recv_timeout(left) {
                Ok((which, bytes)) => {
                    outputs[usize::from(which)] = Some(bytes.map_err(|e| failed(e.to_string()))?)
                }
                Err(_) => {
                    // The deadline passed with the pipes still open: end the child, then its pipes close.
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(RemoteError::Deadline {
                        host: host.to_owned(),
                        command: shown.clone(),
                        after_ms: u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX),
                    });
                }
            }
        }
        let status = child.wait().map_err(|e| failed(e.to_string()))?;
        let [stdout, stderr] = outputs;
        Ok(Output {
            code: code(status),
            stdout: stdout.unwrap_or_default(),
            stderr: stderr.unwrap_or_default(),
        })
    })
}
