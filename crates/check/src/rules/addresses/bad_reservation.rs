//! DHCP that gives out addresses its LAN does not have, or that belong to others.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::{Diagnostic, Place};
use ipnet::IpNet;
use model::Dhcp;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    if facts.fleet.hosts.values().all(|h| h.router.as_ref().is_none_or(|r| r.dhcp.is_none())) {
        return;
    }
    let held: BTreeMap<IpAddr, (&str, &Place)> =
        facts.addresses.iter().map(|a| (a.address.ip, (a.host.as_str(), a.place))).collect();
    for host in facts.fleet.hosts.values() {
        let Some(dhcp) = host.router.as_ref().and_then(|r| r.dhcp.as_ref()) else { continue };
        let lan: Vec<(IpNet, &Place)> =
            facts.site_of(host).map(|(id, _)| facts.lan_prefixes(id)).unwrap_or_default();
        judge(dhcp, &lan, &held, out);
    }
}

fn judge(dhcp: &Dhcp, lan: &[(IpNet, &Place)], held: &BTreeMap<IpAddr, (&str, &Place)>, out: &mut Findings) {
    let error = |place, message| Diagnostic::error(codes::BAD_RESERVATION, place, message);
    let v4: Vec<&(IpNet, &Place)> = lan.iter().filter(|(p, _)| p.addr().is_ipv4()).collect();
    let outside = |ip: Ipv4Addr| !v4.is_empty() && !v4.iter().any(|(p, _)| p.contains(&IpAddr::V4(ip)));
    let mut first: BTreeMap<Ipv4Addr, &Place> = BTreeMap::new();
    for (name, reservation) in &dhcp.reserve {
        let address = &reservation.address;
        if outside(address.value) {
            out.push(error(
                &address.place,
                format!("{} is not on the LAN that `{name}` is on", address.value),
            ));
        }
        if let Some((host, place)) = held.get(&IpAddr::V4(address.value))
            && *host != name.as_str()
        {
            let message = format!("{} belongs to host `{host}` already", address.value);
            out.push(error(&address.place, message).label(place, "first used here"));
        }
        if let Some(place) = first.insert(address.value, &address.place) {
            out.push(
                error(&address.place, format!("{} is kept twice", address.value))
                    .label(place, "first used here"),
            );
        }
    }
    match &dhcp.pool[..] {
        [] => {}
        [from, to] => {
            for end in [from, to] {
                if outside(end.value) {
                    out.push(error(&end.place, format!("{} is not on the LAN", end.value)));
                }
            }
            let range = IpAddr::V4(from.value)..=IpAddr::V4(to.value);
            if let Some((address, (host, place))) =
                (!range.is_empty()).then(|| held.range(range).next()).flatten()
            {
                let message = format!("the pool would give out {address}, which belongs to host `{host}`");
                out.push(error(&from.place, message).label(place, "the address"));
            }
            if from.value > to.value {
                let message = format!("the pool ends at {} before it begins at {}", to.value, from.value);
                out.push(error(&to.place, message).help("the first address comes first"));
            }
        }
        [one, ..] => out.push(
            error(&one.place, "a pool has two addresses: the first and the last".to_owned())
                .help("for example `pool: [192.0.2.100, 192.0.2.200]`"),
        ),
    }
}
