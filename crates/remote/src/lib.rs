//! A way onto a host: run a command, read and write files, open a stream. Every effect on a host goes
//! through this trait; the twin's namespaces are one more implementation of it.

mod error;
mod local;
mod process;
pub mod ssh;
mod stream;

pub use error::{Reach, RemoteError};
pub use local::Local;
pub use process::{run_bounded, wait_until};
pub use stream::{Ending, Stream};

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

    /// Drops what is kept open, so that the next use makes a connection of its own.
    fn renew(&self) {}
}
