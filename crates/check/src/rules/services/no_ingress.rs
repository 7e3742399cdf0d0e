//! An exposure by name, with nothing that takes requests for it.

use crate::codes;
use crate::facts::{Facts, Way};
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for exposed in facts.exposures.iter().filter(|e| e.way == Way::NoIngress) {
        out.push(
            Diagnostic::error(
                codes::NO_INGRESS,
                exposed.place(),
                format!("nothing takes requests for {}: the fleet has no ingress", exposed.title(facts)),
            )
            .help("add a service of a module that provides `ingress`, for example `module: caddy`"),
        );
    }
}
