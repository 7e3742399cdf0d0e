//! The host's resolver: dnsmasq from the package without a service of its own (`dnsmasq-base`).

use crate::{Daemon, Stage, check, health, staged};
use artifact::{Check, Health, Probe, UnitKind, Why};

/// dnsmasq's configuration, read only at its start.
pub const CONF: &str = "/etc/fleetwright/dnsmasq.conf";
/// The fleet's names, hosts(5) style; read again on SIGHUP.
pub const NAMES: &str = "/etc/fleetwright/names";
/// The unit's file.
pub const UNIT_FILE: &str = "/etc/systemd/system/fleetwright-resolver.service";
/// The system's resolver configuration.
pub const RESOLV_CONF: &str = "/etc/resolv.conf";

/// Its unit.
pub const DAEMON: Daemon = Daemon {
    engine: "resolver",
    packages: &["dnsmasq-base"],
    unit: "fleetwright-resolver.service",
    kind: UnitKind::Service,
    stage: Stage::Names,
};

/// The unit's text.
pub const UNIT: &str = "\
[Unit]
Description=Names of the fleet
After=network.target
Before=nss-lookup.target
Wants=nss-lookup.target

[Service]
ExecStart=/usr/sbin/dnsmasq --keep-in-foreground --conf-file=/etc/fleetwright/dnsmasq.conf
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=1

[Install]
WantedBy=multi-user.target";

/// dnsmasq reads the staged configuration.
pub fn checked() -> Check {
    let argv = ["/usr/sbin/dnsmasq".to_owned(), "--test".into(), format!("--conf-file={}", staged(CONF))];
    check(DAEMON.engine, &[CONF], argv)
}

/// It takes questions on loopback.
pub fn seen(why: &Why) -> Health {
    health("resolver", Probe::Tcp("127.0.0.1:53".to_owned()), why)
}
