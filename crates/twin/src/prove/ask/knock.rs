//! Zones and needs: who may connect to whom, and nothing beside it.

use super::super::question::{Ask, Datagram, Expect, Kind, Knock};
use super::{List, spoken_for};
use derive::fleet::{Edge, EdgeKind, Fleet, Host, Traffic};
use model::{HostId, Proto, ZoneId};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

/// Pairs of hosts that stand for a pair of zones; more say little more.
const PAIRS: usize = 6;

/// Addresses of a host that another one has a way to speak to, by family.
fn meet(from: &Host, to: &Host) -> Vec<IpAddr> {
    let speaks = |ipv6| from.addresses.iter().any(|a| a.is_ipv6() == ipv6);
    to.addresses.iter().copied().filter(|ip| speaks(ip.is_ipv6())).collect()
}

/// What policies let one host open on another.
fn allowed<'a>(fleet: &'a Fleet, from: &HostId, to: &HostId) -> Vec<&'a Traffic> {
    let matching = fleet.allows.iter().filter(|a| a.from.contains(from) && a.to.contains(to));
    matching.map(|a| &a.traffic).collect()
}

/// The first high port nobody has a word about.
fn free_port(taken: &BTreeSet<u16>) -> u16 {
    (39_000..).find(|p| !taken.contains(p)).unwrap_or(39_000)
}

pub(super) fn zones(fleet: &Fleet, list: &mut List) {
    let probe = free_port(&spoken_for(fleet));
    for (a, sources) in &fleet.zones {
        for (b, targets) in &fleet.zones {
            let pairs = representatives(fleet, sources, targets);
            let mut knocks: BTreeSet<Knock> = BTreeSet::new();
            for (from, to) in pairs {
                let rules = allowed(fleet, &from.id, &to.id);
                for ip in meet(from, to) {
                    let mut knock = |port: u16, expect| {
                        knocks.insert(Knock {
                            from: from.id.to_string(),
                            to: SocketAddr::new(ip, port),
                            listener: Some(to.id.to_string()),
                            expect,
                        });
                    };
                    let any = rules.iter().any(|t| **t == Traffic::Any);
                    knock(probe, if any { Expect::Open } else { Expect::Closed });
                    for rule in &rules {
                        if let Traffic::Ports(Proto::Tcp, ports) = rule {
                            ports.iter().for_each(|p| knock(*p, Expect::Open));
                        }
                    }
                }
            }
            if !knocks.is_empty() {
                let open = knocks.iter().any(|k| k.expect == Expect::Open);
                zone(fleet, a, b, knocks, open, list);
            }
        }
    }
}

fn zone(fleet: &Fleet, a: &ZoneId, b: &ZoneId, knocks: BTreeSet<Knock>, open: bool, list: &mut List) {
    let text = match (a == b, open) {
        (true, false) => format!("hosts of {a} are closed to each other where nothing opens them"),
        (true, true) => format!("hosts of {a} reach each other exactly where a policy lets them"),
        (false, false) => format!("{b} is closed to {a} where nothing opens it"),
        (false, true) => format!("{a} reaches {b} exactly where a policy lets it"),
    };
    let why = fleet.allows.iter().find(|rule| {
        knocks.iter().any(|k| {
            let to = k.listener.as_deref().unwrap_or_default();
            rule.from.iter().any(|h| h.as_str() == k.from) && rule.to.iter().any(|h| h.as_str() == to)
        })
    });
    let host = fleet.zones.get(b).and_then(|hosts| hosts.first()).and_then(|h| fleet.hosts.get(h));
    let Some(place) = why.map(|w| &w.why.place).or(host.map(|h| &h.place)) else { return };
    list.add(Kind::Zone, format!("{a}-{b}"), place, text, Ask::Knocks(knocks.into_iter().collect()));
}

/// Pairs of different hosts, spread over sites: of every pair of sites one first, then more.
fn representatives<'a>(
    fleet: &'a Fleet,
    sources: &BTreeSet<HostId>,
    targets: &BTreeSet<HostId>,
) -> Vec<(&'a Host, &'a Host)> {
    let mut by_sites: BTreeMap<_, Vec<(&Host, &Host)>> = BTreeMap::new();
    for from in sources.iter().filter_map(|h| fleet.hosts.get(h)) {
        for to in targets.iter().filter_map(|h| fleet.hosts.get(h)).filter(|t| t.id != from.id) {
            let pairs = by_sites.entry((&from.site, &to.site)).or_default();
            if pairs.len() < PAIRS {
                pairs.push((from, to));
            }
        }
    }
    let mut chosen = Vec::new();
    for round in 0..PAIRS {
        for pairs in by_sites.values() {
            if let Some(pair) = pairs.get(round)
                && (round == 0 || chosen.len() < 2 * PAIRS)
            {
                chosen.push(*pair);
            }
        }
    }
    chosen.truncate(64);
    chosen
}

fn verb(kind: EdgeKind) -> &'static str {
    match kind {
        EdgeKind::Needs => "reaches",
        EdgeKind::Scrape => "scrapes",
        EdgeKind::Proxy => "passes requests to",
        EdgeKind::Gate => "asks for sign-in",
        EdgeKind::Alerts => "sends alerts to",
        EdgeKind::Mount => "mounts from",
        EdgeKind::Backup => "backs up to",
    }
}

pub(super) fn needs(fleet: &Fleet, list: &mut List) {
    let taken = spoken_for(fleet);
    let mut done: BTreeSet<(&HostId, &HostId, Vec<IpAddr>, u16, &str)> = BTreeSet::new();
    for edge in &fleet.edges {
        // Several reasons for one opening are one question.
        if !done.insert((&edge.from, &edge.to, edge.addresses.clone(), edge.port, edge.proto.word())) {
            continue;
        }
        let name = |service: Option<&model::ServiceId>, host: &HostId| match service {
            Some(service) => format!("{service}@{host}"),
            None => host.to_string(),
        };
        let (a, b) = (name(edge.from_service.as_ref(), &edge.from), name(edge.to_service.as_ref(), &edge.to));
        let beside = (edge.proto == Proto::Tcp && edge.from != edge.to)
            .then(|| neighbour(fleet, edge, &taken))
            .flatten();
        let tail = beside.map(|p| format!(", and port {p} beside it is closed")).unwrap_or_default();
        let text = format!("{a} {} {b} on {}/{}{tail}", verb(edge.kind), edge.proto.word(), edge.port);
        let subject = format!("{a}-{b}/{}", edge.port);
        let ask = match edge.proto {
            Proto::Tcp => Ask::Knocks(tcp(edge, beside)),
            Proto::Udp => match edge.addresses.first() {
                Some(ip) => Ask::Datagram(Datagram {
                    from: edge.from.to_string(),
                    to: SocketAddr::new(*ip, edge.port),
                    at: edge.to.to_string(),
                    expect: Expect::Open,
                }),
                None => continue,
            },
        };
        list.add(Kind::Needs, subject, &edge.why.place, text, ask);
    }
}

fn tcp(edge: &Edge, beside: Option<u16>) -> Vec<Knock> {
    let mut knocks = Vec::new();
    for ip in &edge.addresses {
        let knock = |port, listener, expect| Knock {
            from: edge.from.to_string(),
            to: SocketAddr::new(*ip, port),
            listener,
            expect,
        };
        knocks.push(knock(edge.port, None, Expect::Open));
        if let Some(port) = beside {
            knocks.push(knock(port, Some(edge.to.to_string()), Expect::Closed));
        }
    }
    knocks
}

/// The nearest port above an edge's that nobody has a word about; none when a policy lets everything by.
fn neighbour(fleet: &Fleet, edge: &Edge, taken: &BTreeSet<u16>) -> Option<u16> {
    let open = allowed(fleet, &edge.from, &edge.to).iter().any(|t| **t == Traffic::Any);
    if open { None } else { (edge.port.checked_add(1)?..).find(|p| !taken.contains(p)) }
}
