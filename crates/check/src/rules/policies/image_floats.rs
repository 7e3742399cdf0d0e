//! An image without a digest or version: what runs would depend on the day.

use crate::codes;
use crate::facts::{Facts, Kind};
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for svc in &facts.services {
        let Some(image) = &svc.service.image else { continue };
        if image.contains("@sha256:") {
            continue;
        }
        let last = image.rsplit('/').next().unwrap_or_default();
        let floats = last.split_once(':').is_none_or(|(_, tag)| tag == "latest");
        if floats {
            out.about(
                Kind::Service,
                svc.name,
                Diagnostic::error(
                    codes::IMAGE_FLOATS,
                    &image.place,
                    format!("image `{}` of `{}` has neither digest nor version", image.value, svc.name),
                )
                .help("write `@sha256:…`, or at least a version after `:`"),
            );
        }
    }
}
