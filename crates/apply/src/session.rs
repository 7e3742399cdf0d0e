//! A conversation with the agent over an open stream: lines there, events back, each with a deadline. One
//! thread does both ends, so that a host costs no more than the thread that works on it.

use artifact::protocol::Event;
use remote::{Remote, RemoteError, Stream};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::process::{ChildStdin, ChildStdout};
use std::time::{Duration, Instant};

/// An agent command whose input and output stay open. Ended when dropped.
pub(crate) struct Session {
    host: String,
    command: String,
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
    stream: Stream,
    buffer: Vec<u8>,
}

/// What came.
pub(crate) enum Heard {
    /// An event.
    Event(Event),
    /// The end of output, with the command's exit code.
    End(i32),
}

fn unblock(fd: impl AsFd) -> io::Result<()> {
    let flags = fcntl_getfl(&fd)?;
    Ok(fcntl_setfl(&fd, flags | OFlags::NONBLOCK)?)
}

impl Session {
    /// Starts a command.
    ///
    /// # Errors
    /// When the host cannot be reached or the command cannot be started.
    pub(crate) fn open(remote: &dyn Remote, argv: &[&str]) -> Result<Self, RemoteError> {
        let command = argv.join(" ");
        let failed = |detail: String| RemoteError::Failed {
            host: remote.name().to_owned(),
            command: command.clone(),
            detail,
        };
        let mut stream = remote.open(argv)?;
        let stdin = stream.stdin.take();
        let stdout = stream.stdout.take().ok_or_else(|| failed("its output is not a pipe".to_owned()))?;
        stdin
            .as_ref()
            .map_or(Ok(()), unblock)
            .and_then(|()| unblock(&stdout))
            .map_err(|e| failed(e.to_string()))?;
        Ok(Session { host: remote.name().to_owned(), command, stdin, stdout, stream, buffer: Vec::new() })
    }

    fn failed(&self, detail: impl ToString) -> RemoteError {
        RemoteError::Failed {
            host: self.host.clone(),
            command: self.command.clone(),
            detail: detail.to_string(),
        }
    }

    fn late(&self, limit: Duration) -> RemoteError {
        RemoteError::Deadline {
            host: self.host.clone(),
            command: self.command.clone(),
            after_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// Sends one line. A command that ends instead of reading is not an error here: what it said is heard
    /// next.
    ///
    /// # Errors
    /// When it is not taken in time.
    pub(crate) fn send(&mut self, mut line: Vec<u8>, limit: Duration) -> Result<(), RemoteError> {
        line.push(b'\n');
        let until = Instant::now() + limit;
        let mut left = line.as_slice();
        while !left.is_empty() {
            let Some(stdin) = &mut self.stdin else { return Err(self.failed("its input is closed")) };
            match stdin.write(left) {
                Ok(n) => left = &left[n..],
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    if !ready(stdin.as_fd(), PollFlags::OUT, until).map_err(|e| self.failed(e))? {
                        return Err(self.late(limit));
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                Err(e) => return Err(self.failed(e)),
            }
        }
        Ok(())
    }

    /// The next event.
    ///
    /// # Errors
    /// When none comes in time, or what comes is no event.
    pub(crate) fn hear(&mut self, limit: Duration) -> Result<Heard, RemoteError> {
        let until = Instant::now() + limit;
        let mut searched = 0;
        loop {
            if let Some(at) = self.buffer[searched..].iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=searched + at).collect();
                return match serde_json::from_slice(&line) {
                    Ok(event) => Ok(Heard::Event(event)),
                    Err(_) => Err(self.failed(format!("not an event: {}", shown(&line)))),
                };
            }
            searched = self.buffer.len();
            let mut chunk = [0u8; 16 << 10];
            match self.stdout.read(&mut chunk) {
                Ok(0) => return self.end(),
                Ok(n) => self.buffer.extend_from_slice(&chunk[..n]),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    if !ready(self.stdout.as_fd(), PollFlags::IN, until).map_err(|e| self.failed(e))? {
                        return Err(self.late(limit));
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(self.failed(e)),
            }
        }
    }

    /// The output has ended, so the command is ending too.
    fn end(&mut self) -> Result<Heard, RemoteError> {
        self.stdin = None;
        let code = self.stream.exit_code(Duration::from_secs(5)).map_err(|e| self.failed(e))?;
        Ok(Heard::End(code))
    }
}

/// The start of a line, fit for a message.
fn shown(line: &[u8]) -> String {
    String::from_utf8_lossy(line).chars().take(120).collect::<String>().trim().to_owned()
}

/// Waits until a pipe is ready; false when the time is over.
fn ready(fd: std::os::fd::BorrowedFd<'_>, what: PollFlags, until: Instant) -> io::Result<bool> {
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        let limit = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(left.subsec_nanos()),
        };
        match poll(&mut [PollFd::from_borrowed_fd(fd, what)], Some(&limit)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return Ok(true),
            Err(e) => return Err(e.into()),
        }
    }
}
