//! What a host remembers and tells: receipts, undo reports, status, generations, drift.

use super::{Claim, Fault, State};
use crate::observe::UnitSeen;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A transaction that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// Its generation.
    pub generation: u64,
    /// The last state in the journal.
    pub state: State,
}

/// What was observed after a change: the only ground on which it counts as a success.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The host.
    pub host: String,
    /// The generation.
    pub generation: u64,
    /// `FlatDesired::digest` of it.
    pub digest: String,
    /// Digest of the plan that was carried out.
    pub plan: String,
    /// When it was confirmed, seconds since the epoch by the host's clock.
    pub at: u64,
    /// Hash by path of every file as read back from the disk.
    pub files: BTreeMap<String, String>,
    /// Units as seen after the change.
    pub units: BTreeMap<String, UnitSeen>,
    /// Names of the health probes that were seen to hold.
    pub health: Vec<String>,
    /// Who confirmed it; empty where nobody said.
    #[serde(default)]
    pub who: String,
    /// The run it came with.
    #[serde(default)]
    pub run: String,
    /// What runs besides units, by name (`nft`, `addresses`, `wireguard`, `bird`): text without counters,
    /// handles and keys. What cannot be told on a host is left out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub running: BTreeMap<String, String>,
    /// SSHSIG (PEM) by the host's key over [`Receipt::signed_text`]. `None`: the host has no Ed25519 key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// The key that signed, as a line of `authorized_keys` without comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
}

impl Receipt {
    /// What is signed: the receipt's JSON, without spaces and without `signature`.
    pub fn signed_text(&self) -> String {
        serde_json::to_string(&Receipt { signature: None, ..self.clone() }).unwrap_or_default()
    }
}

/// What happened when a host went back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoReport {
    /// The generation that was undone.
    pub generation: u64,
    /// The state it was in.
    pub from: State,
    /// Why: the fault, "not confirmed within 30 s", "recovered at boot".
    pub reason: String,
    /// The fault that led here, when there was one.
    pub fault: Option<Fault>,
    /// When, seconds since the epoch by the host's clock.
    pub at: u64,
    /// What is not as it was before, in words; empty when the host is really back.
    pub remaining: Vec<String>,
}

/// Answer to `status`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The confirmed generation; 0 for none.
    pub generation: u64,
    /// Its digest.
    pub digest: Option<String>,
    /// A transaction that has not ended.
    pub pending: Option<Pending>,
    /// The receipt of the generation.
    pub receipt: Option<Receipt>,
    /// What is no longer as the generation left it.
    pub drift: Vec<String>,
    /// Units of the generation as they are now.
    pub units: BTreeMap<String, UnitSeen>,
    /// The last undo.
    pub undo_report: Option<UndoReport>,
    /// Who holds the host's lock now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    /// The host's clock, seconds since the epoch; 0 where an older agent did not say.
    #[serde(default)]
    pub clock: u64,
    /// What the host saw by itself of this generation, where it looks; not looked at now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<DriftSeen>,
}

/// A generation on a host, as `generations` lists it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenerationSeen {
    /// Its number.
    pub generation: u64,
    /// `FlatDesired::digest` of it.
    pub digest: String,
    /// When it was confirmed, seconds since the epoch by the host's clock; 0 where no receipt tells.
    pub at: u64,
    /// Who confirmed it; empty where nobody said.
    pub who: String,
    /// Files in it.
    pub files: usize,
    /// Units in it.
    pub units: usize,
    /// The host is this one.
    pub current: bool,
    /// Its receipt is kept. A generation without one was never confirmed, or was undone.
    pub receipt: bool,
    /// Everything needed to go back to it is there and whole.
    pub whole: bool,
}

/// Answer to `drift`: what is no longer as the confirmed generation left it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftReport {
    /// The confirmed generation; 0 for none.
    pub generation: u64,
    /// What differs, in the order packages, users, dirs, files, links, units, running.
    pub items: Vec<DriftItem>,
    /// A transaction that has not ended: what it changed counts as drift until it is confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Pending>,
}

/// One thing that is not as it was left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftItem {
    /// `package`, `user`, `dir`, `file`, `link`, `unit`, or `running`.
    pub kind: String,
    /// Path, unit, package, user, or what of the running state (`nft`, `addresses`, `wireguard`, `bird`).
    pub name: String,
    /// In words: "is gone", "content, mode 0644, is 0600", "does not run".
    pub what: String,
    /// Unified diff from what was left (`-`) to what is (`+`); `None` where there is no text to show or
    /// it holds secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
}

/// What a host saw when it last looked by itself (`drift-watch`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftSeen {
    /// The confirmed generation it was held against.
    pub generation: u64,
    /// When it looked, seconds since the epoch by the host's clock.
    pub at: u64,
    /// Since which look without a pause something differs; `None` when nothing does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// How many things differ.
    pub count: usize,
    /// The first of them, without diffs: `drift` shows those.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<DriftItem>,
}
