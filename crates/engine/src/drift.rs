//! A host that looks by itself for what was changed by hand: a timer that runs the agent.

use crate::{Daemon, Stage};
use artifact::UnitKind;

/// What the timer starts. It runs for a moment and is no unit that must be up.
pub const SERVICE: &str = "fleetwright-drift.service";
/// Where node exporter finds what was seen. Below a folder of root's own: Debian's, `/var/lib/prometheus`, is
/// node exporter's, which could put a link in place of the folder that root writes into.
pub const METRICS: &str = "/var/lib/fleetwright-metrics";
/// The file in it.
pub const METRICS_FILE: &str = "/var/lib/fleetwright-metrics/drift.prom";

/// The agent is on every host already, always at this path.
pub const DAEMON: Daemon = Daemon {
    engine: "drift",
    packages: &[],
    unit: "fleetwright-drift.timer",
    kind: UnitKind::Service,
    stage: Stage::Services,
};
