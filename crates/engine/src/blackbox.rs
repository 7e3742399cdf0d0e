//! blackbox-exporter: pings from where it stands.

use crate::{Daemon, Stage, check, health, staged};
use artifact::{Check, Health, Probe, UnitKind, Why};

/// Its configuration.
pub const FILE: &str = "/etc/prometheus/blackbox.yml";
/// Its arguments, read only at its start.
pub const DEFAULTS: &str = "/etc/default/prometheus-blackbox-exporter";
/// Debian's unit runs as `prometheus`, and the package leaves an empty set of file capabilities on the
/// program, which takes an ambient `CAP_NET_RAW` away again. It first tries a ping socket, which needs no
/// capability but its group in this range (icmp(7); both families).
pub const PING_SOCKETS: (&str, &str) = ("net.ipv4.ping_group_range", "0 2147483647");

/// Debian's unit reloads by SIGHUP.
pub const DAEMON: Daemon = Daemon {
    engine: "blackbox-exporter",
    packages: &["prometheus-blackbox-exporter"],
    unit: "prometheus-blackbox-exporter.service",
    kind: UnitKind::Service,
    stage: Stage::Services,
};

/// The exporter reads the staged configuration.
pub fn checked() -> Check {
    let argv = [
        "/usr/bin/prometheus-blackbox-exporter".to_owned(),
        "--config.check".into(),
        format!("--config.file={}", staged(FILE)),
    ];
    check(DAEMON.engine, &[FILE], argv)
}

/// It answers.
pub fn seen(address: &str, why: &Why) -> Health {
    health("blackbox-exporter", Probe::Http(format!("http://{address}/-/healthy")), why)
}
