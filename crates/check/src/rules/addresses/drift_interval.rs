//! An interval of the drift watch that is of no use.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;
use model::Seconds;

/// One look reads every owned file: more often, a host would do little else.
const LEAST: Seconds = Seconds::of(60);
/// Past a month nobody would call it watched.
const MOST: Seconds = Seconds::of(30 * 86_400);

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for drift in facts.fleet.hosts.values().filter_map(|h| h.drift.as_ref()) {
        let watch = &drift.watch;
        if (LEAST..=MOST).contains(&watch.value) {
            continue;
        }
        let message = if watch.value < LEAST {
            format!("every {} is too often to look for drift", watch.value)
        } else {
            format!("every {} is too seldom to look for drift", watch.value)
        };
        out.push(
            Diagnostic::error(codes::DRIFT_INTERVAL, &watch.place, message)
                .help("1m to 30d, e.g. 1h; leave `drift` out for a host that does not look by itself"),
        );
    }
}
