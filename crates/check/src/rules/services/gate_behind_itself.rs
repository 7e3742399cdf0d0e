//! The gate, the directory or the issuer of tokens behind the gate: nobody could ever sign in.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;
use model::Auth;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let Some(gate) = facts.fleet.auth.as_ref().and_then(|a| a.gate.as_ref()) else { return };
    for exposed in &facts.exposures {
        let Some(svc) = facts.services.get(exposed.service) else { continue };
        let asks = matches!(exposed.auth, Some(Auth::Sso | Auth::OneFactor | Auth::TwoFactor));
        if svc.name == gate.as_str() && asks {
            let place = exposed.expose.auth.as_ref().map_or(exposed.place(), |a| &a.place);
            out.push(
                Diagnostic::error(
                    codes::GATE_BEHIND_ITSELF,
                    place,
                    format!(
                        "`{}` is the gate: people would have to sign in before they can sign in",
                        svc.name
                    ),
                )
                .label(&gate.place, "the gate")
                .help("write `auth: own`"),
            );
        }
    }
}
