//! An exception for no written reason.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for exception in facts.fleet.policies.values().flat_map(|p| &p.exceptions) {
        if exception.reason.trim().is_empty() {
            out.push(
                Diagnostic::error(
                    codes::EXCEPTION_REASON,
                    &exception.reason.place,
                    format!("the exception from `{}` has no reason", exception.rule.value),
                )
                .help("write why, for whoever reads it when it ends"),
            );
        }
    }
}
