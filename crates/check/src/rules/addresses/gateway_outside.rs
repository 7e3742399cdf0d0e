//! A gateway that is not on the segment it is to be reached by.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::{Diagnostic, Place};
use model::{Address, Sp};
use std::net::IpAddr;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let fleet = facts.fleet;
    let of_sites = fleet.sites.values().flat_map(|s| &s.uplink).flat_map(|u| u.0.values());
    for uplink in of_sites.chain(fleet.hosts.values().filter_map(|h| h.uplink.as_ref())) {
        let v4 = uplink.gateway.as_ref().map(|g| (IpAddr::V4(g.value), &g.place));
        let v6 = uplink.gateway6.as_ref().map(|g| (IpAddr::V6(g.value), &g.place));
        judge(v4, uplink.ipv4.as_ref(), &[], out);
        judge(v6, uplink.ipv6.as_ref(), &[], out);
    }
    for interface in fleet.hosts.values().flat_map(|h| h.interfaces.values()) {
        let network = interface.network.as_ref().map(|n| facts.network_prefixes(&n.value));
        let prefixes: Vec<ipnet::IpNet> = network.into_iter().flatten().map(|(p, _)| p).collect();
        let v4 = interface.gateway.as_ref().map(|g| (IpAddr::V4(g.value), &g.place));
        let v6 = interface.gateway6.as_ref().map(|g| (IpAddr::V6(g.value), &g.place));
        judge(v4, interface.ipv4.as_ref(), &prefixes, out);
        judge(v6, interface.ipv6.as_ref(), &prefixes, out);
    }
}

fn judge(
    gateway: Option<(IpAddr, &Place)>,
    address: Option<&Sp<Address>>,
    network: &[ipnet::IpNet],
    out: &mut Findings,
) {
    let Some((gateway, place)) = gateway else { return };
    let error = |message| Diagnostic::error(codes::GATEWAY_OUTSIDE, place, message);
    if let IpAddr::V6(v6) = gateway
        && v6.is_unicast_link_local()
    {
        return;
    }
    let Some(address) = address else {
        if !network.iter().any(|n| n.contains(&gateway)) {
            out.push(
                error(format!("no address says which segment gateway {gateway} is on"))
                    .help("write the address with its prefix length, or leave the gateway out and let it come by DHCP or router advertisement"),
            );
        }
        return;
    };
    let single = if gateway.is_ipv4() { 32 } else { 128 };
    let on_network = network.iter().any(|n| n.contains(&gateway));
    if address.ip == gateway {
        out.push(error(format!("{gateway} is the host's own address")).label(&address.place, "the address"));
    } else if address.prefix.is_none() && !on_network {
        out.push(
            error(format!("gateway {gateway} needs the prefix length of {}", address.ip))
                .label(&address.place, "the address, without its length")
                .help(format!("for example {}/24", address.ip)),
        );
    } else if address.prefix.is_some_and(|length| length < single)
        && !address.net().contains(&gateway)
        && !on_network
    {
        // A single address (/32, /128) reaches its gateway on the link, as many providers have it.
        out.push(
            error(format!("gateway {gateway} is not in {}", address.net().trunc()))
                .label(&address.place, "the address"),
        );
    }
}
