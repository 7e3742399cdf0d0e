//! A neighbour outside with our own AS number.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let own = facts.fleet.bgp.as_ref().map(|b| &b.asn);
    for (id, host) in &facts.fleet.hosts {
        let Some(bgp) = &host.bgp else { continue };
        for (name, neighbour) in &bgp.neighbours {
            let mut same = own.into_iter().chain(&bgp.asn);
            if let Some(ours) = same.find(|asn| asn.value == neighbour.asn.value) {
                out.push(
                    Diagnostic::error(
                        codes::OWN_ASN,
                        &neighbour.asn.place,
                        format!("neighbour `{name}` of `{id}` has our own AS number {}", ours.value),
                    )
                    .label(&ours.place, "ours")
                    .help("sessions between hosts of the fleet follow from tunnels that carry `bgp`"),
                );
            }
        }
    }
}
