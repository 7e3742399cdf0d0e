//! An open command's channel as descriptors that poll(2) works on.

use super::channel::{Cut, Started, drain};
use super::client::Shared;
use super::connect::Connection;
use super::meter;
use crate::Stream;
use crate::stream::Ending;
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::AbortHandle;

/// Output kept for a reader that is slower than the host, in bytes. Until then a connection's other commands
/// do not notice; past it they wait with it.
const SPOOL: usize = 32 << 20;

/// Moves bytes between a command's channel and descriptors.
pub(super) fn pump(
    shared: &Arc<Shared>,
    over: Arc<Connection>,
    started: Started,
    first: Vec<u8>,
) -> io::Result<Stream> {
    let (near_in, far_in) = UnixStream::pair()?;
    let (near_out, far_out) = UnixStream::pair()?;
    far_in.set_nonblocking(true)?;
    far_out.set_nonblocking(true)?;
    let _inside = shared.runtime.enter();
    let mut input = tokio::net::UnixStream::from_std(far_in)?;
    let mut output = tokio::net::UnixStream::from_std(far_out)?;
    let Started { read, mut hold } = started;
    let writer = Arc::clone(&hold.write);
    let feeding = shared.runtime.spawn(async move {
        if meter::send(&over, &writer, &first).await.is_err() {
            return;
        }
        let mut buffer = vec![0; 32 << 10];
        loop {
            match input.read(&mut buffer).await {
                Ok(0) | Err(_) => break,
                Ok(n) => {
                    if meter::send(&over, &writer, &buffer[..n]).await.is_err() {
                        break;
                    }
                }
            }
        }
        let _ = writer.eof().await;
    });
    let feeding = feeding.abort_handle();

    let (spool, mut spooled) = mpsc::unbounded_channel::<bytes::Bytes>();
    let room = Arc::new(Semaphore::new(SPOOL));
    let freed = Arc::clone(&room);
    let writing = shared.runtime.spawn(async move {
        while let Some(data) = spooled.recv().await {
            // Nobody reads any more: what comes is dropped until the command ends.
            let _ = output.write_all(&data).await;
            freed.add_permits(data.len());
        }
    });
    let (send, ended) = channel();
    let errors = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&errors);
    let stop_feeding = feeding.clone();
    let reading = shared.runtime.spawn(async move {
        let drained = drain(read, |data| {
            let (room, spool) = (&room, &spool);
            async move {
                if let Ok(taken) = room.acquire_many(u32::try_from(data.len()).unwrap_or(0)).await {
                    taken.forget();
                }
                let _ = spool.send(data);
            }
        })
        .await;
        hold.ended();
        let code = drained.map(|(code, text)| {
            *heard.lock().unwrap_or_else(PoisonError::into_inner) = text;
            code
        });
        let _ = send.send(code);
        stop_feeding.abort();
        drop(hold);
    });
    let tasks = [feeding, writing.abort_handle(), reading.abort_handle()];
    let ending = Ended { ended, code: None, errors, tasks, shared: Arc::clone(shared) };
    Ok(Stream::of(near_in.into(), near_out.into(), Box::new(ending)))
}

/// The end of a command over SSH.
struct Ended {
    ended: Receiver<Result<i32, Cut>>,
    code: Option<i32>,
    errors: Arc<Mutex<Vec<u8>>>,
    tasks: [AbortHandle; 3],
    /// The runtime that moves the bytes.
    shared: Arc<Shared>,
}

impl Ending for Ended {
    fn exit_code(&mut self, limit: Duration) -> io::Result<i32> {
        if let Some(code) = self.code {
            return Ok(code);
        }
        match self.ended.recv_timeout(limit) {
            Ok(Ok(code)) => {
                self.code = Some(code);
                Ok(code)
            }
            Ok(Err(Cut::Lost(text) | Cut::Unopened(text))) => {
                Err(io::Error::new(io::ErrorKind::ConnectionReset, text))
            }
            Ok(Err(Cut::Refused(text))) => Err(io::Error::other(text)),
            Ok(Err(Cut::Late)) | Err(RecvTimeoutError::Timeout) => Err(io::ErrorKind::TimedOut.into()),
            Err(RecvTimeoutError::Disconnected) => Err(io::ErrorKind::ConnectionReset.into()),
        }
    }

    fn errors(&self) -> Vec<u8> {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn end(&mut self) {
        // What the tasks hold is let go inside the runtime: the channel is closed, gently.
        let _inside = self.shared.runtime.enter();
        for task in &self.tasks {
            task.abort();
        }
    }
}
