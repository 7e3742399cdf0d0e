//! A prefix too long for the internet: longer than /24 (IPv4) or /48 (IPv6) is filtered nearly everywhere.

use super::announce_length::length;
use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let Some(bgp) = &facts.fleet.bgp else { return };
    let outside = facts.fleet.hosts.values().filter_map(|h| h.bgp.as_ref()).any(|b| !b.neighbours.is_empty());
    if !outside {
        return;
    }
    for (name, originate) in &bgp.originate {
        let prefix = originate.prefix.value;
        let longest = if prefix.addr().is_ipv4() { 24 } else { 48 };
        let mut too_long = |length: u8, place: &diag::Place| {
            if length > longest {
                out.push(
                    Diagnostic::error(
                        codes::MORE_SPECIFIC,
                        place,
                        format!("`{name}` would be announced as /{length}: others take at most /{longest}"),
                    )
                    .help("announce the covering prefix; inside the fleet it may be split further"),
                );
            }
        };
        too_long(prefix.prefix_len(), &originate.prefix.place);
        if let Some(announce) = &originate.announce
            && let Some(length) = length(announce)
        {
            too_long(length, &announce.place);
        }
        for share in originate.shares.values() {
            too_long(share.prefix_len(), &share.place);
        }
    }
}
