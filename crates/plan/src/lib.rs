//! From what is to what should be: pure. [`steps`] is the one place that decides what a difference means;
//! the agent carries out its result and [`HostPlan`] adds reasons and diffs for people.

mod decide;
mod host;
mod order;
mod reason;
mod running;
mod secrets;
mod staged;
mod step;
mod text;

pub use decide::steps;
pub use host::{FleetPlan, HostPlan, PlannedStep};
pub use order::{is_own_file, needs_manager_reload, unit_levels};
pub use secrets::{SecretUse, interrupted, secret_uses};
pub use staged::Staged;
pub use step::{Change, Kind, Step};
