//! A way onto a host that remembers why it could not be gone, for questions whose answer only has words.

use remote::{Output, Reach, Remote, RemoteError, Stream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Another way, and the last reason it failed.
pub struct Remembering {
    inner: Arc<dyn Remote>,
    reason: Mutex<Option<Reach>>,
}

impl Remembering {
    /// Of another way.
    pub fn new(inner: Arc<dyn Remote>) -> Self {
        Remembering { inner, reason: Mutex::default() }
    }

    /// Why the host could not be reached the last time it could not.
    pub fn reason(&self) -> Option<Reach> {
        *self.reason.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note<T>(&self, result: Result<T, RemoteError>) -> Result<T, RemoteError> {
        let reason = match &result {
            Err(RemoteError::Unreachable { reason, .. }) => Some(*reason),
            Err(RemoteError::Deadline { .. }) => Some(Reach::Timeout),
            Ok(_) | Err(RemoteError::Failed { .. }) => None,
        };
        if reason.is_some() {
            *self.reason.lock().unwrap_or_else(PoisonError::into_inner) = reason;
        }
        result
    }
}

impl Remote for Remembering {
    fn name(&self) -> &str {
        self.inner.name()
    }
    fn run(&self, argv: &[&str], stdin: &[u8], deadline: Duration) -> Result<Output, RemoteError> {
        self.note(self.inner.run(argv, stdin, deadline))
    }
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, RemoteError> {
        self.note(self.inner.read(path))
    }
    fn write(&self, path: &str, bytes: &[u8], mode: u32) -> Result<(), RemoteError> {
        self.note(self.inner.write(path, bytes, mode))
    }
    fn open(&self, argv: &[&str]) -> Result<Stream, RemoteError> {
        self.note(self.inner.open(argv))
    }
    fn renew(&self) {
        self.inner.renew();
    }
}
