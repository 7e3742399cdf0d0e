//! Packet filters and NAT beyond edges and exposures: what every host of its kind needs.

use crate::entries::traffic;
use crate::fleet::{Dnat, Masquerade, SegmentKind, Traffic, ZoneAllow};
use crate::openings::{self, Parts, family, merged, rule};
use crate::peers::reach;
use crate::policies;
use crate::ways;
use crate::work::Work;
use artifact::Why;
use diag::Place;
use ipnet::IpNet;
use model::{HostId, Proto};
use std::collections::BTreeSet;

/// Adds what is left and puts all rules in order. Returns what policies allow.
pub(crate) fn firewalls(work: &mut Work<'_>) -> Vec<ZoneAllow> {
    let hosts: Vec<HostId> = work.hosts.keys().cloned().collect();
    for id in &hosts {
        forwarding(work, id);
        wireguard(work, id);
        lan_duties(work, id);
    }
    let allows = policies::policies(work);
    for id in &hosts {
        finish(work, id);
    }
    allows
}

/// Routers of LANs, hosts that forward something already, and hubs.
fn forwarding(work: &mut Work<'_>, id: &HostId) {
    let routes_lan = work
        .model
        .sites
        .values()
        .any(|s| s.lan.is_some() && s.router.as_ref().is_some_and(|r| r.value == *id));
    let links = work.links.iter().filter(|l| l.ends.iter().any(|(h, _)| h == id)).count();
    let Some(host) = work.hosts.get_mut(id) else { return };
    host.forwarding =
        routes_lan || links > 1 || !host.firewall.forward.is_empty() || !host.firewall.dnat.is_empty();
    if !host.forwarding {
        return;
    }
    let why = Why::new(&host.place, format!("{id} forwards packets between its interfaces"));
    for name in ["net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"] {
        host.sysctls.insert(name.to_owned(), ("1".to_owned(), why.clone()));
    }
    let inside = ways::inside_ifaces(work, id);
    if inside.len() < 2 {
        return;
    }
    let echo =
        rule(Traffic::Icmp, &Why::new(&Place::builtin("icmp"), "pings and errors pass inside the fleet"));
    openings::forward(work, id, echo.iif(inside.iter().cloned()).oif(inside));
}

/// WireGuard's ports from anywhere on the interfaces that lead to peers.
fn wireguard(work: &mut Work<'_>, id: &HostId) {
    let listening: Vec<(u16, Why)> = work
        .hosts
        .get(id)
        .into_iter()
        .flat_map(|h| &h.wireguard)
        .filter_map(|w| w.listen_port.map(|p| (p, w.why.clone())))
        .collect();
    let Some(ground) = work.ground.get(id).cloned() else { return };
    for (port, why) in listening {
        let why = Why::new(&why.place, format!("peers of {} connect here", why.reason));
        let traffic = Traffic::Ports(Proto::Udp, vec![port]);
        let uplinks: Vec<String> = ground.uplinks.iter().map(|u| u.iface.clone()).collect();
        if !uplinks.is_empty() {
            openings::input(work, id, rule(traffic.clone(), &why).iif(uplinks));
            let lans: Vec<String> = ground.lans.iter().map(|(_, i)| i.clone()).collect();
            if lan_peers(work, id) {
                openings::input(work, id, rule(traffic, &why).iif(lans));
            }
            continue;
        }
        openings::input(work, id, rule(traffic, &why));
        // Behind a router with a public address: the router translates.
        for public in reach(work, id) {
            let target =
                ground.lan_addresses.iter().copied().find(|ip| ip.is_ipv4() == public.address.is_ipv4());
            let (Some(target), Some((segment, _))) = (target, ground.lans.first()) else { continue };
            let Some(oif) = ways::iface_on(work, &public.holder, segment) else { continue };
            let through =
                rule(Traffic::Dnat, &why).iif([public.iface.clone()]).oif([oif]).to([IpNet::from(target)]);
            openings::forward(work, &public.holder, through);
            if let Some(holder) = work.hosts.get_mut(&public.holder) {
                holder.firewall.dnat.push(Dnat {
                    iif: Some(public.iface.clone()),
                    to: Some(public.address),
                    from: Vec::new(),
                    proto: Proto::Udp,
                    port,
                    target,
                    target_port: port,
                    why: why.clone(),
                });
            }
        }
    }
}

/// True when a peer connects over a LAN.
fn lan_peers(work: &Work<'_>, id: &HostId) -> bool {
    let own = work.ground.get(id).map(|g| g.lans.clone()).unwrap_or_default();
    let peers = work.hosts.get(id).into_iter().flat_map(|h| &h.wireguard).flat_map(|w| &w.peers);
    peers.into_iter().any(|p| {
        work.ground.get(&p.host).is_some_and(|g| g.lans.iter().any(|(s, _)| own.iter().any(|(o, _)| o == s)))
    })
}

/// What a router does for its LANs: names, and the way out.
fn lan_duties(work: &mut Work<'_>, id: &HostId) {
    let model = work.model;
    for (site_id, site) in &model.sites {
        if site.router.as_ref().is_none_or(|r| r.value != *id) {
            continue;
        }
        let lans: Vec<(String, String, Vec<IpNet>, bool)> = work
            .ground
            .get(id)
            .into_iter()
            .flat_map(|g| &g.lans)
            .filter_map(|(s, i)| {
                let segment = work.segments.get(s)?;
                let internal = model.networks.get(s.as_str()).is_some_and(|n| n.internal == Some(true));
                (segment.site.as_ref() == Some(site_id))
                    .then(|| (s.clone(), i.clone(), segment.prefixes.clone(), internal))
            })
            .collect();
        let place = site.router.as_ref().map_or(&site.place, |r| &r.place);
        for (segment, iface, prefixes, internal) in lans {
            let why = Why::new(place, format!("{id} answers names for the LAN {segment}"));
            for v4 in [true, false] {
                let from = family(&prefixes, v4);
                if from.is_empty() {
                    continue;
                }
                for one in traffic(&[(Proto::Udp, 53), (Proto::Tcp, 53)]) {
                    openings::input(
                        work,
                        id,
                        rule(one, &why).iif([iface.clone()]).from(from.iter().copied()),
                    );
                }
            }
            let addresses = work.ground.get(id).map(|g| g.lan_addresses.clone()).unwrap_or_default();
            if let Some(host) = work.hosts.get_mut(id) {
                let own = addresses.into_iter().filter(|ip| prefixes.iter().any(|p| p.contains(ip)));
                host.resolver.listen.extend(own);
            }
            if !internal {
                way_out(work, id, &iface, &prefixes);
            }
        }
    }
}

/// LAN hosts reach the internet by every uplink: IPv4 translated, IPv6 when it is not the internet's own.
fn way_out(work: &mut Work<'_>, id: &HostId, lan: &str, prefixes: &[IpNet]) {
    let uplinks = work.ground.get(id).map(|g| g.uplinks.clone()).unwrap_or_default();
    for uplink in uplinks {
        if uplink.kind == model::UplinkKind::None {
            continue;
        }
        let why =
            Why::new(&uplink.place, format!("the LAN behind {id} reaches the internet by {}", uplink.iface));
        for v4 in [true, false] {
            let from = family(prefixes, v4);
            if from.is_empty() || !(if v4 { uplink.families.0 } else { uplink.families.1 }) {
                continue;
            }
            let out = rule(Traffic::Any, &why).iif([lan.to_owned()]).oif([uplink.iface.clone()]);
            openings::forward(work, id, out.from(from.iter().copied()));
            let private: Vec<IpNet> = from.into_iter().filter(|p| v4 || is_unique_local(p)).collect();
            if private.is_empty() {
                continue;
            }
            let Some(host) = work.hosts.get_mut(id) else { continue };
            let known = host.firewall.masquerade.iter_mut().find(|m| m.oif == uplink.iface);
            match known {
                Some(known) => known.from.extend(private),
                None => host.firewall.masquerade.push(Masquerade {
                    oif: uplink.iface.clone(),
                    from: private,
                    why: why.clone(),
                }),
            }
        }
    }
}

fn is_unique_local(prefix: &IpNet) -> bool {
    match prefix {
        IpNet::V6(net) => net.addr().segments()[0] & 0xfe00 == 0xfc00,
        IpNet::V4(_) => false,
    }
}

/// Sysctls for policy routing, MSS, interfaces of the inside; rules merged.
fn finish(work: &mut Work<'_>, id: &HostId) {
    let inside = ways::inside_ifaces(work, id);
    let several_ways = work.links.iter().filter(|l| l.ends.iter().any(|(h, _)| h == id)).count() > 1;
    let Some(host) = work.hosts.get_mut(id) else { return };
    let policy = host.rules.first().map(|r| r.why.clone());
    let bgp = host.bgp.as_ref().map(|b| Why::new(&b.place, "routes by BGP need not be the same both ways"));
    if let Some(why) = policy
        .clone()
        .or(bgp)
        .or(several_ways.then(|| Why::new(&host.place, "packets may come back by another tunnel")))
    {
        for name in ["net.ipv4.conf.all.rp_filter", "net.ipv4.conf.default.rp_filter"] {
            // Loose mode (RFC 3704): the source must be reachable, by whatever interface.
            host.sysctls.insert(name.to_owned(), ("2".to_owned(), why.clone()));
        }
    }
    if let Some(why) = policy.filter(|_| !host.firewall.returns.is_empty()) {
        host.sysctls.insert("net.ipv4.conf.all.src_valid_mark".to_owned(), ("1".to_owned(), why));
    }
    if host.forwarding {
        let clamp = host.wireguard.iter().map(|w| {
            (w.name.clone(), Why::new(&w.why.place, format!("{} has an MTU of {}", w.why.reason, w.mtu)))
        });
        host.firewall.clamp_mss = clamp.collect();
    }
    host.firewall.inside = inside;
    host.firewall.input = merged(std::mem::take(&mut host.firewall.input));
    host.firewall.forward = merged(std::mem::take(&mut host.firewall.forward));
}

/// Zones and the hosts in them: those of their LANs; `fleet` for hosts without one.
pub(crate) fn zones(work: &Work<'_>) -> std::collections::BTreeMap<model::ZoneId, BTreeSet<HostId>> {
    let mut out: std::collections::BTreeMap<model::ZoneId, BTreeSet<HostId>> = Default::default();
    for (id, ground) in &work.ground {
        let mut zones: BTreeSet<model::ZoneId> = ground
            .lans
            .iter()
            .filter_map(|(s, _)| work.segments.get(s))
            .filter(|s| s.kind == SegmentKind::Lan)
            .map(|s| s.zone.clone())
            .collect();
        if zones.is_empty() {
            zones.insert(model::ZoneId::new("fleet"));
        }
        for zone in zones {
            out.entry(zone).or_default().insert(id.clone());
        }
    }
    out
}
