//! An exception whose end has come.

use crate::codes;
use crate::date::Date;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let Some(today) = facts.today else { return };
    for exception in facts.fleet.policies.values().flat_map(|p| &p.exceptions) {
        if Date::parse(&exception.until).is_some_and(|until| until < today) {
            out.push(
                Diagnostic::error(
                    codes::EXCEPTION_EXPIRED,
                    &exception.until.place,
                    format!(
                        "the exception from `{}` ended on {}",
                        exception.rule.value, exception.until.value
                    ),
                )
                .help("correct what it set aside, or write a later day and why"),
            );
        }
    }
}
