//! The journal: one line a state, in the file before the thing is done. A line is
//! `{"sum":"SUM","entry":ENTRY}`, with the first 16 hex digits of the SHA-256 of ENTRY's bytes as SUM.
//! A half-written last line was never there; any other damage is refused.

use artifact::protocol::{Code, Fault, State};
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Format of a line. A higher one is refused.
const FORMAT: u32 = 1;
/// Past this size a finished journal is begun anew.
const LARGE: usize = 128 << 10;

/// A line of the journal.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Entry {
    /// Format; lines of a newer one are refused.
    pub v: u32,
    /// Counts up by one a line.
    pub seq: u64,
    /// The transaction.
    pub generation: u64,
    /// Its state.
    pub state: State,
    /// For `switching` the step; for others a word.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub step: String,
    /// Seconds since the epoch by this host's clock.
    pub at: u64,
    /// In `armed`: seconds until the host undoes the change by itself, 0 for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_s: Option<u32>,
    /// In `observed`: what the controller must give back to confirm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// What a journal says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Journal {
    /// Its lines.
    pub entries: Vec<Entry>,
    /// Bytes of the file that hold whole lines.
    whole: usize,
}

/// Whether a line must be on the disk before going on, or may follow later: a line that is lost leaves the
/// one before it, so only the lines that guard an effect have to be durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durable {
    /// Before the next effect.
    Now,
    /// With the next line that must be.
    Later,
}

impl Journal {
    /// Reads a journal; none is an empty one.
    ///
    /// # Errors
    /// [`Code::JournalNewer`], or [`Code::JournalDamaged`] when a line before the last is damaged or the
    /// file cannot be read.
    pub fn read(path: &Path) -> Result<Self, Fault> {
        match std::fs::read(path) {
            Ok(bytes) => Self::parse(&bytes)
                .map_err(|e| Fault::new(e.code, format!("{}: {}", path.display(), e.message))),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Journal::default()),
            Err(e) => Err(Fault::new(Code::JournalDamaged, format!("{}: {e}", path.display()))),
        }
    }

    /// Reads a journal's bytes.
    ///
    /// # Errors
    /// As [`Journal::read`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let mut journal = Journal::default();
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|b| *b == b'\n') {
            let line = &rest[..end];
            rest = &rest[end + 1..];
            match parse_line(line, journal.entries.len()) {
                Ok(entry) => {
                    journal.whole += end + 1;
                    journal.entries.push(entry);
                }
                // A torn block can end in a newline too; it is the last line all the same.
                Err(fault) if fault.code == Code::JournalDamaged && rest.is_empty() => break,
                Err(fault) => return Err(fault),
            }
        }
        Ok(journal)
    }

    /// The last line.
    pub fn last(&self) -> Option<&Entry> {
        self.entries.last()
    }

    /// The last line of a transaction in this state.
    pub fn find(&self, generation: u64, state: State) -> Option<&Entry> {
        self.entries.iter().rev().find(|e| e.generation == generation && e.state == state)
    }
}

fn parse_line(line: &[u8], index: usize) -> Result<Entry, Fault> {
    let damaged = |what: &str| Fault::new(Code::JournalDamaged, format!("line {}: {what}", index + 1));
    let text = std::str::from_utf8(line).map_err(|_| damaged("not text"))?;
    let inner = text.strip_prefix(r#"{"sum":""#).and_then(|t| t.strip_suffix('}'));
    let (sum, entry) =
        inner.and_then(|t| t.split_once(r#"","entry":"#)).ok_or_else(|| damaged("not a line of it"))?;
    if sum != sum_of(entry) {
        return Err(damaged("the sum does not match"));
    }
    let value: serde_json::Value = serde_json::from_str(entry).map_err(|e| damaged(&e.to_string()))?;
    let version = value.get("v").and_then(serde_json::Value::as_u64).unwrap_or(0);
    if version > u64::from(FORMAT) {
        let message =
            format!("line {}: written by a newer agent (format {version}); use that one", index + 1);
        return Err(Fault::new(Code::JournalNewer, message));
    }
    serde_json::from_value(value).map_err(|e| damaged(&e.to_string()))
}

fn sum_of(entry: &str) -> String {
    let mut sum = artifact::hash_hex(entry.as_bytes());
    sum.truncate(16);
    sum
}

/// One line as it is in the file.
pub fn line(entry: &Entry) -> String {
    let text = serde_json::to_string(entry).unwrap_or_default();
    format!("{{\"sum\":\"{}\",\"entry\":{text}}}\n", sum_of(&text))
}

/// An open journal.
pub struct Log {
    path: PathBuf,
    journal: Journal,
}

impl Log {
    /// Opens a journal. The caller holds the lock.
    ///
    /// # Errors
    /// As [`Journal::read`].
    pub fn open(path: PathBuf) -> Result<Self, Fault> {
        let journal = Journal::read(&path)?;
        Ok(Log { path, journal })
    }

    /// What it says.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Adds a line; `entry.v` and `entry.seq` are filled in.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn add(&mut self, mut entry: Entry, durable: Durable) -> io::Result<()> {
        entry.v = FORMAT;
        entry.seq = self.journal.last().map_or(1, |e| e.seq + 1);
        if self.journal.whole > LARGE && self.journal.last().is_some_and(|e| e.state.is_final()) {
            self.begin_anew()?;
        }
        let text = line(&entry);
        let file = File::options().create(true).truncate(false).write(true).mode(0o600).open(&self.path)?;
        file.set_len(self.journal.whole as u64)?;
        file.write_all_at(text.as_bytes(), self.journal.whole as u64)?;
        if durable == Durable::Now {
            file.sync_all()?;
        }
        self.journal.whole += text.len();
        self.journal.entries.push(entry);
        Ok(())
    }

    /// Keeps only the last line.
    fn begin_anew(&mut self) -> io::Result<()> {
        let Some(last) = self.journal.entries.pop() else { return Ok(()) };
        let text = line(&last);
        let pending = self.path.with_extension("new");
        let mut file = File::options().create(true).truncate(true).write(true).mode(0o600).open(&pending)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&pending, &self.path)?;
        self.journal = Journal { entries: vec![last], whole: text.len() };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn sample() -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut log = Log::open(path.clone()).unwrap();
        for (generation, state) in
            [(1, State::Armed), (1, State::Switching), (1, State::Confirmed), (2, State::Failed)]
        {
            let entry = Entry {
                v: 0,
                seq: 0,
                generation,
                state,
                step: "a \"b\" {c}".to_owned(),
                at: 7,
                deadline_s: Some(30),
                token: None,
            };
            log.add(entry, Durable::Later).unwrap();
        }
        std::fs::read(path).unwrap()
    }

    #[test]
    fn cut_at_any_byte_it_is_a_shorter_journal() {
        let bytes = sample();
        let whole = Journal::parse(&bytes).unwrap();
        assert_eq!(whole.entries.iter().map(|e| e.seq).collect::<Vec<_>>(), [1, 2, 3, 4]);
        for cut in 0..=bytes.len() {
            let short = Journal::parse(&bytes[..cut]).unwrap();
            assert_eq!(short.entries, whole.entries[..short.entries.len()], "cut at {cut}");
            assert_eq!(short.entries.len(), bytes[..cut].iter().filter(|b| **b == b'\n').count());
        }
    }

    #[test]
    fn any_changed_byte_is_noticed() {
        let bytes = sample();
        let whole = Journal::parse(&bytes).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x15;
            match Journal::parse(&changed) {
                // Damage in the last line leaves the lines before it.
                Ok(journal) => {
                    assert!(journal.entries.len() < 4 && whole.entries.starts_with(&journal.entries))
                }
                Err(fault) => assert_eq!(fault.code, Code::JournalDamaged),
            }
        }
    }

    #[test]
    fn what_follows_a_torn_line_takes_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let bytes = sample();
        std::fs::write(&path, &bytes[..bytes.len() - 5]).unwrap();
        let mut log = Log::open(path.clone()).unwrap();
        let last = log.journal().last().unwrap().clone();
        log.add(Entry { state: State::Undone, ..last }, Durable::Now).unwrap();
        let states: Vec<State> = Journal::read(&path).unwrap().entries.iter().map(|e| e.state).collect();
        assert_eq!(states, [State::Armed, State::Switching, State::Confirmed, State::Undone]);
    }

    #[test]
    fn a_large_finished_journal_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut log = Log::open(path.clone()).unwrap();
        let entry = Entry {
            v: 0,
            seq: 0,
            generation: 1,
            state: State::Confirmed,
            step: "x".repeat(5000),
            at: 0,
            deadline_s: None,
            token: None,
        };
        for _ in 0..60 {
            log.add(entry.clone(), Durable::Later).unwrap();
        }
        let journal = Journal::read(&path).unwrap();
        assert!(std::fs::metadata(&path).unwrap().len() < 2 * LARGE as u64);
        assert_eq!(journal.last().unwrap().seq, 60);
    }
}
