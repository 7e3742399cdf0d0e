//! A conversation with the agent over an open stream: lines there, events back, each with a deadline. One
//! thread does both ends, so that a host costs no more than the thread that works on it.

use artifact::protocol::Event;
use remote::{Reach, Remote, RemoteError, Stream};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

/// An agent command whose input and output stay open. Ended when dropped.
pub(crate) struct Session {
    host: String,
    command: String,
    stdin: Option<File>,
    stdout: File,
    stream: Stream,
    buffer: Vec<u8>,
}

/// What came.
pub(crate) enum Heard {
    /// An event.
    Event(Event),
    /// The end of output, with the command's exit code.
    End(i32),
    /// Nothing yet, but there is a command in the inbox.
    Woken,
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
        let stdin = stream.stdin.take().map(File::from);
        let stdout = stream
            .stdout
            .take()
            .map(File::from)
            .ok_or_else(|| failed("its output is not a pipe".to_owned()))?;
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
                    let mut fds = [PollFd::new(&*stdin, PollFlags::OUT)];
                    if !ready(&mut fds, until).map_err(|e| self.failed(e))? {
                        return Err(self.late(limit));
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if is_gone(&e) => return Ok(()),
                Err(e) => return Err(self.failed(e)),
            }
        }
        Ok(())
    }

    /// The end of input: the agent leaves the host as it is where it still can.
    pub(crate) fn close_input(&mut self) {
        self.stdin = None;
    }

    /// The next event, or [`Heard::Woken`] when `wake` is ready before one comes.
    ///
    /// # Errors
    /// When none comes in time, or what comes is no event.
    pub(crate) fn hear(
        &mut self,
        limit: Duration,
        wake: Option<BorrowedFd<'_>>,
    ) -> Result<Heard, RemoteError> {
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
                Err(e) if is_gone(&e) => return self.end(),
                Ok(n) => self.buffer.extend_from_slice(&chunk[..n]),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    let here = PollFd::new(&self.stdout, PollFlags::IN);
                    let mut fds: Vec<PollFd<'_>> = std::iter::once(here).collect();
                    fds.extend(wake.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)));
                    if !ready(&mut fds, until).map_err(|e| self.failed(e))? {
                        return Err(self.late(limit));
                    }
                    if fds[0].revents().is_empty() {
                        return Ok(Heard::Woken);
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
        match self.stream.exit_code(Duration::from_secs(5)) {
            Ok(code) => Ok(Heard::End(code)),
            Err(e) if e.kind() == io::ErrorKind::ConnectionReset => Err(RemoteError::Unreachable {
                host: self.host.clone(),
                reason: Reach::Lost,
                detail: e.to_string(),
            }),
            Err(e) => Err(self.failed(e)),
        }
    }
}

/// The other end has closed.
fn is_gone(e: &io::Error) -> bool {
    matches!(e.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}

/// The start of a line, fit for a message.
fn shown(line: &[u8]) -> String {
    String::from_utf8_lossy(line).chars().take(120).collect::<String>().trim().to_owned()
}

/// Waits until one of them is ready; false when the time is over.
fn ready(fds: &mut [PollFd<'_>], until: Instant) -> io::Result<bool> {
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        let limit = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(left.subsec_nanos()),
        };
        match poll(fds, Some(&limit)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return Ok(true),
            Err(e) => return Err(e.into()),
        }
    }
}
