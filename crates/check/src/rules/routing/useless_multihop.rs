//! `multihop` towards a neighbour on the host's own segment, or of no length.

use crate::codes;
use crate::facts::{Facts, of_interface};
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for (id, host) in &facts.fleet.hosts {
        for (name, neighbour) in host.bgp.iter().flat_map(|b| &b.neighbours) {
            let Some(hops) = &neighbour.multihop else { continue };
            let error = |message| Diagnostic::error(codes::USELESS_MULTIHOP, &hops.place, message);
            if hops.value == 0 {
                out.push(error(format!(
                    "neighbour `{name}` of `{id}` is 0 hops away: that is the host itself"
                )));
                continue;
            }
            let mut near = host.interfaces.values().flat_map(|i| of_interface(facts.fleet, i));
            if let Some((prefix, place)) = near.find(|(p, _)| p.contains(&neighbour.address.value)) {
                out.push(
                    error(format!("neighbour `{name}` of `{id}` is on its own segment {prefix}"))
                        .label(place, "the segment")
                        .help("leave `multihop` out: the session then takes packets from the segment only"),
                );
            }
        }
    }
}
