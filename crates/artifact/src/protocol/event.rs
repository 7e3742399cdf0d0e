//! What the agent says.

use super::{Claim, DriftReport, Fault, GenerationSeen, Receipt, State, Status, UndoReport};
use crate::observe::Observation;
use serde::{Deserialize, Serialize};

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
    /// Something to be told, such as what apt said or that a clock is off. May come at any time.
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
    /// The digest asked for is not on record: send the desired state.
    Want,
    /// Answer to `generations`, the newest last.
    Generations(Vec<GenerationSeen>),
    /// Answer to `drift`.
    Drift(Box<DriftReport>),
    /// Answer to `probe`.
    Probed {
        /// It was seen to hold.
        held: bool,
        /// What was seen instead; empty when it holds.
        detail: String,
    },
    /// Answer to `unlock`: whose lock it was.
    Unlocked(Claim),
}

impl Event {
    /// True when the agent says nothing after it. `observed` is last for `observe`, not for `apply`.
    pub fn is_last(&self) -> bool {
        !matches!(self, Event::Observed(_) | Event::State { .. } | Event::Said(_) | Event::Want)
    }

    /// The word in JSON, for messages.
    pub fn name(&self) -> &'static str {
        match self {
            Event::Observed(_) => "observed",
            Event::Unchanged(_) => "unchanged",
            Event::State { .. } => "state",
            Event::Said(_) => "said",
            Event::Switched { .. } => "switched",
            Event::Confirmed(_) => "confirmed",
            Event::Undone(_) => "undone",
            Event::Failed(_) => "failed",
            Event::Refused(_) => "refused",
            Event::Status(_) => "status",
            Event::Want => "want",
            Event::Generations(_) => "generations",
            Event::Drift(_) => "drift",
            Event::Probed { .. } => "probed",
            Event::Unlocked(_) => "unlocked",
        }
    }
}
