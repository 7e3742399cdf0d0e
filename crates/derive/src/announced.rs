//! Ways in by BGP: an address of the fleet's own prefixes, reached wherever a border announces it.

use crate::codes;
use crate::entries::{Inlet, traffic};
use crate::fleet::{Entry, Hop, HopKind, SegmentKind, Traffic};
use crate::openings::{self, Parts, family, rule};
use crate::work::Work;
use artifact::Why;
use diag::Diagnostic;
use ipnet::IpNet;
use model::{Carries, HostId, Sp};
use std::net::IpAddr;

/// One entry for each border with a tunnel that carries BGP to the host, or the host itself when it is one.
pub(crate) fn entries(work: &mut Work<'_>, inlet: &Inlet<'_>, addresses: &[Sp<IpAddr>]) -> Vec<Entry> {
    let mut out: Vec<Entry> = Vec::new();
    for address in addresses {
        let Some((prefix, why)) = prefix_of(work, inlet.host, address.value) else {
            work.report.push(
                Diagnostic::error(
                    codes::NO_WAY_IN,
                    &address.place,
                    format!(
                        "{} is in no prefix that {} originates, so nothing announces a way to it",
                        address.value, inlet.host
                    ),
                )
                .help("write the prefix under `bgp.originate` with `at` this host, or take another address"),
            );
            continue;
        };
        let why = Why::new(
            &address.place,
            format!("{} takes requests at an address of {}", inlet.host, why.reason),
        );
        crate::tunnels::loopback(work, inlet.host, IpNet::from(address.value), why.clone());
        let from = family(&inlet.from, address.is_ipv4());
        for one in traffic(&inlet.ports) {
            let open = rule(one, &inlet.why).from(from.iter().copied()).to([IpNet::from(address.value)]);
            openings::input(work, inlet.host, open);
        }
        for (border, links) in borders(work, inlet.host) {
            through(work, inlet, &border, &links, address.value, &from);
            let mut hop = |what: HopKind, host: &HostId, why: &Why| {
                let made = Hop { what, host: host.clone(), why: why.clone() };
                match out.iter_mut().find(|e| e.edge == border) {
                    Some(entry) => entry.hops.push(made),
                    None => out.push(Entry { edge: border.clone(), addresses: Vec::new(), hops: vec![made] }),
                }
            };
            let records = if inlet.records.is_empty() { vec![address.value] } else { inlet.records.clone() };
            hop(HopKind::Dns(records), &border, &inlet.why);
            hop(HopKind::Announce(prefix), &border, &why);
            for link in &links {
                let link = &work.links[*link];
                let tunnel =
                    Why::new(&link.place, format!("tunnel {} carries what BGP announces", link.tunnel));
                hop(HopKind::Tunnel(link.tunnel.clone(), inlet.host.clone()), &border, &tunnel);
            }
            let port = inlet.ports.first().map_or(0, |p| p.1);
            hop(HopKind::Listen(address.value, port), inlet.host, &why);
            if let Some(entry) = out.iter_mut().find(|e| e.edge == border) {
                entry.addresses.push(address.value);
            }
        }
    }
    if out.is_empty() && !addresses.is_empty() {
        let message = format!(
            "no host with BGP sessions to the outside has a tunnel that carries BGP to {}",
            inlet.host
        );
        work.report.push(Diagnostic::error(codes::NO_WAY_IN, &inlet.why.place, message));
    }
    out
}

/// The originated prefix an address lies in, when it leads to this host.
fn prefix_of(work: &mut Work<'_>, host: &HostId, address: IpAddr) -> Option<(IpNet, Why)> {
    let model = work.model;
    for (name, originate) in model.bgp.iter().flat_map(|b| &b.originate) {
        if originate.prefix.contains(&address) && work.hosts_of(&originate.at).contains_key(host) {
            return Some((originate.prefix.value, Why::new(&originate.place, format!("prefix {name}"))));
        }
    }
    None
}

/// Hosts with sessions to the outside that lead to a host, each with the links between them.
fn borders(work: &Work<'_>, host: &HostId) -> Vec<(HostId, Vec<usize>)> {
    let mut out = Vec::new();
    for (id, described) in &work.model.hosts {
        if described.bgp.as_ref().is_none_or(|b| b.neighbours.is_empty()) {
            continue;
        }
        if id == host {
            out.push((id.clone(), Vec::new()));
            continue;
        }
        let links: Vec<usize> = (0..work.links.len())
            .filter(|n| {
                let ends = &work.links[*n].ends;
                let pair = (&ends[0].0, &ends[1].0);
                let carries = work.graph.links[*n].carries.contains(&Carries::Bgp);
                carries && (pair == (id, host) || pair == (host, id))
            })
            .collect();
        if !links.is_empty() {
            out.push((id.clone(), links));
        }
    }
    out
}

/// The border passes requests in and answers out. Requests may come in here while their answers leave by
/// another border, so it keeps no state about them.
fn through(
    work: &mut Work<'_>,
    inlet: &Inlet<'_>,
    border: &HostId,
    links: &[usize],
    address: IpAddr,
    from: &[IpNet],
) {
    if links.is_empty() {
        return;
    }
    let net = IpNet::from(address);
    let outside = outside_ifaces(work, border);
    let tunnels: Vec<String> = links
        .iter()
        .flat_map(|n| work.links[*n].ends.iter().filter(|(h, _)| h == border).map(|(_, i)| i.clone()))
        .collect();
    for one in traffic(&inlet.ports) {
        let open = rule(one, &inlet.why).iif(outside.iter().cloned()).oif(tunnels.iter().cloned());
        openings::forward(work, border, open.from(from.iter().copied()).to([net]));
    }
    let errors =
        rule(Traffic::Icmp, &inlet.why).iif(outside.iter().cloned()).oif(tunnels.iter().cloned()).to([net]);
    openings::forward(work, border, errors);
    let answers = rule(Traffic::Any, &inlet.why).iif(tunnels).oif(outside).from([net]);
    openings::forward(work, border, answers);
    let why = Why::new(
        &inlet.why.place,
        format!("requests to {address} and their answers may pass different borders"),
    );
    if let Some(host) = work.hosts.get_mut(border)
        && !host.firewall.untracked.iter().any(|(n, _)| *n == net)
    {
        host.firewall.untracked.push((net, why));
    }
}

/// Uplinks and peering LANs of a host.
pub(crate) fn outside_ifaces(work: &Work<'_>, host: &HostId) -> Vec<String> {
    let outside = |segment: &String| {
        let kind = work.segments.get(segment).map(|s| s.kind);
        matches!(kind, Some(SegmentKind::Uplink(_) | SegmentKind::Peering))
    };
    let interfaces = work.hosts.get(host).into_iter().flat_map(|h| &h.interfaces);
    interfaces.filter(|i| i.segment.as_ref().is_some_and(outside)).map(|i| i.name.clone()).collect()
}
