//! Scalars with units: durations, sizes, rates, ports, addresses, prefixes.

use crate::decode::{Cx, Decode, scalar, wrong};
use crate::node::{Node, NodeKind};
use crate::shape::Shape;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

macro_rules! plain {
    ($( $ty:ty, $expected:literal, $bare:literal, $pattern:expr, $parse:expr; )*) => { $(
        impl Decode for $ty {
            fn decode(node: &Node, cx: &mut Cx) -> Option<Self> { scalar(node, cx, $expected, $parse) }
            fn shape() -> Shape { Shape::Text { what: $expected, pattern: $pattern, bare: $bare } }
        }
    )* };
}

plain! {
    String, "a text", true, None, |t: &str| text(t);
    Ipv4Addr, "an IPv4 address, e.g. 192.0.2.1", false, None, |t: &str| t.parse().map_err(|_| String::new());
    Ipv6Addr, "an IPv6 address, e.g. 2001:db8::1", false, None, |t: &str| t.parse().map_err(|_| String::new());
    IpAddr, "an IP address, e.g. 192.0.2.1 or 2001:db8::1", false, None, |t: &str| t.parse().map_err(|_| String::new());
    Ipv4Net, "an IPv4 prefix, e.g. 10.0.0.0/24", false, None, |t: &str| net4(t);
    Ipv6Net, "an IPv6 prefix, e.g. 2001:db8::/48", false, None, |t: &str| net6(t);
    IpNet, "a prefix, e.g. 10.0.0.0/24 or 2001:db8::/48", false, None, |t: &str| if t.contains(':') { net6(t).map(IpNet::V6) } else { net4(t).map(IpNet::V4) };
    Address, "an IP address, with or without a prefix length, e.g. 192.0.2.1/24", false, None, |t: &str| Address::parse(t);
    Seconds, "a duration, e.g. 30s, 5m, 12h, 7d", false, Some("^[0-9]+(ms|s|m|h|d|w)$"), |t: &str| Seconds::parse(t);
    Bytes, "a size, e.g. 512MiB, 16GiB, 2TB", false, Some("^[0-9]+(\\.[0-9]+)?(B|kB|KiB|MB|MiB|GB|GiB|TB|TiB)$"), |t: &str| Bytes::parse(t);
    BitRate, "a rate, e.g. 300Mbit or 2.25Gbit", false, Some("^[0-9]+(\\.[0-9]+)?(kbit|Mbit|Gbit)$"), |t: &str| BitRate::parse(t);
    PortSpec, "a port, e.g. tcp/1883, udp/53 or 443 (TCP)", true, Some("^((tcp|udp)/)?[0-9]{1,5}$"), |t: &str| PortSpec::parse(t);
}

/// Texts end up in engines' files and on terminals: no control characters but tab and line end.
fn text(text: &str) -> Result<String, String> {
    match text.chars().find(|c| c.is_control() && !matches!(c, '\t' | '\n')) {
        None => Ok(text.to_owned()),
        Some(c) => Err(format!("it has the control character U+{:04X}", u32::from(c))),
    }
}

fn net4(text: &str) -> Result<Ipv4Net, String> {
    let net: Ipv4Net = text.parse().map_err(|_| String::new())?;
    if net.trunc() == net {
        Ok(net)
    } else {
        Err(format!("host bits are set; the network is {}", net.trunc()))
    }
}

fn net6(text: &str) -> Result<Ipv6Net, String> {
    let net: Ipv6Net = text.parse().map_err(|_| String::new())?;
    if net.trunc() == net {
        Ok(net)
    } else {
        Err(format!("host bits are set; the network is {}", net.trunc()))
    }
}

impl Decode for bool {
    fn decode(node: &Node, cx: &mut Cx) -> Option<Self> {
        match &node.kind {
            NodeKind::Scalar { text, quoted: false } if matches!(text.as_str(), "yes" | "true") => Some(true),
            NodeKind::Scalar { text, quoted: false } if matches!(text.as_str(), "no" | "false") => {
                Some(false)
            }
            _ => wrong(node, "`yes` or `no`", cx),
        }
    }
    fn shape() -> Shape {
        Shape::Bool
    }
}

macro_rules! integers {
    ($($ty:ty, $max:expr;)*) => { $(
        impl Decode for $ty {
            fn decode(node: &Node, cx: &mut Cx) -> Option<Self> {
                scalar(node, cx, concat!("a whole number from 0 to ", stringify!($max)), |t| {
                    if t.is_empty() || !t.bytes().all(|b| b.is_ascii_digit()) { return Err(String::new()); }
                    t.parse::<$ty>().map_err(|_| "out of range".to_owned())
                })
            }
            fn shape() -> Shape { Shape::Integer { min: 0, max: $max as u64 } }
        }
    )* };
}
integers! { u8, 255; u16, 65535; u32, 4294967295; u64, 18446744073709551615u64; }

/// A host's address, with the prefix length of its segment when it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The address.
    pub ip: IpAddr,
    /// Its segment's prefix length.
    pub prefix: Option<u8>,
}

impl Address {
    /// Reads `192.0.2.1` or `192.0.2.1/24`.
    ///
    /// # Errors
    /// What is wrong with it, or an empty text when it is no address at all.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.split_once('/') {
            None => text.parse().map(|ip| Address { ip, prefix: None }).map_err(|_| String::new()),
            Some((ip, len)) => {
                let ip: IpAddr = ip.parse().map_err(|_| String::new())?;
                let max = if ip.is_ipv4() { 32 } else { 128 };
                match len.parse::<u8>() {
                    Ok(len) if len <= max => Ok(Address { ip, prefix: Some(len) }),
                    _ => Err(format!("the prefix length is 0 to {max}")),
                }
            }
        }
    }
    /// The address with its prefix length; alone (`/32`, `/128`) when none was written.
    pub fn net(&self) -> IpNet {
        let full = if self.ip.is_ipv4() { 32 } else { 128 };
        // The length was checked when it was read.
        IpNet::new(self.ip, self.prefix.unwrap_or(full)).unwrap_or_else(|_| IpNet::from(self.ip))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.prefix {
            Some(len) => write!(f, "{}/{len}", self.ip),
            None => write!(f, "{}", self.ip),
        }
    }
}

/// A duration in milliseconds, written with its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seconds {
    /// Milliseconds.
    pub ms: u64,
}

impl Seconds {
    /// Whole seconds.
    pub const fn of(seconds: u64) -> Self {
        Seconds { ms: seconds * 1000 }
    }
    fn parse(text: &str) -> Result<Self, String> {
        let (number, unit) = split_unit(text);
        let number: u64 = number.parse().map_err(|_| String::new())?;
        let factor: u64 = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 604_800_000,
            "" => return Err("a unit is missing: ms, s, m, h, d or w".to_owned()),
            _ => return Err(String::new()),
        };
        number.checked_mul(factor).map(|ms| Seconds { ms }).ok_or_else(|| "too long".to_owned())
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, ms) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)] {
            if self.ms >= ms && self.ms.is_multiple_of(ms) {
                return write!(f, "{}{unit}", self.ms / ms);
            }
        }
        write!(f, "{}ms", self.ms)
    }
}

/// A size in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub u64);

impl Bytes {
    fn parse(text: &str) -> Result<Self, String> {
        let (number, unit) = split_unit(text);
        let factor: f64 = match unit {
            "B" => 1.0,
            "kB" => 1e3,
            "KiB" => 1024.0,
            "MB" => 1e6,
            "MiB" => 1_048_576.0,
            "GB" => 1e9,
            "GiB" => 1_073_741_824.0,
            "TB" => 1e12,
            "TiB" => 1_099_511_627_776.0,
            "" => return Err("a unit is missing: MiB, GiB, TB …".to_owned()),
            _ => return Err(String::new()),
        };
        let number: f64 = number.parse().map_err(|_| String::new())?;
        Ok(Bytes((number * factor) as u64))
    }
}

/// A rate in bits a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BitRate(pub u64);

impl BitRate {
    fn parse(text: &str) -> Result<Self, String> {
        let (number, unit) = split_unit(text);
        let factor: f64 = match unit {
            "kbit" => 1e3,
            "Mbit" => 1e6,
            "Gbit" => 1e9,
            "" => return Err("a unit is missing: kbit, Mbit or Gbit".to_owned()),
            _ => return Err(String::new()),
        };
        let number: f64 = number.parse().map_err(|_| String::new())?;
        Ok(BitRate((number * factor) as u64))
    }
}

fn split_unit(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    text.split_at(end)
}

/// Transport protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Proto {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl Proto {
    /// `tcp` or `udp`, as nftables, Prometheus and people write it.
    pub fn word(self) -> &'static str {
        match self {
            Proto::Tcp => "tcp",
            Proto::Udp => "udp",
        }
    }
}

/// A transport port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortSpec {
    /// Protocol; TCP when not written.
    pub proto: Proto,
    /// Number, 1–65535.
    pub port: u16,
}

impl PortSpec {
    fn parse(text: &str) -> Result<Self, String> {
        let (proto, number) = match text.split_once('/') {
            None => (Proto::Tcp, text),
            Some(("tcp", number)) => (Proto::Tcp, number),
            Some(("udp", number)) => (Proto::Udp, number),
            Some((other, _)) => return Err(format!("`{other}` is not tcp or udp")),
        };
        match number.parse::<u16>() {
            Ok(port) if port > 0 => Ok(PortSpec { proto, port }),
            _ => Err("a port is 1 to 65535".to_owned()),
        }
    }
}

impl fmt::Display for PortSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.proto.word(), self.port)
    }
}

/// A raw value: kept as the tree it was read from (a module's parameter, a policy's detail).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raw(pub Node);

impl Decode for Raw {
    fn decode(node: &Node, _cx: &mut Cx) -> Option<Self> {
        Some(Raw(node.clone()))
    }
    fn shape() -> Shape {
        Shape::Any
    }
}
