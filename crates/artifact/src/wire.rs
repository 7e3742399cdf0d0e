//! The desired state as it goes to a host: secrets filled in, reasons left behind.

use crate::desired::{Check, Desired, Dir, Health, Link, Unit, User};
use crate::stage::{Owned, Stages};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// The desired state of a host without texts' reasons, with hashes. The agent keeps it as the
/// manifest of a generation.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FlatDesired {
    /// The host's name.
    pub host: String,
    /// Packages by name.
    pub packages: BTreeSet<String>,
    /// Users.
    pub users: BTreeMap<String, User>,
    /// Directories.
    pub dirs: BTreeMap<String, Dir>,
    /// Files: mode, owner and hash; the bytes travel apart.
    pub files: BTreeMap<String, FlatFile>,
    /// Links.
    pub links: BTreeMap<String, Link>,
    /// Units.
    pub units: BTreeMap<String, Unit>,
    /// Checks.
    pub checks: Vec<Check>,
    /// Health.
    pub health: Vec<Health>,
    /// Which engines want what of it.
    #[serde(default, skip_serializing_if = "Owned::is_empty")]
    pub owned: Owned,
    /// Engines that are not applied: what they wanted in an earlier generation is left alone.
    #[serde(default, skip_serializing_if = "Stages::is_empty")]
    pub stages: Stages,
}

/// A file as the host knows it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FlatFile {
    /// Engine that owns it.
    pub engine: String,
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub owner: String,
    /// Group.
    pub group: String,
    /// SHA-256 of the bytes, lower-case hex.
    pub sha256: String,
    /// True when the bytes hold a secret: never shown, never logged.
    pub secret: bool,
    /// For files with secrets, the text with each secret hidden: lets a host show a difference later
    /// without showing a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<String>,
}

/// Lower-case hex of the SHA-256 of some bytes.
pub fn hash_hex(bytes: &[u8]) -> String {
    let mut hasher = Hasher::default();
    hasher.add(bytes);
    hasher.hex()
}

/// SHA-256 of bytes that come in pieces.
#[derive(Clone, Default)]
pub struct Hasher(Sha256);

impl Hasher {
    /// Takes the next bytes in.
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Lower-case hex of the hash of all of them.
    pub fn hex(self) -> String {
        self.0.finalize().iter().map(|b| format!("{b:02x}")).collect()
    }
}

impl FlatDesired {
    /// Flattens what of a desired state is applied ([`Desired::managed`]); also gives the bytes by hash.
    ///
    /// # Errors
    /// The name of a secret that `secret` does not know.
    pub fn of(
        desired: &Desired,
        secret: &dyn Fn(&str) -> Option<String>,
    ) -> Result<(FlatDesired, BTreeMap<String, Vec<u8>>), String> {
        let desired = &*desired.managed();
        let mut blobs = BTreeMap::new();
        let mut files = BTreeMap::new();
        for (path, file) in &desired.files {
            let bytes = file.text.reveal(secret)?.into_bytes();
            let sha256 = hash_hex(&bytes);
            let secret = file.text.secrets().next().is_some();
            files.insert(
                path.clone(),
                FlatFile {
                    engine: file.engine.clone(),
                    mode: file.mode,
                    owner: file.owner.clone(),
                    group: file.group.clone(),
                    sha256: sha256.clone(),
                    secret,
                    shown: secret.then(|| file.text.public()),
                },
            );
            blobs.insert(sha256, bytes);
        }
        let flat = FlatDesired {
            host: desired.host.clone(),
            packages: desired.packages.keys().cloned().collect(),
            users: desired.users.clone(),
            dirs: desired.dirs.clone(),
            files,
            links: desired.links.clone(),
            units: desired.units.clone(),
            checks: desired.checks.clone(),
            health: desired.health.clone(),
            owned: desired.owned.clone(),
            stages: desired.stages.clone(),
        };
        Ok((flat, blobs))
    }

    /// The hash of the whole state: two hosts' states are equal when it is.
    pub fn digest(&self) -> String {
        hash_hex(serde_json::to_string(self).unwrap_or_default().as_bytes())
    }
}
