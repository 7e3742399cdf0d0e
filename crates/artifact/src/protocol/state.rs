//! The states of a transaction.

use serde::{Deserialize, Serialize};
use std::fmt;

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
