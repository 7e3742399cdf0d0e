//! A container without an image, or an image that is never used.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;
use model::Variant;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for svc in &facts.services {
        let Some(module) = svc.module else { continue };
        let Some((variant, _)) = svc.variant else { continue };
        let contained = matches!(variant, Variant::Container | Variant::Nomad);
        let of_module = module.variants.container.as_ref().map(|c| c.image.as_ref());
        match &svc.service.image {
            None if contained && of_module == Some(None) => out.push(
                Diagnostic::error(
                    codes::NO_IMAGE,
                    &svc.service.module.place,
                    format!(
                        "service `{}` has no image: module `{}` leaves it to services",
                        svc.name, svc.service.module.value
                    ),
                )
                .help("write `image: REGISTRY/NAME@sha256:…`"),
            ),
            Some(image) if variant == Variant::Native => out.push(
                Diagnostic::error(
                    codes::NO_IMAGE,
                    &image.place,
                    format!("service `{}` runs from a Debian package and never uses an image", svc.name),
                )
                .help("leave `image` out, or write `variant: container`"),
            ),
            None | Some(_) => {}
        }
    }
}
