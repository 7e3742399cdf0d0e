//! An `allow` that makes zones pointless.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;
use model::Sp;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let any = |names: &[Sp<String>]| names.iter().any(|n| n.as_str() == "any");
    let outside = |names: &[Sp<String>]| names.iter().any(|n| n.as_str() == "internet");
    for allow in facts.fleet.policies.values().flat_map(|p| &p.allow) {
        let message = if any(&allow.from) && any(&allow.to) && any(&allow.ports) {
            "this allows everything to everyone: zones have no meaning any more"
        } else if outside(&allow.from) && any(&allow.ports) {
            "this lets the internet in on every port"
        } else {
            continue;
        };
        out.push(
            Diagnostic::warning(codes::ALLOWS_EVERYTHING, &allow.place, message)
                .help("name zones and ports; `needs` and `expose` open what they need by themselves"),
        );
    }
}
