//! A group of ends as `tunnels/NAME.yaml`, with the hosts and sites it tells of.

use super::ends::{Allowed, End, Group, Shape};
use super::parse::{Config, Endpoint};
use crate::ledger::Ledger;
use crate::names;
use crate::yaml::{Map, Yaml};
use derive::Lock;
use ipnet::IpNet;
use model::{HostId, TunnelId};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// What of the files becomes a tunnel, and what it is called.
pub(super) struct Tunnel<'a> {
    pub configs: &'a [Config],
    pub group: &'a Group,
    pub shape: Shape,
    pub name: String,
    /// Networks behind ends, by prefix.
    pub behind: BTreeMap<IpNet, String>,
}

/// Longest name whose interface `wg-NAME` is a name for Linux (IFNAMSIZ).
const LONGEST: usize = 12;

impl<'a> Tunnel<'a> {
    /// `None` where nobody is at the other end.
    pub(super) fn of(configs: &'a [Config], group: &'a Group, taken: &mut BTreeSet<String>) -> Option<Self> {
        let shape = group.shape();
        if shape == Shape::Alone {
            return None;
        }
        let file = group.ends.values().find_map(|e| e.config).map_or("", |n| configs[n].name.as_str());
        let stem = file.strip_prefix("wg-").and_then(names::name);
        let pair = match &shape {
            Shape::Pair(a, b) => Some(format!("{}-{}", group.ends[a].host, group.ends[b].host)),
            _ => None,
        };
        let whole = names::name(file).unwrap_or_else(|| "wg".to_owned());
        let wanted =
            [stem, pair.filter(|p| p.len() <= LONGEST)].into_iter().flatten().next().unwrap_or(whole);
        let short: String = wanted.chars().take(LONGEST - 2).collect();
        let wanted = if wanted.len() <= LONGEST { wanted } else { short.trim_end_matches('-').to_owned() };
        let name = names::unique(&wanted, taken);
        let behind = group.behind(configs, &shape);
        Some(Tunnel { configs, group, shape, name, behind })
    }

    pub(super) fn end(&self, key: &str) -> Option<&End> {
        self.group.ends.get(key)
    }

    /// Members as the model orders them: their addresses follow from it.
    fn members(&self) -> Vec<&End> {
        let mut keys = self.group.ordered();
        if let Shape::Hub(hub) = &self.shape {
            keys.sort_by_key(|k| *k != hub);
        }
        keys.into_iter().filter_map(|k| self.end(k)).collect()
    }

    /// The networks behind an end that its site's LAN is: the first of each family.
    pub(super) fn lan(&self, key: &str) -> Vec<IpNet> {
        let own = self.behind.iter().filter(|(_, owner)| *owner == key).map(|(net, _)| *net);
        let nets: Vec<IpNet> = own.filter(|n| n.prefix_len() < n.max_prefix_len() - 1).collect();
        let first = |v4: bool| nets.iter().find(|n| n.addr().is_ipv4() == v4).copied();
        [first(true), first(false)].into_iter().flatten().collect()
    }

    /// The file of the tunnel.
    pub(super) fn map(&self, ledger: &mut Ledger) -> Map {
        let mut map = Map::new();
        let members = self.members();
        let hosts: Vec<&str> = members.iter().map(|e| e.host.as_str()).collect();
        match &self.shape {
            Shape::Hub(_) => {
                let (hub, spokes) = hosts.split_at(1);
                map.set("hub", hub.concat()).set("spokes", Yaml::one_or_list(spokes.iter().copied()));
            }
            Shape::Mesh => {
                map.set("mesh", hosts);
            }
            Shape::Pair(..) | Shape::Alone => {
                map.set("between", hosts);
            }
        }
        let networks: Vec<String> = self.group.networks.iter().map(ToString::to_string).collect();
        map.unless_empty("network", Yaml::one_or_list(networks));
        self.port(&mut map, ledger);
        self.keepalive(&mut map, ledger);
        self.mtu(&mut map, ledger);
        let overridden = self.allowed(ledger);
        if !overridden.is_empty() {
            let mut by_host = Map::new();
            for (host, nets) in overridden {
                by_host.set(host, Yaml::List(nets.iter().map(|n| n.to_string().into()).collect()));
            }
            let mut inner = Map::new();
            inner.set("allowed-ips", by_host);
            map.set("override", inner);
        }
        map
    }

    fn own_files(&self) -> impl Iterator<Item = (&End, &Config)> {
        self.group.ends.values().filter_map(|e| Some((e, self.configs.get(e.config?)?)))
    }

    fn peers(&self) -> impl Iterator<Item = &super::parse::Peer> {
        self.group.links.iter().filter_map(|l| self.configs.get(l.config)?.peers.get(l.peer))
    }

    /// The port of whoever is dialled.
    fn port(&self, map: &mut Map, ledger: &mut Ledger) {
        let listens = |dialled: bool| {
            self.own_files()
                .filter(move |(end, _)| end.dialled == dialled)
                .filter_map(|(_, c)| c.port.as_ref().map(|p| (p.value, p.id)))
        };
        let endpoints = self.peers().filter_map(|p| {
            let said = p.endpoint.as_ref()?;
            let port = match &said.value {
                Endpoint::Address(address) => address.port(),
                Endpoint::Name(_, port) => *port,
            };
            Some((port, said.id))
        });
        let all: Vec<_> = listens(true).chain(endpoints).chain(listens(false)).collect();
        let Some((first, _)) = all.first().copied() else { return };
        map.set("port", first);
        for (port, id) in all {
            if port == first {
                ledger.carried(id, format!("port: {port}"));
            } else {
                let why = format!(
                    "a tunnel has one port for all its ends; {first} is written, and this end takes it"
                );
                ledger.note(id, why);
            }
        }
    }

    fn keepalive(&self, map: &mut Map, ledger: &mut Ledger) {
        let all: Vec<_> = self.peers().filter_map(|p| p.keepalive.as_ref()).collect();
        let first = all.iter().map(|k| k.value).find(|k| *k > 0);
        if let Some(first) = first {
            map.set("keepalive", format!("{first}s"));
        }
        for said in all {
            if Some(said.value) == first {
                ledger.carried(said.id, format!("keepalive: {}s", said.value));
            } else {
                ledger.note(said.id, "a tunnel has one interval, and whoever is behind NAT keeps it");
            }
        }
    }

    fn mtu(&self, map: &mut Map, ledger: &mut Ledger) {
        let all: Vec<_> = self.own_files().filter_map(|(_, c)| c.mtu.as_ref()).collect();
        let Some(first) = all.iter().map(|m| m.value).min() else { return };
        map.set("mtu", first);
        for said in all {
            if said.value == first {
                ledger.carried(said.id, format!("mtu: {first}"));
            } else {
                ledger.note(said.id, format!("a tunnel has one MTU; the smallest, {first}, is written"));
            }
        }
    }

    /// What becomes of AllowedIPs; what derivation would not find in a pair is written by hand.
    fn allowed(&self, ledger: &mut Ledger) -> BTreeMap<String, Vec<IpNet>> {
        let mut overridden = BTreeMap::new();
        for link in &self.group.links {
            let Some(peer) = self.configs.get(link.config).and_then(|c| c.peers.get(link.peer)) else {
                continue;
            };
            let (Some(from), Some(to)) = (self.end(&link.from), self.end(&link.to)) else { continue };
            let lan = self.lan(&link.to);
            let addresses: BTreeSet<IpNet> = to.addresses.iter().copied().map(IpNet::from).collect();
            let expected: BTreeSet<IpNet> = addresses.into_iter().chain(lan.iter().copied()).collect();
            let written: BTreeSet<IpNet> = peer.allowed.iter().map(|a| a.value.trunc()).collect();
            let pair = matches!(self.shape, Shape::Pair(..));
            let wide = |net: &&IpNet| self.group.kind(net) == Allowed::Network;
            let by_hand = pair && written.iter().filter(|n| !wide(n)).any(|n| !expected.contains(n));
            for said in &peer.allowed {
                let net = said.value.trunc();
                match self.group.kind(&net) {
                    _ if by_hand => ledger.carried(said.id, net.to_string()),
                    Allowed::End => match self.group.networks.iter().find(|n| n.contains(&net)) {
                        Some(network) => ledger.carried(said.id, network.to_string()),
                        None => ledger.note(said.id, "an address of no network of the tunnel"),
                    },
                    Allowed::Network => ledger.note(
                        said.id,
                        format!("{net}: the tunnel allows the addresses of its ends and what they carry, not its whole network"),
                    ),
                    Allowed::All => ledger.note(
                        said.id,
                        format!("{net}: everything through one of several peers; what passes follows from `carries`, or a tunnel of its own (`between`) with `override: {{allowed-ips: …}}`"),
                    ),
                    Allowed::Behind => self.one_behind(&net, said.id, ledger),
                }
            }
            if by_hand {
                overridden.insert(from.host.clone(), written.into_iter().collect());
            }
        }
        overridden
    }

    fn one_behind(&self, net: &IpNet, id: crate::ledger::Id, ledger: &mut Ledger) {
        let owner = self.behind.get(net);
        if owner.is_some_and(|o| self.lan(o).contains(net)) {
            ledger.carried(id, net.to_string());
        } else {
            let host = owner.and_then(|o| self.end(o)).map_or("the end", |e| e.host.as_str());
            ledger.note(id, format!("{net}: a further network behind {host}: describe it in `networks/`, or as the `interfaces` of {host}"));
        }
    }

    /// Addresses and public keys go into the lock, so that they stay.
    pub(super) fn choices(&self, lock: &mut Lock, ledger: &mut Ledger) {
        let interface = format!("wg-{}", self.name);
        let ends = &mut lock.tunnels.entry(TunnelId::new(&self.name)).or_default().ends;
        for (key, end) in &self.group.ends {
            let host = HostId::new(&end.host);
            let own: Vec<IpAddr> = end
                .addresses
                .iter()
                .copied()
                .filter(|a| self.group.networks.iter().any(|n| n.contains(a)))
                .collect();
            if !own.is_empty() {
                ends.insert(host.clone(), own);
            }
            if !key.starts_with('~') {
                lock.keys.entry(host).or_default().insert(interface.clone(), key.clone());
            }
        }
        for said in self.own_files().flat_map(|(_, c)| &c.addresses) {
            ledger.carried(said.id, said.value.addr().to_string());
        }
        for key in self.peers().filter_map(|p| p.key.as_ref()) {
            ledger.carried(key.id, key.value.as_str());
        }
    }
}
