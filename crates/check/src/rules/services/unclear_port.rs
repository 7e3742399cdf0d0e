//! A service with several ports, and nothing that says which is meant.

use crate::codes;
use crate::facts::{Facts, Svc};
use crate::rule::Findings;
use diag::{Diagnostic, Place};

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for svc in &facts.services {
        for need in svc.service.needs.iter().filter(|n| n.port.is_none()) {
            if let Some(other) = facts.service(need.service.as_str()) {
                unclear(other, &need.service.place, &format!("`{}`", svc.name), "needs", out);
            }
        }
        for expose in svc.service.expose.iter().filter(|e| e.port.is_none()) {
            let place = expose.host.as_ref().map_or(&expose.place, |h| &h.place);
            unclear(svc, place, "the exposure", "leads to", out);
        }
    }
}

fn unclear(svc: &Svc<'_>, place: &Place, who: &str, verb: &str, out: &mut Findings) {
    if svc.module.is_none() || svc.main_port().is_some() {
        return;
    }
    let ports = svc.ports();
    let names: Vec<&str> = ports.keys().copied().collect();
    let error = |message| Diagnostic::error(codes::UNCLEAR_PORT, place, message);
    out.push(if names.is_empty() {
        error(format!("{who} {verb} `{}`, which has no port", svc.name))
            .help(format!("write `ports:` in service `{}`", svc.name))
    } else {
        error(format!("{who} {verb} `{}`, which has several ports: {}", svc.name, names.join(", ")))
            .help(format!("write `port: {}`", names.first().copied().unwrap_or_default()))
    });
}
