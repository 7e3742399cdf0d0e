//! Two ends of a tunnel that cannot open a connection to each other.

use crate::codes;
use crate::facts::{Facts, Joined};
use crate::rule::Findings;
use diag::Diagnostic;
use model::HostId;
use std::collections::BTreeMap;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let mut reach = BTreeMap::new();
    for ends in &facts.tunnels {
        for host in ends.hosts() {
            reach.entry(host).or_insert_with(|| (facts.can_be_reached(host), facts.can_reach_out(host)));
        }
    }
    let apart = |a: &HostId, b: &HostId| {
        let get = |h: &HostId| reach.get(h).copied().unwrap_or((true, true));
        let ((a_in, a_out), (b_in, b_out)) = (get(a), get(b));
        let meet = a_in && b_out || b_in && a_out;
        !meet && !neighbours(facts, a, b)
    };
    for ends in &facts.tunnels {
        let pair = match &ends.joined {
            Joined::Pair(a, b) => apart(a, b).then_some((*a, *b)),
            Joined::Hub(hub, spokes) => spokes.iter().find(|s| apart(hub, s)).map(|s| (*hub, *s)),
            Joined::Mesh(hosts) => {
                // Two that can be reached and reach out always meet; most hosts of most meshes can.
                let limited: Vec<&HostId> = hosts
                    .iter()
                    .copied()
                    .filter(|h| reach.get(h).is_some_and(|(inward, outward)| !(*inward && *outward)))
                    .collect();
                limited.iter().find_map(|a| hosts.iter().find(|b| *b != a && apart(a, b)).map(|b| (*a, *b)))
            }
            Joined::Unclear => None,
        };
        if let Some((a, b)) = pair {
            let place = ends.tunnel.between.first().map_or(&ends.tunnel.place, |e| &e.place);
            let mut diagnostic = Diagnostic::error(
                codes::UNREACHABLE_ENDS,
                place,
                format!(
                    "tunnel `{}` can never come up: neither `{a}` nor `{b}` can be reached by the other",
                    ends.id
                ),
            );
            for host in [a, b] {
                let site = facts.fleet.hosts.get(host).and_then(|h| facts.site_of(h));
                if let Some((id, site)) = site {
                    diagnostic = diagnostic.label(&site.place, format!("`{host}` is at site `{id}`"));
                }
            }
            out.push(
                diagnostic.help("one end needs a public address; join both to a third host that has one"),
            );
        }
    }
}

/// True when they are at one site or on one network.
fn neighbours(facts: &Facts<'_>, a: &HostId, b: &HostId) -> bool {
    let (Some(a), Some(b)) = (facts.fleet.hosts.get(a), facts.fleet.hosts.get(b)) else { return false };
    let lan = |h: &model::Host| facts.site_of(h).is_some_and(|(_, site)| site.lan.is_some());
    let at_one_site = matches!((&a.site, &b.site), (Some(a), Some(b)) if a.value == b.value) && lan(a);
    let network = |i: &model::Interface| i.network.as_ref().map(|n| n.value.clone());
    at_one_site
        || a.interfaces
            .values()
            .filter_map(network)
            .any(|n| b.interfaces.values().filter_map(network).any(|m| m == n))
}
