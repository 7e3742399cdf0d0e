//! An AS number that nobody can have.

use super::asn::{Special, special};
use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let fleet = facts.fleet.bgp.iter().map(|b| &b.asn);
    let hosts = facts.fleet.hosts.values().filter_map(|h| h.bgp.as_ref());
    let of_hosts = hosts.flat_map(|b| b.asn.iter().chain(b.neighbours.values().map(|n| &n.asn)));
    for asn in fleet.chain(of_hosts).filter(|asn| special(asn.value) == Special::Reserved) {
        out.push(Diagnostic::error(
            codes::RESERVED_ASN,
            &asn.place,
            format!("AS{} is reserved: nobody has it", asn.value),
        ));
    }
}
