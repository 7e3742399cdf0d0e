//! An open command on a host: its standard streams as file descriptors, whatever is behind them.

use crate::process;
use rustix::fd::OwnedFd;
use std::io;
use std::process::Child;
use std::time::{Duration, Instant};

/// How a command behind a [`Stream`] ends.
pub trait Ending: Send {
    /// Waits at most `limit` for the end and gives the exit code, 128 + n for signal n.
    ///
    /// # Errors
    /// [`io::ErrorKind::TimedOut`], or what kept it from being known.
    fn exit_code(&mut self, limit: Duration) -> io::Result<i32>;

    /// What it said on standard error, where that is kept; known once its exit code is.
    fn errors(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Ends it if it has not ended. There is nobody to tell when that fails.
    fn end(&mut self);
}

/// An open command on a host, ended when dropped.
pub struct Stream {
    /// Its standard input; dropping it is the end of input.
    pub stdin: Option<OwnedFd>,
    /// Its standard output.
    pub stdout: Option<OwnedFd>,
    ending: Box<dyn Ending>,
}

impl Stream {
    /// Wraps a started child whose standard input and output are pipes.
    pub fn new(mut child: Child) -> Self {
        let stdin = child.stdin.take().map(OwnedFd::from);
        let stdout = child.stdout.take().map(OwnedFd::from);
        Stream { stdin, stdout, ending: Box::new(child) }
    }

    /// From descriptors that poll(2) works on, and what knows how it ends.
    pub fn of(stdin: OwnedFd, stdout: OwnedFd, ending: Box<dyn Ending>) -> Self {
        Stream { stdin: Some(stdin), stdout: Some(stdout), ending }
    }

    /// Waits at most `limit` for the command to end and gives its exit code (128 + n for signal n).
    ///
    /// # Errors
    /// [`io::ErrorKind::TimedOut`], or when it cannot be waited for.
    pub fn exit_code(&mut self, limit: Duration) -> io::Result<i32> {
        self.ending.exit_code(limit)
    }

    /// What it said on standard error, lossily, once its exit code is known. Empty where that goes elsewhere.
    pub fn error_text(&self) -> String {
        String::from_utf8_lossy(&self.ending.errors()).trim_end().to_owned()
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        drop(self.stdin.take());
        self.ending.end();
    }
}

impl Ending for Child {
    fn exit_code(&mut self, limit: Duration) -> io::Result<i32> {
        process::wait_until(self, Instant::now() + limit)
    }

    fn end(&mut self) {
        if let Ok(None) = self.try_wait() {
            let _ = self.kill();
            let _ = self.wait();
        }
    }
}
