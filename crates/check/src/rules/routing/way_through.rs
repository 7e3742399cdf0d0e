//! Which exposures pass which tunnels, from which end to which.

use crate::facts::{Edge, Exposed, Facts};
use model::{Audience, HostId, UplinkKind};
use std::collections::BTreeMap;

/// An exposure's way through one tunnel.
#[derive(Debug)]
pub(super) struct Passage<'f, 'a> {
    /// The exposure.
    pub(super) exposed: &'f Exposed<'a>,
    /// The tunnel (index).
    pub(super) tunnel: usize,
    /// The end towards the internet.
    pub(super) outer: &'a HostId,
    /// The end towards the service.
    pub(super) inner: &'a HostId,
    /// The host that takes the requests.
    pub(super) target: &'a HostId,
    /// Clients come by IPv4.
    pub(super) v4: bool,
    /// Clients come by IPv6.
    pub(super) v6: bool,
}

/// Every way of an exposure through a tunnel that `wants` says yes to.
pub(super) fn passages<'f, 'a>(facts: &'f Facts<'a>, wants: impl Fn(usize) -> bool) -> Vec<Passage<'f, 'a>> {
    let mut found = Vec::new();
    if !(0..facts.tunnels.len()).any(&wants) {
        return found;
    }
    let edges = facts.edges();
    let by_host = facts.tunnels_by_host();
    let mut floods = BTreeMap::new();
    for exposed in facts.exposures.iter().filter(|e| e.audience == Audience::Internet) {
        for edge in facts.entries_of(exposed, &edges) {
            let flood = floods.entry(edge.host).or_insert_with(|| facts.flood(&[edge.host], &by_host));
            for target in exposed.targets(facts) {
                // A target with a public address of its own is reached without tunnels.
                if edges.iter().any(|e| e.host == target) {
                    continue;
                }
                let (v4, v6) = families(facts, edge, target);
                for hop in facts.trail(flood, target).into_iter().flatten() {
                    if let Some(tunnel) = hop.tunnel.filter(|t| wants(*t)) {
                        found.push(Passage {
                            exposed,
                            tunnel,
                            outer: hop.from,
                            inner: hop.to,
                            target,
                            v4,
                            v6,
                        });
                    }
                }
            }
        }
    }
    found
}

/// Families that both the entry and the target's LAN have.
fn families(facts: &Facts<'_>, edge: &Edge<'_>, target: &HostId) -> (bool, bool) {
    let lan = facts
        .fleet
        .hosts
        .get(target)
        .filter(|h| h.uplink.as_ref().is_none_or(|u| crate::facts::uplink_kind(u) != UplinkKind::Public))
        .and_then(|h| facts.site_of(h))
        .and_then(|(_, site)| site.lan.as_ref());
    let v4 = edge.addresses.iter().any(|a| a.is_ipv4()) && lan.is_none_or(|l| l.ipv4.is_some());
    let v6 = edge.addresses.iter().any(|a| a.is_ipv6()) && lan.is_none_or(|l| l.ipv6.is_some());
    (v4, v6)
}
