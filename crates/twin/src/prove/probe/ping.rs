//! One ICMP echo (RFC 792, RFC 4443).

use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, ipproto, recvfrom, sendto};
use rustix::net::{socket_with, sockopt};
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

static NEXT: AtomicU16 = AtomicU16::new(1);

/// Sends an echo request every 200 ms until an answer comes; how long the answered one took.
///
/// # Errors
/// When it cannot be sent or nothing came back in time, in words.
pub(crate) fn ping(to: IpAddr, limit: Duration) -> Result<Duration, String> {
    let (family, protocol, request, reply) = match to {
        IpAddr::V4(_) => (AddressFamily::INET, ipproto::ICMP, 8u8, 0u8),
        IpAddr::V6(_) => (AddressFamily::INET6, ipproto::ICMPV6, 128, 129),
    };
    let said = |e: Errno| format!("ping {to}: {e}");
    let socket = socket_with(family, SocketType::RAW, SocketFlags::CLOEXEC, Some(protocol)).map_err(said)?;
    let round = Duration::from_millis(200);
    let wait =
        |d: Duration| sockopt::set_socket_timeout(&socket, sockopt::Timeout::Recv, Some(d)).map_err(said);
    // Echoes of other probes arrive on every raw socket of the namespace.
    let id = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let end = Instant::now() + limit;
    let mut last = "no answer".to_owned();
    let mut sequence = 0u16;
    while Instant::now() < end {
        sequence = sequence.wrapping_add(1);
        let mut packet = [request, 0, 0, 0, id[0], id[1], 0, 0, b'f', b'w', b'f', b'w'];
        packet[6..8].copy_from_slice(&sequence.to_be_bytes());
        if to.is_ipv4() {
            let sum = checksum(&packet).to_be_bytes();
            packet[2..4].copy_from_slice(&sum);
        }
        let sent = Instant::now();
        match sendto(&socket, &packet, SendFlags::empty(), &SocketAddr::new(to, 0)) {
            Ok(_) => {}
            Err(e) => last = e.to_string(),
        }
        let mut buffer = [0u8; 2048];
        while sent.elapsed() < round {
            wait((round - sent.elapsed().min(round)).max(Duration::from_millis(1)))?;
            let Ok((n, _, _)) = recvfrom(&socket, &mut buffer[..], RecvFlags::empty()) else { continue };
            // IPv4 raw sockets give the IP header as well, IPv6 ones never do.
            let skip = if to.is_ipv4() { usize::from(buffer[0] & 15) * 4 } else { 0 };
            let Some(icmp) = buffer.get(skip..n.min(buffer.len())) else { continue };
            if icmp.len() >= 8 && icmp[0] == reply && icmp[4..6] == id {
                return Ok(sent.elapsed());
            }
        }
    }
    Err(format!("ping {to}: {last} within {} ms", limit.as_millis()))
}

fn checksum(bytes: &[u8]) -> u16 {
    let mut sum: u32 =
        bytes.chunks(2).map(|c| u32::from(c[0]) << 8 | u32::from(c.get(1).copied().unwrap_or(0))).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn checksums_are_rfc_1071() {
        assert_eq!(checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
    }

    #[test]
    fn the_loopback_answers() {
        for ip in ["127.0.0.1", "::1"] {
            ping(ip.parse().unwrap(), Duration::from_secs(5)).unwrap();
        }
    }
}
