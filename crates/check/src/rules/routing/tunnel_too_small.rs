//! A tunnel's prefix with fewer addresses than it has ends.

use crate::codes;
use crate::facts::{Facts, Joined};
use crate::rule::Findings;
use diag::Diagnostic;
use ipnet::IpNet;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for ends in &facts.tunnels {
        let hosts = ends.hosts().len();
        if hosts == 0 || ends.joined == Joined::Unclear {
            continue;
        }
        for network in &ends.tunnel.network {
            let room = room(network.value);
            if room < hosts as u128 {
                out.push(
                    Diagnostic::error(
                        codes::TUNNEL_TOO_SMALL,
                        &network.place,
                        format!(
                            "{} has {room} addresses for hosts, tunnel `{}` has {hosts} ends",
                            network.value, ends.id
                        ),
                    )
                    .help("write a shorter prefix length"),
                );
            }
        }
    }
}

/// How many hosts fit: network and broadcast address of IPv4 are none but in a /31 (RFC 3021); the first
/// address of an IPv6 prefix is every router's but in a /127 (RFC 6164).
fn room(prefix: IpNet) -> u128 {
    match prefix {
        IpNet::V4(v4) if v4.prefix_len() >= 31 => 1 << (32 - v4.prefix_len()),
        IpNet::V4(v4) => (1u128 << (32 - v4.prefix_len())) - 2,
        IpNet::V6(v6) if v6.prefix_len() >= 127 => 1 << (128 - v6.prefix_len()),
        IpNet::V6(v6) => (1u128 << (128 - u32::from(v6.prefix_len())).min(127)) - 1,
    }
}
