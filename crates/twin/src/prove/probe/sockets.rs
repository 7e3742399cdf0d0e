//! The TCP sockets of the calling thread's network namespace, from the kernel's tables.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// A TCP socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tcp {
    pub local: SocketAddr,
    pub remote: SocketAddr,
    pub listening: bool,
}

/// All TCP sockets; IPv4 addresses of dual-stack ones as IPv4.
pub(crate) fn tcp() -> Vec<Tcp> {
    let mut all = Vec::new();
    for suffix in ["", "6"] {
        let table = fs::read_to_string(format!("/proc/thread-self/net/tcp{suffix}")).unwrap_or_default();
        all.extend(table.lines().skip(1).filter_map(line));
    }
    all
}

fn line(text: &str) -> Option<Tcp> {
    let mut fields = text.split_ascii_whitespace().skip(1);
    let (local, remote) = (address(fields.next()?)?, address(fields.next()?)?);
    // State LISTEN is 0A (include/net/tcp_states.h).
    Some(Tcp { local, remote, listening: fields.next()? == "0A" })
}

/// `0100007F:0035` is 127.0.0.1 port 53: words in host order, the port in network order.
fn address(text: &str) -> Option<SocketAddr> {
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
    fn a_connection_is_seen_at_both_ends() {
        let listener = std::net::TcpListener::bind("[::]:0").unwrap();
        let to = SocketAddr::from((Ipv4Addr::LOCALHOST, listener.local_addr().unwrap().port()));
        let client = std::net::TcpStream::connect(to).unwrap();
        let own = client.local_addr().unwrap();
        let all = tcp();
        assert!(all.iter().any(|t| t.listening && t.local.port() == to.port()));
        assert!(all.iter().any(|t| !t.listening && t.local == to && t.remote == own), "the server's end");
        assert!(all.iter().any(|t| t.local == own && t.remote == to), "the client's end");
    }
}
