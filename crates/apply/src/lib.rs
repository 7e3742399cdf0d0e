//! Many hosts at once: observe, plan, switch, confirm over a new connection; what fails goes back. Every
//! host ends with an outcome, and "unknown" is one of them.

mod binary;
mod contact;
mod crew;
mod fleet;
mod gate;
mod host;
mod inbox;
mod meet;
mod options;
mod part;
mod pieces;
mod rollout;
mod session;
mod settle;
mod teller;
mod types;
mod waves;

pub use fleet::{
    apply_fleet, drift_fleet, generations_fleet, observe_fleet, rollback_fleet, status_fleet, unlock,
};
pub use options::{Options, Witness};
pub use types::{
    AgentBinary, Answers, Event, FleetOutcome, FleetStatus, HostOutcome, Phase, Secrets, Target,
};
pub use waves::{Canary, Constraints, NoOrder, Waves, waves};
