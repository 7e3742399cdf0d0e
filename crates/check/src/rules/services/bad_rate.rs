//! A rate of requests that is none.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for exposed in &facts.exposures {
        let Some(rate) = exposed.expose.limits.as_ref().and_then(|l| l.requests.as_ref()) else { continue };
        let parts = rate.split_once('/');
        let good = parts.is_some_and(|(number, unit)| {
            number.parse::<u32>().is_ok_and(|n| n > 0) && ["s", "m", "h"].contains(&unit)
        });
        if !good {
            out.push(
                Diagnostic::error(
                    codes::BAD_RATE,
                    &rate.place,
                    format!("`{}` is no rate of requests", rate.value),
                )
                .help("a number of at least 1, and s, m or h: `10/s`"),
            );
        }
    }
}
