//! Allocators: what is free, chosen the same way every time. Pure functions of what is taken.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The address `offset` into a prefix, if it is inside and usable by a host.
pub fn nth(prefix: IpNet, offset: u128) -> Option<IpAddr> {
    match prefix {
        IpNet::V4(net) => {
            let offset = u32::try_from(offset).ok()?;
            let ip = IpAddr::V4(Ipv4Addr::from(u32::from(net.network()).checked_add(offset)?));
            usable(prefix, ip).then_some(ip)
        }
        IpNet::V6(net) => {
            let ip = IpAddr::V6(Ipv6Addr::from(u128::from(net.network()).checked_add(offset)?));
            usable(prefix, ip).then_some(ip)
        }
    }
}

/// True for addresses a host can have in a prefix: inside, not the network's or the broadcast address
/// (IPv4 but for /31 and /32, RFC 3021), not the subnet-router anycast address (IPv6 but for /127 and
/// /128, RFC 4291 2.6.1 and RFC 6164).
pub fn usable(prefix: IpNet, ip: IpAddr) -> bool {
    if !prefix.contains(&ip) {
        return false;
    }
    match (prefix, ip) {
        (IpNet::V4(net), IpAddr::V4(ip)) => {
            net.prefix_len() >= 31 || (ip != net.network() && ip != net.broadcast())
        }
        (IpNet::V6(net), IpAddr::V6(ip)) => net.prefix_len() >= 127 || ip != net.network(),
        _ => false,
    }
}

/// The lowest free address of a prefix from `start` on; then below it.
pub fn address(prefix: IpNet, start: u128, taken: &BTreeSet<IpAddr>) -> Option<IpAddr> {
    let free = |offset: u128| nth(prefix, offset).filter(|ip| !taken.contains(ip));
    // No more than `taken` candidates can be taken, and two are unusable.
    let tries = taken.len() as u128 + 3;
    (start..start.saturating_add(tries)).find_map(free).or_else(|| (0..start).find_map(free))
}

/// How far an address is into a prefix.
pub fn offset(prefix: IpNet, ip: IpAddr) -> Option<u128> {
    match (prefix, ip) {
        (IpNet::V4(net), IpAddr::V4(ip)) if net.contains(&ip) => {
            Some(u128::from(u32::from(ip) - u32::from(net.network())))
        }
        (IpNet::V6(net), IpAddr::V6(ip)) if net.contains(&ip) => {
            Some(u128::from(ip) - u128::from(net.network()))
        }
        _ => None,
    }
}

/// The lowest sub-prefix of this length in a pool that overlaps nothing taken. The pool's first one is
/// used too.
pub fn subnet(pool: IpNet, len: u8, taken: &BTreeSet<IpNet>) -> Option<IpNet> {
    if len < pool.prefix_len() {
        return None;
    }
    let mut at = first_address(pool);
    loop {
        let candidate = IpNet::new(at, len).ok()?.trunc();
        if !pool.contains(&candidate) {
            return None;
        }
        match taken.iter().find(|t| overlap(t, &candidate)) {
            None => return Some(candidate),
            Some(other) => {
                // Go on behind the larger of the two.
                let last =
                    if other.prefix_len() < len { last_address(*other) } else { last_address(candidate) };
                at = next_address(last)?;
                if !pool.contains(&at) {
                    return None;
                }
            }
        }
    }
}

/// True when two prefixes share an address.
pub fn overlap(a: &IpNet, b: &IpNet) -> bool {
    a.contains(&b.addr()) || b.contains(&a.addr())
}

fn first_address(net: IpNet) -> IpAddr {
    net.network()
}

fn last_address(net: IpNet) -> IpAddr {
    net.broadcast()
}

fn next_address(ip: IpAddr) -> Option<IpAddr> {
    match ip {
        IpAddr::V4(ip) => u32::from(ip).checked_add(1).map(|n| IpAddr::V4(Ipv4Addr::from(n))),
        IpAddr::V6(ip) => u128::from(ip).checked_add(1).map(|n| IpAddr::V6(Ipv6Addr::from(n))),
    }
}

/// A free port in a range, near where the seed's hash falls.
pub fn port(seed: &str, first: u16, last: u16, taken: &BTreeSet<u16>) -> Option<u16> {
    let span = u32::from(last.checked_sub(first)?) + 1;
    let start = (hash(seed) % u64::from(span)) as u32;
    (0..span).map(|n| first + ((start + n) % span) as u16).find(|port| !taken.contains(port))
}

/// The lowest free number from `start` on.
pub fn number(start: u32, taken: &BTreeSet<u32>) -> u32 {
    (start..).find(|n| !taken.contains(n)).unwrap_or(u32::MAX)
}

/// The first eight bytes of SHA-256.
pub fn hash(text: &str) -> u64 {
    let digest = Sha256::digest(text.as_bytes());
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&digest[..8]);
    u64::from_be_bytes(bytes)
}

/// A name for an interface: `prefix` and `name`, shortened with a hash when it is longer than 15 bytes
/// (Linux IFNAMSIZ - 1).
pub fn interface(prefix: &str, name: &str) -> String {
    let whole = format!("{prefix}{name}");
    if whole.len() <= 15 {
        return whole;
    }
    let tail = format!("{:016x}", hash(name));
    let keep = 15 - prefix.len() - 5;
    let kept = name[..keep].trim_end_matches('-');
    format!("{prefix}{kept}-{}", &tail[..4])
}

/// The builtin pools for tunnels: one of the private ranges, and a unique local prefix (RFC 4193) that
/// follows from the fleet's name.
pub fn builtin_pools(fleet: &str) -> Vec<IpNet> {
    let hash = hash(&format!("tunnels of {fleet}"));
    let global = [(hash >> 48) as u16, (hash >> 32) as u16, (hash >> 16) as u16];
    let v6 = Ipv6Addr::new(0xfd00 | (global[0] & 0xff), global[1], global[2], 0, 0, 0, 0, 0);
    let v4 = Ipv4Net::new_assert(Ipv4Addr::new(10, 254, 0, 0), 16);
    vec![IpNet::V4(v4), IpNet::V6(Ipv6Net::new_assert(v6, 48))]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn net(text: &str) -> IpNet {
        text.parse().unwrap()
    }

    #[test]
    fn the_lowest_free_address_is_taken_and_network_and_broadcast_are_not() {
        let lan = net("192.0.2.0/29");
        let mut taken = BTreeSet::new();
        let mut got = Vec::new();
        while let Some(ip) = address(lan, 3, &taken) {
            taken.insert(ip);
            got.push(ip.to_string());
        }
        assert_eq!(got, ["192.0.2.3", "192.0.2.4", "192.0.2.5", "192.0.2.6", "192.0.2.1", "192.0.2.2"]);
    }

    #[test]
    fn subnets_skip_what_overlaps() {
        let taken = BTreeSet::from([net("10.0.0.0/30"), net("10.0.0.8/29")]);
        assert_eq!(subnet(net("10.0.0.0/24"), 30, &taken), Some(net("10.0.0.4/30")));
        assert_eq!(subnet(net("10.0.0.0/24"), 29, &taken), Some(net("10.0.0.16/29")));
        assert_eq!(subnet(net("10.0.0.0/28"), 29, &taken), None);
        assert_eq!(subnet(net("2001:db8::/44"), 48, &BTreeSet::new()), Some(net("2001:db8::/48")));
    }

    #[test]
    fn interface_names_fit_and_differ() {
        assert_eq!(interface("wg-", "kyiv"), "wg-kyiv");
        let a = interface("wg-", "kyiv-wroclaw-north");
        let b = interface("wg-", "kyiv-wroclaw-south");
        assert!(a.len() <= 15 && b.len() <= 15 && a != b, "{a} {b}");
        assert!(a.starts_with("wg-kyiv"), "{a}");
    }

    #[test]
    fn a_full_range_has_no_port() {
        let mut taken = BTreeSet::new();
        while let Some(p) = port("x", 20000, 20009, &taken) {
            assert!(taken.insert(p));
        }
        assert_eq!(taken.len(), 10);
    }
}
