//! Our own or a neighbour's AS number among those that must never be in a path.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let Some(bgp) = &facts.fleet.bgp else { return };
    for never in &bgp.never {
        let neighbours =
            facts.fleet.hosts.values().filter_map(|h| h.bgp.as_ref()).flat_map(|b| &b.neighbours);
        if let Some((name, neighbour)) = neighbours.into_iter().find(|(_, n)| n.asn.value == never.value) {
            out.push(
                Diagnostic::error(
                    codes::NEVER_OWN,
                    &never.place,
                    format!(
                        "everything from neighbour `{name}` would be refused: AS{} is its own",
                        never.value
                    ),
                )
                .label(&neighbour.asn.place, "the neighbour"),
            );
        } else if never.value == bgp.asn.value {
            let message = format!("AS{} is our own: BGP refuses paths with it by itself", never.value);
            out.push(
                Diagnostic::error(codes::NEVER_OWN, &never.place, message).label(&bgp.asn.place, "ours"),
            );
        }
    }
}
