//! An interface name that Linux cannot have, or that is taken.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::{Diagnostic, Place};

/// IFNAMSIZ of Linux without the final NUL.
const MAX_BYTES: usize = 15;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let fleet = facts.fleet;
    let mut judge = |name: &str, place: &Place| {
        if let Some(fault) = fault(name) {
            out.push(Diagnostic::error(
                codes::INTERFACE_NAME,
                place,
                format!("`{name}` cannot be the name of an interface: {fault}"),
            ));
        }
    };
    for site in fleet.sites.values() {
        for device in site.uplink.iter().flat_map(|u| u.0.values()).filter_map(|u| u.device.as_ref()) {
            judge(device, &device.place);
        }
        for device in site.lan.iter().filter_map(|l| l.device.as_ref()) {
            judge(device, &device.place);
        }
    }
    for host in fleet.hosts.values() {
        for (name, interface) in &host.interfaces {
            judge(name.as_str(), &interface.place);
        }
        for device in host.uplink.iter().filter_map(|u| u.device.as_ref()) {
            judge(device, &device.place);
        }
        for router in host.router.iter() {
            for name in router.lan.iter().chain(&router.wan) {
                judge(name, &router.place);
            }
        }
    }
}

/// Why Linux (`dev_valid_name`), or this tool, takes no such name.
fn fault(name: &str) -> Option<String> {
    if name.is_empty() {
        Some("it is empty".to_owned())
    } else if name.len() > MAX_BYTES {
        Some(format!("it has {} bytes, Linux allows {MAX_BYTES}", name.len()))
    } else if name == "lo" {
        Some("it is the loopback interface".to_owned())
    } else if name.starts_with("wg-") {
        Some("names with wg- are for tunnels".to_owned())
    } else if name == "."
        || name == ".."
        || !name.chars().all(|c| c.is_ascii_graphic() && !"/:%\"'\\".contains(c))
    {
        Some("it has a character that no name has".to_owned())
    } else {
        None
    }
}
