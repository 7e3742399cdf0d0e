//! A port named by `needs`, `expose`, `health` or `metrics` that its service does not have.

use crate::codes;
use crate::facts::{Facts, Svc};
use crate::rule::Findings;
use diag::{Diagnostic, Place};

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for svc in &facts.services {
        for need in &svc.service.needs {
            if let (Some(port), Some(other)) = (&need.port, facts.service(need.service.as_str())) {
                known(other, port.as_str(), &port.place, out);
            }
        }
        for port in svc.service.expose.iter().filter_map(|e| e.port.as_ref()) {
            known(svc, port.as_str(), &port.place, out);
        }
        if let Some(health) = &svc.service.health
            && let Some(port) = &health.tcp
        {
            known(svc, port.as_str(), &health.place, out);
        }
    }
}

fn known(svc: &Svc<'_>, port: &str, place: &Place, out: &mut Findings) {
    // A module that is not there is another rule's finding.
    if svc.module.is_none() {
        return;
    }
    let ports = svc.ports();
    if ports.contains_key(port) {
        return;
    }
    let names: Vec<&str> = ports.keys().copied().collect();
    let diagnostic = Diagnostic::error(
        codes::UNKNOWN_PORT,
        place,
        format!("service `{}` has no port named `{port}`", svc.name),
    );
    out.push(match diag::nearest(port, names.iter().copied()) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None if names.is_empty() => diagnostic.help("it has no ports; add it to its `ports`"),
        None => diagnostic.help(format!("its ports: {}", names.join(", "))),
    });
}
