//! A BGP community that is none.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let originate = facts.fleet.bgp.iter().flat_map(|b| b.originate.values()).flat_map(|o| &o.communities);
    let hosts = facts.fleet.hosts.values().filter_map(|h| h.bgp.as_ref());
    let neighbours = hosts.flat_map(|b| b.neighbours.values()).flat_map(|n| &n.communities);
    for community in originate.chain(neighbours) {
        let parts: Vec<&str> = community.split(':').collect();
        let fits = |max: u64| parts.iter().all(|p| p.parse::<u64>().is_ok_and(|n| n <= max));
        let good = match parts.len() {
            2 => fits(u64::from(u16::MAX)),
            3 => fits(u64::from(u32::MAX)),
            _ => false,
        };
        if !good {
            out.push(
                Diagnostic::error(
                    codes::BAD_COMMUNITY,
                    &community.place,
                    format!("`{}` is no community", community.value),
                )
                .help(
                    "two numbers up to 65535 (`64500:100`, RFC 1997), or three up to 4294967295 (RFC 8092)",
                ),
            );
        }
    }
}
