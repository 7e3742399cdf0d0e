//! No sign-in on the internet, without the word that allows it.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;
use model::{Audience, Auth};

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for exposed in facts.exposures.iter().filter(|e| e.audience == Audience::Internet) {
        let public = exposed.expose.public.as_ref();
        if exposed.auth == Some(Auth::None) && !public.is_some_and(|p| p.value) {
            let place = exposed.expose.auth.as_ref().map_or(exposed.place(), |a| &a.place);
            out.push(
                Diagnostic::error(
                    codes::PUBLIC_WORD,
                    place,
                    format!("anyone on the internet could use {}", exposed.title(facts)),
                )
                .help("if that is meant, write `public: yes` beside it"),
            );
        }
    }
}
