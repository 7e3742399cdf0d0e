//! One fixed port for two services on one host.

use crate::codes;
use crate::facts::{Facts, Svc};
use crate::rule::Findings;
use diag::{Diagnostic, Place};
use model::{HostId, PortChoice, PortSpec};
use std::collections::BTreeMap;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let mut taken: BTreeMap<(&HostId, PortSpec), (&Svc<'_>, &str, &Place)> = BTreeMap::new();
    for svc in facts.services.iter().filter(|s| s.certain && !s.is_apart()) {
        for (name, (port, place, _)) in svc.ports() {
            let PortChoice::Fixed(port) = port else { continue };
            // A built-in module's port has no place in the fleet's text: the service brings it.
            let place = if place.is_source() { place } else { &svc.service.module.place };
            for host in &svc.hosts {
                let Some((other, other_name, first)) = taken.get(&(*host, *port)) else {
                    taken.insert((*host, *port), (svc, name, place));
                    continue;
                };
                if apart(svc, other) {
                    continue;
                }
                let whose = if other.name == svc.name {
                    format!("its own port `{other_name}`")
                } else {
                    format!("port `{other_name}` of `{}`", other.name)
                };
                out.push(
                    Diagnostic::error(
                        codes::PORT_TAKEN,
                        place,
                        format!("port `{name}` of `{}` is {port} on host `{host}`, as is {whose}", svc.name),
                    )
                    .label(first, "first used here")
                    .help(format!("write another in `ports: {{{name}: …}}`, or `dynamic`")),
                );
                // One host is enough to say so.
                break;
            }
        }
    }
}

/// True when both listen on one address each, and not on the same.
fn apart(a: &Svc<'_>, b: &Svc<'_>) -> bool {
    match (&a.service.listen, &b.service.listen) {
        (Some(a), Some(b)) => a.value != b.value && !a.is_unspecified() && !b.is_unspecified(),
        _ => false,
    }
}
