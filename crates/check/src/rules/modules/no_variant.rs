//! A module that says no way it runs.

use crate::codes;
use crate::facts::{Facts, variants};
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for (id, module) in facts.fleet.modules.iter().filter(|(_, m)| m.place.is_source()) {
        let v = &module.variants;
        let place = if v.place.is_source() { &v.place } else { &module.place };
        let error = |message| Diagnostic::error(codes::NO_VARIANT, place, message);
        if variants(v).is_empty() {
            out.push(
                error(format!("module `{id}` does not say how it runs"))
                    .help("write `native`, `container`, `incus` or `nomad` under `variants`"),
            );
        } else if v.incus.is_some() && v.native.is_none() {
            out.push(error(format!(
                "the system container of module `{id}` would be empty: it has no `native` variant"
            )));
        } else if v.nomad.is_some() && v.container.is_none() {
            out.push(error(format!(
                "the job of module `{id}` would be empty: it has no `container` variant"
            )));
        }
    }
}
