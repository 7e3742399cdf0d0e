//! One command on a connection.

use super::connect::Connection;
use super::meter;
use crate::Output;
use russh::{ChannelMsg, ChannelReadHalf, ChannelWriteHalf, Sig, client};
use std::future::Future;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;

/// How a command did not come to its end.
#[derive(Debug)]
pub(super) enum Cut {
    /// The connection gave no room for it: nothing was started.
    Unopened(String),
    /// The connection broke.
    Lost(String),
    /// The server would not run it.
    Refused(String),
    /// Its time is over.
    Late,
}

/// A started command.
pub(super) struct Started {
    pub(super) read: ChannelReadHalf,
    pub(super) hold: Hold,
}

/// A command's place on its connection. Dropped before the command ended, it closes the channel: the command
/// sees the end of its input and of its output.
pub(super) struct Hold {
    pub(super) write: Arc<ChannelWriteHalf<client::Msg>>,
    ended: bool,
    kept: Option<(OwnedSemaphorePermit, Arc<Connection>)>,
}

impl Hold {
    /// The command has ended by itself.
    pub(super) fn ended(&mut self) {
        self.ended = true;
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let (write, kept) = (Arc::clone(&self.write), self.kept.take());
        // Without a runtime the connection is gone as well.
        if let Ok(runtime) = Handle::try_current()
            && !self.ended
        {
            runtime.spawn(async move {
                let _ = write.close().await;
                drop(kept);
            });
        }
    }
}

/// Most of what a command says on standard error that is kept.
const ERRORS: usize = 256 << 10;

/// Starts a command line.
pub(super) async fn start(over: &Arc<Connection>, line: &str) -> Result<Started, Cut> {
    let permit = Arc::clone(&over.sessions).acquire_owned().await;
    let permit = permit.map_err(|e| Cut::Unopened(e.to_string()))?;
    let channel = over.handle.channel_open_session().await.map_err(|e| Cut::Unopened(e.to_string()))?;
    // Asking for an answer would cost a round trip: a refusal comes as a failure or a closed channel.
    channel.exec(false, line).await.map_err(|e| Cut::Lost(e.to_string()))?;
    let (read, write) = channel.split();
    let kept = Some((permit, Arc::clone(over)));
    Ok(Started { read, hold: Hold { write: Arc::new(write), ended: false, kept } })
}

/// What comes, until the end. `out` gets the output; the exit code and the errors come back.
pub(super) async fn drain<F: Future<Output = ()>>(
    mut read: ChannelReadHalf,
    mut out: impl FnMut(bytes::Bytes) -> F,
) -> Result<(i32, Vec<u8>), Cut> {
    let mut errors = Vec::new();
    let mut code = None;
    loop {
        match read.wait().await {
            Some(ChannelMsg::Data { data }) => out(data).await,
            Some(ChannelMsg::ExtendedData { data, .. }) => {
                let room = ERRORS.saturating_sub(errors.len()).min(data.len());
                errors.extend_from_slice(&data[..room]);
            }
            Some(ChannelMsg::ExitStatus { exit_status }) => code = i32::try_from(exit_status).ok(),
            Some(ChannelMsg::ExitSignal { signal_name, .. }) => code = Some(128 + number(&signal_name)),
            Some(ChannelMsg::Failure) => return Err(Cut::Refused("the server runs no commands".to_owned())),
            Some(_) => {}
            None => {
                return code
                    .map(|code| (code, errors))
                    .ok_or_else(|| Cut::Lost("the connection broke".to_owned()));
            }
        }
    }
}

/// Runs a command to its end; its input comes in parts.
pub(super) async fn run(over: &Arc<Connection>, line: &str, stdin: &[&[u8]]) -> Result<Output, Cut> {
    let Started { read, mut hold } = start(over, line).await?;
    let mut stdout = Vec::new();
    let write = Arc::clone(&hold.write);
    let input = async {
        // A command may end without reading its input: that is its exit code's matter.
        for part in stdin {
            if meter::send(over, &write, part).await.is_err() {
                break;
            }
        }
        let _ = write.eof().await;
        std::future::pending::<()>().await;
    };
    let output = drain(read, |data| {
        stdout.extend_from_slice(&data);
        std::future::ready(())
    });
    let (code, stderr) = tokio::select! {
        biased;
        ended = output => ended?,
        () = input => (0, Vec::new()),
    };
    hold.ended();
    Ok(Output { code, stdout, stderr })
}

/// Numbers of the signals RFC 4254 names.
fn number(signal: &Sig) -> i32 {
    match signal {
        Sig::HUP => 1,
        Sig::INT => 2,
        Sig::QUIT => 3,
        Sig::ILL => 4,
        Sig::ABRT => 6,
        Sig::FPE => 8,
        Sig::KILL => 9,
        Sig::USR1 => 10,
        Sig::SEGV => 11,
        Sig::PIPE => 13,
        Sig::ALRM => 14,
        Sig::TERM => 15,
        Sig::Custom(_) => 0,
    }
}
