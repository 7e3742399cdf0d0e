//! One UDP port for two tunnels on one host.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::{Diagnostic, Place};
use model::{HostId, PortChoice, Proto};
use std::collections::BTreeMap;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let mut taken: BTreeMap<(&HostId, u16), (String, &Place)> = BTreeMap::new();
    for svc in facts.services.iter().filter(|s| s.certain && !s.is_apart()) {
        for (name, (port, place, _)) in svc.ports() {
            let PortChoice::Fixed(port) = port else { continue };
            if port.proto == Proto::Udp {
                let place = if place.is_source() { place } else { &svc.service.module.place };
                for host in &svc.hosts {
                    taken.insert(
                        (host, port.port),
                        (format!("port `{name}` of service `{}`", svc.name), place),
                    );
                }
            }
        }
    }
    for ends in &facts.tunnels {
        let Some(port) = &ends.tunnel.port else { continue };
        if port.value == 0 {
            out.push(Diagnostic::error(codes::LISTEN_PORT_TAKEN, &port.place, "a port is 1 to 65535"));
            continue;
        }
        for host in ends.hosts() {
            // Ends that only connect do not listen on it.
            if !facts.can_be_reached(host) {
                continue;
            }
            if let Some((other, place)) = taken.get(&(host, port.value)) {
                out.push(
                    Diagnostic::error(
                        codes::LISTEN_PORT_TAKEN,
                        &port.place,
                        format!("udp/{} of host `{host}` is {other} already", port.value),
                    )
                    .label(place, "first used here")
                    .help("write another `port`, or leave it out"),
                );
                break;
            }
        }
        for host in ends.hosts() {
            taken
                .entry((host, port.value))
                .or_insert_with(|| (format!("that of tunnel `{}`", ends.id), &port.place));
        }
    }
}
