//! Sign-in by a gate that the fleet does not have.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;
use model::{Auth, Sp};

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    if facts.fleet.auth.as_ref().is_some_and(|a| a.gate.is_some()) {
        return;
    }
    for exposed in &facts.exposures {
        let paths = exposed.expose.paths.values().filter_map(|p| p.auth.as_ref());
        for auth in exposed.expose.auth.iter().chain(paths).filter(|a| by_gate(a)) {
            out.push(
                Diagnostic::error(
                    codes::NO_GATE,
                    &auth.place,
                    format!(
                        "nothing asks people to sign in to {}: the fleet has no gate",
                        exposed.title(facts)
                    ),
                )
                .help("write `auth: {gate: SERVICE}` in fleet.yaml"),
            );
        }
    }
}

fn by_gate(auth: &Sp<Auth>) -> bool {
    matches!(auth.value, Auth::Sso | Auth::OneFactor | Auth::TwoFactor)
}
