//! A way onto a host: run a command, read and write files, open a stream. Every effect on a host goes
//! through this trait; the twin's namespaces are one more implementation of it.

mod error;
mod local;
mod process;

pub use error::RemoteError;
pub use local::Local;
pub use process::run_bounded;

use std::process::{ChildStdin, ChildStdout};
use std::time::Duration;

/// What a command said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Exit code; 128 + n when signal n ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
}

impl Output {
    /// True for exit code 0.
    pub fn ok(&self) -> bool {
        self.code == 0
    }
    /// Standard output as text, lossily, without trailing white space.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).trim_end().to_owned()
    }
    /// Standard error as text, lossily, without trailing white space.
    pub fn error_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).trim_end().to_owned()
    }
}

/// An open command on a host: its standard streams, ended when dropped.
pub struct Stream {
    /// Its standard input.
    pub stdin: Option<ChildStdin>,
    /// Its standard output.
    pub stdout: Option<ChildStdout>,
    child: std::process::Child,
}

/// A way onto a host.
pub trait Remote: Send + Sync {
    /// The host's name, for messages.
    fn name(&self) -> &str;

    /// Runs a command with `stdin` as its standard input and waits at most `deadline`.
    ///
    /// # Errors
    /// When the host cannot be reached, the command cannot be started or the deadline passes. An exit
    /// code other than 0 is not an error here.
    fn run(&self, argv: &[&str], stdin: &[u8], deadline: Duration) -> Result<Output, RemoteError>;

    /// The bytes of a file, or `None` when there is no such file.
    ///
    /// # Errors
    /// When the host cannot be reached or the file cannot be read.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, RemoteError>;

    /// Writes a file atomically with these permission bits, making its folder when it is missing.
    ///
    /// # Errors
    /// When the host cannot be reached or the file cannot be written.
    fn write(&self, path: &str, bytes: &[u8], mode: u32) -> Result<(), RemoteError>;

    /// Starts a command whose streams stay open.
    ///
    /// # Errors
    /// When the host cannot be reached or the command cannot be started.
    fn open(&self, argv: &[&str]) -> Result<Stream, RemoteError>;
}

impl Stream {
    /// Wraps a started child whose standard input and output are pipes.
    pub fn new(mut child: std::process::Child) -> Self {
        Stream { stdin: child.stdin.take(), stdout: child.stdout.take(), child }
    }
    /// Waits for the command to end and gives its exit code (128 + n for signal n).
    ///
    /// # Errors
    /// When the process cannot be waited for.
    pub fn wait(mut self) -> std::io::Result<i32> {
        drop(self.stdin.take());
        Ok(process::code(self.child.wait()?))
    }
    /// Waits at most `limit` for the command to end and gives its exit code (128 + n for signal n).
    ///
    /// # Errors
    /// [`std::io::ErrorKind::TimedOut`], or when the process cannot be waited for.
    pub fn exit_code(&mut self, limit: Duration) -> std::io::Result<i32> {
        process::wait_until(&mut self.child, std::time::Instant::now() + limit)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        drop(self.stdin.take());
        if let Ok(None) = self.child.try_wait() {
            // Already ending is fine; there is nobody to tell.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
