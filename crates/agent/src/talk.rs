//! One JSON value a line, in and out.

use crate::run::timespec;
use artifact::protocol::two::PATIENCE_S;
use artifact::protocol::{Code, Event, Fault, Order};
use rustix::event::{PollFd, PollFlags, poll};
use serde::de::DeserializeOwned;
use std::io::{self, Write};
use std::time::{Duration, Instant};

/// The first line must come within this time.
pub const FIRST: Duration = Duration::from_secs(60);
/// Every line of an apply must come within this time.
pub const PATIENCE: Duration = Duration::from_secs(PATIENCE_S as u64);
/// Largest line, in bytes.
const LARGEST: usize = 96 << 20;

/// Waits, checked and held, for the order to switch.
///
/// # Errors
/// [`Code::NotSwitched`] when another order, or none, comes.
pub fn held(talk: &mut Talk) -> Result<(), Fault> {
    loop {
        let what = match talk.hear::<Order>(PATIENCE) {
            Ok(Some(Order::Wait)) => continue,
            Ok(Some(Order::Switch)) => return Ok(()),
            Ok(Some(Order::Go(_))) => "told to go once more".to_owned(),
            Ok(None) => "the controller went away".to_owned(),
            Err(fault) => fault.message,
        };
        return Err(Fault::new(Code::NotSwitched, format!("checked and held, but {what}; nothing changed")));
    }
}

/// The controller at the other end of standard input and output.
#[derive(Default)]
pub struct Talk {
    buffer: Vec<u8>,
}

impl Talk {
    /// Speaks over standard input and output.
    pub fn stdio() -> Self {
        Talk::default()
    }

    /// Says something. A controller that is gone is no reason to stop half-way.
    pub fn say(&self, event: &Event) {
        let mut line = serde_json::to_vec(event).unwrap_or_default();
        line.push(b'\n');
        let mut out = io::stdout().lock();
        let _ = out.write_all(&line).and_then(|()| out.flush());
    }

    /// The next line; `None` at the end of input.
    ///
    /// # Errors
    /// [`Code::BadRequest`] when none comes in time, it is too long or not what is expected.
    pub fn hear<T: DeserializeOwned>(&mut self, limit: Duration) -> Result<Option<T>, Fault> {
        let bad = |what: String| Fault::new(Code::BadRequest, what);
        let Some(line) = self.line(limit).map_err(|e| bad(format!("reading the request: {e}")))? else {
            return Ok(None);
        };
        // The error of serde_json may quote what it read, which may be a secret: only its place is told.
        serde_json::from_slice(&line).map(Some).map_err(|e| {
            bad(format!("the request does not parse at column {}: {:?}", e.column(), e.classify()))
        })
    }

    fn line(&mut self, limit: Duration) -> io::Result<Option<Vec<u8>>> {
        let until = Instant::now() + limit;
        let mut searched = 0;
        loop {
            if let Some(at) = self.buffer[searched..].iter().position(|b| *b == b'\n') {
                let rest = self.buffer.split_off(searched + at + 1);
                let mut line = std::mem::replace(&mut self.buffer, rest);
                line.pop();
                return Ok(Some(line));
            }
            searched = self.buffer.len();
            if searched > LARGEST {
                return Err(io::Error::other("too long"));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let stdin = io::stdin();
            let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
            match poll(&mut fds, Some(&timespec(left))) {
                Ok(0) | Err(rustix::io::Errno::INTR) => continue,
                Ok(_) => {}
                Err(e) => return Err(e.into()),
            }
            let mut chunk = [0u8; 64 << 10];
            // Past the buffer of `Stdin`, which poll would not know of.
            let n = rustix::io::read(&stdin, &mut chunk)?;
            if n == 0 {
                let rest = std::mem::take(&mut self.buffer);
                return Ok(if rest.is_empty() { None } else { Some(rest) });
            }
            self.buffer.extend_from_slice(&chunk[..n]);
        }
    }
}
