//! A stream whose bytes pass through a network that can be cut. What runs on the machine does not end when
//! the connection does, as with sshd: its input ends, and what it says goes nowhere.

use crate::way::Network;
use remote::{Ending, Stream};
use rustix::fd::OwnedFd;
use rustix::pipe::{PipeFlags, pipe_with};
use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// An agent that nobody hears any more ends within this time, or is ended.
const ORPHAN: Duration = Duration::from_secs(120);

struct Far {
    inner: Mutex<Option<Stream>>,
    network: Arc<Network>,
}

/// The near end of a relayed command.
struct Near(Arc<Far>);

impl Ending for Near {
    fn exit_code(&mut self, limit: Duration) -> io::Result<i32> {
        if self.0.network.broken() {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let mut inner = self.0.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.as_mut().map_or(Err(io::ErrorKind::ConnectionReset.into()), |stream| stream.exit_code(limit))
    }

    fn end(&mut self) {
        let far = self.0.clone();
        std::thread::spawn(move || {
            let stream = far.inner.lock().unwrap_or_else(PoisonError::into_inner).take();
            // Dropping it ends what is left of the command.
            let _ = stream.map(|mut s| s.exit_code(ORPHAN));
        });
    }
}

/// Puts a network between the two ends of a stream.
///
/// # Errors
/// When no pipe can be made.
pub fn relay(mut inner: Stream, network: Arc<Network>) -> io::Result<Stream> {
    let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
    let far_in = inner.stdin.take().ok_or_else(gone)?;
    let far_out = inner.stdout.take().ok_or_else(gone)?;
    let (up_end, near_in) = pipe_with(PipeFlags::CLOEXEC)?;
    let (near_out, down_end) = pipe_with(PipeFlags::CLOEXEC)?;
    let far = Arc::new(Far { inner: Mutex::new(Some(inner)), network: network.clone() });
    let up = network.clone();
    std::thread::spawn(move || pump(up_end, far_in, &up));
    std::thread::spawn(move || pump(far_out, down_end, &network));
    Ok(Stream::of(near_in, near_out, Box::new(Near(far))))
}

/// Carries bytes one way until either end closes or the connection breaks.
fn pump(from: OwnedFd, to: OwnedFd, network: &Network) {
    let (mut from, mut to) = (File::from(from), File::from(to));
    let mut chunk = vec![0u8; 64 << 10];
    loop {
        let n = match from.read(&mut chunk) {
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => 0,
        };
        // An end travels through the network as bytes do.
        if !network.carry() || n == 0 || to.write_all(&chunk[..n]).is_err() {
            return;
        }
    }
}
