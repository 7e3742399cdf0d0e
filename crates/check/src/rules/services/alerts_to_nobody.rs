//! Alerts are received, and nobody is told.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;
use model::Provides;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    if facts.fleet.alerts.as_ref().is_some_and(|a| !a.receivers.is_empty()) {
        return;
    }
    if let Some(svc) = facts.services.iter().find(|s| s.provides(Provides::Alerts)) {
        out.push(
            Diagnostic::warning(
                codes::ALERTS_TO_NOBODY,
                &svc.service.place,
                format!("`{}` takes alerts, and nobody is told of them", svc.name),
            )
            .help("write `alerts: {receivers: {NAME: {webhook: …}}}` in fleet.yaml"),
        );
    }
}
