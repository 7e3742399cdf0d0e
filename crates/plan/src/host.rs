//! The plan of one host and of the fleet.

use crate::step::Step;
use artifact::Why;
use std::collections::BTreeMap;

/// A step with its reason in the sources and what it does to those who use the host.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PlannedStep {
    /// The step.
    #[serde(flatten)]
    pub step: Step,
    /// Why: for a file, the reasons of the lines that come or change, each once.
    pub why: Vec<Why>,
    /// What a reader would see change, as a unified diff with secrets hidden; files only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
    /// What is interrupted: "restarts caddy.service", "reloads bird.service", "none".
    pub interruption: String,
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
    /// Paths and units that somebody changed by hand since the last apply.
    pub drift: Vec<String>,
}

/// The plans of a fleet.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FleetPlan {
    /// By host.
    pub hosts: BTreeMap<String, HostPlan>,
    /// Hosts that could not be observed, with what was seen. A host here is never "nothing to do".
    pub unknown: BTreeMap<String, String>,
}
