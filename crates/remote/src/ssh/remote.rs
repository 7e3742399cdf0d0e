//! A host over SSH as a [`Remote`].

use super::Destination;
use super::channel::{self, Cut};
use super::client::Shared;
use super::connect::{Clock, Connection};
use super::pump::pump;
use super::root::{Barred, Become, become_root};
use crate::{Output, Reach, Remote, RemoteError, Stream};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use std::fmt;
use std::future::Future;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Reading and writing a file.
const FILE: Duration = Duration::from_secs(120);
/// Connections tried for a command that none gave room to. Nothing was started on those before.
const TRIES: usize = 3;

/// A host over SSH. One connection is kept until [`Remote::renew`] or until it breaks.
pub struct SshRemote {
    shared: Arc<Shared>,
    to: Destination,
    kept: Mutex<Kept>,
}

struct Kept {
    line: Option<Line>,
    /// What it goes over must be newer than this.
    fresh: Instant,
}

/// An open connection.
#[derive(Clone)]
struct Line {
    connection: Arc<Connection>,
    become_root: Become,
}

impl fmt::Debug for SshRemote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SshRemote").field("to", &self.to).finish_non_exhaustive()
    }
}

impl SshRemote {
    pub(super) fn new(shared: Arc<Shared>, to: Destination) -> Self {
        let kept = Kept { line: None, fresh: shared.begun };
        SshRemote { shared, to, kept: Mutex::new(kept) }
    }

    /// Where it leads.
    pub fn destination(&self) -> &Destination {
        &self.to
    }

    fn unreachable(&self, reason: Reach, detail: impl Into<String>) -> RemoteError {
        RemoteError::Unreachable { host: self.to.name.clone(), reason, detail: detail.into() }
    }

    fn failed(&self, command: &str, detail: impl ToString) -> RemoteError {
        RemoteError::Failed {
            host: self.to.name.clone(),
            command: command.to_owned(),
            detail: detail.to_string(),
        }
    }

    fn cut(&self, command: &str, limit: Duration, cut: Cut) -> RemoteError {
        match cut {
            Cut::Lost(detail) => self.unreachable(Reach::Lost, format!("{detail}, at `{command}`")),
            Cut::Unopened(detail) | Cut::Refused(detail) => self.failed(command, detail),
            Cut::Late => RemoteError::Deadline {
                host: self.to.name.clone(),
                command: command.to_owned(),
                after_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
            },
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The open connection, or a new one.
    fn line(&self, clock: &mut Clock) -> Result<Line, RemoteError> {
        // Held while connecting: two uses at once share one connection.
        let mut kept = clock.pause(|| self.kept());
        if let Some(line) = kept.line.as_ref().filter(|l| !l.connection.handle.is_closed()) {
            return Ok(line.clone());
        }
        kept.line = None;
        let connection = self.shared.common.connect(&self.to, clock, kept.fresh);
        let connection = Arc::new(connection.map_err(|(reach, text)| self.unreachable(reach, text))?);
        let become_root = become_root(&self.shared, &connection, clock).map_err(|barred| match barred {
            Barred::Cut(cut) => self.cut("sudo -n true", self.shared.common.settings.connect, cut),
            Barred::Reach(reach, text) => self.unreachable(reach, text),
        })?;
        let line = Line { connection, become_root };
        kept.line = Some(line.clone());
        Ok(line)
    }

    /// Uses a connection no further, unless that has happened already.
    fn forget(&self, line: &Line) {
        let mut kept = self.kept();
        if kept.line.as_ref().is_some_and(|l| Arc::ptr_eq(&l.connection, &line.connection)) {
            kept.line = None;
        }
    }

    /// Does something on the connection before the limit, on another connection where this one has no room.
    fn on_a_line<T, F: Future<Output = Result<T, Cut>>>(
        &self,
        command: &str,
        limit: Duration,
        what: impl Fn(Line, Duration) -> F,
    ) -> Result<T, RemoteError> {
        let mut clock = Clock::new(limit);
        let mut tries = TRIES;
        loop {
            tries -= 1;
            let line = self.line(&mut clock)?;
            let left = clock.left();
            let doing = what(line.clone(), left);
            let done = self.shared.runtime.block_on(async { tokio::time::timeout(left, doing).await });
            match done.unwrap_or(Err(Cut::Late)) {
                Ok(done) => return Ok(done),
                Err(Cut::Unopened(_)) if tries > 0 => self.forget(&line),
                Err(cut) => {
                    // Late: who knows what the server still does for it.
                    if matches!(cut, Cut::Lost(_) | Cut::Late) {
                        self.forget(&line);
                    }
                    return Err(self.cut(command, limit, cut));
                }
            }
        }
    }

    fn run_within(&self, argv: &[&str], stdin: &[u8], limit: Duration) -> Result<Output, RemoteError> {
        self.on_a_line(&argv.join(" "), limit, |line, left| async move {
            let text = line.become_root.line(argv, Some(left));
            channel::run(&line.connection, &text, &[&line.become_root.first_line(), stdin]).await
        })
    }

    /// Bytes as gzip, kept for the next host.
    fn packed(&self, bytes: &[u8]) -> io::Result<(String, Arc<[u8]>)> {
        let hash: String = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
        let mut kept = self.shared.packed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.as_ref().filter(|(h, _)| *h == hash) {
            return Ok(known.clone());
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
        encoder.write_all(bytes)?;
        let packed: Arc<[u8]> = encoder.finish()?.into();
        *kept = Some((hash.clone(), Arc::clone(&packed)));
        Ok((hash, packed))
    }
}

/// Writes what comes as gzip to $1 with mode $2 if it has the hash $3: beside it first, durable, then renamed.
const WRITE: &str = r#"set -eu; export LC_ALL=C; umask 022; [ ! -d "$1" ] || { echo 'there is a folder of that name' >&2; exit 65; }
d=$(dirname -- "$1"); mkdir -p -- "$d"; umask 077
t=$(mktemp -- "$d/.fleetwright-XXXXXXXX"); trap 'rm -f -- "$t"' EXIT
gzip -dc >"$t"; h=$(sha256sum <"$t"); [ "${h%% *}" = "$3" ] || { echo 'what came has another hash' >&2; exit 65; }
chmod -- "$2" "$t"; sync -- "$t"; mv -f -- "$t" "$1"; trap - EXIT; sync -- "$d""#;

/// Says $1, or ends with 66 where there is no such file.
const READ: &str = r#"[ -e "$1" ] || [ -L "$1" ] || exit 66; exec cat -- "$1""#;

impl Remote for SshRemote {
    fn name(&self) -> &str {
        &self.to.name
    }

    fn run(&self, argv: &[&str], stdin: &[u8], deadline: Duration) -> Result<Output, RemoteError> {
        let output = self.run_within(argv, stdin, deadline)?;
        if output.code == 126 && output.error_text().contains("Exec format error") {
            return Err(self.unreachable(Reach::Architecture, output.error_text()));
        }
        Ok(output)
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, RemoteError> {
        let output = self.run_within(&["sh", "-c", READ, "sh", path], b"", FILE)?;
        match output.code {
            0 => Ok(Some(output.stdout)),
            66 => Ok(None),
            _ => Err(self.failed(&format!("read {path}"), output.error_text())),
        }
    }

    fn write(&self, path: &str, bytes: &[u8], mode: u32) -> Result<(), RemoteError> {
        let what = format!("write {path}");
        let (hash, packed) = self.packed(bytes).map_err(|e| self.failed(&what, e))?;
        let mode = format!("{mode:04o}");
        let output = self.run_within(&["sh", "-c", WRITE, "sh", path, &mode, &hash], &packed, FILE)?;
        let text = output.error_text();
        match output.code {
            0 => Ok(()),
            _ if text.contains("No space left") || text.contains("quota exceeded") => {
                Err(self.unreachable(Reach::DiskFull, text))
            }
            _ if text.contains("Read-only file system") => Err(self.unreachable(Reach::ReadOnly, text)),
            code => Err(self.failed(&what, format!("exit code {code}: {text}"))),
        }
    }

    fn open(&self, argv: &[&str]) -> Result<Stream, RemoteError> {
        let command = argv.join(" ");
        let limit = self.shared.common.settings.connect;
        let (over, started, first) = self.on_a_line(&command, limit, |line, _| async move {
            let text = line.become_root.line(argv, None);
            let started = channel::start(&line.connection, &text).await?;
            Ok((line.connection, started, line.become_root.first_line()))
        })?;
        pump(&self.shared, over, started, first).map_err(|e| self.failed(&command, e))
    }

    fn renew(&self) {
        *self.kept() = Kept { line: None, fresh: Instant::now() };
    }
}
