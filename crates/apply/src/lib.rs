//! Many hosts at once: observe, plan, switch, confirm over a new connection; what fails goes back. Every
//! host ends with an outcome, and "unknown" is one of them.

mod binary;
mod contact;
mod fleet;
mod host;
mod session;
mod types;

pub use fleet::{apply_fleet, observe_fleet, status_fleet};
pub use types::{
    AgentBinary, Event, FleetOutcome, FleetStatus, HostOutcome, Options, Phase, Secrets, Target,
};
