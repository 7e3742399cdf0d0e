//! Alertmanager.

use crate::{Daemon, Stage, check, health, staged};
use artifact::{Check, Health, Probe, UnitKind, Why};

/// Its configuration.
pub const FILE: &str = "/etc/prometheus/alertmanager.yml";
/// Its arguments, read only at its start.
pub const DEFAULTS: &str = "/etc/default/prometheus-alertmanager";

/// Debian's unit reloads by SIGHUP.
pub const DAEMON: Daemon = Daemon {
    engine: "alertmanager",
    packages: &["prometheus-alertmanager"],
    unit: "prometheus-alertmanager.service",
    kind: UnitKind::Service,
    stage: Stage::Services,
};

/// amtool reads the configuration.
pub fn checked() -> Check {
    check(DAEMON.engine, &[FILE], ["/usr/bin/amtool".to_owned(), "check-config".into(), staged(FILE)])
}

/// It takes alerts.
pub fn seen(address: &str, why: &Why) -> Health {
    health("alertmanager", Probe::Http(format!("http://{address}/-/ready")), why)
}
