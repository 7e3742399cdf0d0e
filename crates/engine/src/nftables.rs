//! nftables: one owned table, replaced in one transaction.

use crate::{Daemon, Stage, check, health, staged};
use artifact::{Check, Health, Probe, UnitKind, Why};

/// The ruleset. It declares, deletes and defines `table inet fleetwright`, so that loading it replaces the
/// table atomically, whatever was there, and leaves other programs' tables alone.
pub const FILE: &str = "/etc/fleetwright/nftables.nft";
/// The unit's file.
pub const UNIT_FILE: &str = "/etc/systemd/system/fleetwright-nftables.service";
/// The table.
pub const TABLE: &str = "inet fleetwright";

/// Its unit: loads the ruleset early at boot and on reload.
pub const DAEMON: Daemon = Daemon {
    engine: "nftables",
    packages: &["nftables"],
    unit: "fleetwright-nftables.service",
    kind: UnitKind::Apply,
    stage: Stage::Filter,
};

/// The unit's text. It comes up before any interface does; stopping it removes only our table.
pub const UNIT: &str = "\
[Unit]
Description=Packet filter of the fleet
DefaultDependencies=no
Wants=network-pre.target
After=systemd-sysctl.service local-fs.target
Before=network-pre.target shutdown.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
StandardInput=null
ProtectSystem=full
ProtectHome=true
ExecStart=/usr/sbin/nft -f /etc/fleetwright/nftables.nft
ExecReload=/usr/sbin/nft -f /etc/fleetwright/nftables.nft
ExecStop=-/usr/sbin/nft delete table inet fleetwright

[Install]
WantedBy=sysinit.target";

/// `nft -c` checks against the running kernel without changing it.
pub fn checked() -> Check {
    check(DAEMON.engine, &[FILE], ["/usr/sbin/nft".to_owned(), "-c".into(), "-f".into(), staged(FILE)])
}

/// The table is in the kernel.
pub fn seen(why: &Why) -> Health {
    let argv = ["/usr/sbin/nft", "list", "chain", "inet", "fleetwright", "input"].map(str::to_owned);
    health("packet filter", Probe::Command(argv.to_vec()), why)
}
