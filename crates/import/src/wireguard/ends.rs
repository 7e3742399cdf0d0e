//! Who the ends are: the files' own interfaces and their peers, put together by public key.

use super::parse::{Config, Endpoint, Said};
use crate::names;
use diag::Place;
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// An end of tunnels: what its own file says, and what the files of its peers say of it.
#[derive(Clone, Debug)]
pub(super) struct End {
    pub host: String,
    /// Which of the files is its own.
    pub config: Option<usize>,
    /// Addresses in the tunnel.
    pub addresses: BTreeSet<IpAddr>,
    /// Where others dial it.
    pub endpoints: Vec<Said<Endpoint>>,
    /// Somebody who is dialled by nobody here has to dial it: it can be reached, wherever that is.
    pub dialled: bool,
}

/// Ends that reach each other through interfaces they share.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// By public key; an interface without a readable key has a name of its own.
    pub ends: BTreeMap<String, End>,
    /// Peers: by whose file, about whom; the file and the peer in it.
    pub links: Vec<Link>,
    /// Prefixes the addresses are from.
    pub networks: Vec<IpNet>,
}

/// What one end's file says of another end.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub from: String,
    pub to: String,
    pub config: usize,
    pub peer: usize,
}

/// What an entry of AllowedIPs stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Allowed {
    /// One end's address in the tunnel.
    End,
    /// The tunnel's whole network.
    Network,
    /// Everything.
    All,
    /// A network behind the end.
    Behind,
}

impl Group {
    pub(super) fn kind(&self, net: &IpNet) -> Allowed {
        if net.prefix_len() == 0 {
            return Allowed::All;
        }
        let inside = self.networks.iter().any(|n| n.contains(net));
        if net.prefix_len() == net.max_prefix_len() && inside {
            return Allowed::End;
        }
        if inside || self.networks.iter().any(|n| net.contains(n)) {
            return Allowed::Network;
        }
        Allowed::Behind
    }
}

/// The ends of all files, in groups that are a tunnel each. `hosts` are the files' hosts.
pub(super) fn groups(configs: &[Config], hosts: &[String]) -> Vec<Group> {
    let key = |n: usize| configs[n].public.clone().unwrap_or_else(|| format!("~{n}"));
    let mut ends: BTreeMap<String, End> = BTreeMap::new();
    let mut taken: BTreeSet<String> = hosts.iter().cloned().collect();
    for (n, config) in configs.iter().enumerate() {
        let end = End {
            host: hosts[n].clone(),
            config: Some(n),
            addresses: config.addresses.iter().map(|a| a.value.addr()).collect(),
            endpoints: Vec::new(),
            dialled: config.peers.iter().any(|p| p.endpoint.is_none()),
        };
        ends.insert(key(n), end);
    }
    let mut links = Vec::new();
    for (n, config) in configs.iter().enumerate() {
        for (m, peer) in config.peers.iter().enumerate() {
            let Some(public) = &peer.key else { continue };
            let end = ends.entry(public.value.clone()).or_insert_with(|| End {
                host: peer_name(config, m, &mut taken),
                config: None,
                addresses: BTreeSet::new(),
                endpoints: Vec::new(),
                dialled: false,
            });
            end.endpoints.extend(peer.endpoint.clone());
            if *public.value != key(n) {
                links.push(Link { from: key(n), to: public.value.clone(), config: n, peer: m });
            }
        }
    }
    split(ends, links).into_iter().map(|(ends, links)| finish(ends, links, configs)).collect()
}

/// The name of an end whose own file is not there: by the comment at the peer, the name it is dialled by, or a
/// number.
fn peer_name(config: &Config, number: usize, taken: &mut BTreeSet<String>) -> String {
    let peer = &config.peers[number];
    let dialled = peer.endpoint.as_ref().and_then(|e| match &e.value {
        Endpoint::Name(name, _) => names::name(name.split('.').next().unwrap_or("")),
        Endpoint::Address(_) => None,
    });
    let interface = names::name(&config.name).unwrap_or_else(|| "wg".to_owned());
    let found =
        peer.comment.clone().or(dialled).unwrap_or_else(|| format!("{interface}-peer-{}", number + 1));
    names::unique(&found, taken)
}

type Part = (BTreeMap<String, End>, Vec<Link>);

/// Ends that hang together.
fn split(mut ends: BTreeMap<String, End>, links: Vec<Link>) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    while let Some(first) = ends.keys().next().cloned() {
        let mut reached = BTreeSet::from([first]);
        loop {
            let before = reached.len();
            for link in &links {
                if reached.contains(&link.from) || reached.contains(&link.to) {
                    reached.extend([link.from.clone(), link.to.clone()]);
                }
            }
            if reached.len() == before {
                break;
            }
        }
        let own = ends.extract_if(.., |key, _| reached.contains(key)).collect();
        parts.push((own, links.iter().filter(|l| reached.contains(&l.from)).cloned().collect()));
    }
    parts
}

/// Networks, and the addresses of ends whose own file is not there.
fn finish(ends: BTreeMap<String, End>, links: Vec<Link>, configs: &[Config]) -> Group {
    let mut group = Group { ends, links, networks: Vec::new() };
    let own: Vec<IpNet> = group
        .ends
        .values()
        .filter_map(|e| e.config)
        .flat_map(|n| configs[n].addresses.iter().map(|a| a.value))
        .collect();
    for net in own.iter().filter(|n| n.prefix_len() < n.max_prefix_len()).map(IpNet::trunc) {
        if !group.networks.contains(&net) {
            group.networks.push(net);
        }
    }
    // `Address = 10.8.0.1/32` says no network: it is the smallest that has all ends.
    for v4 in [true, false] {
        let singles = own.iter().map(IpNet::addr).filter(|a| a.is_ipv4() == v4);
        let have = group.networks.iter().any(|n| n.addr().is_ipv4() == v4);
        let mut all: BTreeSet<IpAddr> = singles.filter(|_| !have).collect();
        if all.is_empty() {
            continue;
        }
        for link in &group.links {
            let allowed = &configs[link.config].peers[link.peer].allowed;
            let hosts = allowed.iter().map(|a| a.value).filter(|n| n.prefix_len() == n.max_prefix_len());
            all.extend(hosts.map(|n| n.addr()).filter(|a| a.is_ipv4() == v4));
        }
        group.networks.extend(around(&all));
    }
    group.networks.sort_by_key(|n| n.addr().is_ipv6());
    for link in group.links.clone() {
        let peer = &configs[link.config].peers[link.peer];
        let known = group.ends.get(&link.to).is_some_and(|e| e.config.is_some());
        let found: Vec<IpAddr> = peer
            .allowed
            .iter()
            .filter(|a| !known && group.kind(&a.value) == Allowed::End)
            .map(|a| a.value.addr())
            .collect();
        if let Some(end) = group.ends.get_mut(&link.to) {
            end.addresses.extend(found);
        }
    }
    group
}

/// The smallest prefix around all addresses, with room for two ends at least.
fn around(all: &BTreeSet<IpAddr>) -> Option<IpNet> {
    let (first, last) = (all.first()?, all.last()?);
    let max = if first.is_ipv4() { 32 } else { 128 };
    (1..=max - 2)
        .rev()
        .filter_map(|len| IpNet::new(*first, len).ok())
        .map(|n| n.trunc())
        .find(|n| n.contains(last))
}

/// Which ends a group's tunnel is between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Pair(String, String),
    Hub(String),
    Mesh,
    /// Nobody but itself.
    Alone,
}

impl Group {
    /// Keys in the order of their addresses: the model gives addresses by order.
    pub(super) fn ordered(&self) -> Vec<&String> {
        let mut keys: Vec<&String> = self.ends.keys().collect();
        keys.sort_by_key(|k| {
            let end = &self.ends[*k];
            (end.addresses.first().is_none(), end.addresses.first().copied(), end.host.clone())
        });
        keys
    }

    /// A pair; a mesh where all have all; else a hub: who has most peers.
    pub(super) fn shape(&self) -> Shape {
        let ordered = self.ordered();
        match ordered.as_slice() {
            [] | [_] => return Shape::Alone,
            [a, b] => return Shape::Pair((*a).clone(), (*b).clone()),
            _ => {}
        }
        let pairs: BTreeSet<(&String, &String)> = self
            .links
            .iter()
            .map(|l| if l.from < l.to { (&l.from, &l.to) } else { (&l.to, &l.from) })
            .collect();
        let n = self.ends.len();
        if pairs.len() == n * (n - 1) / 2 {
            return Shape::Mesh;
        }
        let degree = |key: &String| pairs.iter().filter(|(a, b)| *a == key || *b == key).count();
        let most = ordered.iter().map(|k| degree(k)).max().unwrap_or(0);
        ordered.into_iter().find(|k| degree(k) == most).map_or(Shape::Alone, |k| Shape::Hub(k.clone()))
    }

    /// Who has a network behind it that AllowedIPs name. What a spoke sends to its hub may be another spoke's.
    pub(super) fn behind(&self, configs: &[Config], shape: &Shape) -> BTreeMap<IpNet, String> {
        let mut owners: BTreeMap<IpNet, String> = BTreeMap::new();
        for link in &self.links {
            for allowed in &configs[link.config].peers[link.peer].allowed {
                if self.kind(&allowed.value) != Allowed::Behind {
                    continue;
                }
                let hub = *shape == Shape::Hub(link.to.clone());
                let owner = owners.entry(allowed.value.trunc()).or_insert_with(|| link.to.clone());
                if !hub {
                    owner.clone_from(&link.to);
                }
            }
        }
        owners
    }

    /// The first of the files the group is from.
    pub(super) fn place(&self, configs: &[Config]) -> Place {
        let first = self.ends.values().filter_map(|e| e.config).min();
        first.map_or_else(|| Place::builtin("wireguard"), |n| configs[n].place.clone())
    }
}
