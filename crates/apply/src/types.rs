//! What goes into an apply and what comes out.

use artifact::Desired;
use artifact::protocol::{Claim, Fault, Receipt, Status, UndoReport};
use plan::HostPlan;
use remote::{Reach, Remote};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Gives the value of a secret by name.
pub type Secrets<'a> = &'a (dyn Fn(&str) -> Option<String> + Send + Sync);

/// One host to bring to its desired state.
pub struct Target<'a> {
    /// The way onto it.
    pub remote: Arc<dyn Remote>,
    /// What it should be.
    pub desired: &'a Desired,
    /// The values of the secrets in it.
    pub secrets: Secrets<'a>,
}

/// The agent binary that is put onto hosts.
#[derive(Clone)]
pub struct AgentBinary {
    /// Its bytes.
    pub bytes: Arc<[u8]>,
    /// Their SHA-256, lower-case hex.
    pub sha256: String,
}

/// Where a host is, for a progress line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Being reached.
    Connecting,
    /// The agent is being put there.
    Bootstrap,
    /// What differs is being looked at.
    Observing,
    /// A state of the transaction.
    Applying(artifact::protocol::State),
    /// Being confirmed over a new connection.
    Confirming,
    /// Nothing more to come for this host.
    Done,
}

/// One thing that happened on one host.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Event {
    /// The host.
    pub host: String,
    /// Where it is.
    pub phase: Phase,
    /// In words, without the host's name.
    pub message: String,
    /// Since the run began.
    pub elapsed: Duration,
}

/// How it ended on one host. Anything but `Unchanged` and `Changed` is a failure of the run.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HostOutcome {
    /// Nothing differed; nothing was touched.
    Unchanged {
        /// The generation on record; 0 for none.
        generation: u64,
    },
    /// Switched, observed and confirmed.
    Changed {
        /// The new generation.
        generation: u64,
        /// What was done.
        plan: HostPlan,
        /// What the host saw when it was confirmed.
        receipt: Box<Receipt>,
    },
    /// Switched and gone back.
    Undone {
        /// Why.
        reason: String,
        /// What the host says about it; `remaining` is empty when it is really back.
        report: UndoReport,
    },
    /// Not done; the host is as it was.
    Failed {
        /// Why.
        reason: String,
        /// The agent's code, when the agent said so.
        fault: Option<Fault>,
    },
    /// Nobody knows: the host could not be reached, or not again after the switch.
    Unknown {
        /// What was seen last.
        reason: String,
        /// Why it could not be reached, where that is what happened.
        #[serde(skip_serializing_if = "Option::is_none", serialize_with = "reach_name")]
        reach: Option<Reach>,
    },
    /// Not switched, because of another host or because somebody asked to stop; the host is as it was.
    Skipped {
        /// Why.
        reason: String,
    },
}

/// How it ended on every host.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct FleetOutcome {
    /// By host.
    pub hosts: BTreeMap<String, HostOutcome>,
    /// How long it took.
    pub elapsed: Duration,
    /// Who did it, in which run, since when.
    pub claim: Claim,
    /// When it began, seconds since the epoch by this machine's clock.
    pub started: u64,
    /// The hosts that were told to change, as they were taken together.
    pub waves: Vec<Vec<String>>,
    /// Unknown hosts that were allowed to be.
    pub allowed: BTreeSet<String>,
}

/// What every host answers to one question.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Answers<T> {
    /// By host.
    pub hosts: BTreeMap<String, T>,
    /// Hosts that did not answer, with what was seen.
    pub unknown: BTreeMap<String, String>,
}

impl<T> Default for Answers<T> {
    fn default() -> Self {
        Answers { hosts: BTreeMap::new(), unknown: BTreeMap::new() }
    }
}

/// What every host says about itself.
pub type FleetStatus = Answers<Status>;

fn reach_name<S: serde::Serializer>(reach: &Option<Reach>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(reach.map_or("", Reach::name))
}

impl HostOutcome {
    /// True for `Unchanged` and `Changed`.
    pub fn is_ok(&self) -> bool {
        matches!(self, HostOutcome::Unchanged { .. } | HostOutcome::Changed { .. })
    }
}

impl FleetOutcome {
    /// True when every host is unchanged or changed, or was allowed to be unknown; anything else is a
    /// failure of the run.
    pub fn is_ok(&self) -> bool {
        self.hosts.iter().all(|(host, outcome)| outcome.is_ok() || self.allowed.contains(host))
    }

    /// The receipts of the hosts that were changed.
    pub fn receipts(&self) -> BTreeMap<&str, &Receipt> {
        let changed = self.hosts.iter().filter_map(|(host, outcome)| match outcome {
            HostOutcome::Changed { receipt, .. } => Some((host.as_str(), receipt.as_ref())),
            _ => None,
        });
        changed.collect()
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Phase::Connecting => "connecting",
            Phase::Bootstrap => "sending agent",
            Phase::Observing => "observing",
            Phase::Applying(state) => state.name(),
            Phase::Confirming => "confirming",
            Phase::Done => "done",
        })
    }
}

impl fmt::Display for HostOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HostOutcome::Unchanged { .. } => f.write_str("nothing to do"),
            HostOutcome::Changed { generation, plan, .. } => {
                write!(f, "generation {generation}, {} steps", plan.steps.len())
            }
            HostOutcome::Undone { reason, report } if report.remaining.is_empty() => {
                write!(f, "undone: {reason}")
            }
            HostOutcome::Undone { reason, report } => {
                write!(f, "undone, but not wholly ({}): {reason}", report.remaining.join("; "))
            }
            HostOutcome::Failed { reason, .. } => write!(f, "failed: {reason}"),
            HostOutcome::Unknown { reason, .. } => write!(f, "unknown: {reason}"),
            HostOutcome::Skipped { reason } => write!(f, "skipped: {reason}"),
        }
    }
}
