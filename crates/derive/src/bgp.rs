//! BGP: who speaks with whom, and exactly what each must hear from us.

use crate::announced::outside_ifaces;
use crate::codes;
use crate::edges;
use crate::entries::mark;
use crate::fleet::{Bgp, Edge, EdgeKind, Originated, PolicyRule, Rule, Session, SessionKind, Traffic};
use crate::instances;
use crate::openings::{self, Parts, rule};
use crate::origins::{Heard, origins, speakers, spread};
use crate::work::Work;
use artifact::Why;
use diag::Diagnostic;
use ipnet::IpNet;
use model::{BgpRole, Carries, HostId, Neighbour, NeighbourId, Proto, ServiceId};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The port of BGP (RFC 4271).
const PORT: u16 = 179;

/// Derives BGP of all hosts that take part. Returns the edges to RPKI servers.
pub(crate) fn bgp(work: &mut Work<'_>) -> Vec<Edge> {
    let model = work.model;
    let Some(fleet) = &model.bgp else { return Vec::new() };
    let origins = origins(work, fleet);
    let speakers = speakers(work, &origins);
    let borders: BTreeSet<HostId> =
        speakers.iter().filter(|h| neighbours(work, h).next().is_some()).cloned().collect();
    let heard = spread(work, &speakers, &borders, &origins);
    let mut edges = Vec::new();
    for id in &speakers {
        let host = &model.hosts[id];
        let asn = asn(work, id);
        let own = origins.get(id).cloned().unwrap_or_default();
        let all = heard.get(id).cloned().unwrap_or_default();
        let mut sessions = Vec::new();
        for (name, neighbour) in host.bgp.iter().flat_map(|b| &b.neighbours) {
            sessions.extend(external(work, id, name, neighbour, fleet, &all));
        }
        sessions.extend(internal(work, id, &borders, &own, &all));
        let inside = sessions
            .iter()
            .any(|s| matches!(&s.kind, SessionKind::Internal { host, .. } if borders.contains(host)));
        let default_table = (inside && !borders.contains(id)).then(|| default_table(work, id, &own));
        let rpki = rpki(work, id, fleet, &mut edges);
        let place = host.bgp.as_ref().map_or(&fleet.place, |b| &b.place).clone();
        open(work, id, &sessions, &all, &borders);
        let made = Bgp {
            asn,
            fleet_asn: fleet.asn.value,
            router_id: router_id(work, id),
            originate: own,
            fleet_prefixes: all.iter().map(|(p, ..)| *p).collect(),
            own_space: fleet.originate.values().map(|o| o.prefix.value).collect(),
            sessions,
            rpki,
            never: fleet.never.iter().map(|n| n.value).collect(),
            default_table,
            reject_invalid: fleet.rpki.as_ref().is_some_and(|r| r.reject_invalid != Some(false)),
            place,
        };
        if let Some(host) = work.hosts.get_mut(id) {
            host.bgp = Some(made);
        }
    }
    edges
}

fn neighbours<'m>(
    work: &Work<'m>,
    host: &HostId,
) -> impl Iterator<Item = (&'m NeighbourId, &'m Neighbour)> + use<'m> {
    work.model.hosts.get(host).and_then(|h| h.bgp.as_ref()).into_iter().flat_map(|b| &b.neighbours)
}

fn asn(work: &Work<'_>, host: &HostId) -> u32 {
    let own =
        work.model.hosts.get(host).and_then(|h| h.bgp.as_ref()).and_then(|b| b.asn.as_ref()).map(|a| a.value);
    own.or(work.model.bgp.as_ref().map(|b| b.asn.value)).unwrap_or_default()
}

fn external(
    work: &mut Work<'_>,
    id: &HostId,
    name: &NeighbourId,
    neighbour: &Neighbour,
    fleet: &model::FleetBgp,
    all: &[Heard],
) -> Option<Session> {
    if neighbour.asn.value == fleet.asn.value {
        work.report.push(
            Diagnostic::error(
                codes::OWN_ASN,
                &neighbour.asn.place,
                format!("neighbour {name} has our own AS {}", fleet.asn.value),
            )
            .label(&fleet.asn.place, "ours")
            .help("sessions between the fleet's own hosts follow from tunnels that carry `bgp`"),
        );
        return None;
    }
    let remote = neighbour.address.value;
    let Some((local, interface)) = local(work, id, neighbour) else {
        work.report.push(
            Diagnostic::error(
                codes::NO_NEIGHBOUR_WAY,
                &neighbour.address.place,
                format!(
                    "neighbour {name} at {remote} is on no segment of {id}, and the session is not multihop"
                ),
            )
            .label(&work.model.hosts[id].place, format!("{id}'s interfaces"))
            .help("write the address as they gave it, or `multihop` with the number of hops"),
        );
        return None;
    };
    let named: BTreeSet<&str> = neighbour.announce.iter().map(|l| l.as_str()).collect();
    let wanted = |prefix: &IpNet| {
        named.is_empty()
            || fleet
                .originate
                .iter()
                .any(|(label, o)| named.contains(label.as_str()) && o.prefix.contains(prefix))
    };
    let sends = all.iter().filter(|(p, ..)| p.addr().is_ipv4() == remote.is_ipv4() && wanted(p));
    let sends = sends.map(|(p, _, o)| (*p, o.why.clone())).collect();
    let role = neighbour.role.value;
    Some(Session {
        name: protocol_name(name.as_str()),
        kind: SessionKind::External { neighbour: name.clone(), role },
        local,
        remote,
        remote_asn: neighbour.asn.value,
        interface,
        multihop: neighbour.multihop.as_ref().map(|m| m.value),
        password: neighbour.password.as_ref().map(|p| p.0.clone()),
        limit: neighbour.limit.as_ref().map(|l| l.value),
        sends,
        sends_default: false,
        prepend: neighbour.prepend.unwrap_or(0),
        preference: neighbour.preference.unwrap_or(match role {
            BgpRole::Provider => 200,
            BgpRole::Peer | BgpRole::RsClient | BgpRole::Rs => 150,
            BgpRole::Customer => 100,
        }),
        communities: neighbour.communities.iter().map(|c| c.value.clone()).collect(),
        bfd: neighbour.bfd.unwrap_or(false),
        reflect: false,
        place: neighbour.place.clone(),
    })
}

/// Our address towards a neighbour, and the interface when they are on one of our segments.
fn local(work: &Work<'_>, id: &HostId, neighbour: &Neighbour) -> Option<(IpAddr, Option<String>)> {
    let host = work.hosts.get(id)?;
    let remote = neighbour.address.value;
    if let Some(via) = &neighbour.via {
        let interface = host.wireguard.iter().find(|w| w.tunnel == via.value)?;
        let own =
            interface.addresses.iter().map(|(a, _)| a.addr()).find(|ip| ip.is_ipv4() == remote.is_ipv4())?;
        return Some((own, Some(interface.name.clone())));
    }
    for interface in host.interfaces.iter().filter(|i| i.segment.is_some()) {
        for (address, _) in &interface.addresses {
            if address.contains(&remote) && address.addr() != remote {
                return Some((address.addr(), Some(interface.name.clone())));
            }
        }
    }
    neighbour.multihop.as_ref()?;
    let uplinks = work.ground.get(id)?.uplinks.iter();
    let own = uplinks.flat_map(|u| &u.public).find(|ip| ip.is_ipv4() == remote.is_ipv4())?;
    Some((*own, None))
}

/// Sessions with hosts of the fleet, one for each address family of each link that carries BGP.
fn internal(
    work: &Work<'_>,
    id: &HostId,
    borders: &BTreeSet<HostId>,
    own: &[Originated],
    all: &[Heard],
) -> Vec<Session> {
    let mut out = Vec::new();
    let border = borders.contains(id);
    for (link, carried) in work.links.iter().zip(&work.graph.links) {
        let Some(side) = link.ends.iter().position(|(h, _)| h == id) else { continue };
        if !carried.carries.contains(&Carries::Bgp) {
            continue;
        }
        let far = &link.ends[1 - side].0;
        let families: Vec<bool> = [true, false]
            .into_iter()
            .filter(|v4| link.addresses.iter().all(|a| a.iter().any(|ip| ip.is_ipv4() == *v4)))
            .collect();
        for v4 in &families {
            let pick = |side: usize| link.addresses[side].iter().copied().find(|ip| ip.is_ipv4() == *v4);
            let (Some(local), Some(remote)) = (pick(side), pick(1 - side)) else { continue };
            let mine: Vec<(IpNet, Why)> = if border {
                own.iter().map(|o| (o.prefix, o.why.clone())).collect()
            } else {
                all.iter()
                    .filter(|(_, origin, _)| origin != far)
                    .map(|(p, _, o)| (*p, o.why.clone()))
                    .collect()
            };
            let same_as = asn(work, id) == asn(work, far);
            let passes_on = !border && all.iter().any(|(_, origin, _)| origin != id && origin != far);
            let name = if families.len() > 1 {
                format!("{far}-{}", if *v4 { "v4" } else { "v6" })
            } else {
                far.to_string()
            };
            out.push(Session {
                name: protocol_name(&name),
                kind: SessionKind::Internal { host: far.clone(), tunnel: Some(link.tunnel.clone()) },
                local,
                remote,
                remote_asn: asn(work, far),
                interface: Some(link.ends[side].1.clone()),
                multihop: None,
                password: None,
                limit: None,
                sends: mine.into_iter().filter(|(p, _)| p.addr().is_ipv4() == *v4).collect(),
                sends_default: border && !borders.contains(far),
                prepend: 0,
                preference: 200,
                communities: Vec::new(),
                bfd: false,
                reflect: same_as && passes_on,
                place: link.place.clone(),
            });
        }
    }
    out
}

/// A name fit for a BIRD protocol. A bare `provider` or `peer` would hide BIRD's own word.
fn protocol_name(name: &str) -> String {
    let plain = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
    format!("bgp_{}", plain.collect::<String>())
}

/// Packets from the fleet's own prefixes leave by the borders' default routes, which are in a table of their
/// own, beside the default route by the host's own uplink; what is inside is looked up first.
fn default_table(work: &mut Work<'_>, id: &HostId, own: &[Originated]) -> u32 {
    let table = mark(work, id, "bgp-default");
    for originated in own {
        let v4 = originated.prefix.addr().is_ipv4();
        let why = Why::new(
            &originated.why.place,
            format!("packets from {} leave by the borders", originated.prefix),
        );
        let rule = |priority: u32, table: u32, suppress_prefix: Option<u8>| PolicyRule {
            priority,
            from: Some(originated.prefix),
            mark: None,
            ipv4: v4,
            ipv6: !v4,
            table,
            suppress_prefix,
            why: why.clone(),
        };
        if let Some(host) = work.hosts.get_mut(id) {
            // 254 is main.
            host.rules.push(rule(2000, 254, Some(0)));
            host.rules.push(rule(2001, table, None));
        }
    }
    table
}

fn router_id(work: &mut Work<'_>, id: &HostId) -> Ipv4Addr {
    let written = work.model.hosts.get(id).and_then(|h| h.bgp.as_ref()).and_then(|b| b.router_id.as_ref());
    if let Some(written) = written {
        return written.value;
    }
    let interfaces = work.hosts.get(id).into_iter().flat_map(|h| &h.interfaces);
    let mut addresses = interfaces.flat_map(|i| i.addresses.iter().map(|(a, _)| a.addr()));
    if let Some(IpAddr::V4(ip)) = addresses.find(IpAddr::is_ipv4) {
        return ip;
    }
    let taken: BTreeSet<Ipv4Addr> =
        work.lock.router_ids.values().chain(work.old.router_ids.values()).copied().collect();
    let kept = work.old.router_ids.get(id).copied();
    let chosen = kept.unwrap_or_else(|| {
        let start = crate::alloc::hash(&format!("router {id}")) as u32 & 0x00ff_ffff;
        (0..0x00ff_ffffu32)
            .map(|n| Ipv4Addr::from(0x0a00_0000 | ((start + n) & 0x00ff_ffff)))
            .find(|ip| !taken.contains(ip) && ip.octets()[3] != 0)
            .unwrap_or(Ipv4Addr::new(10, 0, 0, 1))
    });
    work.lock.router_ids.insert(id.clone(), chosen);
    chosen
}

/// RPKI-to-router servers as this host reaches them.
fn rpki(work: &mut Work<'_>, id: &HostId, fleet: &model::FleetBgp, edges: &mut Vec<Edge>) -> Vec<SocketAddr> {
    let mut out = Vec::new();
    for server in fleet.rpki.iter().flat_map(|r| &r.servers) {
        if let Ok(address) = server.parse::<SocketAddr>() {
            out.push(address);
            continue;
        }
        let service = ServiceId::new(server);
        let hosts: Option<Vec<HostId>> = work.placed.get(&service).map(|p| p.hosts.keys().cloned().collect());
        let Some(hosts) = hosts else {
            work.dangling(&server.place, server);
            continue;
        };
        for (_, ip, port) in edges::service_targets(work, id, &service, None) {
            out.push(SocketAddr::new(ip, port));
        }
        for host in hosts {
            let main = instances::find(work, &host, &service)
                .and_then(|i| i.ports.get(i.main.as_ref()?).map(|p| p.number));
            let Some(port) = main else { continue };
            let why = Why::new(&server.place, format!("{id} asks {service} which routes are valid"));
            edges.extend(edges::connect(
                work,
                EdgeKind::Needs,
                id,
                None,
                &host,
                Some(&service),
                (Proto::Tcp, port),
                &why,
            ));
        }
    }
    out
}

/// Openings: sessions from exactly their neighbours, and what the fleet's prefixes send outwards.
fn open(work: &mut Work<'_>, id: &HostId, sessions: &[Session], all: &[Heard], borders: &BTreeSet<HostId>) {
    for session in sessions {
        let why = Why::new(&session.place, format!("BGP session {}", session.name));
        let iif = session.interface.clone().into_iter();
        let from = [IpNet::from(session.remote)];
        let to = [IpNet::from(session.local)];
        let ports: Rule = rule(Traffic::Ports(Proto::Tcp, vec![PORT]), &why).iif(iif).from(from).to(to);
        openings::input(work, id, ports);
        if session.bfd {
            // RFC 5881: control packets on one hop.
            let bfd = rule(Traffic::Ports(Proto::Udp, vec![3784]), &why).from(from).to(to);
            openings::input(work, id, bfd);
        }
    }
    if !borders.contains(id) {
        return;
    }
    let outside = outside_ifaces(work, id);
    let tunnels: BTreeSet<String> = sessions
        .iter()
        .filter(|s| matches!(s.kind, SessionKind::Internal { .. }))
        .filter_map(|s| s.interface.clone())
        .collect();
    if outside.is_empty() || tunnels.is_empty() {
        return;
    }
    for (prefix, _, originated) in all {
        let why = Why::new(&originated.why.place, format!("{prefix} leaves by {id}"));
        let out = rule(Traffic::Any, &why)
            .iif(tunnels.iter().cloned())
            .oif(outside.iter().cloned())
            .from([*prefix]);
        openings::forward(work, id, out);
    }
}
