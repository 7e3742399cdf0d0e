//! What the agent keeps under `/var/lib/fleetwright` (mode 0700): generations, blobs by hash, receipts, the
//! journal and the lock.

use crate::accounts::Account;
use crate::system::{System, fault};
use crate::tree::{self, Entry, Rights};
use artifact::protocol::{Code, Fault, Receipt, UndoReport};
use artifact::{FlatDesired, UnitRest, hash_hex};
use plan::Step;
use rustix::fs::{FlockOperation, flock};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

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

/// The lock: held until dropped, and by no process that died.
pub struct Lock {
    _file: File,
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

    fn fault(&self, path: &Path, error: &io::Error) -> Fault {
        fault(Code::SwitchFailed, &path.display().to_string(), error)
    }

    /// Takes the lock, waiting at most `limit` for the one who has it.
    ///
    /// # Errors
    /// [`Code::LockHeld`].
    pub fn lock(&self, limit: Duration) -> Result<Lock, Fault> {
        self.make()?;
        let path = self.path("lock");
        let file = File::options().create(true).truncate(false).write(true).mode(0o600).open(&path);
        let file = file.map_err(|e| self.fault(&path, &e))?;
        let until = Instant::now() + limit;
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Lock { _file: file }),
                Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) if Instant::now() < until => {
                    // flock has no deadline and tells nobody when it is free.
                    std::thread::sleep(Duration::from_millis(10));
                }
                Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) => {
                    return Err(Fault::new(Code::LockHeld, "another apply is at work on this host"));
                }
                Err(e) => return Err(self.fault(&path, &e.into())),
            }
        }
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Fault> {
        let path = self.path(name);
        let missing =
            |detail: String| Fault::new(Code::GenerationMissing, format!("{}: {detail}", path.display()));
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|e| missing(e.to_string())),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(missing(e.to_string())),
        }
    }

    fn write<T: Serialize>(&self, name: &str, value: &T) -> Result<(), Fault> {
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
                format!("generation {generation} is on record but not on disk"),
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

    /// Keeps bytes under their hash; durable after the next [`Store::put`].
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn keep(&self, sha256: &str, bytes: &[u8]) -> Result<(), Fault> {
        let path = self.path("blobs").join(sha256);
        if path.exists() {
            return Ok(());
        }
        tree::write(&path, bytes, Rights::private()).map_err(|e| self.fault(&path, &e))
    }

    /// The bytes of a hash, checked against it.
    ///
    /// # Errors
    /// [`Code::GenerationMissing`] when they are not there or damaged.
    pub fn blob(&self, sha256: &str) -> Result<Vec<u8>, Fault> {
        let path = self.path("blobs").join(sha256);
        let bad =
            |detail: String| Fault::new(Code::GenerationMissing, format!("{}: {detail}", path.display()));
        let bytes = std::fs::read(&path).map_err(|e| bad(e.to_string()))?;
        if hash_hex(&bytes) == sha256 { Ok(bytes) } else { Err(bad("damaged".to_owned())) }
    }

    /// True when the bytes of a hash are kept.
    pub fn has(&self, sha256: &str) -> bool {
        self.path("blobs").join(sha256).is_file()
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
