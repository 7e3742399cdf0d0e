//! Prometheus.

use crate::{Daemon, Stage, check, health, staged};
use artifact::{Check, Health, Probe, UnitKind, Why};

/// Its configuration.
pub const FILE: &str = "/etc/prometheus/prometheus.yml";
/// Alert rules. The configuration names them relative to itself, so that the staged ones are checked.
pub const RULES: &str = "/etc/prometheus/rules/fleetwright.yml";
/// [`RULES`] as the configuration names it.
pub const RULES_RELATIVE: &str = "rules/fleetwright.yml";
/// Its arguments, read only at its start.
pub const DEFAULTS: &str = "/etc/default/prometheus";

/// Debian's unit reloads by SIGHUP.
pub const DAEMON: Daemon = Daemon {
    engine: "prometheus",
    packages: &["prometheus"],
    unit: "prometheus.service",
    kind: UnitKind::Service,
    stage: Stage::Services,
};

/// promtool reads the configuration and the rules it names.
pub fn checked() -> Check {
    let argv = ["/usr/bin/promtool".to_owned(), "check".into(), "config".into(), staged(FILE)];
    check(DAEMON.engine, &[FILE, RULES], argv)
}

/// It is ready to answer queries (a write-ahead log has been replayed).
pub fn seen(address: &str, why: &Why) -> Health {
    health("prometheus", Probe::Http(format!("http://{address}/-/ready")), why)
}
