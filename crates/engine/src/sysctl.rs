//! Kernel settings: a file in sysctl.d, applied by systemd-sysctl.

use crate::{Daemon, Stage, health};
use artifact::{Health, Probe, UnitKind, Why};

/// The file.
pub const FILE: &str = "/etc/sysctl.d/60-fleetwright.conf";

/// systemd-sysctl has no reload: it is started again and writes all settings.
pub const DAEMON: Daemon = Daemon {
    engine: "sysctl",
    packages: &[],
    unit: "systemd-sysctl.service",
    kind: UnitKind::Apply,
    stage: Stage::Kernel,
};

/// Forwarding is seen in the kernel: systemd-sysctl only warns when it cannot write a setting.
pub fn forwarding_seen(path: &str, value: &str, why: &Why) -> Health {
    let script = format!("[ \"$(cat /proc/sys/{path})\" = \"{value}\" ]");
    health(&format!("sysctl {path}"), Probe::Command(vec!["/bin/sh".into(), "-c".into(), script]), why)
}
