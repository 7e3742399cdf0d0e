//! A service that is to run in a way its module cannot.

use crate::codes;
use crate::facts::{Facts, variants};
use crate::rule::Findings;
use diag::Diagnostic;
use model::Variant;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for svc in &facts.services {
        let (Some(variant), Some(module)) = (&svc.service.variant, svc.module) else { continue };
        let known = variants(&module.variants);
        // A system container holds the native variant, a job the container.
        let fits = match variant.value {
            Variant::Native | Variant::Container => known.contains(&variant.value),
            Variant::Incus => known.contains(&Variant::Incus) || known.contains(&Variant::Native),
            Variant::Nomad => known.contains(&Variant::Nomad) || known.contains(&Variant::Container),
        };
        if !fits && !known.is_empty() {
            let words: Vec<&str> = known.iter().map(|v| v.word()).collect();
            out.push(
                Diagnostic::error(
                    codes::UNKNOWN_VARIANT,
                    &variant.place,
                    format!("module `{}` cannot run as `{}`", svc.service.module.value, variant.word()),
                )
                .label(&svc.service.module.place, "the module")
                .help(format!("it runs as {}", words.join(", "))),
            );
        }
    }
}
