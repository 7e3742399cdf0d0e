//! A gate whose page people outside cannot reach, though exposures there send them to it.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;
use model::{Audience, Auth};

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let Some(gate) = facts.fleet.auth.as_ref().and_then(|a| a.gate.as_ref()) else { return };
    let Some(svc) = facts.service(gate.as_str()) else { return };
    let named = |to: Audience| {
        let mut exposures = svc.service.expose.iter().filter(|e| e.host.is_some());
        exposures.any(|e| e.to.as_ref().map_or(Audience::Internet, |t| t.value) == to)
    };
    let by_gate = |auth: &Auth| matches!(auth, Auth::Sso | Auth::OneFactor | Auth::TwoFactor);
    let asks = facts.exposures.iter().find(|e| {
        let paths = e.expose.paths.values().filter_map(|p| p.auth.as_ref());
        let asked = e.auth.as_ref().is_some_and(by_gate) || paths.map(|a| &a.value).any(by_gate);
        let own = facts.services.get(e.service).is_some_and(|s| s.name == svc.name);
        // Who can reach a name from the internet must reach the gate from there too.
        asked
            && !own
            && !named(Audience::Internet)
            && (e.audience == Audience::Internet || !named(e.audience))
    });
    if let Some(exposed) = asks {
        out.push(
            Diagnostic::error(
                codes::GATE_NOT_EXPOSED,
                &gate.place,
                format!(
                    "people at {} are sent to `{}` to sign in, and cannot reach it",
                    exposed.title(facts),
                    svc.name
                ),
            )
            .label(exposed.place(), "the exposure")
            .label(&svc.service.place, "the gate")
            .help("write `expose: {host: …, auth: own}` in the gate's service"),
        );
    }
}
