//! node-exporter: a host's own metrics.

use crate::{Daemon, Stage, health};
use artifact::{Health, Probe, UnitKind, Why};

/// Its arguments, read only at its start. There is nothing else to configure and no checker.
pub const DEFAULTS: &str = "/etc/default/prometheus-node-exporter";

/// It asks systemd over the system bus, hence `dbus`.
pub const DAEMON: Daemon = Daemon {
    engine: "node-exporter",
    packages: &["prometheus-node-exporter", "dbus"],
    unit: "prometheus-node-exporter.service",
    kind: UnitKind::Service,
    stage: Stage::Services,
};

/// It serves metrics.
pub fn seen(address: &str, why: &Why) -> Health {
    health("node-exporter", Probe::Http(format!("http://{address}/metrics")), why)
}
