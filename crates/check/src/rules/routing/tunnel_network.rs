//! Two prefixes of one family for one tunnel.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for ends in &facts.tunnels {
        for v4 in [true, false] {
            let mut same = ends.tunnel.network.iter().filter(|n| n.addr().is_ipv4() == v4);
            if let (Some(first), Some(second)) = (same.next(), same.next()) {
                let family = if v4 { "IPv4" } else { "IPv6" };
                out.push(
                    Diagnostic::error(
                        codes::TUNNEL_NETWORK,
                        &second.place,
                        format!("tunnel `{}` has a second {family} prefix", ends.id),
                    )
                    .label(&first.place, "the first")
                    .help("a tunnel has one IPv4 prefix, one IPv6 prefix, or both"),
                );
            }
        }
    }
}
