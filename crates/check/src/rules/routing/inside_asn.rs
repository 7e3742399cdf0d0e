//! An AS number of one host that is not private, so that it could not be stripped at the border.

use super::asn::{Special, special};
use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let Some(fleet) = &facts.fleet.bgp else { return };
    for (id, host) in &facts.fleet.hosts {
        let Some(asn) = host.bgp.as_ref().and_then(|b| b.asn.as_ref()) else { continue };
        if asn.value != fleet.asn.value && special(asn.value) == Special::None {
            out.push(
                Diagnostic::error(
                    codes::INSIDE_ASN,
                    &asn.place,
                    format!(
                        "AS{} of host `{id}` is not private: the outside would see it behind AS{}",
                        asn.value, fleet.asn.value
                    ),
                )
                .label(&fleet.asn.place, "the fleet's")
                .help("take one of 64512–65534 or 4200000000–4294967294 (RFC 6996), or leave it out"),
            );
        }
    }
}
