//! An exposure that clients could come in for at several public addresses, when none is its host's own.

use crate::codes;
use crate::facts::{Facts, Way};
use crate::rule::Findings;
use diag::Diagnostic;
use model::{Audience, HostId};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let edges = facts.edges();
    if edges.len() < 2 {
        return;
    }
    let by_host = facts.tunnels_by_host();
    let hosts: BTreeSet<&HostId> = edges.iter().map(|e| e.host).collect();
    let mut doors: BTreeMap<&HostId, Vec<&HostId>> = BTreeMap::new();
    for exposed in facts.exposures.iter().filter(|e| e.audience == Audience::Internet) {
        let by_address = match &exposed.way {
            Way::Ingress(all) => all
                .iter()
                .filter_map(|i| facts.services.get(*i).and_then(|s| s.service.ingress.as_ref()))
                .any(|i| !i.address.is_empty() || !i.entry.is_empty()),
            Way::Direct | Way::NoIngress => false,
        };
        if by_address || !exposed.expose.entry.is_empty() {
            continue;
        }
        for target in exposed.targets(facts) {
            if own_way(facts, target, &hosts) {
                continue;
            }
            let doors = doors.entry(target).or_insert_with(|| {
                let leads = |h: &&HostId| facts.flood(&[*h], &by_host).contains_key(target);
                hosts.iter().copied().filter(leads).collect()
            });
            if let [_, _, ..] = doors.as_slice() {
                let names: Vec<&str> = doors.iter().map(|h| h.as_str()).collect();
                out.push(
                    Diagnostic::error(
                        codes::UNCLEAR_ENTRY,
                        exposed.place(),
                        format!(
                            "clients of {} could come in at {}; nothing says which",
                            exposed.title(facts),
                            names.join(" or ")
                        ),
                    )
                    .help("write `entry:` with one site, or with several to come in at each"),
                );
                break;
            }
        }
    }
}

/// True when the host has a public address of its own, or its router has one.
fn own_way(facts: &Facts<'_>, host: &HostId, edges: &BTreeSet<&HostId>) -> bool {
    let site = facts.fleet.hosts.get(host).and_then(|h| facts.site_of(h)).map(|(_, site)| site);
    let router = site.filter(|s| s.lan.is_some()).and_then(|s| s.router.as_ref());
    edges.contains(host) || router.is_some_and(|r| edges.contains(&r.value))
}
