//! WireGuard by wg-quick: it creates the interface (in the kernel, or with wireguard-go where the kernel
//! has none) and sets keys and peers. Addresses, routes and the MTU are networkd's.

use crate::{Daemon, Stage, check, health, staged};
use artifact::{Check, Health, Probe, UnitKind, Why};

/// The configuration of an interface.
pub fn file(interface: &str) -> String {
    format!("/etc/wireguard/{interface}.conf")
}

/// The unit of an interface.
pub fn unit(interface: &str) -> String {
    format!("wg-quick@{interface}.service")
}

/// Debian's `wg-quick@.service` reloads by `wg syncconf`: sessions of unchanged peers live on, and the
/// private key and the port change in place, so nothing in the file ever needs a restart.
pub const DAEMON: Daemon = Daemon {
    engine: "wireguard",
    packages: &["wireguard-tools"],
    unit: "wg-quick@.service",
    kind: UnitKind::Service,
    stage: Stage::Tunnels,
};

/// wg-quick reads the staged file; wg itself has no dry run, so keys and addresses are checked by types
/// before they get here.
pub fn checked(interface: &str) -> Check {
    let path = file(interface);
    check(DAEMON.engine, &[&path], ["/usr/bin/wg-quick".to_owned(), "strip".into(), staged(&path)])
}

/// The interface is a WireGuard interface.
pub fn seen(interface: &str, why: &Why) -> Health {
    let argv = ["/usr/bin/wg", "show", interface, "public-key"].map(str::to_owned);
    health(&format!("tunnel interface {interface}"), Probe::Command(argv.to_vec()), why)
}
