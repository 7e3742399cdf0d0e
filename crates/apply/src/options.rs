//! How to apply.

use crate::types::AgentBinary;
use crate::waves::{Constraints, Waves};
use artifact::protocol::Claim;
use artifact::{Probe, Why};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Another host that says whether a changed one is well, as seen from there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The host that looks. When it is not in the run or cannot be reached, it is not asked.
    pub by: String,
    /// How it looks.
    pub probe: Probe,
    /// Why it can be expected to hold.
    pub why: Why,
}

/// How to apply.
#[derive(Clone)]
pub struct Options {
    /// The agent.
    pub agent: AgentBinary,
    /// Hosts contacted, observed or sent to at once. A wave is switched at once whatever it says.
    pub parallel: usize,
    /// Seconds after which a host undoes by itself what nobody confirmed; 0: no timer is set.
    pub deadline_s: u32,
    /// Milliseconds a started unit is watched before it counts as up.
    pub settle_ms: u32,
    /// Milliseconds a host whose way in changed is left alone before it is confirmed over one more new
    /// connection: what cuts it off may take effect only after a moment. 0 where it is not reached by a network.
    pub soak_ms: u32,
    /// In which order.
    pub waves: Waves,
    /// When a wave fails, undo the hosts already confirmed in this run too.
    pub undo_on_failure: bool,
    /// Digests by host of plans somebody agreed to: a host whose plan is now another one is left alone
    /// and fails. `None`: whatever the plan is.
    pub agreed: Option<BTreeMap<String, String>>,
    /// Who does it; the hosts' locks and receipts name them.
    pub claim: Claim,
    /// Hosts that may be unreachable: they stay unknown and the run goes on without them. Any other
    /// unreachable host stops it before anything changes anywhere.
    pub allow_unreachable: BTreeSet<String>,
    /// Hosts that are switched together, confirmed together and go back together.
    pub together: Vec<BTreeSet<String>>,
    /// By changed host, who must see from elsewhere that it is well before it is confirmed.
    pub witnesses: BTreeMap<String, Vec<Witness>>,
    /// Of these hosts (those of one service) at most so many are changed at once; one that cannot be
    /// reached counts as one of them.
    pub max_unavailable: Vec<(BTreeSet<String>, usize)>,
    /// By host, the hosts it is reached through: they are changed after it.
    pub paths: BTreeMap<String, BTreeSet<String>>,
    /// Set when a person asks to stop: nothing more is switched, and what was is confirmed or undone.
    pub cancel: Arc<AtomicBool>,
}

impl Options {
    /// All hosts at once (contacted by at most 256), a dead-man timer of 30 s, 150 ms to settle.
    pub fn new(agent: AgentBinary) -> Self {
        Options {
            agent,
            parallel: 256,
            deadline_s: 30,
            settle_ms: 150,
            soak_ms: 0,
            waves: Waves::default(),
            undo_on_failure: false,
            agreed: None,
            claim: Claim { since: now(), ..Claim::default() },
            allow_unreachable: BTreeSet::new(),
            together: Vec::new(),
            witnesses: BTreeMap::new(),
            max_unavailable: Vec::new(),
            paths: BTreeMap::new(),
            cancel: Arc::default(),
        }
    }

    pub(crate) fn cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }

    /// What the waves must keep; `down` are hosts that could not be reached.
    pub(crate) fn constraints(&self, down: BTreeSet<String>) -> Constraints {
        Constraints {
            together: self.together.clone(),
            paths: self.paths.clone(),
            max_unavailable: self.max_unavailable.clone(),
            down,
        }
    }
}

/// Seconds since the epoch.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}
