//! What goes into an apply and what comes out.

use artifact::Desired;
use artifact::protocol::{Fault, Status, UndoReport};
use plan::HostPlan;
use remote::Remote;
use std::collections::BTreeMap;
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

/// How to apply.
#[derive(Clone)]
pub struct Options {
    /// The agent.
    pub agent: AgentBinary,
    /// Hosts at once.
    pub parallel: usize,
    /// Seconds after which a host undoes by itself what nobody confirmed; 0: no timer is set.
    pub deadline_s: u32,
    /// Milliseconds a started unit is watched before it counts as up.
    pub settle_ms: u32,
    /// Names of hosts that go together, in order; hosts in no wave go last, together. Empty: all at once.
    /// A wave starts when the one before is done and whole.
    pub waves: Vec<Vec<String>>,
    /// When a wave fails, undo the hosts already confirmed in this run too.
    pub undo_on_failure: bool,
    /// Digests by host of plans somebody agreed to: a host whose plan is now another one is left alone
    /// and fails. `None`: whatever the plan is.
    pub agreed: Option<BTreeMap<String, String>>,
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
    },
    /// Not begun, because an earlier wave failed.
    Skipped {
        /// Which.
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
}

/// What every host says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct FleetStatus {
    /// By host.
    pub hosts: BTreeMap<String, Status>,
    /// Hosts that did not answer, with what was seen.
    pub unknown: BTreeMap<String, String>,
}

impl HostOutcome {
    /// True for `Unchanged` and `Changed`.
    pub fn is_ok(&self) -> bool {
        matches!(self, HostOutcome::Unchanged { .. } | HostOutcome::Changed { .. })
    }
}

impl FleetOutcome {
    /// True when every host is unchanged or changed; anything else is a failure of the run.
    pub fn is_ok(&self) -> bool {
        self.hosts.values().all(HostOutcome::is_ok)
    }
}

impl Options {
    /// All at once (at most 64), a dead-man timer of 30 s, 150 ms to settle.
    pub fn new(agent: AgentBinary) -> Self {
        Options {
            agent,
            parallel: 64,
            deadline_s: 30,
            settle_ms: 150,
            waves: Vec::new(),
            undo_on_failure: false,
            agreed: None,
        }
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
