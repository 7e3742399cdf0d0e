//! The plan of one host and of the fleet.

use crate::reason::{diff_of, interruption, undo, whys};
use crate::running;
use crate::step::Step;
use crate::{Kind, steps};
use artifact::{Desired, FlatDesired, Observation, Why, hash_hex};
use std::collections::BTreeMap;

/// A step with its reason in the sources and what it does to those who use the host.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PlannedStep {
    /// The step.
    #[serde(flatten)]
    pub step: Step,
    /// Why: for a file, the reasons of the lines that come or change, each once.
    pub why: Vec<Why>,
    /// What a reader would see change, as a unified diff with secrets hidden: of a file, or of what a unit runs
    /// otherwise than it was confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
    /// What is interrupted: "restarts caddy.service", "reloads bird.service", "none".
    pub interruption: String,
    /// What going back does with it: "the old bytes come back", "it is started again", "it stays".
    #[serde(default)]
    pub undo: String,
}

/// From what a host is to what it should be, in the order it is done.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct HostPlan {
    /// The host.
    pub host: String,
    /// The generation it comes from; 0 for none.
    pub from: u64,
    /// `FlatDesired::digest` of what it goes to.
    pub to: String,
    /// The steps.
    pub steps: Vec<PlannedStep>,
    /// Paths and units, and what runs, that somebody changed by hand since the last apply.
    pub drift: Vec<String>,
}

/// Where what decides on a host's network and on who may sign in lies.
const WAY_IN: [&str; 9] = [
    "/etc/bird/",
    "/etc/fleetwright/nftables",
    "/etc/nftables",
    "/etc/pam.d/",
    "/etc/ssh/",
    "/etc/sudoers.d/",
    "/etc/sysctl.d/",
    "/etc/systemd/network",
    "/etc/wireguard/",
];

/// The plans of a fleet.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FleetPlan {
    /// By host.
    pub hosts: BTreeMap<String, HostPlan>,
    /// Hosts that could not be observed, with what was seen. A host here is never "nothing to do".
    pub unknown: BTreeMap<String, String>,
}

impl HostPlan {
    /// The plan with reasons. `flat` is `desired` flattened with its secrets.
    pub fn of(desired: &Desired, flat: &FlatDesired, seen: &Observation) -> HostPlan {
        let steps = steps(flat, seen);
        let planned = steps
            .iter()
            .map(|step| PlannedStep {
                why: whys(desired, seen, step),
                diff: match step.kind {
                    Kind::File => diff_of(desired, seen, step),
                    Kind::Unit => running::diff(seen, &step.name),
                    _ => None,
                },
                interruption: interruption(step, &steps),
                undo: undo(step).to_owned(),
                step: step.clone(),
            })
            .collect();
        HostPlan {
            host: desired.host.clone(),
            from: seen.generation,
            to: flat.digest(),
            steps: planned,
            drift: seen.drift.iter().cloned().chain(running::drift(seen)).collect(),
        }
    }

    /// True when there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// True when it changes how the host is reached or who is let in: that may cut it off only after a moment,
    /// when a route is withdrawn or a neighbour forgotten.
    pub fn touches_the_way_in(&self) -> bool {
        let paths = self.steps.iter().filter(|s| matches!(s.step.kind, Kind::File | Kind::Link));
        // What runs and is told is all of the network.
        let runs = self.steps.iter().any(|s| s.step.kind == Kind::Unit && s.diff.is_some());
        runs || paths.map(|s| s.step.name.as_str()).any(|path| WAY_IN.iter().any(|w| path.starts_with(w)))
    }

    /// Hash of where the plan comes from, where it goes to and its steps: what a receipt is held against.
    pub fn digest(&self) -> String {
        let steps: Vec<&Step> = self.steps.iter().map(|s| &s.step).collect();
        hash_hex(serde_json::to_string(&(self.from, &self.to, steps)).unwrap_or_default().as_bytes())
    }
}

impl FleetPlan {
    /// True when every host was observed and has nothing to do.
    pub fn is_empty(&self) -> bool {
        self.unknown.is_empty() && self.hosts.values().all(HostPlan::is_empty)
    }

    /// Hash over all hosts' plans and the hosts that could not be observed.
    pub fn digest(&self) -> String {
        let hosts: BTreeMap<&str, String> =
            self.hosts.iter().map(|(n, p)| (n.as_str(), p.digest())).collect();
        let unknown: Vec<&String> = self.unknown.keys().collect();
        hash_hex(serde_json::to_string(&(hosts, unknown)).unwrap_or_default().as_bytes())
    }
}
