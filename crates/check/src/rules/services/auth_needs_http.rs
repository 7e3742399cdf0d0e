//! Sign-in that only a proxy can ask for, on a port that is not HTTP.

use crate::codes;
use crate::facts::{Facts, Way};
use crate::rule::Findings;
use diag::Diagnostic;
use model::Auth;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for exposed in facts.exposures.iter().filter(|e| e.way == Way::Direct) {
        let Some(auth) = &exposed.expose.auth else { continue };
        let word = match auth.value {
            Auth::Own | Auth::None => continue,
            Auth::Sso => "sso",
            Auth::OneFactor => "one-factor",
            Auth::TwoFactor => "two-factor",
            Auth::Basic(_) => "basic",
        };
        let why = if exposed.expose.host.is_none() {
            "clients reach the port itself, without a name that a proxy would take requests for"
        } else {
            "its port does not speak HTTP"
        };
        out.push(
            Diagnostic::error(
                codes::AUTH_NEEDS_HTTP,
                &auth.place,
                format!("nobody can ask for `{word}` at {}: {why}", exposed.title(facts)),
            )
            .help("write `auth: own` if the service asks itself, or give it a `host`"),
        );
    }
}
