//! An exception for a thing that does not exist.

use crate::codes;
use crate::facts::{Facts, Kind};
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for exception in facts.fleet.policies.values().flat_map(|p| &p.exceptions) {
        let text = exception.of.as_str();
        let error = |message| Diagnostic::error(codes::EXCEPTION_OF, &exception.of.place, message);
        let Some((kind, name)) = text.split_once('/').and_then(|(k, n)| Kind::of_prefix(k).map(|k| (k, n)))
        else {
            out.push(
                error(format!("`{text}` does not say what it is"))
                    .help("KIND/NAME, for example `services/powerdns`"),
            );
            continue;
        };
        if !facts.has(kind, name) {
            out.push(error(format!("no {} is named `{name}`", kind.word())).suggest(name, facts.names(kind)));
        }
    }
}
