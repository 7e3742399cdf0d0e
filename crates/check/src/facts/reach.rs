//! Ways from the internet to hosts: over a public uplink, the LAN behind it, and tunnels.

use super::{Exposed, Facts, Way};
use ipnet::IpNet;
use model::{Carries, HostId, SiteId, UplinkKind};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;

/// A place where packets from the internet come in.
#[derive(Clone, Debug)]
pub struct Edge<'a> {
    /// The host that holds the public addresses.
    pub host: &'a HostId,
    /// Its site when the uplink is the site's.
    pub site: Option<&'a SiteId>,
    /// Public addresses.
    pub addresses: Vec<IpAddr>,
}

/// How packets came to a host.
#[derive(Clone, Copy, Debug)]
pub struct Hop<'a> {
    /// The host before.
    pub from: &'a HostId,
    /// This host.
    pub to: &'a HostId,
    /// The tunnel between them (index); `None` is their LAN.
    pub tunnel: Option<usize>,
}

/// Hops from an edge to a host, in order; empty when the edge is the host.
pub type Trail<'a> = Vec<Hop<'a>>;

/// Every host that was come to, with its last hop; `None` for where it began.
pub type Flood<'a> = BTreeMap<&'a HostId, Option<Hop<'a>>>;

impl<'a> Facts<'a> {
    /// Every place where packets from the internet come in.
    pub fn edges(&self) -> Vec<Edge<'a>> {
        let fleet = self.fleet;
        let mut edges = Vec::new();
        let addresses = |uplink: &model::Uplink| -> Vec<IpAddr> {
            uplink.ipv4.iter().chain(&uplink.ipv6).map(|a| a.ip).collect()
        };
        for (id, site) in &fleet.sites {
            let public: Vec<IpAddr> = super::public_uplinks(site).flat_map(addresses).collect();
            let hosts = self.at_site.get(id.as_str());
            let router = match &site.router {
                Some(router) => fleet.hosts.get_key_value(&router.value).map(|(id, _)| id),
                None => hosts.filter(|h| h.len() == 1).and_then(|h| h.first().copied()),
            };
            if super::public_uplinks(site).next().is_some()
                && let Some(host) = router
            {
                edges.push(Edge { host, site: Some(id), addresses: public });
            }
        }
        for (id, host) in &fleet.hosts {
            if let Some(uplink) = &host.uplink
                && super::uplink_kind(uplink) == UplinkKind::Public
            {
                let site = host.site.as_ref().and_then(|s| fleet.sites.get_key_value(&s.value));
                edges.push(Edge { host: id, site: site.map(|(id, _)| id), addresses: addresses(uplink) });
            }
        }
        edges
    }

    /// The edges an exposure may come in by: those of its entry sites, of its ingress' entry sites, or all.
    pub fn entries_of<'e>(&self, exposed: &Exposed<'a>, edges: &'e [Edge<'a>]) -> Vec<&'e Edge<'a>> {
        let mut sites: Vec<&SiteId> = exposed.expose.entry.iter().map(|s| &s.value).collect();
        if sites.is_empty()
            && let Way::Ingress(all) = &exposed.way
        {
            let ingresses = all.iter().filter_map(|i| self.services.get(*i));
            let written = ingresses.filter_map(|s| s.service.ingress.as_ref());
            sites = written.flat_map(|i| &i.entry).map(|s| &s.value).collect();
        }
        edges.iter().filter(|e| sites.is_empty() || e.site.is_some_and(|s| sites.contains(&s))).collect()
    }

    /// Tunnels by end.
    pub fn tunnels_by_host(&self) -> BTreeMap<&'a HostId, Vec<usize>> {
        let mut by_host: BTreeMap<&'a HostId, Vec<usize>> = BTreeMap::new();
        for (index, tunnel) in self.tunnels.iter().enumerate() {
            for host in tunnel.hosts() {
                by_host.entry(host).or_default().push(index);
            }
        }
        by_host
    }

    /// Every host that exposed traffic can come to from these edges, with its last hop: over tunnels that
    /// carry it, and over the LAN of a router at the end.
    pub fn flood(&self, edges: &[&'a HostId], by_host: &BTreeMap<&'a HostId, Vec<usize>>) -> Flood<'a> {
        let mut seen: Flood<'a> = edges.iter().map(|h| (*h, None)).collect();
        let mut open: VecDeque<&'a HostId> = edges.iter().copied().collect();
        let mut crossed = BTreeSet::new();
        while let Some(from) = open.pop_front() {
            for index in by_host.get(from).into_iter().flatten() {
                let Some(tunnel) = self.tunnels.get(*index) else { continue };
                let whole = matches!(tunnel.joined, super::Joined::Mesh(_));
                if !tunnel.carries(Carries::Exposures) || (whole && !crossed.insert(*index)) {
                    continue;
                }
                for to in tunnel.peers(from) {
                    if let Entry::Vacant(entry) = seen.entry(to) {
                        entry.insert(Some(Hop { from, to, tunnel: Some(*index) }));
                        open.push_back(to);
                    }
                }
            }
        }
        let routers: Vec<&'a HostId> = seen.keys().copied().collect();
        for from in routers {
            let Some((id, site)) = self.fleet.hosts.get(from).and_then(|h| self.site_of(h)) else { continue };
            if site.lan.is_some() && self.is_router(from, site) {
                for to in self.at_site.get(id.as_str()).into_iter().flatten() {
                    seen.entry(*to).or_insert(Some(Hop { from, to, tunnel: None }));
                }
            }
        }
        seen
    }

    /// The hops from the edge that was flooded to the host; `None` when it was not reached.
    pub fn trail(&self, flood: &Flood<'a>, host: &'a HostId) -> Option<Trail<'a>> {
        let mut trail = Vec::new();
        let mut at = host;
        while let Some(hop) = *flood.get(at)? {
            trail.push(hop);
            at = hop.from;
        }
        trail.reverse();
        Some(trail)
    }

    /// Prefixes the fleet announces to the outside, with the hosts they lead to.
    pub fn announced(&self) -> Vec<(IpNet, BTreeSet<&'a HostId>)> {
        let outside = self.fleet.hosts.values().filter_map(|h| h.bgp.as_ref());
        if outside.into_iter().all(|b| b.neighbours.is_empty()) {
            return Vec::new();
        }
        let originate = self.fleet.bgp.iter().flat_map(|b| b.originate.values());
        originate
            .map(|o| (o.prefix.value, o.at.names.iter().flat_map(|n| self.hosts_named(n)).collect()))
            .collect()
    }
}
