//! From what is to what should be: pure. `steps` is the one place that decides what a difference means;
//! the agent carries out its result and [`HostPlan`] adds reasons and diffs for people.

mod host;
mod step;

pub use host::{FleetPlan, HostPlan, PlannedStep};
pub use step::{Change, Kind, Step};

use artifact::{Desired, FlatDesired, Observation};

/// The steps that bring a host from what was observed to what is desired, in order. Empty when nothing
/// differs.
pub fn steps(_desired: &FlatDesired, _seen: &Observation) -> Vec<Step> {
    Vec::new()
}

impl HostPlan {
    /// The plan with reasons. `flat` is `desired` flattened with its secrets.
    pub fn of(desired: &Desired, flat: &FlatDesired, seen: &Observation) -> HostPlan {
        let _ = (desired, steps(flat, seen));
        HostPlan::default()
    }
    /// True when there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
    /// Hash over the steps: the same plan has the same digest.
    pub fn digest(&self) -> String {
        artifact::hash_hex(serde_json::to_string(&self.steps).unwrap_or_default().as_bytes())
    }
    /// For people: aligned, one line a step, reasons and diffs below. `diffs`: with the diffs.
    pub fn to_text(&self, _diffs: bool) -> String {
        String::new()
    }
}

impl FleetPlan {
    /// True when every host was observed and has nothing to do.
    pub fn is_empty(&self) -> bool {
        self.unknown.is_empty() && self.hosts.values().all(HostPlan::is_empty)
    }
    /// Hash over all hosts' plans.
    pub fn digest(&self) -> String {
        artifact::hash_hex(serde_json::to_string(self).unwrap_or_default().as_bytes())
    }
    /// For people.
    pub fn to_text(&self, _diffs: bool) -> String {
        String::new()
    }
}
