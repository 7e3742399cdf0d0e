//! A run that may change hosts: the folder's lock, its record in the history and its logs, from begin to end.

use crate::failure::Failure;
use crate::history::{self, History, Record};
use crate::run_lock::{Run, RunLock};
use crate::secret_store::HIDDEN;
use apply::FleetOutcome;
use artifact::protocol::Claim;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a run is about.
pub struct About<'a> {
    /// `apply` or `rollback`.
    pub kind: &'a str,
    /// Where the hosts are.
    pub environment: &'a str,
    /// Digest of the plan that was agreed to.
    pub plan: Option<String>,
    /// The file it came from.
    pub plan_file: Option<&'a Path>,
}

/// A run under way. While it lives nobody else runs one here.
pub struct Underway {
    /// Who, from where, since when.
    pub run: Run,
    history: History,
    record: Record,
    _lock: RunLock,
}

impl Underway {
    /// Takes the lock. Nothing is recorded before [`Underway::record`].
    ///
    /// # Errors
    /// FW1033 when somebody else runs one here.
    pub fn begin(folder: &Path, about: &About<'_>) -> Result<Self, Failure> {
        let run = Run::begin();
        let lock = RunLock::take(folder, about.environment, &run)?;
        let record = Record {
            number: 0,
            kind: about.kind.to_owned(),
            environment: about.environment.to_owned(),
            ended: None,
            plan: about.plan.clone(),
            plan_file: about.plan_file.map(Path::to_owned),
            waves: Vec::new(),
            hosts: BTreeMap::new(),
            log: logs(folder, &run),
            run: run.clone(),
        };
        Ok(Underway { run, history: History::of(folder), record, _lock: lock })
    }

    /// Records that hosts may be changed from now on, and what was agreed to.
    ///
    /// # Errors
    /// When it cannot be written: then nothing should be changed either.
    pub fn record(&mut self, plan: Option<String>) -> Result<(), Failure> {
        self.record.plan = plan.or(self.record.plan.take());
        self.record = self.history.begin(self.record.clone())?;
        Ok(())
    }

    /// Folder of the logs by host.
    pub fn logs(&self) -> &Path {
        &self.record.log
    }

    /// As hosts and their locks know it.
    pub fn claim(&self) -> Claim {
        Claim {
            who: self.run.who.clone(),
            from: self.run.from.clone(),
            run: self.run.id.clone(),
            since: self.run.since,
        }
    }

    /// Records how it ended and gives its number.
    ///
    /// # Errors
    /// When it cannot be written; the history then says that it was cut off.
    pub fn end(mut self, outcome: &FleetOutcome) -> Result<u64, Failure> {
        self.record.waves.clone_from(&outcome.waves);
        self.history.end(self.record, history::endings(outcome)).map(|r| r.number)
    }
}

/// Where the logs of a run lie.
fn logs(folder: &Path, run: &Run) -> PathBuf {
    folder.join(HIDDEN).join("logs").join(&run.id)
}
