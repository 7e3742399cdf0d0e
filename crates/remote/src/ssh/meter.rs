//! How much has gone out on a connection. SSH's window says how much the other side takes, often megabytes;
//! all of it would be queued here at once, for each of many hosts.

use super::connect::Connection;
use russh::{ChannelWriteHalf, client};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

/// Bytes that may be queued and not gone.
const AHEAD: u64 = 48 << 10;
/// Bytes queued in one go.
const PIECE: usize = 16 << 10;

/// Counts what has gone out.
#[derive(Default)]
pub(super) struct Meter {
    gone: AtomicU64,
    more: Notify,
}

impl Meter {
    /// Waits until so many bytes are gone in all.
    async fn reach(&self, wanted: u64) {
        loop {
            let more = self.more.notified();
            if self.gone.load(Ordering::Acquire) >= wanted {
                return;
            }
            more.await;
        }
    }
}

/// Queues bytes as the ones before them go out. Waits for ever on a connection that takes nothing more: whoever
/// calls sees the command or the connection end, and drops this.
pub(super) async fn send(
    over: &Connection,
    write: &ChannelWriteHalf<client::Msg>,
    bytes: &[u8],
) -> Result<(), russh::Error> {
    let mut wanted = over.meter.gone.load(Ordering::Acquire);
    for piece in bytes.chunks(PIECE) {
        write.data(piece).await?;
        wanted += piece.len() as u64;
        over.meter.reach(wanted.saturating_sub(AHEAD)).await;
    }
    Ok(())
}

/// A socket whose outgoing bytes are counted.
pub(super) struct Metered<S> {
    pub(super) socket: S,
    pub(super) meter: Arc<Meter>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(cx, bytes);
        if let Poll::Ready(Ok(n)) = &written {
            self.meter.gone.fetch_add(*n as u64, Ordering::Release);
            self.meter.more.notify_waiters();
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
