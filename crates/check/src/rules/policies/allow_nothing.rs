//! An `allow` that can never match.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for allow in facts.fleet.policies.values().flat_map(|p| &p.allow) {
        let sides =
            [("from", allow.from.is_empty()), ("to", allow.to.is_empty()), ("ports", allow.ports.is_empty())];
        for (key, empty) in sides {
            if empty {
                out.push(
                    Diagnostic::error(
                        codes::ALLOW_NOTHING,
                        &allow.place,
                        format!("this allows nothing: `{key}` is missing"),
                    )
                    .help(format!("write `{key}:`; `any` stands for all")),
                );
            }
        }
    }
}
