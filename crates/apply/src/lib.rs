//! Many hosts at once: observe, plan, switch, confirm over a new connection; what fails goes back. Every
//! host ends with an outcome, and "unknown" is one of them.

mod binary;
mod types;

pub use types::{
    AgentBinary, Event, FleetOutcome, FleetStatus, HostOutcome, Options, Phase, Secrets, Target,
};

use plan::FleetPlan;
use std::sync::mpsc::Sender;

/// Brings every target to its desired state. `events` gets what happens as it happens; it may be dropped.
pub fn apply_fleet(_targets: &[Target<'_>], _options: &Options, _events: &Sender<Event>) -> FleetOutcome {
    FleetOutcome::default()
}

/// What would change on every target; nothing but the agent binary is written.
pub fn observe_fleet(_targets: &[Target<'_>], _options: &Options, _events: &Sender<Event>) -> FleetPlan {
    FleetPlan::default()
}

/// What every target says about itself.
pub fn status_fleet(_targets: &[Target<'_>], _options: &Options) -> FleetStatus {
    FleetStatus::default()
}
