//! Addresses of hosts on their LANs, declared or allocated, and default routes through the LAN's router.
//!
//! A router with no declared address gets the first one of the LAN; other hosts the lowest free one from
//! the tenth on (the second, in small LANs). A host's IPv6 address takes the number of its IPv4 one where
//! that is free, so that `.12` and `::c` go together.

use crate::alloc;
use crate::codes;
use crate::fleet::SegmentKind;
use crate::work::Work;
use artifact::Why;
use diag::Diagnostic;
use ipnet::IpNet;
use model::HostId;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Gives every interface on a LAN or peering LAN the addresses it lacks, then default routes.
pub(crate) fn addresses(work: &mut Work<'_>) {
    let names: Vec<String> = work.segments.keys().cloned().collect();
    for segment in &names {
        segment_addresses(work, segment);
    }
    let hosts: Vec<HostId> = work.model.hosts.keys().cloned().collect();
    for id in &hosts {
        remember(work, id);
    }
    for id in &hosts {
        gateways(work, id);
    }
}

fn segment_addresses(work: &mut Work<'_>, segment: &str) {
    let Some(found) = work.segments.get(segment) else { return };
    if !matches!(found.kind, SegmentKind::Lan | SegmentKind::Peering) || found.prefixes.is_empty() {
        return;
    }
    let prefixes = found.prefixes.clone();
    let router = found.site.as_ref().and_then(|s| work.router_of(s)).cloned();
    let members: Vec<(HostId, usize)> = members(work, segment);
    let mut taken: BTreeMap<IpAddr, HostId> = BTreeMap::new();
    for gateway in &found.gateways {
        taken.insert(*gateway, HostId::new("-"));
    }
    for (host, index) in &members {
        let interface = &work.hosts[host].interfaces[*index];
        for (net, why) in &interface.addresses {
            if let Some(other) = taken.insert(net.addr(), host.clone())
                && other != *host
            {
                work.report.push(Diagnostic::error(
                    codes::ADDRESS_TAKEN,
                    &why.place,
                    format!("{host} and {other} both have the address {}", net.addr()),
                ));
            }
        }
    }
    // Choices of before hold where they still fit; new ones come after, so nothing is renumbered.
    let lacking: Vec<(&HostId, usize, IpNet)> = members
        .iter()
        .flat_map(|(host, index)| prefixes.iter().map(move |p| (host, *index, *p)))
        .filter(|(host, index, prefix)| {
            let addresses = &work.hosts[*host].interfaces[*index].addresses;
            !addresses.iter().any(|(a, _)| a.addr().is_ipv4() == prefix.addr().is_ipv4())
        })
        .collect();
    let mut chosen: BTreeMap<(HostId, IpNet), IpAddr> = BTreeMap::new();
    let kept = work.old.addresses.get(segment);
    for (host, _, prefix) in &lacking {
        let old = kept.and_then(|k| k.get(*host)).into_iter().flatten();
        for ip in old {
            if alloc::usable(*prefix, *ip) && !taken.contains_key(ip) {
                taken.insert(*ip, (*host).clone());
                chosen.insert(((*host).clone(), *prefix), *ip);
                break;
            }
        }
    }
    let order = lacking.iter().filter(|(h, ..)| router.as_ref() == Some(*h));
    let order = order.chain(lacking.iter().filter(|(h, ..)| router.as_ref() != Some(*h)));
    for (host, index, prefix) in order {
        if chosen.contains_key(&((*host).clone(), *prefix)) {
            continue;
        }
        let start =
            preferred(work, host, *index, *prefix, &prefixes, &chosen, router.as_ref() == Some(*host));
        let used: BTreeSet<IpAddr> = taken.keys().copied().collect();
        match alloc::address(*prefix, start, &used) {
            Some(ip) => {
                taken.insert(ip, (*host).clone());
                chosen.insert(((*host).clone(), *prefix), ip);
            }
            None => {
                let place = &work.segments[segment].place;
                work.report.push(
                    Diagnostic::error(
                        codes::EXHAUSTED,
                        place,
                        format!("{prefix} has no free address left for {host}"),
                    )
                    .label(&work.hosts[*host].place, "for this host"),
                );
            }
        }
    }
    for (host, index, prefix) in &lacking {
        let Some(ip) = chosen.get(&((*host).clone(), *prefix)) else { continue };
        let Ok(net) = IpNet::new(*ip, prefix.prefix_len()) else { continue };
        let why = Why::new(&work.hosts[*host].place, format!("address of {host} on {segment}, allocated"));
        if let Some(host) = work.hosts.get_mut(*host) {
            host.interfaces[*index].addresses.push((net, why));
        }
        let entry = work.lock.addresses.entry(segment.to_owned()).or_default();
        entry.entry((*host).clone()).or_default().push(*ip);
    }
}

/// Hosts with an interface on a segment and that interface's index.
fn members(work: &Work<'_>, segment: &str) -> Vec<(HostId, usize)> {
    let mut out = Vec::new();
    for (id, host) in &work.hosts {
        for (index, interface) in host.interfaces.iter().enumerate() {
            if interface.segment.as_deref() == Some(segment) && !interface.dhcp4 {
                out.push((id.clone(), index));
            }
        }
    }
    out
}

fn preferred(
    work: &Work<'_>,
    host: &HostId,
    index: usize,
    prefix: IpNet,
    prefixes: &[IpNet],
    chosen: &BTreeMap<(HostId, IpNet), IpAddr>,
    router: bool,
) -> u128 {
    if let IpNet::V6(_) = prefix {
        for other in prefixes.iter().filter(|p| p.addr().is_ipv4()) {
            let declared = work.hosts[host].interfaces[index].addresses.iter().map(|(a, _)| a.addr());
            let v4 = declared.chain(chosen.get(&(host.clone(), *other)).copied());
            if let Some(offset) = v4.filter_map(|ip| alloc::offset(*other, ip)).next() {
                return offset;
            }
        }
    }
    if router {
        1
    } else if alloc::nth(prefix, 16).is_some() {
        10
    } else {
        2
    }
}

/// Sorts what a host has into its ground.
fn remember(work: &mut Work<'_>, id: &HostId) {
    let Some(host) = work.hosts.get(id) else { return };
    let mut lan: Vec<IpAddr> = host
        .interfaces
        .iter()
        .filter(|i| {
            let segment = i.segment.as_ref().and_then(|s| work.segments.get(s));
            segment.is_some_and(|s| s.kind == SegmentKind::Lan)
        })
        .flat_map(|i| i.addresses.iter().map(|(a, _)| a.addr()))
        .collect();
    lan.sort_by_key(|ip| ip.is_ipv6());
    if let Some(ground) = work.ground.get_mut(id) {
        ground.lan_addresses = lan;
    }
}

/// Default routes of LAN hosts through the LAN's router.
fn gateways(work: &mut Work<'_>, id: &HostId) {
    let Some(ground) = work.ground.get(id) else { return };
    let Some(router) = ground.gateway.clone() else { return };
    let Some((segment, iface)) = ground.lans.first().cloned() else { return };
    let Some(site) = work.site_of(id).and_then(|s| work.model.sites.get(s)) else { return };
    let Some(place) = site.router.as_ref().map(|r| r.place.clone()) else { return };
    let next_hops: Vec<IpAddr> = work
        .hosts
        .get(&router)
        .into_iter()
        .flat_map(|r| &r.interfaces)
        .filter(|i| i.segment.as_deref() == Some(segment.as_str()))
        .flat_map(|i| i.addresses.iter().map(|(a, _)| a.addr()))
        .collect();
    let Some(host) = work.hosts.get_mut(id) else { return };
    let has = |host: &crate::fleet::Host, v4: bool| {
        host.interfaces.iter().any(|i| i.gateways.iter().any(|(g, _)| g.is_ipv4() == v4))
    };
    let missing: Vec<IpAddr> = next_hops.into_iter().filter(|ip| !has(host, ip.is_ipv4())).collect();
    if let Some(interface) = host.interfaces.iter_mut().find(|i| i.name == iface) {
        let mut seen = (false, false);
        for ip in missing {
            let once = if ip.is_ipv4() { &mut seen.0 } else { &mut seen.1 };
            if !std::mem::replace(once, true) {
                interface.gateways.push((ip, Why::new(&place, format!("{router} routes for {segment}"))));
            }
        }
    }
}
