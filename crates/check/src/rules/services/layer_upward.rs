//! A service that needs one of a layer above its own.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for svc in &facts.services {
        let Some((layer, place)) = svc.layer else { continue };
        for need in &svc.service.needs {
            let Some(other) = facts.service(need.service.as_str()) else { continue };
            let Some((above, above_place)) = other.layer else { continue };
            if above > layer {
                out.push(
                    Diagnostic::error(
                        codes::LAYER_UPWARD,
                        &need.service.place,
                        format!(
                            "`{}` is of layer {} and cannot need `{}` of layer {} above it",
                            svc.name,
                            layer.word(),
                            other.name,
                            above.word()
                        ),
                    )
                    .label(place, format!("`{}` is of layer {}", svc.name, layer.word()))
                    .label(above_place, format!("`{}` is of layer {}", other.name, above.word()))
                    .help("write `layer:` in one of them, or turn the need round"),
                );
            }
        }
    }
}
