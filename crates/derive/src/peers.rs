//! WireGuard peers: who can reach whom, ports, keepalive, and AllowedIPs and routes from what must pass.

use crate::codes;
use crate::fleet::{Route, SegmentKind, WgPeer};
use crate::graph::{Class, Step};
use crate::work::Work;
use artifact::Why;
use diag::Diagnostic;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use model::{Carries, HostId};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

/// A public address that leads to a host: its own, or its router's.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    pub address: IpAddr,
    /// Who holds it.
    pub holder: HostId,
    /// The holder's uplink.
    pub iface: String,
}

/// AllowedIPs by host and link number.
pub(crate) type Allowed = BTreeMap<(HostId, usize), BTreeMap<IpNet, Why>>;

/// Public addresses that lead to a host, IPv4 first.
pub(crate) fn reach(work: &Work<'_>, host: &HostId) -> Vec<Reach> {
    let Some(ground) = work.ground.get(host) else { return Vec::new() };
    let holder = if ground.uplinks.is_empty() { ground.gateway.as_ref() } else { Some(host) };
    let Some(holder) = holder else { return Vec::new() };
    let Some(uplinks) = work.ground.get(holder).map(|g| &g.uplinks) else { return Vec::new() };
    let mut out: Vec<Reach> = uplinks
        .iter()
        .flat_map(|u| u.public.iter().map(move |a| (u, *a)))
        .map(|(u, address)| Reach { address, holder: holder.clone(), iface: u.iface.clone() })
        .collect();
    out.sort_by_key(|r| r.address.is_ipv6());
    out
}

/// Whether IPv4 and IPv6 of a host can reach the internet.
pub(crate) fn families(work: &Work<'_>, host: &HostId) -> (bool, bool) {
    let Some(ground) = work.ground.get(host) else { return (false, false) };
    let own = ground.uplinks.iter();
    let through = ground.gateway.as_ref().and_then(|g| work.ground.get(g)).into_iter();
    own.chain(through.flat_map(|g| &g.uplinks))
        .fold((false, false), |all, u| (all.0 || u.families.0, all.1 || u.families.1))
}

/// Where `to` is reached from `from`: on a common LAN, else at a public address of a family both have.
fn endpoint(work: &Work<'_>, from: &HostId, to: &HostId) -> Option<IpAddr> {
    let (a, b) = (work.ground.get(from)?, work.ground.get(to)?);
    let common = b.lans.iter().find(|(segment, _)| a.lans.iter().any(|(s, _)| s == segment));
    if let Some((segment, _)) = common {
        let prefixes = &work.segments.get(segment)?.prefixes;
        return b.lan_addresses.iter().copied().find(|ip| prefixes.iter().any(|p| p.contains(ip)));
    }
    let (v4, v6) = families(work, from);
    reach(work, to).into_iter().map(|r| r.address).find(|a| if a.is_ipv4() { v4 } else { v6 })
}

/// Adds peers to all interfaces: endpoints, ports, keepalive. AllowedIPs are still empty.
pub(crate) fn peers(work: &mut Work<'_>) {
    let model = work.model;
    let mut endpoints: Vec<[Option<IpAddr>; 2]> = Vec::new();
    for link in &work.links {
        let [(a, _), (b, _)] = &link.ends;
        endpoints.push([endpoint(work, b, a), endpoint(work, a, b)]);
    }
    let mut wanted: BTreeSet<(HostId, String)> = BTreeSet::new();
    for (link, points) in work.links.iter().zip(&endpoints) {
        if points == &[None, None] {
            let [(a, _), (b, _)] = &link.ends;
            work.report.push(
                Diagnostic::error(
                    codes::UNREACHABLE_TUNNEL,
                    &link.place,
                    format!("neither {a} nor {b} can be reached from the other, so tunnel {} never comes up", link.tunnel),
                )
                .label(&work.hosts[a].place, "one end")
                .label(&work.hosts[b].place, "the other end")
                .help("one end needs a public uplink: write its address under `uplink`, or let both be spokes of a hub that has one"),
            );
        }
        for (end, point) in link.ends.iter().zip(points) {
            if point.is_some() {
                wanted.insert(end.clone());
            }
        }
    }
    ports(work, &wanted);
    for (n, points) in endpoints.iter().enumerate() {
        let link = work.links[n].clone();
        let tunnel = &model.tunnels[&link.tunnel];
        for side in 0..2 {
            let (host, iface) = &link.ends[side];
            let (far, far_iface) = &link.ends[1 - side];
            let find = |work: &Work<'_>, host: &HostId, iface: &str| {
                let wireguard = work.hosts.get(host).map(|h| &h.wireguard);
                wireguard
                    .and_then(|w| w.iter().find(|w| w.name == iface))
                    .map(|w| (w.listen_port, w.public_key.clone()))
            };
            let Some((port, public_key)) = find(work, far, far_iface) else { continue };
            let endpoint = points[1 - side].and_then(|ip| port.map(|p| SocketAddr::new(ip, p)));
            let nated = points[side].is_none();
            let keepalive = tunnel
                .keepalive
                .map_or(work.timers.keepalive_s, |k| u16::try_from(k.ms.div_ceil(1000)).unwrap_or(u16::MAX));
            let peer = WgPeer {
                host: far.clone(),
                public_key,
                endpoint,
                allowed_ips: Vec::new(),
                keepalive_s: nated.then_some(keepalive),
                why: Why::new(&link.place, format!("{far} is the other end of tunnel {}", link.tunnel)),
            };
            if let Some(w) = wireguard(work, host, iface) {
                w.peers.push(peer);
            }
        }
    }
}

/// The interface of a host.
pub(crate) fn wireguard<'w>(
    work: &'w mut Work<'_>,
    host: &HostId,
    iface: &str,
) -> Option<&'w mut crate::fleet::WgInterface> {
    work.hosts.get_mut(host)?.wireguard.iter_mut().find(|w| w.name == iface)
}

/// UDP ports: the tunnel's own, else the lowest free one of whoever holds the public address from 51820 on.
fn ports(work: &mut Work<'_>, wanted: &BTreeSet<(HostId, String)>) {
    let model = work.model;
    let mut taken: BTreeMap<HostId, BTreeSet<u16>> = BTreeMap::new();
    let holder = |work: &Work<'_>, host: &HostId| {
        reach(work, host).first().map_or_else(|| host.clone(), |r| r.holder.clone())
    };
    let mut open: Vec<(HostId, String, Option<u16>)> = Vec::new();
    for (host, iface) in wanted {
        let Some(w) = work.hosts[host].wireguard.iter().find(|w| w.name == *iface) else { continue };
        let tunnel = w.tunnel.clone();
        let several = work.hosts[host].wireguard.iter().filter(|w| w.tunnel == tunnel).count() > 1;
        let written = model.tunnels[&tunnel].port.as_ref().map(|p| p.value);
        let old =
            work.old.tunnels.get(&tunnel).and_then(|t| t.ports.get(host)).and_then(|p| p.get(iface)).copied();
        let old = old.filter(|p| written.is_none_or(|w| *p >= w && several));
        let holder = holder(work, host);
        let used = taken.entry(holder).or_default();
        match (written, old) {
            (Some(port), _) if !several => {
                used.insert(port);
                assign(work, host, iface, port, false);
            }
            (_, Some(port)) if used.insert(port) => assign(work, host, iface, port, true),
            (written, _) => open.push((host.clone(), iface.clone(), written)),
        }
    }
    for (host, iface, written) in open {
        let used = taken.entry(holder(work, &host)).or_default();
        let first = written.unwrap_or(51820);
        let Some(port) = (first..=u16::MAX).find(|p| !used.contains(p)) else { continue };
        used.insert(port);
        assign(work, &host, &iface, port, true);
    }
}

fn assign(work: &mut Work<'_>, host: &HostId, iface: &str, port: u16, chosen: bool) {
    let Some(w) = wireguard(work, host, iface) else { return };
    w.listen_port = Some(port);
    let tunnel = w.tunnel.clone();
    if chosen {
        let lock = work.lock.tunnels.entry(tunnel).or_default();
        lock.ports.entry(host.clone()).or_default().insert(iface.to_owned(), port);
    }
}

/// A destination inside the fleet and the tunnel ends that hold it.
struct Destination {
    prefix: IpNet,
    owners: Vec<HostId>,
    class: Class,
    why: Why,
}

/// AllowedIPs and static routes of everything that passes tunnels inside the fleet.
pub(crate) fn inside(work: &mut Work<'_>) -> Allowed {
    let mut allowed = Allowed::new();
    for (n, link) in work.links.iter().enumerate() {
        for side in 0..2 {
            for ip in &link.addresses[1 - side] {
                let why = Why::new(
                    &link.place,
                    format!("address of {} in tunnel {}", link.ends[1 - side].0, link.tunnel),
                );
                allow(&mut allowed, &link.ends[side].0, n, IpNet::from(*ip), why);
            }
        }
    }
    for destination in destinations(work) {
        for step in work.graph.steps(&destination.owners, destination.class) {
            pass(work, &mut allowed, &destination, &step);
        }
    }
    bgp(work, &mut allowed);
    allowed
}

fn pass(work: &mut Work<'_>, allowed: &mut Allowed, destination: &Destination, step: &Step) {
    let link = &work.links[step.link];
    let side = usize::from(link.ends[0].0 != step.from);
    let iface = link.ends[side].1.clone();
    let why = Why::new(
        &destination.why.place,
        format!("{} is behind {} in tunnel {}", destination.why.reason, step.to, link.tunnel),
    );
    let Some(host) = work.hosts.get(&step.from) else { return };
    let attached = host.interfaces.iter().filter(|i| i.segment.is_some()).flat_map(|i| &i.addresses);
    if attached.map(|(a, _)| a.trunc()).any(|net| net == destination.prefix) {
        return;
    }
    allow(allowed, &step.from, step.link, destination.prefix, why.clone());
    let on_link = host.wireguard.iter().filter(|w| w.name == iface).flat_map(|w| &w.addresses);
    if on_link.map(|(a, _)| a.trunc()).any(|net| net.contains(&destination.prefix)) {
        return;
    }
    if let Some(host) = work.hosts.get_mut(&step.from) {
        host.routes.push(Route { to: destination.prefix, via: None, dev: iface, table: None, why });
    }
}

fn destinations(work: &Work<'_>) -> Vec<Destination> {
    let mut out = Vec::new();
    for segment in work.segments.values().filter(|s| s.kind == SegmentKind::Lan) {
        let router = segment.site.as_ref().and_then(|s| work.router_of(s));
        let Some(router) = router.filter(|r| work.graph.has(r)) else { continue };
        for prefix in &segment.prefixes {
            let why = Why::new(&segment.place, format!("LAN {}", segment.name));
            out.push(Destination { prefix: *prefix, owners: vec![router.clone()], class: Class::Lan, why });
        }
    }
    for (id, tunnel) in &work.model.tunnels {
        let mut networks: BTreeSet<IpNet> = tunnel.network.iter().map(|n| n.value).collect();
        if networks.is_empty() {
            networks.extend(work.lock.tunnels.get(id).into_iter().flat_map(|l| &l.network));
        }
        let ends =
            work.links.iter().filter(|l| l.tunnel == *id).flat_map(|l| &l.ends).map(|(h, _)| h.clone());
        let owners: BTreeSet<HostId> = match &tunnel.hub {
            Some(hub) => BTreeSet::from([hub.value.clone()]),
            None => ends.collect(),
        };
        for prefix in networks {
            let why = Why::new(&tunnel.place, format!("network of tunnel {id}"));
            let owners = owners.iter().cloned().collect();
            out.push(Destination { prefix, owners, class: Class::Services, why });
        }
        if tunnel.hub.is_none() {
            for owner in &owners {
                for ip in work.ground.get(owner).into_iter().flat_map(|g| &g.lo_addresses) {
                    let why = Why::new(&tunnel.place, format!("address of {owner}"));
                    let owners = vec![owner.clone()];
                    out.push(Destination { prefix: IpNet::from(*ip), owners, class: Class::Services, why });
                }
            }
        }
    }
    out
}

/// Links that carry BGP let everything of their families pass.
fn bgp(work: &Work<'_>, allowed: &mut Allowed) {
    for (n, link) in work.links.iter().enumerate() {
        let carries_bgp = work.graph.links[n].carries.contains(&Carries::Bgp);
        if !carries_bgp {
            continue;
        }
        for (side, addresses) in link.addresses.iter().enumerate() {
            for v4 in [true, false] {
                if addresses.iter().any(|a| a.is_ipv4() == v4) {
                    let why =
                        Why::new(&link.place, format!("tunnel {} carries what BGP announces", link.tunnel));
                    allow(allowed, &link.ends[side].0, n, everything(v4), why);
                }
            }
        }
    }
}

/// `0.0.0.0/0` or `::/0`.
pub(crate) fn everything(v4: bool) -> IpNet {
    if v4 { IpNet::V4(Ipv4Net::default()) } else { IpNet::V6(Ipv6Net::default()) }
}

/// Notes that a prefix passes a link, once.
pub(crate) fn allow(allowed: &mut Allowed, host: &HostId, link: usize, prefix: IpNet, why: Why) {
    allowed.entry((host.clone(), link)).or_default().entry(prefix).or_insert(why);
}

/// Writes AllowedIPs into the peers: what was found, or what is written by hand. Two peers of one
/// interface with the same prefix are an error.
pub(crate) fn finish(work: &mut Work<'_>, mut allowed: Allowed) {
    let model = work.model;
    let mut holders: BTreeMap<(HostId, String, IpNet), (HostId, Why)> = BTreeMap::new();
    let mut seen: BTreeSet<&(HostId, String)> = BTreeSet::new();
    let ends = work.links.iter().flat_map(|l| &l.ends);
    let several: BTreeSet<(HostId, String)> = ends.filter(|e| !seen.insert(e)).cloned().collect();
    for n in 0..work.links.len() {
        let link = work.links[n].clone();
        for side in 0..2 {
            let (host, iface) = &link.ends[side];
            let far = &link.ends[1 - side].0;
            let written =
                model.tunnels[&link.tunnel].r#override.as_ref().and_then(|o| o.allowed_ips.get(host));
            let list = match written {
                Some(list) => list
                    .iter()
                    .map(|p| (p.value, Why::new(&p.place, format!("override of AllowedIPs on {host}"))))
                    .collect(),
                None => {
                    shortest(allowed.remove(&(host.clone(), n)).unwrap_or_default().into_iter().collect())
                }
            };
            // Only an interface with several peers can hold a prefix twice.
            let several = several.contains(&(host.clone(), iface.clone()));
            for (prefix, why) in list.iter().filter(|_| several) {
                let key = (host.clone(), iface.clone(), *prefix);
                if let Some((other, first)) = holders.insert(key, (far.clone(), why.clone()))
                    && other != *far
                {
                    work.report.push(
                        Diagnostic::error(
                            codes::ALLOWED_IPS_CONFLICT,
                            &why.place,
                            format!("{prefix} would belong to both {other} and {far} on {iface} of {host}; WireGuard gives it to one of them in silence"),
                        )
                        .label(&first.place, format!("{other} needs it: {}", first.reason))
                        .label(&why.place, format!("{far} needs it: {}", why.reason))
                        .help("use a tunnel of its own (`between`) for one of the two"),
                    );
                }
            }
            if let Some(w) = wireguard(work, host, iface)
                && let Some(peer) = w.peers.iter_mut().find(|p| p.host == *far)
            {
                peer.allowed_ips = list;
            }
        }
    }
}

/// Without prefixes that lie inside another of the list (but for `/0`, which says something else), IPv4
/// first, in order.
fn shortest(mut list: Vec<(IpNet, Why)>) -> Vec<(IpNet, Why)> {
    // A prefix sorts right before all that lie inside it.
    list.sort_by_key(|(p, _)| (p.addr().is_ipv6(), p.network(), p.prefix_len()));
    let mut out: Vec<(IpNet, Why)> = Vec::new();
    for (prefix, why) in list {
        let covered = out.last().is_some_and(|(p, _)| p.prefix_len() > 0 && p.contains(&prefix));
        if !covered {
            out.push((prefix, why));
        }
    }
    out
}
