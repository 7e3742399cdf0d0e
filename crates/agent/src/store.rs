//! What the agent keeps under `/var/lib/fleetwright` (mode 0700): generations, blobs by hash, receipts, the
//! journal and the lock.

use crate::accounts::Account;
use crate::journal::Journal;
use crate::system::{System, fault};
use crate::tree::{self, Entry, Rights};
use artifact::protocol::{Claim, Code, Fault, Receipt, State, UndoReport};
use artifact::{FlatDesired, RunningDiff, UnitRest};
use plan::Step;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Where it all lies.
pub const STATE: &str = "/var/lib/fleetwright";
/// Generations kept.
pub const KEPT: usize = 5;

/// A generation on record.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Manifest {
    /// Its number.
    pub generation: u64,
    /// The generation before it; 0 for none.
    pub previous: u64,
    /// What it is.
    pub desired: FlatDesired,
    /// Digest of the plan that led to it.
    pub plan: String,
    /// What was there when the fleet first took each path, unit and account.
    pub found: Found,
    /// Who applied it.
    #[serde(default)]
    pub claim: Claim,
}

/// What was there before the fleet; what leaves the model goes back to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Found {
    /// Files, links and directories that are desired.
    pub paths: BTreeMap<String, Entry>,
    /// Folders made only because something had to lie in them.
    pub folders: BTreeSet<String>,
    /// Units that are desired.
    pub units: BTreeMap<String, UnitRest>,
    /// Accounts the fleet made.
    pub users: BTreeSet<String>,
    /// Groups each user was in before the fleet.
    #[serde(default)]
    pub groups: BTreeMap<String, BTreeSet<String>>,
}

/// What was before a transaction: enough to go back, whatever the transaction did.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Before {
    /// The steps of the transaction.
    pub steps: Vec<Step>,
    /// Every path it touches.
    pub paths: BTreeMap<String, Entry>,
    /// Every unit it touches.
    pub units: BTreeMap<String, UnitRest>,
    /// Every account it changes; `None` for those it makes.
    pub users: BTreeMap<String, Option<Account>>,
    /// Encrypted passwords of accounts it takes away.
    #[serde(default)]
    pub passwords: BTreeMap<String, String>,
    /// Groups it makes.
    #[serde(default)]
    pub groups: BTreeSet<String>,
    /// What ran otherwise than it was confirmed, by name: brought back by it, and not put back by an undo.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub running: BTreeMap<String, RunningDiff>,
}

/// The generation the host is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Its manifest.
    pub manifest: Manifest,
    /// `FlatDesired::digest` of it.
    pub digest: String,
}

/// Which generation the host is.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Current {
    /// The number; 0 for none.
    pub generation: u64,
}

/// The folder.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
}

impl Store {
    /// The store of a system; nothing is made.
    pub fn of(system: &System) -> Self {
        Store { root: system.real(STATE) }
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Makes the folders that are missing, readable by root only.
    ///
    /// # Errors
    /// When they cannot be made.
    pub fn make(&self) -> Result<(), Fault> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        let mut new = false;
        for name in ["", "blobs", "generations", "receipts"] {
            let path = self.root.join(name);
            if !path.is_dir() {
                new = true;
                builder.create(&path).map_err(|e| self.fault(&path, &e))?;
            }
        }
        if new {
            tree::sync_folder(&self.root).map_err(|e| self.fault(&self.root, &e))?;
        }
        Ok(())
    }

    pub(crate) fn fault(&self, path: &Path, error: &io::Error) -> Fault {
        fault(Code::SwitchFailed, &path.display().to_string(), error)
    }

    pub(crate) fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Fault> {
        let path = self.path(name);
        let missing =
            |detail: String| Fault::new(Code::GenerationMissing, format!("{}: {detail}", path.display()));
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|e| missing(e.to_string())),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(missing(e.to_string())),
        }
    }

    pub(crate) fn write<T: Serialize>(&self, name: &str, value: &T) -> Result<(), Fault> {
        let path = self.path(name);
        let bytes = serde_json::to_vec(value).map_err(|e| self.fault(&path, &io::Error::other(e)))?;
        tree::write(&path, &bytes, Rights::private())
            .and_then(|()| path.parent().map_or(Ok(()), tree::sync_folder))
            .map_err(|e| self.fault(&path, &e))
    }

    /// The generation the host is; 0 for none.
    ///
    /// # Errors
    /// When the record is damaged.
    pub fn current(&self) -> Result<u64, Fault> {
        Ok(self.read::<Current>("current")?.unwrap_or_default().generation)
    }

    /// Records which generation the host is.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn set_current(&self, generation: u64) -> Result<(), Fault> {
        self.write("current", &Current { generation })
    }

    /// A generation's manifest.
    ///
    /// # Errors
    /// [`Code::GenerationMissing`].
    pub fn manifest(&self, generation: u64) -> Result<Manifest, Fault> {
        self.read(&format!("generations/{generation}/manifest.json"))?.ok_or_else(|| {
            Fault::new(
                Code::GenerationMissing,
                format!(
                    "generation {generation} is on record but not on disk; go back to another one, or remove {STATE}/current to begin anew"
                ),
            )
        })
    }

    /// The manifest of the generation the host is.
    ///
    /// # Errors
    /// [`Code::GenerationMissing`].
    pub fn current_manifest(&self) -> Result<Option<Manifest>, Fault> {
        match self.current()? {
            0 => Ok(None),
            generation => self.manifest(generation).map(Some),
        }
    }

    /// As [`Store::record`], also when whoever ended the last transaction was killed right after it wrote so:
    /// what the next contact makes of it is already true.
    ///
    /// # Errors
    /// [`Code::GenerationMissing`].
    pub fn record_by(&self, journal: &Journal) -> Result<Option<Record>, Fault> {
        let current = self.current()?;
        let generation = match journal.last() {
            Some(last) if last.state == State::Confirmed => last.generation,
            Some(last) if last.state == State::Undone && last.generation == current => {
                self.manifest(current)?.previous
            }
            _ => current,
        };
        let record = |manifest: Manifest| Record { digest: manifest.desired.digest(), manifest };
        if generation == 0 { Ok(None) } else { self.manifest(generation).map(record).map(Some) }
    }

    /// The manifest of the generation the host is, with its digest.
    ///
    /// # Errors
    /// [`Code::GenerationMissing`].
    pub fn record(&self) -> Result<Option<Record>, Fault> {
        let record = |manifest: Manifest| Record { digest: manifest.desired.digest(), manifest };
        Ok(self.current_manifest()?.map(record))
    }

    /// What was before a generation.
    ///
    /// # Errors
    /// [`Code::GenerationMissing`].
    pub fn before(&self, generation: u64) -> Result<Before, Fault> {
        self.read(&format!("generations/{generation}/before.json"))?.ok_or_else(|| {
            Fault::new(
                Code::GenerationMissing,
                format!("what was before generation {generation} is not on disk"),
            )
        })
    }

    /// Puts a generation on disk, durably, before anything is switched.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put(&self, manifest: &Manifest, before: &Before) -> Result<(), Fault> {
        let folder = format!("generations/{}", manifest.generation);
        let path = self.path(&folder);
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .map_err(|e| self.fault(&path, &e))?;
        self.write(&format!("{folder}/before.json"), before)?;
        self.write(&format!("{folder}/manifest.json"), manifest)?;
        for folder in ["blobs", "generations"] {
            let path = self.path(folder);
            tree::sync_folder(&path).map_err(|e| self.fault(&path, &e))?;
        }
        Ok(())
    }

    /// Where the bytes of a hash are kept.
    pub fn blob(&self, sha256: &str) -> PathBuf {
        self.path("blobs").join(sha256)
    }

    /// Keeps bytes under their hash; durable after the next [`Store::put`].
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn keep(&self, sha256: &str, bytes: &[u8]) -> Result<(), Fault> {
        let path = self.blob(sha256);
        if self.is_whole(sha256) {
            return Ok(());
        }
        tree::write(&path, bytes, Rights::private()).map_err(|e| self.fault(&path, &e))
    }

    /// Keeps a file's bytes under their hash.
    ///
    /// # Errors
    /// When they cannot be read or written, or have another hash.
    pub fn keep_file(&self, sha256: &str, from: &Path) -> Result<(), Fault> {
        let path = self.blob(sha256);
        if self.is_whole(sha256) {
            return Ok(());
        }
        tree::copy(&path, from, sha256, Rights::private()).map_err(|e| self.fault(&path, &e))
    }

    /// Writes the bytes of what was a file.
    ///
    /// # Errors
    /// When they are not there or damaged, or cannot be written.
    pub fn put_back(&self, was: &Entry, to: &Path, rights: Rights) -> io::Result<()> {
        match was {
            Entry::File { sha256, .. } => tree::copy(to, &self.blob(sha256), sha256, rights),
            Entry::Missing | Entry::Link { .. } | Entry::Dir { .. } | Entry::Other => Ok(()),
        }
    }

    /// True when the bytes of a hash are kept, damaged or not.
    pub fn has(&self, sha256: &str) -> bool {
        self.blob(sha256).is_file()
    }

    /// True when the bytes of a hash are kept and have it.
    pub fn is_whole(&self, sha256: &str) -> bool {
        self.has(sha256) && tree::hash_file(&self.blob(sha256)).is_ok_and(|h| h == sha256)
    }

    /// Hashes of which a part came before a connection broke, with its length in bytes.
    pub fn parts(&self) -> BTreeMap<String, u64> {
        let files = std::fs::read_dir(self.path("blobs")).into_iter().flatten().flatten();
        let part = |file: std::fs::DirEntry| {
            let name = file.file_name().to_string_lossy().strip_suffix(".part")?.to_owned();
            Some((name, file.metadata().ok()?.len()))
        };
        files.filter_map(part).collect()
    }

    /// Numbers of the generations on disk.
    pub fn generations(&self) -> BTreeSet<u64> {
        numbers(&self.path("generations"))
    }

    /// Keeps the last [`KEPT`] generations up to the current one and the one that goes with a pending
    /// transaction; drops the others and the bytes nobody refers to any more.
    ///
    /// # Errors
    /// When a kept manifest cannot be read; nothing is dropped then.
    pub fn prune(&self) -> Result<(), Fault> {
        let all = self.generations();
        let keep: BTreeSet<u64> = all.iter().rev().take(KEPT).copied().chain([self.current()?]).collect();
        let mut used = BTreeSet::new();
        for generation in all.intersection(&keep) {
            let manifest = self.manifest(*generation)?;
            let before = self.before(*generation)?;
            used.extend(manifest.desired.files.values().map(|f| f.sha256.clone()));
            for entry in manifest.found.paths.values().chain(before.paths.values()) {
                if let Entry::File { sha256, .. } = entry {
                    used.insert(sha256.clone());
                }
            }
        }
        for generation in all.difference(&keep) {
            let _ = std::fs::remove_dir_all(self.path(&format!("generations/{generation}")));
        }
        for receipt in numbers(&self.path("receipts")).iter().rev().skip(KEPT * 10) {
            let _ = std::fs::remove_file(self.path(&format!("receipts/{receipt}.json")));
        }
        for blob in std::fs::read_dir(self.path("blobs")).into_iter().flatten().flatten() {
            if !used.contains(blob.file_name().to_string_lossy().as_ref()) {
                let _ = std::fs::remove_file(blob.path());
            }
        }
        Ok(())
    }

    /// Writes a receipt.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put_receipt(&self, receipt: &Receipt) -> Result<(), Fault> {
        self.write(&format!("receipts/{}.json", receipt.generation), receipt)
    }

    /// The receipt of a generation, if there is one.
    pub fn receipt(&self, generation: u64) -> Option<Receipt> {
        self.read(&format!("receipts/{generation}.json")).ok().flatten()
    }

    /// Keeps the report of an undo until the next confirmed apply.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put_undo_report(&self, report: &UndoReport) -> Result<(), Fault> {
        self.write("undo-report.json", report)
    }

    /// The report of the last undo.
    pub fn undo_report(&self) -> Option<UndoReport> {
        self.read("undo-report.json").ok().flatten()
    }

    /// Drops the report of the last undo.
    pub fn drop_undo_report(&self) {
        let _ = std::fs::remove_file(self.path("undo-report.json"));
    }
}

/// Names in a folder that are numbers, with or without `.json`.
fn numbers(folder: &Path) -> BTreeSet<u64> {
    let names = std::fs::read_dir(folder).into_iter().flatten().flatten();
    names.filter_map(|n| n.file_name().to_string_lossy().trim_end_matches(".json").parse().ok()).collect()
}
