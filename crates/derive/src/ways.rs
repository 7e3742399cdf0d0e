//! How packets get from one host to another inside the fleet, and who forwards them.

use crate::fleet::SegmentKind;
use crate::graph::{Class, Step};
use crate::work::Work;
use ipnet::IpNet;
use model::HostId;
use std::net::IpAddr;

/// A host that forwards, from one of its interfaces to another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Forward {
    pub host: HostId,
    pub iif: String,
    pub oif: String,
}

/// A way to an address.
#[derive(Clone, Debug, Default)]
pub(crate) struct Way {
    /// Those who forward, in order.
    pub forwards: Vec<Forward>,
    /// Tunnel links in order.
    pub steps: Vec<Step>,
    /// It leaves the fleet and comes back in at a public address.
    pub internet: bool,
    /// The interface it arrives by; `lo` on the same host.
    pub arrives: String,
}

/// The addresses of a host that a way's packets can come from, as seen by the far end.
pub(crate) fn sources(work: &Work<'_>, from: &HostId, way: &Way, v4: bool) -> Vec<IpAddr> {
    let Some(ground) = work.ground.get(from) else { return Vec::new() };
    let mut out: Vec<IpAddr> = if way.internet {
        crate::peers::reach(work, from).into_iter().map(|r| r.address).collect()
    } else {
        let inside = ground.lan_addresses.iter().chain(&ground.tunnel_addresses).chain(&ground.lo_addresses);
        let inside: Vec<IpAddr> = inside.copied().collect();
        if inside.is_empty() { all_addresses(work, from) } else { inside }
    };
    out.retain(|ip| ip.is_ipv4() == v4);
    out.sort_unstable();
    out.dedup();
    out
}

fn all_addresses(work: &Work<'_>, host: &HostId) -> Vec<IpAddr> {
    let interfaces = work.hosts.get(host).into_iter().flat_map(|h| &h.interfaces);
    interfaces.flat_map(|i| i.addresses.iter().map(|(a, _)| a.addr())).collect()
}

/// Addresses by which a host is spoken to from inside the fleet: those of `Host::addresses` first, then
/// the rest of its tunnel addresses.
pub(crate) fn candidates(work: &Work<'_>, to: &HostId) -> Vec<IpAddr> {
    let mut out = work.hosts.get(to).map(|h| h.addresses.clone()).unwrap_or_default();
    for ip in work.ground.get(to).into_iter().flat_map(|g| &g.tunnel_addresses) {
        if !out.contains(ip) {
            out.push(*ip);
        }
    }
    out
}

/// The addresses of `to` that `from` can use, one or more a family, with the way to each: the best kind
/// only (a LAN address before a tunnel address, the inside before the internet).
pub(crate) fn to_host(work: &Work<'_>, from: &HostId, to: &HostId) -> Vec<(IpAddr, Way)> {
    let mut out: Vec<(IpAddr, Way)> = Vec::new();
    for v4 in [true, false] {
        let family = candidates(work, to).into_iter().filter(|ip| ip.is_ipv4() == v4);
        let found: Vec<(IpAddr, Way)> = family
            .filter(|ip| from == to || speaks(work, from, ip.is_ipv4()))
            .filter_map(|ip| way(work, from, to, ip).map(|w| (ip, w)))
            .collect();
        let inside = found.iter().any(|(_, w)| !w.internet);
        out.extend(found.into_iter().filter(|(_, w)| w.internet != inside).take(1));
    }
    if out.iter().any(|(_, w)| !w.internet) {
        out.retain(|(_, w)| !w.internet);
    }
    out
}

/// True when a host has an address of this family to speak from.
fn speaks(work: &Work<'_>, host: &HostId, v4: bool) -> bool {
    let Some(ground) = work.ground.get(host) else { return false };
    let inside = ground.lan_addresses.iter().chain(&ground.tunnel_addresses).chain(&ground.lo_addresses);
    let families = crate::peers::families(work, host);
    inside.into_iter().any(|ip| ip.is_ipv4() == v4) || if v4 { families.0 } else { families.1 }
}

/// The way to one address of a host.
pub(crate) fn way(work: &Work<'_>, from: &HostId, to: &HostId, address: IpAddr) -> Option<Way> {
    if from == to {
        return Some(Way { arrives: "lo".to_owned(), ..Way::default() });
    }
    let (a, b) = (work.ground.get(from)?, work.ground.get(to)?);
    let lan = b.lans.iter().find(|(segment, _)| {
        let prefixes = work.segments.get(segment).map(|s| s.prefixes.as_slice()).unwrap_or_default();
        prefixes.iter().any(|p| p.contains(&address))
    });
    if let Some((segment, iface)) = lan {
        if a.lans.iter().any(|(s, _)| s == segment) {
            return Some(Way { arrives: iface.clone(), ..Way::default() });
        }
        let router = work.segments.get(segment)?.site.as_ref().and_then(|s| work.router_of(s))?.clone();
        let mut way = through_tunnels(work, from, &router, Class::Lan)?;
        if router == *to {
            return Some(way);
        }
        let out = iface_on(work, &router, segment)?;
        way.forwards.push(Forward { host: router, iif: way.arrives, oif: out });
        way.arrives = iface.clone();
        return Some(way);
    }
    if b.tunnel_addresses.contains(&address) || b.lo_addresses.contains(&address) {
        return through_tunnels(work, from, to, Class::Services);
    }
    over_internet(work, from, to, address)
}

/// From a host, or from the router of its LAN, through tunnels to another end.
fn through_tunnels(work: &Work<'_>, from: &HostId, to: &HostId, class: Class) -> Option<Way> {
    let ground = work.ground.get(from)?;
    if let Some(steps) = work.graph.path(from, to, class) {
        return along(work, steps, None);
    }
    let gateway = ground.gateway.as_ref()?;
    let (segment, _) = ground.lans.first()?;
    let iif = iface_on(work, gateway, segment)?;
    if gateway == to {
        return Some(Way { arrives: iif, ..Way::default() });
    }
    // The LAN's addresses are what travels, so the tunnels must carry it.
    let steps = work.graph.path(gateway, to, Class::Lan)?;
    along(work, steps, Some(iif))
}

/// The forwards of a row of tunnel steps; `first` is the interface by which packets come to the first end,
/// when they do not start there.
fn along(work: &Work<'_>, steps: Vec<Step>, first: Option<String>) -> Option<Way> {
    let mut way = Way::default();
    let mut arrives = first;
    for step in steps {
        let (here, there) = ifaces(work, &step);
        if let Some(iif) = arrives.take() {
            way.forwards.push(Forward { host: step.from.clone(), iif, oif: here });
        }
        arrives = Some(there);
        way.steps.push(step);
    }
    way.arrives = arrives.unwrap_or_else(|| "lo".to_owned());
    Some(way)
}

/// The interfaces at both ends of a step.
pub(crate) fn ifaces(work: &Work<'_>, step: &Step) -> (String, String) {
    let [first, second] = &work.links[step.link].ends;
    if first.0 == step.from {
        (first.1.clone(), second.1.clone())
    } else {
        (second.1.clone(), first.1.clone())
    }
}

/// The interface of a host on a LAN.
pub(crate) fn iface_on(work: &Work<'_>, host: &HostId, segment: &str) -> Option<String> {
    let lans = &work.ground.get(host)?.lans;
    lans.iter().find(|(s, _)| s == segment).map(|(_, i)| i.clone())
}

/// Out by the sender's uplink (its own or its router's) to a public address of the other.
pub(crate) fn over_internet(work: &Work<'_>, from: &HostId, to: &HostId, address: IpAddr) -> Option<Way> {
    let uplink = work.ground.get(to)?.uplinks.iter().find(|u| u.public.contains(&address))?;
    let (v4, v6) = crate::peers::families(work, from);
    if !(if address.is_ipv4() { v4 } else { v6 }) {
        return None;
    }
    let ground = work.ground.get(from)?;
    let mut way = Way { internet: true, arrives: uplink.iface.clone(), ..Way::default() };
    if ground.uplinks.is_empty()
        && let (Some(gateway), Some((segment, _))) = (&ground.gateway, ground.lans.first())
    {
        let iif = iface_on(work, gateway, segment)?;
        let oif = work.ground.get(gateway)?.uplinks.first()?.iface.clone();
        way.forwards.push(Forward { host: gateway.clone(), iif, oif });
    }
    Some(way)
}

/// All prefixes inside the fleet: LANs and tunnel networks, IPv4 first.
pub(crate) fn inside_prefixes(work: &Work<'_>) -> Vec<IpNet> {
    let lans =
        work.segments.values().filter(|s| s.kind == SegmentKind::Lan).flat_map(|s| &s.prefixes).copied();
    let mut out: Vec<IpNet> = lans.chain(tunnel_networks(work)).collect();
    out.sort_by_key(|p| (p.addr().is_ipv6(), *p));
    out.dedup();
    out
}

/// The networks of all tunnels.
pub(crate) fn tunnel_networks(work: &Work<'_>) -> Vec<IpNet> {
    let mut out = Vec::new();
    for (id, tunnel) in &work.model.tunnels {
        let declared = tunnel.network.iter().map(|n| n.value);
        let chosen = work.lock.tunnels.get(id).into_iter().flat_map(|l| &l.network).copied();
        out.extend(declared.chain(chosen));
    }
    out
}

/// The interfaces by which a host meets the inside of the fleet.
pub(crate) fn inside_ifaces(work: &Work<'_>, host: &HostId) -> Vec<String> {
    let lans = work.ground.get(host).into_iter().flat_map(|g| g.lans.iter().map(|(_, i)| i.clone()));
    let tunnels = work.hosts.get(host).into_iter().flat_map(|h| h.wireguard.iter().map(|w| w.name.clone()));
    lans.chain(tunnels).collect()
}
