//! Exposures from inside: who may reach them from LANs and hosts, and who forwards that.

use crate::entries::{Inlet, traffic};
use crate::graph::Class;
use crate::openings::{self, Parts, nets, rule};
use crate::ways;
use crate::work::Work;
use ipnet::IpNet;
use model::{Audience, HostId};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Lets those inside reach it: LANs for `lan` and wider, hosts for `fleet`.
pub(crate) fn admit(
    work: &mut Work<'_>,
    inlet: &Inlet<'_>,
    audience: Audience,
    inside: &[IpAddr],
    translated: bool,
) {
    let sources: Vec<IpNet> = match audience {
        Audience::Internet | Audience::Lan => ways::inside_prefixes(work),
        Audience::Fleet => nets(work.hosts.values().flat_map(|h| h.addresses.iter().copied())),
    };
    // What is limited to some sources is limited for those inside as well.
    let limit = |from: Vec<IpNet>| if inlet.from.is_empty() { from } else { narrowed(&from, &inlet.from) };
    let (passing, leaves) = forwarders(work, inlet.host);
    for v4 in [true, false] {
        let to: Vec<IpNet> = nets(inside.iter().copied().filter(|ip| ip.is_ipv4() == v4));
        let from = limit(openings::family(&sources, v4));
        if to.is_empty() || from.is_empty() {
            continue;
        }
        let everyone = translated && audience == Audience::Internet && inlet.from.is_empty();
        for one in traffic(&inlet.ports) {
            let base = rule(one, &inlet.why).to(to.iter().copied());
            let open = if everyone { base.clone() } else { base.clone().from(from.iter().copied()) };
            openings::input(work, inlet.host, open);
            for router in &passing {
                let ifaces = ways::inside_ifaces(work, router);
                let through = base.clone().iif(ifaces.iter().cloned()).oif(ifaces).from(from.iter().copied());
                openings::forward(work, router, through);
            }
            for (router, oif) in &leaves {
                let lans = work.ground.get(router).map(|g| g.lans.clone()).unwrap_or_default();
                let prefixes =
                    lans.iter().filter_map(|(s, _)| work.segments.get(s)).flat_map(|s| s.prefixes.clone());
                let own: Vec<IpNet> = prefixes.filter(|p| p.addr().is_ipv4() == v4).collect();
                let own = limit(own);
                if !own.is_empty() {
                    let iif = lans.into_iter().map(|(_, i)| i);
                    let through = base.clone().iif(iif).oif([oif.clone()]).from(own);
                    openings::forward(work, router, through);
                }
            }
        }
    }
}

fn narrowed(all: &[IpNet], only: &[IpNet]) -> Vec<IpNet> {
    all.iter()
        .flat_map(|a| {
            only.iter().filter_map(move |o| {
                if a.contains(o) {
                    Some(*o)
                } else if o.contains(a) {
                    Some(*a)
                } else {
                    None
                }
            })
        })
        .collect()
}

/// Who forwards from LANs and other tunnel ends to a host: those whom the way of others passes, and routers
/// that only send their own LAN's packets on, with the interface those leave by.
fn forwarders(work: &Work<'_>, target: &HostId) -> (BTreeSet<HostId>, Vec<(HostId, String)>) {
    let mut passing: BTreeSet<HostId> = BTreeSet::new();
    let goal = if work.graph.has(target) {
        Some(target)
    } else {
        work.ground.get(target).and_then(|g| g.gateway.as_ref())
    };
    let Some(goal) = goal.cloned() else { return (passing, Vec::new()) };
    let several_lans = work.ground.get(&goal).is_some_and(|g| g.lans.len() > 1);
    let steps = work.graph.steps([&goal], Class::Lan);
    if goal != *target && (several_lans || !steps.is_empty()) {
        passing.insert(goal);
    }
    passing.extend(steps.iter().map(|s| s.to.clone()).filter(|h| h != target));
    let routers: BTreeSet<&HostId> =
        work.model.sites.values().filter_map(|s| s.router.as_ref()).map(|r| &r.value).collect();
    let leaves = steps
        .iter()
        .filter(|s| routers.contains(&s.from) && !passing.contains(&s.from))
        .map(|s| (s.from.clone(), ways::ifaces(work, s).0))
        .collect();
    (passing, leaves)
}
