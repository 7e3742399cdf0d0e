//! An exception that set nothing aside.

use crate::codes;
use crate::facts::{Facts, Kind};
use crate::rule::{Class, Findings};
use crate::table::RULES;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for exception in facts.fleet.policies.values().flat_map(|p| &p.exceptions) {
        let known = RULES.iter().any(|r| r.name == exception.rule.as_str() && r.class != Class::Fault);
        let there = exception
            .of
            .split_once('/')
            .and_then(|(kind, name)| Kind::of_prefix(kind).map(|kind| facts.has(kind, name)));
        if known && there == Some(true) && !out.used.contains(&exception.place) {
            out.push(
                Diagnostic::warning(
                    codes::EXCEPTION_UNUSED,
                    &exception.place,
                    format!(
                        "`{}` does not break rule `{}`: nothing to set aside",
                        exception.of.value, exception.rule.value
                    ),
                )
                .help("remove the exception"),
            );
        }
    }
}
