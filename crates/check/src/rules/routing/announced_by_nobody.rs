//! A prefix that leads to no host, or to hosts that nobody outside could be told of.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;
use model::{Carries, HostId};
use std::collections::BTreeSet;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let Some(bgp) = &facts.fleet.bgp else { return };
    let told = told(facts);
    for (name, originate) in &bgp.originate {
        let at: BTreeSet<&HostId> = originate.at.names.iter().flat_map(|n| facts.hosts_named(n)).collect();
        let error = |message: String| {
            Diagnostic::error(codes::ANNOUNCED_BY_NOBODY, &originate.at.place, message)
                .label(&originate.prefix.place, "the prefix")
        };
        if at.is_empty() {
            let known =
                originate.at.names.iter().all(|n| {
                    facts.has(crate::facts::Kind::Group, n) || facts.has(crate::facts::Kind::Host, n)
                });
            // Names that refer to nothing are reported as such.
            if known {
                out.push(error(format!("`{name}` is originated, but leads to no host")));
            }
        } else if let Some(alone) = at.iter().find(|h| !told.contains(*h)) {
            out.push(
                error(format!("`{name}` leads to `{alone}`, which no border router hears of"))
                    .help("give it a neighbour outside, or a tunnel to a border router that carries `bgp`"),
            );
        }
    }
}

/// Hosts with sessions to the outside, and all that are joined to them by tunnels that carry BGP.
fn told<'a>(facts: &Facts<'a>) -> BTreeSet<&'a HostId> {
    let border =
        facts.fleet.hosts.iter().filter(|(_, h)| h.bgp.as_ref().is_some_and(|b| !b.neighbours.is_empty()));
    let mut told: BTreeSet<&HostId> = border.map(|(id, _)| id).collect();
    let mut open: Vec<&HostId> = told.iter().copied().collect();
    let by_host = facts.tunnels_by_host();
    while let Some(host) = open.pop() {
        let tunnels = by_host.get(host).into_iter().flatten().filter_map(|t| facts.tunnels.get(*t));
        for next in tunnels.filter(|t| t.carries(Carries::Bgp)).flat_map(|t| t.peers(host)) {
            if told.insert(next) {
                open.push(next);
            }
        }
    }
    told
}
