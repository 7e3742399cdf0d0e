//! An end that is no day.

use crate::codes;
use crate::date::Date;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for exception in facts.fleet.policies.values().flat_map(|p| &p.exceptions) {
        if Date::parse(&exception.until).is_none() {
            out.push(
                Diagnostic::error(
                    codes::BAD_DATE,
                    &exception.until.place,
                    format!("`{}` is no day", exception.until.value),
                )
                .help("year-month-day, for example 2027-06-30"),
            );
        }
    }
}
