//! An MTU too small for what passes the tunnel, or too large for its packets.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

/// Every IPv6 link has at least this (RFC 8200 §5).
const IPV6_MIN: u16 = 1280;
/// Every IPv4 host takes packets of this size (RFC 791).
const IPV4_MIN: u16 = 576;
/// An Ethernet jumbo frame less WireGuard's 80 bytes over IPv6.
const MAX: u16 = 8920;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for ends in &facts.tunnels {
        let Some(mtu) = ends.tunnel.mtu else { continue };
        let only_v4 =
            !ends.tunnel.network.is_empty() && ends.tunnel.network.iter().all(|n| n.addr().is_ipv4());
        let min = if only_v4 { IPV4_MIN } else { IPV6_MIN };
        if !(min..=MAX).contains(&mtu) {
            out.push(
                Diagnostic::error(
                    codes::BAD_MTU,
                    &ends.tunnel.place,
                    format!("tunnel `{}` has an MTU of {mtu}: it is {min} to {MAX} here", ends.id),
                )
                .help("leave `mtu` out for 1420, which fits nearly everywhere"),
            );
        }
    }
}
