//! WireGuard tunnels: who is an end, interfaces, networks and addresses, links.
//!
//! A pair, a mesh and a plain hub have one interface a host. A hub or mesh that carries BGP has a link with
//! an interface of its own for each pair of ends, because AllowedIPs `::/0` cannot be held by two peers of
//! one interface; its hub (each member of a mesh) then has an address on `lo` that all links lead to.

use crate::alloc;
use crate::codes;
use crate::fleet::{TunnelLink, WgInterface};
use crate::lock::TunnelLock;
use crate::work::Work;
use artifact::Why;
use diag::{Diagnostic, Place};
use ipnet::IpNet;
use model::{Carries, HostId, Tunnel, TunnelId};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// What a tunnel is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Pair,
    Hub,
    Mesh,
}

/// A tunnel's members and the pairs of ends that get a link.
struct Plan<'a> {
    id: &'a TunnelId,
    tunnel: &'a Tunnel,
    shape: Shape,
    /// Members, the hub first; each with the place that names it.
    members: Vec<(HostId, Place)>,
    pairs: Vec<(HostId, HostId)>,
    per_peer: bool,
    networks: Vec<IpNet>,
}

/// What a tunnel may carry: as written, or everything but BGP.
pub(crate) fn carries(tunnel: &Tunnel) -> Vec<Carries> {
    if tunnel.carries.is_empty() {
        vec![Carries::Lan, Carries::Services, Carries::Exposures]
    } else {
        tunnel.carries.iter().map(|c| c.value).collect()
    }
}

/// Makes interfaces, addresses and links of all tunnels. Peers come later.
pub(crate) fn tunnels(work: &mut Work<'_>) {
    let model = work.model;
    let mut taken = taken_networks(work);
    for (id, tunnel) in &model.tunnels {
        let Some(mut plan) = plan(work, id, tunnel) else { continue };
        plan.networks = networks(work, &plan, &mut taken);
        if plan.networks.is_empty() {
            continue;
        }
        if plan.per_peer { per_peer(work, &plan) } else { shared(work, &plan) }
    }
}

fn plan<'a>(work: &mut Work<'a>, id: &'a TunnelId, tunnel: &'a Tunnel) -> Option<Plan<'a>> {
    let (shape, members) = if !tunnel.between.is_empty() {
        let ends = tunnel.between.iter().map(|h| (h.value.clone(), h.place.clone())).collect();
        (Shape::Pair, ends)
    } else if let Some(hub) = &tunnel.hub {
        let spokes = tunnel.spokes.as_ref().map(|s| work.hosts_of(s)).unwrap_or_default();
        let mut members = vec![(hub.value.clone(), hub.place.clone())];
        members.extend(spokes.into_iter().filter(|(h, _)| *h != hub.value));
        (Shape::Hub, members)
    } else if let Some(mesh) = &tunnel.mesh {
        (Shape::Mesh, work.hosts_of(mesh).into_iter().collect::<Vec<_>>())
    } else {
        return None;
    };
    for (host, place) in &members {
        if !work.model.hosts.contains_key(host) {
            work.dangling(place, host.as_str());
            return None;
        }
    }
    let hosts: Vec<&HostId> = members.iter().map(|(h, _)| h).collect();
    let pairs: Vec<(HostId, HostId)> = match shape {
        Shape::Pair | Shape::Hub => hosts.iter().skip(1).map(|h| (hosts[0].clone(), (*h).clone())).collect(),
        Shape::Mesh => {
            let from = |n: usize| hosts[n + 1..].iter().map(move |h| (n, *h));
            (0..hosts.len()).flat_map(from).map(|(n, h)| (hosts[n].clone(), h.clone())).collect()
        }
    };
    let per_peer = shape != Shape::Pair && carries(tunnel).contains(&Carries::Bgp);
    Some(Plan { id, tunnel, shape, members, pairs, per_peer, networks: Vec::new() })
}

/// Everything a tunnel's network must not overlap.
fn taken_networks(work: &Work<'_>) -> BTreeSet<IpNet> {
    let mut taken: BTreeSet<IpNet> = work.segments.values().flat_map(|s| &s.prefixes).copied().collect();
    taken.extend(work.model.tunnels.values().flat_map(|t| &t.network).map(|n| n.value));
    for (id, lock) in &work.old.tunnels {
        if work.model.tunnels.get(id).is_some_and(|t| t.network.is_empty()) {
            taken.extend(&lock.network);
        }
    }
    let originated = work.model.bgp.iter().flat_map(|b| b.originate.values());
    taken.extend(originated.map(|o| o.prefix.value));
    taken
}

fn networks(work: &mut Work<'_>, plan: &Plan<'_>, taken: &mut BTreeSet<IpNet>) -> Vec<IpNet> {
    if !plan.tunnel.network.is_empty() {
        return plan.tunnel.network.iter().map(|n| n.value).collect();
    }
    let kept = work.old.tunnels.get(plan.id).map(|l| l.network.clone()).unwrap_or_default();
    let need = (plan.members.len() + plan.pairs.len()) * 2 + 2;
    let fits = |n: &IpNet| n.max_prefix_len() - n.prefix_len() >= bits(need, plan.shape);
    if !kept.is_empty() && kept.iter().all(fits) {
        work.lock.tunnels.entry(plan.id.clone()).or_default().network.clone_from(&kept);
        return kept;
    }
    let declared = work.model.pools.iter().flat_map(|p| &p.tunnels).map(|p| p.value);
    let mut pools: Vec<IpNet> = declared.collect();
    if pools.is_empty() {
        pools = alloc::builtin_pools(&work.name);
    }
    let mut out: Vec<IpNet> = Vec::new();
    for v4 in [true, false] {
        let family = pools.iter().filter(|p| p.addr().is_ipv4() == v4);
        let mut family = family.peekable();
        if family.peek().is_none() {
            continue;
        }
        let len = (if v4 { 32 } else { 128 }) - bits(need, plan.shape);
        match family.find_map(|pool| alloc::subnet(*pool, len, taken)) {
            Some(net) => {
                taken.insert(net);
                out.push(net);
            }
            None => work.report.push(
                Diagnostic::error(
                    codes::EXHAUSTED,
                    &plan.tunnel.place,
                    format!("no pool has a free /{len} left for tunnel {}", plan.id),
                )
                .help("write `network` here, or add a prefix to `pools.tunnels`"),
            ),
        }
    }
    work.lock.tunnels.entry(plan.id.clone()).or_default().network.clone_from(&out);
    out
}

/// How many bits of a network the ends need; hubs and meshes get room to grow.
fn bits(need: usize, shape: Shape) -> u8 {
    let least = if shape == Shape::Pair { 2 } else { 8 };
    (usize::BITS - (need.max(2) - 1).leading_zeros()).max(least) as u8
}

/// One interface a host.
fn shared(work: &mut Work<'_>, plan: &Plan<'_>) {
    let name = alloc::interface("wg-", plan.id.as_str());
    let mut addresses: BTreeMap<HostId, Vec<(IpNet, Why)>> = BTreeMap::new();
    for network in &plan.networks {
        for (host, ip) in member_addresses(work, plan, *network, 0) {
            let why = Why::new(&plan.tunnel.place, format!("address of {host} in tunnel {}", plan.id));
            if let Ok(net) = IpNet::new(ip, network.prefix_len()) {
                addresses.entry(host).or_default().push((net, why));
            }
        }
    }
    for (host, _) in &plan.members {
        let own = addresses.get(host).cloned().unwrap_or_default();
        let ips: Vec<IpAddr> = own.iter().map(|(a, _)| a.addr()).collect();
        interface(work, plan, host, &name, own);
        if let Some(ground) = work.ground.get_mut(host) {
            ground.tunnel_addresses.extend(ips);
        }
    }
    let of = |host: &HostId| -> Vec<IpAddr> {
        addresses.get(host).into_iter().flatten().map(|(a, _)| a.addr()).collect()
    };
    for (a, b) in &plan.pairs {
        link(work, plan, [(a.clone(), name.clone()), (b.clone(), name.clone())], [of(a), of(b)]);
    }
}

/// The address of each member in a network: the one in the lock, else by order. `skip` leaves room below.
fn member_addresses(
    work: &mut Work<'_>,
    plan: &Plan<'_>,
    network: IpNet,
    skip: u128,
) -> Vec<(HostId, IpAddr)> {
    let old = work.old.tunnels.get(plan.id);
    let mut taken: BTreeSet<IpAddr> = BTreeSet::new();
    let mut chosen: BTreeMap<&HostId, IpAddr> = BTreeMap::new();
    for (host, _) in &plan.members {
        let kept = old.and_then(|o| o.ends.get(host)).into_iter().flatten();
        if let Some(ip) = kept.copied().find(|ip| alloc::usable(network, *ip) && !taken.contains(ip)) {
            taken.insert(ip);
            chosen.insert(host, ip);
        }
    }
    let first = if network.max_prefix_len() - network.prefix_len() <= 1 { 0 } else { 1 };
    for (host, place) in &plan.members {
        if chosen.contains_key(host) {
            continue;
        }
        match alloc::address(network, skip + first, &taken) {
            Some(ip) => {
                taken.insert(ip);
                chosen.insert(host, ip);
            }
            None => work.report.push(
                Diagnostic::error(
                    codes::EXHAUSTED,
                    place,
                    format!("{network} has no free address left for {host} in tunnel {}", plan.id),
                )
                .label(&plan.tunnel.place, "this tunnel"),
            ),
        }
    }
    let lock: &mut TunnelLock = work.lock.tunnels.entry(plan.id.clone()).or_default();
    for (host, ip) in &chosen {
        lock.ends.entry((*host).clone()).or_default().push(*ip);
    }
    chosen.into_iter().map(|(h, ip)| (h.clone(), ip)).collect()
}

/// An interface and a pair of addresses of its own for each link.
fn per_peer(work: &mut Work<'_>, plan: &Plan<'_>) {
    let numbers = link_numbers(work, plan);
    // The hub alone, or every member of a mesh, has an address all links lead to.
    let central = Plan {
        id: plan.id,
        tunnel: plan.tunnel,
        shape: plan.shape,
        members: match plan.shape {
            Shape::Mesh => plan.members.clone(),
            Shape::Pair | Shape::Hub => plan.members[..1].to_vec(),
        },
        pairs: Vec::new(),
        per_peer: true,
        networks: Vec::new(),
    };
    for network in &plan.networks {
        for (host, ip) in member_addresses(work, &central, *network, 0) {
            if let Some(ground) = work.ground.get_mut(&host) {
                ground.lo_addresses.push(ip);
            }
            let why = Why::new(
                &plan.tunnel.place,
                format!("address of {host} that all links of {} lead to", plan.id),
            );
            loopback(work, &host, IpNet::from(ip), why);
        }
    }
    for (n, (a, b)) in plan.pairs.iter().enumerate() {
        let number = u128::from(numbers[n]);
        let names = [link_name(work, plan, a, b), link_name(work, plan, b, a)];
        let mut sides: [Vec<(IpNet, Why)>; 2] = [Vec::new(), Vec::new()];
        for network in &plan.networks {
            let size = u32::from(network.max_prefix_len() - network.prefix_len());
            let base = if plan.shape == Shape::Mesh { 1u128 << size.saturating_sub(1) } else { 0 };
            for (side, host) in [(0, a), (1, b)] {
                let offset = base + number * 2 + side as u128;
                let why = Why::new(
                    &plan.tunnel.place,
                    format!("address of {host} on the link {a}–{b} of {}", plan.id),
                );
                match alloc::nth(*network, offset)
                    .and_then(|ip| IpNet::new(ip, network.max_prefix_len() - 1).ok())
                {
                    Some(net) => sides[side].push((net, why)),
                    None => work.report.push(Diagnostic::error(
                        codes::EXHAUSTED,
                        &plan.tunnel.place,
                        format!("{network} is too small for the link between {a} and {b}"),
                    )),
                }
            }
        }
        let ips = sides.each_ref().map(|s| s.iter().map(|(a, _)| a.addr()).collect::<Vec<IpAddr>>());
        let [left, right] = sides;
        interface(work, plan, a, &names[0], left);
        interface(work, plan, b, &names[1], right);
        for (host, ips) in [(a, &ips[0]), (b, &ips[1])] {
            if let Some(ground) = work.ground.get_mut(host) {
                ground.tunnel_addresses.extend(ips);
            }
        }
        let [first, second] = names;
        link(work, plan, [(a.clone(), first), (b.clone(), second)], ips);
    }
}

/// The number of each link, from 1; those in the lock stay.
fn link_numbers(work: &mut Work<'_>, plan: &Plan<'_>) -> Vec<u32> {
    let key = |a: &HostId, b: &HostId| format!("{a} {b}");
    let old = work.old.tunnels.get(plan.id).map(|l| l.links.clone()).unwrap_or_default();
    let live = plan.pairs.iter().filter_map(|(a, b)| old.get(&key(a, b)).copied());
    let mut taken: BTreeSet<u32> = live.collect();
    let mut out = Vec::new();
    for (a, b) in &plan.pairs {
        let number = old.get(&key(a, b)).copied().unwrap_or_else(|| alloc::number(1, &taken));
        taken.insert(number);
        out.push(number);
        work.lock.tunnels.entry(plan.id.clone()).or_default().links.insert(key(a, b), number);
    }
    out
}

/// `wg-PEER`, or with the tunnel's name when another tunnel of the host leads to the same peer.
fn link_name(work: &Work<'_>, plan: &Plan<'_>, host: &HostId, peer: &HostId) -> String {
    let plain = alloc::interface("wg-", peer.as_str());
    let used = work.hosts.get(host).is_some_and(|h| h.wireguard.iter().any(|w| w.name == plain));
    if used { alloc::interface("wg-", &format!("{}-{peer}", plan.id)) } else { plain }
}

fn interface(work: &mut Work<'_>, plan: &Plan<'_>, host: &HostId, name: &str, addresses: Vec<(IpNet, Why)>) {
    let public_key = work.old.key(host, name).unwrap_or_default().to_owned();
    if !public_key.is_empty() {
        work.lock.set_key(host, name, &public_key);
    }
    let made = WgInterface {
        name: name.to_owned(),
        tunnel: plan.id.clone(),
        listen_port: None,
        addresses,
        mtu: plan.tunnel.mtu.unwrap_or(1420),
        private_key: secret_name(host, name),
        public_key,
        peers: Vec::new(),
        why: Why::new(&plan.tunnel.place, format!("tunnel {}", plan.id)),
    };
    if let Some(host) = work.hosts.get_mut(host) {
        host.wireguard.push(made);
    }
}

/// The secret that holds an interface's private key.
pub(crate) fn secret_name(host: &HostId, iface: &str) -> String {
    format!("wireguard/{host}/{iface}")
}

fn link(work: &mut Work<'_>, plan: &Plan<'_>, ends: [(HostId, String); 2], addresses: [Vec<IpAddr>; 2]) {
    work.graph.add(&ends[0].0, &ends[1].0, plan.id.as_str(), carries(plan.tunnel));
    let place = plan.tunnel.place.clone();
    work.links.push(TunnelLink { tunnel: plan.id.clone(), ends, addresses, place });
}

/// Puts an address on a host's `lo`.
pub(crate) fn loopback(work: &mut Work<'_>, host: &HostId, net: IpNet, why: Why) {
    let Some(host) = work.hosts.get_mut(host) else { return };
    if let Some(lo) = host.interfaces.iter_mut().find(|i| i.name == "lo") {
        if !lo.addresses.iter().any(|(a, _)| *a == net) {
            lo.addresses.push((net, why));
        }
        return;
    }
    host.interfaces.push(crate::fleet::Interface {
        name: "lo".to_owned(),
        segment: None,
        addresses: vec![(net, why.clone())],
        dhcp4: false,
        accept_ra: false,
        gateways: Vec::new(),
        zone: model::ZoneId::new("fleet"),
        why,
    });
}
