//! An exposure on the internet that does not say who signs in.

use crate::codes;
use crate::facts::{Facts, Way};
use crate::rule::Findings;
use diag::Diagnostic;
use model::Audience;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for exposed in facts.exposures.iter().filter(|e| e.audience == Audience::Internet && e.auth.is_none()) {
        let title = exposed.title(facts);
        let (why, help) = match exposed.way {
            Way::Direct => (
                "the gate cannot ask there, because it is not HTTP",
                "write `auth: own` if the service asks itself, or `auth: none` and `public: yes`",
            ),
            Way::Ingress(_) | Way::NoIngress => (
                "the fleet has no gate that would ask",
                "write `auth:` here, or `auth: {gate: SERVICE}` in fleet.yaml",
            ),
        };
        out.push(
            Diagnostic::error(
                codes::AUTH_MISSING,
                exposed.place(),
                format!("{title} is on the internet and says nothing about sign-in; {why}"),
            )
            .help(help),
        );
    }
}
