//! A private AS number towards the outside.

use super::asn::{Special, special};
use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let private = |asn: &u32| special(*asn) == Special::Private;
    for (id, host) in &facts.fleet.hosts {
        for (name, neighbour) in host.bgp.iter().flat_map(|b| &b.neighbours) {
            if private(&neighbour.asn.value) {
                out.push(
                    Diagnostic::warning(
                        codes::PRIVATE_ASN,
                        &neighbour.asn.place,
                        format!(
                            "neighbour `{name}` of `{id}` has the private AS number {} (RFC 6996)",
                            neighbour.asn.value
                        ),
                    )
                    .help("some providers do so with their customers; an exchange never does"),
                );
            }
        }
    }
    let outside = facts.fleet.hosts.values().filter_map(|h| h.bgp.as_ref()).any(|b| !b.neighbours.is_empty());
    if let Some(bgp) = &facts.fleet.bgp
        && outside
        && private(&bgp.asn.value)
    {
        let message = format!(
            "our own AS number {} is private (RFC 6996), and neighbours outside see it",
            bgp.asn.value
        );
        out.push(Diagnostic::warning(codes::PRIVATE_ASN, &bgp.asn.place, message));
    }
}
