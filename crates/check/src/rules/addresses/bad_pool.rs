//! A pool the tool could not allocate from.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let Some(pools) = &facts.fleet.pools else { return };
    let error = |place, message: String| Diagnostic::error(codes::BAD_POOL, place, message);
    match &pools.ports[..] {
        [] => {}
        [from, to] if from.value > 0 && from.value <= to.value => {}
        [from, to] => out.push(
            error(&from.place, format!("{} to {} is no range of ports", from.value, to.value))
                .help("the first port comes first, and is at least 1"),
        ),
        [one, ..] => out.push(
            error(&one.place, "a range of ports has two numbers: the first and the last".to_owned())
                .help("for example `ports: [20000, 32000]`"),
        ),
    }
    let mut segments: Vec<_> = facts.segments.iter().map(|s| (s.prefix, s.kind, s.place)).collect();
    segments.sort_by_key(|(prefix, _, place)| (prefix.network(), *place));
    for pool in &pools.tunnels {
        for (prefix, kind, place) in &segments {
            if prefix.contains(&pool.value) {
                out.push(
                    error(&pool.place, format!("{} belongs to {kind}", pool.value))
                        .label(place, "it is given out here"),
                );
            }
        }
    }
}
