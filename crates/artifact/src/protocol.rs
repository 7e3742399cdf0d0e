//! What the controller and the agent say to each other: one JSON value a line. See
//! `docs/apply-protocol.md`.

use crate::observe::{Observation, UnitSeen};
use crate::wire::FlatDesired;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;

/// Version of the requests, events and the journal. A higher one on disk or on the wire is refused.
pub const PROTOCOL: u32 = 1;

/// Where the agent lies on a host.
pub const AGENT_PATH: &str = "/usr/lib/fleetwright/fleetwright-agent";

/// The first line of every request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`PROTOCOL`] of the controller.
    pub protocol: u32,
    /// SHA-256 of the agent binary the controller has; empty when any will do. Another one answers
    /// `refused` with [`Code::AgentMismatch`] and does nothing.
    pub agent: String,
}

/// `observe`: what differs from this state?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObserveRequest {
    /// Version and agent.
    pub hello: Hello,
    /// The desired state.
    pub desired: FlatDesired,
}

/// `apply`: first line. The agent answers `observed`, and when something differs waits for [`Go`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplyRequest {
    /// Version and agent.
    pub hello: Hello,
    /// The desired state.
    pub desired: FlatDesired,
    /// Seconds after `armed` at which the host undoes the change by itself unless it was confirmed;
    /// 0: no timer is set (a confirm is still needed).
    pub deadline_s: u32,
    /// Milliseconds a started unit is watched before it counts as up.
    pub settle_ms: u32,
}

/// `apply`: second line, after the controller has seen what differs. The end of input instead means
/// "leave it".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Go {
    /// Digest of the plan the controller made of the observation; kept in the receipt.
    pub plan: String,
    /// The bytes the host lacks, by hash.
    pub blobs: BTreeMap<String, Bytes>,
}

/// `confirm`: the controller saw the host over a new connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfirmRequest {
    /// Version and agent.
    pub hello: Hello,
    /// The generation.
    pub generation: u64,
    /// The token of the `switched` event.
    pub token: String,
}

/// `undo`: go back to what was before a generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoRequest {
    /// Version and agent.
    pub hello: Hello,
    /// The generation to undo: the last one.
    pub generation: u64,
    /// Undo it also when it was confirmed.
    pub confirmed: bool,
    /// Why, for the report.
    pub reason: String,
}

/// `status` and `recover`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusRequest {
    /// Version and agent.
    pub hello: Hello,
}

/// The states of a transaction, as the journal and the events name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The bytes are on the host; nothing live has changed.
    Staged,
    /// Every checker passed on the staged files.
    Checked,
    /// What was before is saved and the dead-man timer runs.
    Armed,
    /// Being switched; the journal's `step` says how far.
    Switching,
    /// Everything is switched.
    Switched,
    /// Health was seen.
    Observed,
    /// The controller confirmed: this is the host's generation.
    Confirmed,
    /// Going back.
    Undoing,
    /// Back, and seen to be back.
    Undone,
    /// Ended before anything live changed.
    Failed,
}

impl State {
    /// True when nothing more has to happen.
    pub fn is_final(self) -> bool {
        matches!(self, State::Confirmed | State::Undone | State::Failed)
    }
    /// The name in journals and progress lines.
    pub fn name(self) -> &'static str {
        match self {
            State::Staged => "staged",
            State::Checked => "checked",
            State::Armed => "armed",
            State::Switching => "switching",
            State::Switched => "switched",
            State::Observed => "observed",
            State::Confirmed => "confirmed",
            State::Undoing => "undoing",
            State::Undone => "undone",
            State::Failed => "failed",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why the agent would not or could not; stable names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// The request could not be read.
    BadRequest,
    /// The controller speaks a newer protocol than this agent.
    ProtocolNewer,
    /// The agent on the host is another build than the controller's.
    AgentMismatch,
    /// The desired state wants a path the fleet must never own.
    PathRefused,
    /// Something that is neither file, directory nor link is where the fleet wants one.
    PathBlocked,
    /// Another agent is in a transaction.
    LockHeld,
    /// The journal was written by a newer version.
    JournalNewer,
    /// The journal is damaged before its last line.
    JournalDamaged,
    /// A generation on record is missing or damaged on disk.
    GenerationMissing,
    /// Bytes do not have the hash they were sent under, or were not sent.
    BlobMismatch,
    /// A checker refused the staged files.
    CheckFailed,
    /// The file system is full.
    DiskFull,
    /// The file system is read-only.
    ReadOnly,
    /// systemd does not answer.
    NoSystemd,
    /// A file, user or package could not be changed.
    SwitchFailed,
    /// A unit could not be started, stopped, reloaded or enabled.
    UnitFailed,
    /// Health was not seen in time.
    Unhealthy,
    /// The transaction to confirm or undo is not there.
    NoTransaction,
    /// The token to confirm is not that of the transaction.
    TokenMismatch,
    /// Going back did not bring back everything.
    UndoIncomplete,
}

impl Code {
    /// The stable name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Code::BadRequest => "bad-request",
            Code::ProtocolNewer => "protocol-newer",
            Code::AgentMismatch => "agent-mismatch",
            Code::PathRefused => "path-refused",
            Code::PathBlocked => "path-blocked",
            Code::LockHeld => "lock-held",
            Code::JournalNewer => "journal-newer",
            Code::JournalDamaged => "journal-damaged",
            Code::GenerationMissing => "generation-missing",
            Code::BlobMismatch => "blob-mismatch",
            Code::CheckFailed => "check-failed",
            Code::DiskFull => "disk-full",
            Code::ReadOnly => "read-only",
            Code::NoSystemd => "no-systemd",
            Code::SwitchFailed => "switch-failed",
            Code::UnitFailed => "unit-failed",
            Code::Unhealthy => "unhealthy",
            Code::NoTransaction => "no-transaction",
            Code::TokenMismatch => "token-mismatch",
            Code::UndoIncomplete => "undo-incomplete",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What went wrong: a stable code and one sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The code.
    pub code: Code,
    /// What was seen, and the way out where there is one.
    pub message: String,
}

impl Fault {
    /// A fault.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Fault { code, message: message.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Fault {}

/// What the agent says, one a line. The last line is always one for which [`Event::is_last`] holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Event {
    /// What differs.
    Observed(Box<Observation>),
    /// Nothing differs; the generation on record.
    Unchanged(u64),
    /// A state was reached.
    State {
        /// The state.
        state: State,
        /// The step within it, or what is being waited for.
        detail: String,
    },
    /// Something a program said, such as apt.
    Said(String),
    /// Switched and healthy: the host waits to be confirmed.
    Switched {
        /// The generation.
        generation: u64,
        /// Must be given back to confirm.
        token: String,
    },
    /// Confirmed.
    Confirmed(Box<Receipt>),
    /// The change was undone.
    Undone(Box<UndoReport>),
    /// The change ended before anything live had changed.
    Failed(Fault),
    /// Not done at all.
    Refused(Fault),
    /// Answer to `status`.
    Status(Box<Status>),
}

impl Event {
    /// True when the agent says nothing after it. `observed` is last for `observe`, not for `apply`.
    pub fn is_last(&self) -> bool {
        !matches!(self, Event::Observed(_) | Event::State { .. } | Event::Said(_))
    }
}

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
}

/// Bytes, base64 in JSON. Never shown by `Debug`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        STANDARD.decode(text).map(Bytes).map_err(serde::de::Error::custom)
    }
}
