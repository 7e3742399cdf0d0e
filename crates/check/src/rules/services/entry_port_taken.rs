//! One port of a public address for two exposures or port mappings.

use crate::codes;
use crate::facts::{Exposed, Facts, Way};
use crate::rule::Findings;
use diag::{Diagnostic, Place};
use model::{Audience, HostId, PortChoice, PortSpec, Proto};
use std::collections::BTreeMap;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let edges = facts.edges();
    let direct = |e: &&Exposed<'_>| e.way == Way::Direct && e.audience == Audience::Internet;
    let mut taken: BTreeMap<(&HostId, PortSpec), (String, &Place)> = BTreeMap::new();
    // Names take 443 and 80 at their entries (redirect and ACME).
    let by_name = |e: &&Exposed<'_>| matches!(e.way, Way::Ingress(_)) && e.audience == Audience::Internet;
    if let Some(exposed) = facts.exposures.iter().find(by_name) {
        for entry in facts.entries_of(exposed, &edges) {
            for port in [443, 80] {
                let title = (exposed.title(facts), exposed.place());
                taken.insert((entry.host, PortSpec { proto: Proto::Tcp, port }), title);
            }
        }
    }
    for (host, router) in facts.fleet.hosts.iter().filter_map(|(id, h)| Some((id, h.router.as_ref()?))) {
        for (name, mapping) in &router.forward {
            let port = mapping.port.value;
            match taken.get(&(host, port)) {
                Some((other, place)) => out.push(error(&mapping.port.place, host, port, other, place)),
                None => {
                    taken.insert((host, port), (format!("mapping `{name}`"), &mapping.port.place));
                }
            }
        }
    }
    for exposed in facts.exposures.iter().filter(direct) {
        let Some(port) = port(facts, exposed) else { continue };
        let targets = exposed.targets(facts);
        // A host with a public address of its own takes its clients itself.
        let own: Vec<&HostId> = edges.iter().map(|e| e.host).filter(|h| targets.contains(h)).collect();
        let hosts = if own.is_empty() {
            facts.entries_of(exposed, &edges).iter().map(|e| e.host).collect()
        } else {
            own
        };
        for host in hosts {
            match taken.get(&(host, port)) {
                Some((other, place)) => {
                    out.push(error(exposed.place(), host, port, other, place));
                    break;
                }
                None => {
                    taken.insert((host, port), (exposed.title(facts), exposed.place()));
                }
            }
        }
    }
}

fn error(place: &Place, host: &HostId, port: PortSpec, other: &str, first: &Place) -> Diagnostic {
    Diagnostic::error(codes::ENTRY_PORT_TAKEN, place, format!("{port} of `{host}` leads to {other} already"))
        .label(first, "first used here")
        .help("give one of them another port, or another `entry`")
}

fn port(facts: &Facts<'_>, exposed: &Exposed<'_>) -> Option<PortSpec> {
    let svc = facts.services.get(exposed.service)?;
    let name = exposed.expose.port.as_ref().map(|p| p.as_str()).or(svc.main_port())?;
    match svc.ports().get(name)?.0 {
        PortChoice::Fixed(port) => Some(*port),
        PortChoice::Dynamic => None,
    }
}
