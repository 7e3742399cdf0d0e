//! systemd-networkd: addresses, routes and policy rules of every interface, WireGuard ones included.

use crate::{Daemon, Stage, health};
use artifact::{Health, Probe, UnitKind, Why};
use std::fmt::Write;

/// Folder of `.network` files. In `reload_on` it stands for every file in it, gone ones too.
pub const FOLDER: &str = "/etc/systemd/network/";
/// Settings of networkd itself; read only at its start.
pub const CONF: &str = "/etc/systemd/networkd.conf.d/60-fleetwright.conf";
/// A mask: networkd's `[Install]` would enable this unit, which holds up every unit that wants
/// `network-online.target` for two minutes when one cable is out.
pub const WAIT_ONLINE: &str = "/etc/systemd/system/systemd-networkd-wait-online.service";

/// The file of an interface.
pub fn file(interface: &str) -> String {
    format!("{FOLDER}50-fw-{interface}.network")
}

/// The file of a device that networkd makes (a bridge inside the host).
pub fn device(interface: &str) -> String {
    format!("{FOLDER}50-fw-{interface}.netdev")
}

/// Reload is `networkctl reload`: only interfaces whose file changed are configured again.
pub const DAEMON: Daemon = Daemon {
    engine: "networkd",
    packages: &["iproute2"],
    unit: "systemd-networkd.service",
    kind: UnitKind::Service,
    stage: Stage::Links,
};

/// The interface holds all of its static addresses (networkd applies them after it has answered the
/// reload).
pub fn addresses_seen(interface: &str, addresses: &[String], why: &Why) -> Health {
    let mut script = String::new();
    for address in addresses {
        if !script.is_empty() {
            script.push_str(" && ");
        }
        let _ = write!(script, "ip -o address show dev {interface} to {address} | grep -q .");
    }
    let argv = vec!["/bin/sh".to_owned(), "-c".to_owned(), script];
    health(&format!("addresses of {interface}"), Probe::Command(argv), why)
}
