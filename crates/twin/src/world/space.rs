//! Address space of the world outside: clients, providers' own links, public servers. Taken from ranges that
//! no fleet has a right to, and moved when a fleet uses them all the same.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 ranges in order of preference: RFC 2544, then two others reserved by RFC 6890.
const IPV4: [&str; 3] = ["198.18.0.0/16", "198.19.0.0/16", "240.18.0.0/16"];
/// IPv6 ranges in order of preference: unallocated parts of 2000::/3 (IANA), so that routers which refuse
/// reserved ranges take them.
const IPV6: [&str; 3] = ["2d00:c1::/32", "2d00:c2::/32", "2d00:c3::/32"];

/// The chosen ranges.
#[derive(Clone, Copy, Debug)]
pub(super) struct Space {
    v4: Ipv4Net,
    v6: Ipv6Net,
}

impl Space {
    /// The first ranges that none of `used` overlaps.
    pub(super) fn beside(used: &[IpNet]) -> Option<Space> {
        let free = |candidate: &IpNet| !used.iter().any(|u| overlaps(u, candidate));
        let pick = |ranges: [&str; 3]| ranges.into_iter().filter_map(|r| r.parse::<IpNet>().ok()).find(free);
        match (pick(IPV4), pick(IPV6)) {
            (Some(IpNet::V4(v4)), Some(IpNet::V6(v6))) => Some(Space { v4, v6 }),
            _ => None,
        }
    }

    /// The `n`-th /24 of the IPv4 range.
    pub(super) fn net4(&self, n: u8) -> Ipv4Net {
        let [a, b, _, _] = self.v4.addr().octets();
        Ipv4Net::new_assert(Ipv4Addr::new(a, b, n, 0), 24)
    }

    /// The `n`-th /48 of the IPv6 range.
    pub(super) fn net6(&self, n: u16) -> Ipv6Net {
        let mut segments = self.v6.addr().segments();
        segments[2] = n;
        Ipv6Net::new_assert(Ipv6Addr::from(segments), 48)
    }
}

/// Host number `n` of a prefix, with that prefix' length.
pub(super) fn host4(net: Ipv4Net, n: u32) -> IpNet {
    let ip = Ipv4Addr::from(u32::from(net.addr()).wrapping_add(n));
    IpNet::new(IpAddr::V4(ip), net.prefix_len()).unwrap_or(IpNet::V4(net))
}

/// Host number `n` of a prefix, as a /64.
pub(super) fn host6(net: Ipv6Net, n: u128) -> IpNet {
    let ip = Ipv6Addr::from(u128::from(net.addr()).wrapping_add(n));
    IpNet::new(IpAddr::V6(ip), 64).unwrap_or(IpNet::V6(net))
}

/// True when two prefixes share an address.
pub(super) fn overlaps(a: &IpNet, b: &IpNet) -> bool {
    a.contains(&b.network()) || b.contains(&a.network())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_used_range_is_left_alone() {
        let space = Space::beside(&["198.18.7.0/24".parse().unwrap(), "2d00::/16".parse::<IpNet>().unwrap()]);
        assert!(space.is_none(), "all IPv6 ranges are used");
        let space = Space::beside(&["198.18.7.0/24".parse().unwrap()]).unwrap();
        assert_eq!(space.net4(3).to_string(), "198.19.3.0/24");
        assert_eq!(host6(space.net6(2), 5).to_string(), "2d00:c1:2::5/64");
    }
}
