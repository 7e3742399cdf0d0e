//! A path that asks for less than the rest of its name, without the word that allows it.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;
use model::{Auth, Factor};

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let two = facts
        .fleet
        .auth
        .as_ref()
        .and_then(|a| a.default.as_ref())
        .is_some_and(|d| d.value == Factor::TwoFactor);
    for exposed in &facts.exposures {
        let Some(whole) = &exposed.auth else { continue };
        for (path, rule) in &exposed.expose.paths {
            let Some(auth) = &rule.auth else { continue };
            let weaker = strength(auth, two) < strength(whole, two);
            if !weaker || rule.public.as_ref().is_some_and(|p| p.value) {
                continue;
            }
            let mut diagnostic = Diagnostic::error(
                codes::PATH_WEAKENS,
                &auth.place,
                format!("`{}` of {} asks for less than the rest of it", path.0, exposed.title(facts)),
            );
            if let Some(whole) = &exposed.expose.auth {
                diagnostic = diagnostic.label(&whole.place, "the rest");
            }
            out.push(diagnostic.help("if that is meant, write `public: yes` beside it"));
        }
    }
}

/// Who asks, and how much: nobody, the service itself, a password, the gate, the gate twice.
fn strength(auth: &Auth, two: bool) -> u8 {
    match auth {
        Auth::None => 0,
        Auth::Own => 1,
        Auth::Basic(_) => 2,
        Auth::Sso if two => 4,
        Auth::Sso | Auth::OneFactor => 3,
        Auth::TwoFactor => 4,
    }
}
