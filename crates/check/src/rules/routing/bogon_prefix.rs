//! A prefix that the internet does not route, originated by us.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;
use ipnet::IpNet;

/// Prefixes that are nobody's on the internet (RFC 6890, 4193, 4291, 6598). Documentation prefixes are left
/// out: examples and twins use them for the internet.
const BOGONS: &[&str] = &[
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/3",
    "::/8",
    "100::/64",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
];

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let Some(bgp) = &facts.fleet.bgp else { return };
    let bogons: Vec<IpNet> = BOGONS.iter().filter_map(|text| text.parse().ok()).collect();
    for (name, originate) in &bgp.originate {
        let prefix = originate.prefix.value;
        let bogon = bogons.iter().find(|bogon| bogon.contains(&prefix) || prefix.contains(*bogon));
        if let Some(bogon) = bogon {
            out.push(
                Diagnostic::error(
                    codes::BOGON_PREFIX,
                    &originate.prefix.place,
                    format!("{prefix} of `{name}` is not routed on the internet: {bogon} is nobody's there"),
                )
                .help("originate a prefix that was assigned to you"),
            );
        }
    }
}
