//! Engines that take raw text.

use super::Svc;

/// Those of a host.
pub const OF_HOST: &[&str] = &["bird", "networkd", "nftables", "resolver", "sshd", "sysctl"];

/// Those of a service: two of every service, and the one that renders its module.
pub fn of_service<'a>(svc: &Svc<'a>) -> Vec<&'a str> {
    let own = svc.module.and_then(|m| m.variants.native.as_ref()).and_then(|n| n.engine.as_deref());
    ["caddy", "systemd"].into_iter().chain(own).collect()
}
