//! What one host's thread is told to do, and the descriptor that wakes it while it waits for its host.

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// What a host's thread is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Send what is lacking, have it checked, and hold.
    Go,
    /// Switch and see that it is well; alone: also confirm it.
    Switch {
        /// Nobody has to be waited for.
        alone: bool,
    },
    /// Confirm.
    Confirm,
    /// Leave the host as it is: nothing was switched. Why.
    Leave(String),
    /// Have the host go back. Why.
    Undo(String),
}

/// Commands for one host.
pub(crate) struct Inbox {
    queue: Mutex<VecDeque<Command>>,
    wake: OwnedFd,
}

impl Inbox {
    pub(crate) fn new() -> io::Result<Self> {
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Inbox { queue: Mutex::default(), wake })
    }

    pub(crate) fn put(&self, command: Command) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).push_back(command);
        // Only a counter that is full refuses, and that one wakes as well.
        let _ = rustix::io::write(&self.wake, &1u64.to_ne_bytes());
    }

    /// The next command, if there is one.
    pub(crate) fn take(&self) -> Option<Command> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let command = queue.pop_front();
        if queue.is_empty() {
            let mut count = [0u8; 8];
            let _ = rustix::io::read(&self.wake, &mut count);
        }
        command
    }

    /// The next command; waits for it at most until then.
    pub(crate) fn wait(&self, until: Option<Instant>) -> Option<Command> {
        loop {
            if let Some(command) = self.take() {
                return Some(command);
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return None;
            }
            let limit = left.map(|left| Timespec {
                tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: i64::from(left.subsec_nanos()),
            });
            // Nothing but a signal keeps it from waiting; then it looks again.
            let _ = poll(&mut [PollFd::new(&self.wake, PollFlags::IN)], limit.as_ref());
        }
    }

    /// Ready for reading while a command waits.
    pub(crate) fn wake(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::time::Duration;

    #[test]
    fn it_wakes_as_long_as_something_is_in_it() {
        let inbox = Inbox::new().unwrap();
        let wakes = || {
            let now = Timespec { tv_sec: 0, tv_nsec: 0 };
            poll(&mut [PollFd::from_borrowed_fd(inbox.wake(), PollFlags::IN)], Some(&now)).unwrap() > 0
        };
        assert!(!wakes() && inbox.take().is_none());
        inbox.put(Command::Go);
        inbox.put(Command::Confirm);
        assert!(wakes());
        assert_eq!(inbox.take(), Some(Command::Go));
        assert!(wakes());
        assert_eq!(inbox.take(), Some(Command::Confirm));
        assert!(!wakes() && inbox.take().is_none());
        let soon = Instant::now() + Duration::from_millis(5);
        assert!(inbox.wait(Some(soon)).is_none() && Instant::now() >= soon);
        std::thread::scope(|scope| {
            scope.spawn(|| inbox.put(Command::Go));
            assert_eq!(inbox.wait(None), Some(Command::Go));
        });
    }
}
