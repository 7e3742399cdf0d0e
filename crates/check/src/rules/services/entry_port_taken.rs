//! One port of a public address for two exposures.

use crate::codes;
use crate::facts::{Exposed, Facts, Way};
use crate::rule::Findings;
use diag::Diagnostic;
use model::{Audience, HostId, PortChoice, PortSpec, Proto};
use std::collections::BTreeMap;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let edges = facts.edges();
    let direct = |e: &&Exposed<'_>| e.way == Way::Direct && e.audience == Audience::Internet;
    if !facts.exposures.iter().any(|e| direct(&e)) {
        return;
    }
    let mut taken: BTreeMap<(&HostId, PortSpec), &Exposed<'_>> = BTreeMap::new();
    // Names take 443 and 80 at their entries (redirect and ACME).
    let by_name = |e: &&Exposed<'_>| matches!(e.way, Way::Ingress(_)) && e.audience == Audience::Internet;
    if let Some(exposed) = facts.exposures.iter().find(by_name) {
        for entry in facts.entries_of(exposed, &edges) {
            for port in [443, 80] {
                taken.insert((entry.host, PortSpec { proto: Proto::Tcp, port }), exposed);
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
                Some(other) => {
                    out.push(
                        Diagnostic::error(
                            codes::ENTRY_PORT_TAKEN,
                            exposed.place(),
                            format!("{port} of `{host}` leads to {} already", other.title(facts)),
                        )
                        .label(other.place(), "first used here")
                        .help("give one of them another port, or another `entry`"),
                    );
                    break;
                }
                None => {
                    taken.insert((host, port), exposed);
                }
            }
        }
    }
}

fn port(facts: &Facts<'_>, exposed: &Exposed<'_>) -> Option<PortSpec> {
    let svc = facts.services.get(exposed.service)?;
    let name = exposed.expose.port.as_ref().map(|p| p.as_str()).or(svc.main_port())?;
    match svc.ports().get(name)?.0 {
        PortChoice::Fixed(port) => Some(*port),
        PortChoice::Dynamic => None,
    }
}
