//! What BGP spreads: prefixes, the hosts they lead to, and who hears of them.

use crate::codes;
use crate::fleet::Originated;
use crate::work::Work;
use artifact::Why;
use diag::Diagnostic;
use ipnet::IpNet;
use model::{Carries, HostId};
use std::collections::{BTreeMap, BTreeSet};

/// What each host originates: whole prefixes, or its share of one.
pub(crate) fn origins(work: &mut Work<'_>, fleet: &model::FleetBgp) -> BTreeMap<HostId, Vec<Originated>> {
    let mut out: BTreeMap<HostId, Vec<Originated>> = BTreeMap::new();
    for (name, originate) in &fleet.originate {
        let hosts = work.hosts_of(&originate.at);
        if hosts.is_empty() {
            work.report.push(
                Diagnostic::error(
                    codes::BAD_ORIGIN,
                    &originate.at.place,
                    format!("prefix {name} leads to no host, so nothing may announce it"),
                )
                .help("name a host or a group with hosts in `at`"),
            );
        }
        let shares = crate::shares::shares(work, name, originate, &hosts);
        for (host, place) in &hosts {
            let prefix = match (&originate.announce, shares.get(host)) {
                (Some(_), Some(share)) => *share,
                (Some(_), None) => continue,
                (None, _) => originate.prefix.value,
            };
            let communities = originate.communities.iter().map(|c| c.value.clone()).collect();
            let why = Why::new(place, format!("{name} leads to {host}"));
            out.entry(host.clone()).or_default().push(Originated { prefix, communities, why });
        }
    }
    out
}

/// Hosts with a part in BGP: those that say so, originate something, or end a tunnel that carries it.
pub(crate) fn speakers(work: &Work<'_>, origins: &BTreeMap<HostId, Vec<Originated>>) -> BTreeSet<HostId> {
    let said = work.model.hosts.iter().filter(|(_, h)| h.bgp.is_some()).map(|(id, _)| id.clone());
    let mut out: BTreeSet<HostId> = said.chain(origins.keys().cloned()).collect();
    for (link, carried) in work.links.iter().zip(&work.graph.links) {
        if carried.carries.contains(&Carries::Bgp) {
            out.extend(link.ends.iter().map(|(h, _)| h.clone()));
        }
    }
    out.retain(|h| work.model.hosts.contains_key(h));
    out
}

/// A prefix, where it is originated, and why.
pub(crate) type Heard = (IpNet, HostId, Originated);

/// What each host has to announce: its own, and what inside hosts pass on to it. Borders pass only their
/// own to the inside; the rest of the world is a default route there.
pub(crate) fn spread(
    work: &Work<'_>,
    speakers: &BTreeSet<HostId>,
    borders: &BTreeSet<HostId>,
    origins: &BTreeMap<HostId, Vec<Originated>>,
) -> BTreeMap<HostId, Vec<Heard>> {
    let mut adjacent: BTreeMap<&HostId, BTreeSet<&HostId>> = BTreeMap::new();
    for (link, carried) in work.links.iter().zip(&work.graph.links) {
        if carried.carries.contains(&Carries::Bgp) {
            let [(a, _), (b, _)] = &link.ends;
            adjacent.entry(a).or_default().insert(b);
            adjacent.entry(b).or_default().insert(a);
        }
    }
    let mut out: BTreeMap<HostId, Vec<Heard>> = BTreeMap::new();
    for (origin, prefixes) in origins.iter().filter(|(h, _)| speakers.contains(*h)) {
        let mut seen = BTreeSet::from([origin]);
        let mut todo = vec![origin];
        while let Some(at) = todo.pop() {
            let heard = out.entry(at.clone()).or_default();
            heard.extend(prefixes.iter().map(|p| (p.prefix, origin.clone(), p.clone())));
            if at != origin && borders.contains(at) {
                continue;
            }
            for next in adjacent.get(at).into_iter().flatten() {
                if seen.insert(next) {
                    todo.push(next);
                }
            }
        }
    }
    for heard in out.values_mut() {
        heard.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        heard.dedup_by(|a, b| a.0 == b.0);
    }
    out
}
