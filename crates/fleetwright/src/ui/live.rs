//! A run as it happens: redrawn in place on a terminal, a few plain lines without one, JSON values a line for
//! machines; and always every word in a log a host.

use crate::ui::board::{Board, Lot, plain, seconds};
use crate::ui::{Console, Paint};
use apply::{Event, Phase};
use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often the seconds move, and at most how often anything is drawn.
const TICK: Duration = Duration::from_millis(100);
/// Nothing is drawn before this: most runs with nothing to do are over by then.
const PATIENCE: Duration = Duration::from_millis(250);

/// Who may write onto the terminal. Whoever asks a question while a run is drawn holds this.
static SCREEN: Mutex<()> = Mutex::new(());
/// Lines of the frame that stand on the terminal.
static DRAWN: AtomicUsize = AtomicUsize::new(0);

/// Clears what is drawn and keeps it away while a person is asked something.
pub struct Undisturbed {
    _screen: MutexGuard<'static, ()>,
}

impl Undisturbed {
    /// From now on.
    pub fn new() -> Self {
        let screen = SCREEN.lock().unwrap_or_else(PoisonError::into_inner);
        clear();
        Undisturbed { _screen: screen }
    }
}

impl Default for Undisturbed {
    fn default() -> Self {
        Self::new()
    }
}

/// Where what happens is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    /// Redrawn on a terminal.
    Frame,
    /// Lines on standard error.
    Lines,
    /// JSON values on standard output.
    Json,
    /// Nowhere.
    Nowhere,
}

/// A run being shown, until dropped.
pub struct Live {
    sender: Option<Sender<Event>>,
    reader: Option<JoinHandle<()>>,
}

impl Live {
    /// Begins. `title` is said first where lines are; `logs` is the folder for a log a host.
    pub fn new(console: &Console, title: &str, hosts: &[String], logs: Option<&Path>) -> Self {
        let shown = if console.lines {
            Shown::Json
        } else if console.live {
            Shown::Frame
        } else if console.told {
            Shown::Lines
        } else {
            Shown::Nowhere
        };
        if shown == Shown::Lines && !title.is_empty() {
            console.note(format!("{title}\n"));
        }
        let (sender, receiver) = channel();
        let mut show = Show {
            shown,
            board: Board::new(hosts.iter().map(String::as_str)),
            paint: console.paint_err,
            logs: Logs { folder: logs.map(Path::to_owned), files: BTreeMap::new() },
            begun: Instant::now(),
            drawn: None,
        };
        let reader = std::thread::spawn(move || show.follow(&receiver));
        Live { sender: Some(sender), reader: Some(reader) }
    }

    /// Where events go.
    pub fn sender(&self) -> Sender<Event> {
        // A closed channel swallows events, which is what is wanted after the end.
        self.sender.clone().unwrap_or_else(|| channel().0)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.sender = None;
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

struct Show {
    shown: Shown,
    board: Board,
    paint: Paint,
    logs: Logs,
    begun: Instant,
    drawn: Option<Instant>,
}

impl Show {
    fn follow(&mut self, events: &Receiver<Event>) {
        loop {
            match events.recv_timeout(TICK) {
                Ok(event) => self.heard(&event),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.shown == Shown::Frame
                && self.begun.elapsed() >= PATIENCE
                && self.drawn.is_none_or(|d| d.elapsed() >= TICK)
            {
                self.draw();
            }
        }
        if self.shown == Shown::Frame {
            let _screen = SCREEN.lock().unwrap_or_else(PoisonError::into_inner);
            clear();
        }
    }

    fn heard(&mut self, event: &Event) {
        self.logs.write(event);
        let (lot, state) = standing(event);
        match self.shown {
            Shown::Frame => self.board.heard(&event.host, lot, &state, &event.message, event.elapsed),
            Shown::Lines => {
                if let Some(line) = line(event, lot, &state) {
                    let _ = io::stderr().lock().write_all(line.as_bytes());
                }
            }
            Shown::Json => {
                let value = serde_json::json!({ "event": {
                    "host": event.host,
                    "state": state,
                    "ended": lot.ended(),
                    "message": event.message,
                    "elapsed_ms": event.elapsed.as_millis(),
                }});
                let _ = io::stdout().lock().write_all(format!("{value}\n").as_bytes());
            }
            Shown::Nowhere => {}
        }
    }

    fn draw(&mut self) {
        // Somebody is being asked something: the next tick draws.
        let Ok(_screen) = SCREEN.try_lock() else { return };
        let (width, height) = size();
        let lines = self.board.frame(width, height, self.begun.elapsed(), self.paint);
        let mut out = up();
        for line in &lines {
            out.push_str("\x1b[2K");
            out.push_str(line);
            out.push('\n');
        }
        out.push_str("\x1b[J");
        let _ = io::stderr().lock().write_all(out.as_bytes());
        DRAWN.store(lines.len(), Ordering::Relaxed);
        self.drawn = Some(Instant::now());
    }
}

/// Back to the first line of the frame.
fn up() -> String {
    match DRAWN.load(Ordering::Relaxed) {
        0 => "\r".to_owned(),
        n => format!("\r\x1b[{n}A"),
    }
}

/// Takes the frame off the terminal. Only with the screen held.
fn clear() {
    if DRAWN.load(Ordering::Relaxed) > 0 {
        let _ = io::stderr().lock().write_all(format!("{}\x1b[J", up()).as_bytes());
        DRAWN.store(0, Ordering::Relaxed);
    }
}

/// Columns and rows of the terminal at standard error, now.
fn size() -> (usize, usize) {
    let seen = rustix::termios::tcgetwinsize(io::stderr()).ok();
    let or = |n: Option<u16>, else_: usize| n.map(usize::from).filter(|n| *n > 0).unwrap_or(else_);
    (or(seen.map(|w| w.ws_col), 80), or(seen.map(|w| w.ws_row), 24))
}

/// How an event leaves its host, and the word for it. The last event of a host says its outcome in words.
fn standing(event: &Event) -> (Lot, String) {
    if event.phase != Phase::Done {
        return (Lot::Working, event.phase.to_string());
    }
    let endings = [
        ("undone", Lot::Bad),
        ("failed", Lot::Bad),
        ("unknown", Lot::Doubt),
        ("skipped", Lot::Doubt),
        ("generation", Lot::Good),
    ];
    let found = endings.into_iter().find(|(word, _)| event.message.starts_with(word));
    match found {
        Some(("generation", lot)) => (lot, "changed".to_owned()),
        Some((word, lot)) => (lot, word.to_owned()),
        None => (Lot::Same, "unchanged".to_owned()),
    }
}

/// The line for people without a terminal: what ended and was not simply as wanted already.
fn line(event: &Event, lot: Lot, state: &str) -> Option<String> {
    if !lot.ended() || lot == Lot::Same {
        return None;
    }
    let message = plain(&event.message);
    // Outcomes in words begin with their own word.
    let message = message.strip_prefix(&format!("{state}: ")).unwrap_or(&message);
    Some(format!("{}: {state} after {}: {message}\n", event.host, seconds(event.elapsed)))
}

/// A file a host, made when the first word for it comes.
struct Logs {
    folder: Option<PathBuf>,
    files: BTreeMap<String, Option<File>>,
}

impl Logs {
    fn write(&mut self, event: &Event) {
        let Some(folder) = &self.folder else { return };
        let file = self.files.entry(event.host.clone()).or_insert_with(|| {
            // A log that cannot be written does not stop a run: what counts is told and recorded elsewhere.
            DirBuilder::new().recursive(true).mode(0o700).create(folder).ok()?;
            let path = folder.join(format!("{}.log", event.host));
            OpenOptions::new().create(true).append(true).mode(0o600).open(path).ok()
        });
        if let Some(file) = file {
            let message = event.message.trim_end().replace('\n', "\n            ");
            let at = event.elapsed.as_secs_f64();
            let _ = writeln!(file, "{at:>9.3}  {:<13}  {message}", event.phase);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use artifact::protocol::State;
    use std::os::unix::fs::PermissionsExt;

    fn event(host: &str, phase: Phase, message: &str) -> Event {
        let elapsed = Duration::from_millis(1500);
        Event { host: host.to_owned(), phase, message: message.to_owned(), elapsed }
    }

    fn failed() -> Event {
        event("gw", Phase::Done, "failed: no\nmore")
    }

    #[test]
    fn without_a_terminal_only_what_matters_is_said() {
        let said = |e: Event| {
            let (lot, state) = standing(&e);
            line(&e, lot, &state)
        };
        assert_eq!(said(event("gw", Phase::Applying(State::Staged), "x")), None);
        assert_eq!(said(event("gw", Phase::Done, "nothing to do")), None);
        assert_eq!(said(failed()).unwrap(), "gw: failed after 1.5 s: no more\n");
    }

    #[test]
    fn every_word_is_in_the_log_of_its_host_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let logs = folder.path().join("logs/r1");
        let console = Console::mute();
        let live = Live::new(&console, "", &["gw".to_owned()], Some(&logs));
        live.sender().send(event("gw", Phase::Applying(State::Staged), "3 files")).unwrap();
        live.sender().send(failed()).unwrap();
        drop(live);
        let path = logs.join("gw.log");
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(
            text,
            "    1.500  staged         3 files\n    1.500  done           failed: no\n            more\n"
        );
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::metadata(&logs).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
