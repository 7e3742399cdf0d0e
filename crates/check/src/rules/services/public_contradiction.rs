//! `public: yes` where people sign in, or where nobody from outside comes.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;
use model::{Audience, Auth};

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for exposed in &facts.exposures {
        let Some(public) = exposed.expose.public.as_ref().filter(|p| p.value) else { continue };
        let error = |message| Diagnostic::error(codes::PUBLIC_CONTRADICTION, &public.place, message);
        if exposed.audience != Audience::Internet {
            let to = exposed.audience.word();
            let diagnostic = error(format!("{} is public, yet only for `{to}`", exposed.title(facts)));
            let diagnostic = match &exposed.expose.to {
                Some(to) => diagnostic.label(&to.place, "said here"),
                None => diagnostic,
            };
            out.push(diagnostic.help("leave one of them out"));
            continue;
        }
        if let Some(auth) = &exposed.auth
            && *auth != Auth::None
        {
            let diagnostic = error(format!("{} is public, yet people sign in there", exposed.title(facts)));
            out.push(match &exposed.expose.auth {
                Some(auth) => diagnostic
                    .label(&auth.place, "said here")
                    .help("write `auth: none`, or leave `public` out"),
                None => {
                    diagnostic.help("the gate asks by default; write `auth: none`, or leave `public` out")
                }
            });
        }
    }
}
