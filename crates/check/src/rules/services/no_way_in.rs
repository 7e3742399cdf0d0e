//! An exposure on the internet that no packet from there can come to.

use crate::codes;
use crate::facts::{Exposed, Facts, Flood, Way, uplink_kind};
use crate::rule::Findings;
use diag::Diagnostic;
use model::{Audience, Carries, HostId, Provides, UplinkKind};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    if facts.exposures.iter().all(|e| e.audience != Audience::Internet) {
        return;
    }
    let edges = facts.edges();
    let by_host = facts.tunnels_by_host();
    let announced = facts.announced();
    let connector = facts.services.iter().any(|s| s.provides(Provides::Connector));
    // Exposures with the same entries share one search.
    let mut floods: BTreeMap<Vec<&HostId>, Flood<'_>> = BTreeMap::new();
    for exposed in facts.exposures.iter().filter(|e| e.audience == Audience::Internet) {
        let targets = exposed.targets(facts);
        let by_name = matches!(exposed.way, Way::Ingress(_));
        if targets.is_empty() || (by_name && connector) || announced_to(facts, exposed, &announced) {
            continue;
        }
        let mut from: Vec<&HostId> = facts.entries_of(exposed, &edges).iter().map(|e| e.host).collect();
        from.sort_unstable();
        from.dedup();
        // Entries without a public address are another rule's finding.
        if from.is_empty() && !edges.is_empty() {
            continue;
        }
        let flood = floods.entry(from).or_insert_with_key(|from| facts.flood(from, &by_host));
        if !targets.iter().any(|t| flood.contains_key(t)) {
            out.push(describe(facts, exposed, &targets, edges.is_empty(), flood));
        }
    }
}

/// True when clients come by a prefix the fleet announces: what takes the requests has an address of it.
fn announced_to(
    facts: &Facts<'_>,
    exposed: &Exposed<'_>,
    announced: &[(ipnet::IpNet, BTreeSet<&HostId>)],
) -> bool {
    let Way::Ingress(ingresses) = &exposed.way else { return false };
    ingresses.iter().filter_map(|i| facts.services.get(*i)).any(|svc| {
        let mut addresses = svc.service.ingress.iter().flat_map(|i| &i.address);
        addresses.any(|a| announced.iter().any(|(p, at)| p.contains(&a.value) && !at.is_disjoint(&svc.hosts)))
    })
}

fn describe<'a>(
    facts: &Facts<'a>,
    exposed: &Exposed<'a>,
    targets: &BTreeSet<&'a HostId>,
    no_edges: bool,
    flood: &Flood<'a>,
) -> Diagnostic {
    let error = |message| Diagnostic::error(codes::NO_WAY_IN, exposed.place(), message);
    let title = exposed.title(facts);
    if no_edges {
        return error(format!(
            "{title} cannot be reached from the internet: no site or host has a public address"
        ))
        .help("write a public `uplink`, `to: lan`, or `to: fleet`");
    }
    let Some(target) = targets.first() else { return error(format!("{title} cannot be reached")) };
    let host = facts.fleet.hosts.get(*target);
    let site = host.and_then(|h| facts.site_of(h));
    let behind = site.and_then(|(id, site)| {
        let kind = site.uplink.iter().flat_map(|u| u.0.values()).map(uplink_kind).next();
        let why = match kind {
            Some(UplinkKind::Cgnat) => "behind the provider's NAT",
            Some(UplinkKind::DoubleNat) => "behind two NATs",
            Some(UplinkKind::None) | None => "without an uplink",
            Some(UplinkKind::Public) => return None,
        };
        Some(format!(" at site `{id}`, {why}"))
    });
    let mut diagnostic = error(format!(
        "{title} cannot be reached from the internet: `{target}` is{}, and no tunnel leads there from a public address",
        behind.unwrap_or_else(|| " not behind any of its entries".to_owned())
    ));
    // The tunnel that would lead there, if it carried exposures.
    let router = site.and_then(|(_, s)| s.router.as_ref()).map(|r| &r.value);
    for tunnel in facts.tunnels.iter().filter(|t| !t.carries(Carries::Exposures)) {
        let ends = tunnel.hosts();
        let here = ends.iter().any(|e| e == target || Some(*e) == router);
        if here && ends.iter().any(|e| flood.contains_key(e)) {
            let place = tunnel.tunnel.carries.first().map_or(&tunnel.tunnel.place, |c| &c.place);
            diagnostic =
                diagnostic.label(place, format!("tunnel `{}` does not carry `exposures`", tunnel.id));
        }
    }
    if let Some((id, site)) = site {
        diagnostic = diagnostic.label(&site.place, format!("site `{id}`"));
    }
    let edge = flood.iter().find(|(_, hop)| hop.is_none()).map(|(host, _)| *host);
    match edge {
        Some(edge) => diagnostic.help(format!(
            "join `{}` and `{edge}` by a tunnel that carries exposures",
            router.unwrap_or(target)
        )),
        None => diagnostic.help("write an `entry` with a public address"),
    }
}
