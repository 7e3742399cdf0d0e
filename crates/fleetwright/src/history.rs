//! What was done to the hosts, by whom and when: one file a run in `.fleetwright/history/`, written when the
//! run begins and again when it ends, so that a run that was killed is seen to have been.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::run_lock::Run;
use crate::secret_store::HIDDEN;
use crate::{clock, codes};
use apply::{FleetOutcome, HostOutcome};
use artifact::protocol::Receipt;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// One run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Counts up from 1 in each fleet's folder.
    pub number: u64,
    /// `apply` or `rollback`.
    pub kind: String,
    /// Who, from where, since when.
    #[serde(flatten)]
    pub run: Run,
    /// Where the hosts are: `twin NAME` …
    pub environment: String,
    /// When it ended, seconds since the epoch; none while it runs or when it was killed.
    pub ended: Option<u64>,
    /// `FleetPlan::digest` of what was agreed to, where somebody did.
    pub plan: Option<String>,
    /// The plan file it was applied from.
    pub plan_file: Option<PathBuf>,
    /// Hosts by wave, in order; those in none went last.
    pub waves: Vec<Vec<String>>,
    /// Outcomes by host.
    pub hosts: BTreeMap<String, Ended>,
    /// Folder of the logs by host.
    pub log: PathBuf,
}

/// How it ended on one host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// `unchanged`, `changed`, `undone`, `failed`, `unknown`, `skipped`.
    pub outcome: String,
    /// In words.
    pub text: String,
    /// The generation the host is at, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u64>,
    /// What the host signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Receipt>,
}

impl Ended {
    /// Of an outcome.
    pub fn of(outcome: &HostOutcome) -> Self {
        let (generation, receipt) = match outcome {
            HostOutcome::Unchanged { generation } => (Some(*generation), None),
            HostOutcome::Changed { generation, receipt, .. } => {
                (Some(*generation), Some((**receipt).clone()))
            }
            _ => (None, None),
        };
        let (word, text) = (word(outcome), outcome.to_string());
        let text = text.strip_prefix(&format!("{word}: ")).map_or(text.clone(), str::to_owned);
        Ended { outcome: word.to_owned(), text, generation, receipt }
    }
    /// True when the host is as it was wanted.
    pub fn is_ok(&self) -> bool {
        matches!(self.outcome.as_str(), "unchanged" | "changed")
    }
}

/// The word of an outcome, as in JSON.
pub fn word(outcome: &HostOutcome) -> &'static str {
    match outcome {
        HostOutcome::Unchanged { .. } => "unchanged",
        HostOutcome::Changed { .. } => "changed",
        HostOutcome::Undone { .. } => "undone",
        HostOutcome::Failed { .. } => "failed",
        HostOutcome::Unknown { .. } => "unknown",
        HostOutcome::Skipped { .. } => "skipped",
    }
}

impl Record {
    /// `whole`, `failed`, `unknown`, or `cut off` for one that never ended.
    pub fn outcome(&self) -> &'static str {
        if self.ended.is_none() {
            return "cut off";
        }
        let bad = |words: &[&str]| self.hosts.values().any(|h| words.contains(&h.outcome.as_str()));
        if bad(&["undone", "failed"]) {
            "failed"
        } else if bad(&["unknown", "skipped"]) {
            "unknown"
        } else {
            "whole"
        }
    }
    /// Hosts whose outcome is this word.
    pub fn count(&self, outcome: &str) -> usize {
        self.hosts.values().filter(|h| h.outcome == outcome).count()
    }
}

/// The history in a fleet's folder.
#[derive(Clone, Debug)]
pub struct History {
    folder: PathBuf,
}

impl History {
    /// Of the fleet in this folder.
    pub fn of(folder: &Path) -> Self {
        History { folder: folder.join(HIDDEN).join("history") }
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number:04}.json"))
    }

    /// Numbers of all runs, in order.
    ///
    /// # Errors
    /// When the folder is there and cannot be read.
    pub fn numbers(&self) -> Result<Vec<u64>, Failure> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(unreadable(&self.folder, &e)),
        };
        let names = entries.flatten().filter_map(|e| e.file_name().into_string().ok());
        let mut numbers: Vec<u64> = names.filter_map(|n| n.strip_suffix(".json")?.parse().ok()).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// One run; `None` when there is none of this number.
    ///
    /// # Errors
    /// When it cannot be read or is damaged.
    pub fn get(&self, number: u64) -> Result<Option<Record>, Failure> {
        let path = self.path(number);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(unreadable(&path, &e)),
        };
        serde_json::from_str(&text).map(Some).map_err(|e| {
            Failure::bare(Exit::Errors, codes::DAMAGED, format!("{}: {e}", path.display()))
                .help("it is a record only: move it away")
        })
    }

    /// Writes that a run begins and gives it its number. `record.number` is ignored.
    ///
    /// # Errors
    /// When it cannot be written: then nothing should be changed either.
    pub fn begin(&self, mut record: Record) -> Result<Record, Failure> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)
            .map_err(|e| unwritable(&self.folder, &e))?;
        record.number = self.numbers()?.last().map_or(1, |n| n + 1);
        loop {
            let path = self.path(record.number);
            // Two environments of one fleet may begin at the same moment.
            match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
                Ok(mut file) => {
                    file.write_all(&text(&record)).map_err(|e| unwritable(&path, &e))?;
                    return Ok(record);
                }
                Err(e) if e.kind() == ErrorKind::AlreadyExists => record.number += 1,
                Err(e) => return Err(unwritable(&path, &e)),
            }
        }
    }

    /// Writes how a run ended.
    ///
    /// # Errors
    /// When it cannot be written; the record then says that it was cut off.
    pub fn end(&self, mut record: Record, outcome: BTreeMap<String, Ended>) -> Result<Record, Failure> {
        record.hosts = outcome;
        record.ended = Some(clock::now());
        let path = self.path(record.number);
        let staged = self.folder.join(format!(".{:04}.new-{}", record.number, std::process::id()));
        let written = (|| {
            let mut file =
                OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&staged)?;
            file.write_all(&text(&record))?;
            file.sync_all()?;
            fs::rename(&staged, &path)
        })();
        written.map(|()| record).map_err(|e| {
            let _ = fs::remove_file(&staged);
            unwritable(&path, &e)
        })
    }
}

/// The outcomes of a run as a record has them.
pub fn endings(outcome: &FleetOutcome) -> BTreeMap<String, Ended> {
    outcome.hosts.iter().map(|(host, ended)| (host.clone(), Ended::of(ended))).collect()
}

fn text(record: &Record) -> Vec<u8> {
    format!("{}\n", serde_json::to_string_pretty(record).unwrap_or_default()).into_bytes()
}

fn unreadable(path: &Path, e: &std::io::Error) -> Failure {
    Failure::bare(Exit::Errors, codes::UNREADABLE, format!("{}: {e}", path.display()))
}

fn unwritable(path: &Path, e: &std::io::Error) -> Failure {
    Failure::bare(Exit::Errors, codes::UNWRITABLE, format!("{}: {e}", path.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn record() -> Record {
        Record {
            number: 0,
            kind: "apply".to_owned(),
            run: Run {
                id: "r".to_owned(),
                who: "olena@laptop".to_owned(),
                from: "local".to_owned(),
                since: 1_814_339_109,
                pid: 1,
            },
            environment: "twin a".to_owned(),
            ended: None,
            plan: None,
            plan_file: None,
            waves: Vec::new(),
            hosts: BTreeMap::new(),
            log: PathBuf::new(),
        }
    }

    fn ended(outcome: &str) -> Ended {
        Ended { outcome: outcome.to_owned(), text: String::new(), generation: None, receipt: None }
    }

    #[test]
    fn runs_are_numbered_and_one_that_never_ended_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::of(folder.path());
        assert_eq!(history.numbers().unwrap(), Vec::<u64>::new());
        let first = history.begin(record()).unwrap();
        let second = history.begin(record()).unwrap();
        assert_eq!((first.number, second.number), (1, 2));
        assert_eq!(history.get(1).unwrap().unwrap().outcome(), "cut off");
        let hosts = [("gw".to_owned(), ended("changed"))].into();
        history.end(second, hosts).unwrap();
        let read = history.get(2).unwrap().unwrap();
        assert_eq!((read.outcome(), read.count("changed")), ("whole", 1));
        assert_eq!(history.get(3).unwrap(), None);
        assert_eq!(history.numbers().unwrap(), [1, 2]);
    }

    #[test]
    fn unknown_is_never_whole_and_failed_is_more_certain() {
        let of = |words: &[&str]| {
            let hosts = words.iter().map(|w| ((*w).to_owned(), ended(w))).collect();
            Record { ended: Some(1), hosts, ..record() }.outcome()
        };
        assert_eq!(of(&["unchanged", "changed"]), "whole");
        assert_eq!(of(&["changed", "unknown"]), "unknown");
        assert_eq!(of(&["changed", "skipped"]), "unknown");
        assert_eq!(of(&["unknown", "undone"]), "failed");
    }

    #[test]
    fn a_damaged_record_is_said_to_be() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::of(folder.path());
        history.begin(record()).unwrap();
        fs::write(history.path(1), "{").unwrap();
        assert_eq!(history.get(1).unwrap_err().report.items[0].code, "FW3010");
    }
}
