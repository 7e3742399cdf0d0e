//! A service of no layer, in a fleet whose layers order start-up.

use crate::codes;
use crate::facts::{Facts, Kind};
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for svc in facts.services.iter().filter(|s| s.module.is_some() && s.layer.is_none()) {
        out.about(
            Kind::Service,
            svc.name,
            Diagnostic::error(
                codes::LAYER_MISSING,
                &svc.service.place,
                format!("service `{}` is of no layer", svc.name),
            )
            .help("write `layer: core`, `platform` or `application`"),
        );
    }
}
