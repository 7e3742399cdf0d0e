//! A service that others find, but nobody asks whether it is well.

use crate::codes;
use crate::facts::{Facts, Kind};
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for svc in &facts.services {
        let Some(module) = svc.module else { continue };
        if svc.service.health.is_none() && module.health.is_none() && !svc.ports().is_empty() {
            out.about(
                Kind::Service,
                svc.name,
                Diagnostic::error(
                    codes::HEALTH_MISSING,
                    &svc.service.place,
                    format!("service `{}` has no health check", svc.name),
                )
                .help("write `health: {http: /health}`, or an exception with an end"),
            );
        }
    }
}
