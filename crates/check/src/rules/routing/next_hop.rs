//! A neighbour that no packet from the host can come to.

use crate::codes;
use crate::facts::{Facts, of_interface};
use crate::rule::Findings;
use diag::{Diagnostic, Place};
use ipnet::IpNet;
use model::Host;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for (id, host) in &facts.fleet.hosts {
        let Some(bgp) = &host.bgp else { continue };
        let (segments, unknown) = segments(facts, host);
        for (name, neighbour) in &bgp.neighbours {
            let ip = neighbour.address.value;
            let error = |message| Diagnostic::error(codes::NEXT_HOP, &neighbour.address.place, message);
            if facts.addresses.iter().any(|a| a.host == id && a.address.ip == ip) {
                out.push(error(format!("neighbour `{name}` of `{id}` has the host's own address {ip}")));
                continue;
            }
            if let Some(via) = &neighbour.via {
                let ends = facts.tunnels.iter().find(|t| *t.id == via.value);
                if ends.is_some_and(|t| !t.hosts().contains(&id)) {
                    out.push(Diagnostic::error(
                        codes::NEXT_HOP,
                        &via.place,
                        format!(
                            "neighbour `{name}` cannot be reached through `{}`: `{id}` is no end of it",
                            via.value
                        ),
                    ));
                }
                continue;
            }
            if neighbour.multihop.is_some() || unknown || segments.iter().any(|(p, _)| p.contains(&ip)) {
                continue;
            }
            let mut diagnostic =
                error(format!("neighbour `{name}` at {ip} cannot be reached: it is on no segment of `{id}`"));
            for (prefix, place) in &segments {
                diagnostic = diagnostic.label(place, format!("{prefix}"));
            }
            out.push(
                diagnostic.help(
                    "correct the address, add the interface, or write `multihop:` if it is further away",
                ),
            );
        }
    }
}

/// Prefixes of the host's interfaces, and whether there may be others that are only known later.
fn segments<'a>(facts: &Facts<'a>, host: &'a Host) -> (Vec<(IpNet, &'a Place)>, bool) {
    let mut all = Vec::new();
    let mut unknown = false;
    for interface in host.interfaces.values() {
        unknown |= interface.dhcp == Some(true);
        all.extend(of_interface(facts.fleet, interface));
    }
    let site = facts.site_of(host);
    if let Some((id, site)) = site {
        all.extend(facts.lan_prefixes(id));
        let router = site
            .router
            .as_ref()
            .is_some_and(|r| facts.fleet.hosts.get(&r.value).is_some_and(|h| std::ptr::eq(h, host)));
        if router {
            let shared = site.uplink.iter().flat_map(|u| u.0.values());
            shared.for_each(|uplink| unknown |= !of_uplink(uplink, &mut all));
        }
    }
    if let Some(uplink) = &host.uplink {
        unknown |= !of_uplink(uplink, &mut all);
    }
    all.extend(host.address.iter().filter(|a| a.prefix.is_some()).map(|a| (a.net().trunc(), &a.place)));
    (all, unknown)
}

/// Adds the prefixes of an uplink; false when it gets its address from others.
fn of_uplink<'a>(uplink: &'a model::Uplink, all: &mut Vec<(IpNet, &'a Place)>) -> bool {
    let written = uplink.ipv4.iter().chain(&uplink.ipv6).filter(|a| a.prefix.is_some());
    let before = all.len();
    all.extend(written.map(|a| (a.net().trunc(), &a.place)));
    all.len() > before
}
