//! A fixed port without a reason, in a fleet that discovers ports.

use crate::codes;
use crate::facts::{Facts, Kind};
use crate::rule::Findings;
use diag::Diagnostic;
use model::PortChoice;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for svc in &facts.services {
        for (name, (port, place, _)) in svc.ports() {
            let PortChoice::Fixed(port) = port else { continue };
            // The default of a built-in module gives way to `dynamic`; what counts is what the fleet writes,
            // and the numbers that belong to a protocol for everyone on the host (below 1024).
            let written = place.is_source();
            let reason = svc.service.ports.get(name).and_then(|p| p.reason.as_ref());
            let of_module = svc.module.and_then(|m| m.ports.get(name)).and_then(|p| p.port.reason.as_ref());
            if reason.or(of_module).is_some() || !(written || port.port < 1024) {
                continue;
            }
            let place = if written { place } else { &svc.service.module.place };
            out.about(
                Kind::Service,
                svc.name,
                Diagnostic::error(
                    codes::STATIC_PORT,
                    place,
                    format!("port `{name}` of `{}` is {port} for no written reason", svc.name),
                )
                .help("write `dynamic`, a `reason` beside the port, or an exception with an end"),
            );
        }
    }
}
