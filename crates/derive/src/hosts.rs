//! Hosts as the rest of the fleet sees them: addresses, people, resolvers.

use crate::fleet::{Person, SegmentKind};
use crate::work::Work;
use artifact::Why;
use diag::Place;
use model::HostId;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Resolvers for other names when the fleet names none (Quad9).
const UPSTREAM: [&str; 3] = ["9.9.9.9", "149.112.112.112", "2620:fe::9"];

/// The addresses the fleet uses for a host: those on LANs; without one those in tunnels (the address all
/// links lead to before those of single links); without any its uplink's.
pub(crate) fn addresses(work: &mut Work<'_>) {
    let ids: Vec<HostId> = work.hosts.keys().cloned().collect();
    for id in &ids {
        let Some(ground) = work.ground.get(id) else { continue };
        let mut all = ground.lan_addresses.clone();
        if all.is_empty() {
            all.extend(&ground.lo_addresses);
            let central = work.links.iter().filter(|l| {
                l.ends.iter().zip(&l.addresses).any(|((h, _), own)| {
                    h == id && !own.is_empty() && per_peer_hub(work, id, l.tunnel.as_str())
                })
            });
            let of_links: BTreeSet<IpAddr> = central
                .flat_map(|l| {
                    l.ends.iter().zip(&l.addresses).filter(|((h, _), _)| h == id).flat_map(|(_, a)| a.clone())
                })
                .collect();
            all.extend(ground.tunnel_addresses.iter().filter(|ip| !of_links.contains(*ip)));
        }
        if all.is_empty() {
            let public: Vec<IpAddr> = ground.uplinks.iter().flat_map(|u| u.public.iter().copied()).collect();
            all.extend(public);
        }
        if all.is_empty() {
            let interfaces = work.hosts.get(id).into_iter().flat_map(|h| &h.interfaces);
            all.extend(interfaces.flat_map(|i| i.addresses.iter().map(|(a, _)| a.addr())));
        }
        let mut seen = BTreeSet::new();
        all.retain(|ip| seen.insert(*ip));
        all.sort_by_key(|ip| ip.is_ipv6());
        let reach = reach(work, id);
        if let Some(host) = work.hosts.get_mut(id) {
            host.addresses = all;
            host.reach = reach;
            if let Some(at) = host.interfaces.iter().position(|i| i.name == "lo") {
                let lo = host.interfaces.remove(at);
                host.interfaces.push(lo);
            }
        }
    }
}

/// Where somebody who applies dials: on its LAN, else at its uplink, else wherever it has an address.
fn reach(work: &Work<'_>, id: &HostId) -> Option<IpAddr> {
    let ground = work.ground.get(id)?;
    let interfaces = &work.hosts.get(id)?.interfaces;
    let on = |wanted: &dyn Fn(SegmentKind) -> bool| {
        let of = interfaces.iter().filter(|i| {
            i.segment.as_ref().and_then(|s| work.segments.get(s)).is_some_and(|s| wanted(s.kind))
        });
        of.flat_map(|i| &i.addresses).map(|(a, _)| a.addr()).min_by_key(IpAddr::is_ipv6)
    };
    let uplink = || on(&|k| matches!(k, SegmentKind::Uplink(_)));
    let public = || ground.uplinks.iter().flat_map(|u| &u.public).copied().min_by_key(IpAddr::is_ipv6);
    let tunnel = || ground.tunnel_addresses.first().copied();
    on(&|k| k == SegmentKind::Lan).or_else(uplink).or_else(public).or_else(tunnel)
}

/// True when a host has an address on `lo` in a tunnel's network.
fn per_peer_hub(work: &Work<'_>, id: &HostId, tunnel: &str) -> bool {
    let interfaces =
        work.hosts.get(id).map(|h| h.wireguard.iter().filter(|w| w.tunnel.as_str() == tunnel).count());
    let lo = work.ground.get(id).is_some_and(|g| !g.lo_addresses.is_empty());
    lo && interfaces.unwrap_or(0) > 0 && {
        let networks =
            work.model.tunnels.get(tunnel).map(|t| t.network.iter().map(|n| n.value).collect::<Vec<_>>());
        let mut networks = networks.unwrap_or_default();
        networks.extend(work.lock.tunnels.get(tunnel).into_iter().flat_map(|l| l.network.clone()));
        let lo = &work.ground[id].lo_addresses;
        networks.iter().any(|n| lo.iter().any(|ip| n.contains(ip)))
    }
}

/// People with access, on the hosts they have it.
pub(crate) fn people(work: &mut Work<'_>) {
    let model = work.model;
    for (name, admin) in &model.admins {
        let mut hosts: BTreeSet<HostId> = BTreeSet::new();
        if admin.on.is_empty() {
            hosts.extend(model.hosts.keys().cloned());
        }
        for on in &admin.on {
            match work.host_set(on) {
                Some(found) => hosts.extend(found),
                None => work.dangling(&on.place, on),
            }
        }
        for host in hosts {
            let Some(host) = work.hosts.get_mut(&host) else { continue };
            host.people.push(Person {
                name: name.to_string(),
                keys: admin.keys.iter().map(|k| k.value.clone()).collect(),
                sudo: admin.sudo.unwrap_or(false),
                why: Why::new(&admin.place, format!("{name} has access to {}", host.id)),
            });
        }
    }
}

/// Where each host asks for names that are not the fleet's.
pub(crate) fn resolvers(work: &mut Work<'_>) {
    let (upstream, why) = upstream(work);
    let ids: Vec<HostId> = work.hosts.keys().cloned().collect();
    for id in &ids {
        let (v4, v6) = crate::peers::families(work, id);
        let Some(host) = work.hosts.get_mut(id) else { continue };
        let usable = upstream.iter().copied().filter(|ip| if ip.is_ipv4() { v4 } else { v6 });
        host.resolver.upstream = usable.collect();
        host.resolver.why = why.clone();
    }
}

/// The resolvers for other names: the fleet's, or stock ones.
pub(crate) fn upstream(work: &Work<'_>) -> (Vec<IpAddr>, Why) {
    let declared: Vec<IpAddr> = work.model.dns.iter().flat_map(|d| &d.upstream).map(|u| u.value).collect();
    match work.model.dns.as_ref().and_then(|d| d.upstream.first()) {
        Some(first) => (declared, Why::new(&first.place, "other names are asked here")),
        None => {
            let stock = UPSTREAM.iter().filter_map(|ip| ip.parse().ok()).collect();
            (stock, Why::new(&Place::builtin("resolver"), "no `dns.upstream` is written"))
        }
    }
}
