//! Which ports are taken in the calling thread's network namespace, from the kernel's tables.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// State LISTEN in /proc/net/tcp.
const LISTEN: &str = "0A";

/// True when something listens on this TCP address, or on every address of the machine.
pub(crate) fn listens(address: SocketAddr) -> bool {
    taken("tcp", address, |state| state == LISTEN)
}

/// True when something has bound this UDP address, or every address of the machine.
pub(crate) fn bound(address: SocketAddr) -> bool {
    taken("udp", address, |_| true)
}

fn taken(protocol: &str, wanted: SocketAddr, state: impl Fn(&str) -> bool) -> bool {
    ["", "6"].iter().any(|suffix| {
        let table =
            fs::read_to_string(format!("/proc/thread-self/net/{protocol}{suffix}")).unwrap_or_default();
        table.lines().skip(1).any(|line| {
            let mut fields = line.split_ascii_whitespace();
            let local = fields.nth(1).and_then(parse);
            let state = fields.nth(1).is_some_and(&state);
            state && local.is_some_and(|local| serves(local, wanted))
        })
    })
}

fn serves(local: SocketAddr, wanted: SocketAddr) -> bool {
    // A socket on :: takes IPv4 as well, unless it was told not to; the table does not say.
    let any = local.ip().is_unspecified() && (local.is_ipv6() || wanted.is_ipv4());
    local.port() == wanted.port() && (any || wanted.ip().is_unspecified() || local.ip() == wanted.ip())
}

/// `0100007F:0035` is 127.0.0.1 port 53: words in host order, the port in network order.
fn parse(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let word = |n: usize| u32::from_str_radix(ip.get(n * 8..n * 8 + 8)?, 16).ok().map(u32::to_ne_bytes);
    let ip: IpAddr = if ip.len() == 8 {
        Ipv4Addr::from(word(0)?).into()
    } else {
        let mut bytes = [0; 16];
        for n in 0..4 {
            bytes[n * 4..n * 4 + 4].copy_from_slice(&word(n)?);
        }
        Ipv6Addr::from(bytes).to_canonical()
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn own_sockets_are_found() {
        let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let udp = std::net::UdpSocket::bind("[::1]:0").unwrap();
        assert!(listens(tcp.local_addr().unwrap()));
        assert!(bound(udp.local_addr().unwrap()));
        let (tcp, udp) = {
            let gone = (tcp.local_addr().unwrap(), udp.local_addr().unwrap());
            drop((tcp, udp));
            gone
        };
        assert!(!listens(tcp));
        assert!(!bound(udp));
    }

    #[test]
    fn addresses_are_read() {
        assert_eq!(parse("0100007F:0035"), Some("127.0.0.1:53".parse().unwrap()));
        assert_eq!(parse("00000000000000000000000001000000:0050"), Some("[::1]:80".parse().unwrap()));
    }
}
