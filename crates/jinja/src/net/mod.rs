//! Addresses and networks as `netaddr` 1.x has them.

pub(crate) mod filters;
mod query;

use std::net::{Ipv4Addr, Ipv6Addr};

/// An address with the length of its network's prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Net {
    pub version: u8,
    pub address: u128,
    pub prefix: u8,
}

/// An address as `netaddr` writes it.
pub(crate) fn shown(version: u8, address: u128) -> String {
    if version == 4 {
        return Ipv4Addr::from(u32::try_from(address).unwrap_or(u32::MAX)).to_string();
    }
    // As `inet_ntop`: what could be an IPv4 address in the last 32 bits is written as one.
    let low = u32::try_from(address & 0xffff_ffff).unwrap_or(0);
    if address >> 32 == 0 && low > 0xffff {
        return format!("::{}", Ipv4Addr::from(low));
    }
    Ipv6Addr::from(address).to_string()
}

/// An address without a prefix.
pub(crate) fn address(text: &str) -> Option<(u8, u128)> {
    if let Ok(v4) = text.parse::<Ipv4Addr>() {
        return Some((4, u128::from(u32::from(v4))));
    }
    text.parse::<Ipv6Addr>().ok().map(|v6| (6, u128::from(v6)))
}

impl Net {
    pub fn new(version: u8, address: u128, prefix: u8) -> Option<Net> {
        let net = Net { version, address, prefix };
        (prefix <= net.width() && address <= net.most()).then_some(net)
    }
    /// An address alone, with a prefix, or with a mask.
    pub fn parse(text: &str) -> Option<Net> {
        let (host, prefix) = match text.split_once('/') {
            Some((host, prefix)) => (host, Some(prefix)),
            None => (text, None),
        };
        let (version, value) = address(host)?;
        let width = if version == 4 { 32 } else { 128 };
        let prefix = match prefix {
            None => width,
            Some(p) if !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()) => p.parse().ok()?,
            Some(mask) => {
                let (mask_version, mask) = address(mask).filter(|(v, _)| *v == version)?;
                let most = Net { version: mask_version, address: 0, prefix: 0 }.most();
                // A netmask, or a host mask.
                let inverse = mask ^ most;
                let host = if inverse & inverse.wrapping_add(1) == 0 {
                    inverse
                } else if mask & mask.wrapping_add(1) == 0 {
                    mask
                } else {
                    return None;
                };
                width - u8::try_from(host.count_ones()).ok()?
            }
        };
        Net::new(version, value, prefix)
    }
    pub fn width(&self) -> u8 {
        if self.version == 4 { 32 } else { 128 }
    }
    fn most(&self) -> u128 {
        if self.version == 4 { u128::from(u32::MAX) } else { u128::MAX }
    }
    pub fn hostmask(&self) -> u128 {
        let bits = u32::from(self.width() - self.prefix);
        if bits == 128 { u128::MAX } else { (1 << bits) - 1 }
    }
    pub fn netmask(&self) -> u128 {
        self.most() ^ self.hostmask()
    }
    pub fn first(&self) -> u128 {
        self.address & self.netmask()
    }
    pub fn last(&self) -> u128 {
        self.first() | self.hostmask()
    }
    /// How many addresses, less one: the whole of IPv6 is one more than fits.
    pub fn size_less_one(&self) -> u128 {
        self.hostmask()
    }
    pub fn is_network(&self) -> bool {
        self.address == self.first()
    }
    pub fn holds(&self, other: &Net) -> bool {
        self.version == other.version && other.first() >= self.first() && other.last() <= self.last()
    }
    pub fn ip(&self) -> String {
        shown(self.version, self.address)
    }
    pub fn show(&self, address: u128) -> String {
        shown(self.version, address)
    }
    pub fn text(&self) -> String {
        format!("{}/{}", self.ip(), self.prefix)
    }
    pub fn cidr(&self) -> String {
        format!("{}/{}", self.show(self.first()), self.prefix)
    }
    fn in_any(&self, nets: &[&str]) -> bool {
        let own = Net { prefix: self.width(), ..*self };
        nets.iter().filter_map(|n| Net::parse(n)).any(|n| n.holds(&own))
    }
    pub fn is_multicast(&self) -> bool {
        self.in_any(&["224.0.0.0/4", "ff00::/8"])
    }
    pub fn is_loopback(&self) -> bool {
        self.in_any(&["127.0.0.0/8", "::1/128"])
    }
    pub fn is_link_local(&self) -> bool {
        self.in_any(&["169.254.0.0/16", "fe80::/10"])
    }
    /// Globally reachable by IANA's registries of special purpose.
    pub fn is_global(&self) -> bool {
        const NOT: [&str; 25] = [
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.0.170/31",
            "192.0.2.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "240.0.0.0/4",
            "255.255.255.255/32",
            "::1/128",
            "::/128",
            "::ffff:0:0/96",
            "64:ff9b:1::/48",
            "100::/64",
            "2001::/23",
            "2001:db8::/32",
            "2002::/16",
            "fc00::/7",
            "fe80::/10",
        ];
        const BUT: [&str; 8] = [
            "192.0.0.9/32",
            "192.0.0.10/32",
            "2001:1::1/128",
            "2001:1::2/128",
            "2001:3::/32",
            "2001:4:112::/48",
            "2001:20::/28",
            "2001:30::/28",
        ];
        !self.in_any(&NOT) || self.in_any(&BUT)
    }
    pub fn is_mask(&self) -> bool {
        let (value, inverse) = (self.address, self.address ^ self.most());
        value & value.wrapping_add(1) == 0 || inverse & inverse.wrapping_add(1) == 0
    }
}
