//! What went wrong, by stable codes.

use serde::{Deserialize, Serialize};
use std::fmt;

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
    /// The host is no longer as it was observed: plan again.
    WorldMoved,
    /// Checked and held, and never told to switch; nothing live has changed.
    NotSwitched,
    /// The host's clock is far from the controller's. Only ever told, never a reason to refuse.
    ClockSkew,
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
            Code::WorldMoved => "world-moved",
            Code::NotSwitched => "not-switched",
            Code::ClockSkew => "clock-skew",
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
