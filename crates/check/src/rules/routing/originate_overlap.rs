//! Two originated prefixes with addresses in common.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let Some(bgp) = &facts.fleet.bgp else { return };
    let mut sorted: Vec<_> = bgp.originate.iter().collect();
    sorted.sort_by_key(|(name, o)| (o.prefix.network(), o.prefix.prefix_len(), *name));
    for pair in sorted.windows(2) {
        let [(a, first), (b, second)] = pair else { continue };
        if first.prefix.contains(&second.prefix.value) {
            let how = if first.prefix.value == second.prefix.value { "is also" } else { "lies inside" };
            out.push(
                Diagnostic::error(
                    codes::ORIGINATE_OVERLAP,
                    &second.prefix.place,
                    format!("{} of `{b}` {how} {} of `{a}`", second.prefix.value, first.prefix.value),
                )
                .label(&first.prefix.place, "first originated here")
                .help("for a part that leads elsewhere write `announce` or `shares` in the whole"),
            );
        }
    }
}
