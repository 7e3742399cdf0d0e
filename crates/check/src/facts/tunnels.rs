//! Tunnels with their ends.

use super::Facts;
use model::{Carries, HostId, HostSet, Tunnel, TunnelId, UplinkKind};
use std::collections::BTreeSet;

/// How the ends of a tunnel are joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Joined<'a> {
    /// Two ends.
    Pair(&'a HostId, &'a HostId),
    /// A hub and its spokes.
    Hub(&'a HostId, BTreeSet<&'a HostId>),
    /// Each with each.
    Mesh(BTreeSet<&'a HostId>),
    /// Written in none of these ways, or with names that refer to nothing.
    Unclear,
}

/// A tunnel and its ends.
#[derive(Clone, Debug)]
pub struct TunnelEnds<'a> {
    /// Its name.
    pub id: &'a TunnelId,
    /// As written.
    pub tunnel: &'a Tunnel,
    /// Its ends.
    pub joined: Joined<'a>,
}

impl<'a> TunnelEnds<'a> {
    /// All ends.
    pub fn hosts(&self) -> Vec<&'a HostId> {
        match &self.joined {
            Joined::Pair(a, b) => vec![a, b],
            Joined::Hub(hub, spokes) => std::iter::once(*hub).chain(spokes.iter().copied()).collect(),
            Joined::Mesh(hosts) => hosts.iter().copied().collect(),
            Joined::Unclear => Vec::new(),
        }
    }

    /// The ends a packet can go to from this one.
    pub fn peers(&self, host: &HostId) -> Vec<&'a HostId> {
        match &self.joined {
            Joined::Pair(a, b) if *a == host => vec![b],
            Joined::Pair(a, b) if *b == host => vec![a],
            Joined::Hub(hub, spokes) if *hub == host => spokes.iter().copied().collect(),
            Joined::Hub(hub, spokes) if spokes.contains(host) => vec![hub],
            Joined::Mesh(hosts) if hosts.contains(host) => {
                hosts.iter().copied().filter(|h| *h != host).collect()
            }
            Joined::Pair(..) | Joined::Hub(..) | Joined::Mesh(_) | Joined::Unclear => Vec::new(),
        }
    }

    /// True when this may pass; all but BGP may when nothing is written.
    pub fn carries(&self, what: Carries) -> bool {
        let written = &self.tunnel.carries;
        if written.is_empty() { what != Carries::Bgp } else { written.iter().any(|c| c.value == what) }
    }
}

/// Every tunnel with its ends.
pub fn tunnels<'a>(facts: &Facts<'a>) -> Vec<TunnelEnds<'a>> {
    let known = |name: &HostId| facts.fleet.hosts.get_key_value(name).map(|(id, _)| id);
    let set = |set: &HostSet| -> BTreeSet<&'a HostId> {
        set.names.iter().flat_map(|name| facts.hosts_named(name)).collect()
    };
    let ends = |tunnel: &'a Tunnel| -> Joined<'a> {
        match (&tunnel.between[..], &tunnel.hub, &tunnel.spokes, &tunnel.mesh) {
            ([a, b], None, None, None) => match (known(a), known(b)) {
                (Some(a), Some(b)) if a != b => Joined::Pair(a, b),
                _ => Joined::Unclear,
            },
            ([], Some(hub), Some(spokes), None) => match known(hub) {
                Some(hub) => {
                    let mut spokes = set(spokes);
                    spokes.remove(hub);
                    Joined::Hub(hub, spokes)
                }
                None => Joined::Unclear,
            },
            ([], None, None, Some(mesh)) => Joined::Mesh(set(mesh)),
            _ => Joined::Unclear,
        }
    };
    facts.fleet.tunnels.iter().map(|(id, tunnel)| TunnelEnds { id, tunnel, joined: ends(tunnel) }).collect()
}

impl Facts<'_> {
    /// True when others on the internet can open a connection to the host: it has a public address of its
    /// own, is at a site that has one (its router passes ports on), or sits on a provider's segment.
    pub fn can_be_reached(&self, id: &HostId) -> bool {
        let Some(host) = self.fleet.hosts.get(id) else { return false };
        if host.uplink.as_ref().is_some_and(|u| super::uplink_kind(u) == UplinkKind::Public) {
            return true;
        }
        if let Some((_, site)) = self.site_of(host)
            && (site.lan.is_some() || self.is_router(id, site))
            && super::public_uplinks(site).next().is_some()
        {
            return true;
        }
        host.bgp.as_ref().is_some_and(|b| !b.neighbours.is_empty())
            || host.interfaces.values().any(|interface| {
                let public = |a: &model::Sp<model::Address>| !super::segments::is_private(a.ip);
                (interface.gateway.is_some() && interface.ipv4.as_ref().is_some_and(public))
                    || (interface.gateway6.is_some() && interface.ipv6.as_ref().is_some_and(public))
            })
    }

    /// True when the host can open connections to the internet at all.
    pub fn can_reach_out(&self, id: &HostId) -> bool {
        let Some(host) = self.fleet.hosts.get(id) else { return false };
        let own = host.uplink.as_ref().map(super::uplink_kind);
        let site = self.site_of(host).map(|(_, site)| site);
        let shared = site.iter().flat_map(|s| &s.uplink).flat_map(|u| u.0.values());
        own.is_some_and(|k| k != UplinkKind::None)
            || shared.map(super::uplink_kind).any(|k| k != UplinkKind::None)
            || self.can_be_reached(id)
            || host
                .interfaces
                .values()
                .any(|i| i.gateway.is_some() || i.gateway6.is_some() || i.dhcp == Some(true))
    }

    /// True when the host routes for the site: it is named so, or it is the only one there.
    pub fn is_router(&self, id: &HostId, site: &model::Site) -> bool {
        match &site.router {
            Some(router) => router.value == *id,
            None => {
                let at = self.fleet.hosts.get(id).and_then(|h| h.site.as_ref());
                at.and_then(|s| self.at_site.get(s.as_str())).is_some_and(|hosts| hosts.len() == 1)
            }
        }
    }
}
