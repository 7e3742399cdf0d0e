//! DNS queries over UDP (RFC 1035), many at once.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Type {
    A,
    Aaaa,
    Ptr,
}

impl Type {
    fn number(self) -> u16 {
        match self {
            Type::A => 1,
            Type::Ptr => 12,
            Type::Aaaa => 28,
        }
    }
    /// The type of a family's address records.
    pub(crate) fn of(ipv6: bool) -> Self {
        if ipv6 { Type::Aaaa } else { Type::A }
    }
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reply {
    /// RCODE; 0 is NOERROR, 3 NXDOMAIN.
    pub code: u8,
    pub addresses: Vec<IpAddr>,
    /// Targets of PTR records, lower case, without the final dot.
    pub names: Vec<String>,
}

/// Questions in flight at a time: dnsmasq has 150 forwarding slots and small socket buffers.
const WINDOW: usize = 64;
/// A question without an answer is repeated after this.
const REPEAT: Duration = Duration::from_millis(500);

/// Asks everything of one server. A question without an answer in time is `None`.
///
/// # Errors
/// When no socket can be made or the server's host refuses it.
pub(crate) fn ask(
    server: SocketAddr,
    questions: &[(String, Type)],
    limit: Duration,
) -> io::Result<Vec<Option<Reply>>> {
    let any: IpAddr =
        if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(server)?;
    let end = Instant::now() + limit;
    let mut replies: Vec<Option<Reply>> = vec![None; questions.len()];
    let mut waiting: Vec<usize> = (0..questions.len()).rev().collect();
    let mut flying: BTreeMap<u16, Instant> = BTreeMap::new();
    let mut buffer = [0u8; 4096];
    while Instant::now() < end && !(waiting.is_empty() && flying.is_empty()) {
        while flying.len() < WINDOW
            && let Some(n) = waiting.pop()
        {
            let id = u16::try_from(n).map_err(io::Error::other)?;
            let (name, kind) = &questions[n];
            send(&socket, &query(id, name, *kind)?)?;
            flying.insert(id, Instant::now());
        }
        let left = end.saturating_duration_since(Instant::now()).min(REPEAT);
        socket.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
        match socket.recv(&mut buffer) {
            Ok(len) => {
                if let Some((id, reply)) = parse(&buffer[..len])
                    && flying.remove(&id).is_some()
                    && let Some(slot) = replies.get_mut(usize::from(id))
                {
                    *slot = Some(reply);
                }
            }
            Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            Err(e) => return Err(e),
        }
        let late: Vec<u16> =
            flying.iter().filter(|(_, sent)| sent.elapsed() > REPEAT).map(|(id, _)| *id).collect();
        for id in late {
            flying.remove(&id);
            waiting.push(usize::from(id));
        }
    }
    Ok(replies)
}

/// Asks for one name's addresses.
///
/// # Errors
/// As `ask`, and when no answer comes.
pub(crate) fn addresses(server: SocketAddr, name: &str, ipv6: bool, limit: Duration) -> io::Result<Reply> {
    let mut replies = ask(server, &[(name.to_owned(), Type::of(ipv6))], limit)?;
    replies.pop().flatten().ok_or_else(|| io::Error::new(io::ErrorKind::TimedOut, "no answer"))
}

fn send(socket: &UdpSocket, packet: &[u8]) -> io::Result<()> {
    match socket.send(packet) {
        Ok(_) => Ok(()),
        // The error of an earlier packet is told here; the question counts as lost and is repeated.
        Err(e) if e.kind() == io::ErrorKind::ConnectionRefused => {
            Err(io::Error::new(e.kind(), "nobody answers DNS there"))
        }
        Err(e) => Err(e),
    }
}

/// The name under which an address' reverse entry is.
pub(crate) fn reverse(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(ip) => {
            let nibbles = ip.octets().into_iter().rev().map(|b| format!("{:x}.{:x}.", b & 15, b >> 4));
            nibbles.collect::<String>() + "ip6.arpa"
        }
    }
}

fn query(id: u16, name: &str, kind: Type) -> io::Result<Vec<u8>> {
    let mut packet = Vec::with_capacity(name.len() + 18);
    packet.extend(id.to_be_bytes());
    // Recursion desired, one question.
    packet.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.trim_end_matches('.').split('.') {
        match u8::try_from(label.len()) {
            Ok(len @ 1..=63) => packet.push(len),
            _ => return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{name} is no DNS name"))),
        }
        packet.extend(label.as_bytes());
    }
    packet.push(0);
    packet.extend(kind.number().to_be_bytes());
    packet.extend([0, 1]);
    Ok(packet)
}

fn parse(packet: &[u8]) -> Option<(u16, Reply)> {
    let word = |at: usize| Some(u16::from_be_bytes([*packet.get(at)?, *packet.get(at + 1)?]));
    let id = word(0)?;
    let mut reply = Reply { code: packet.get(3)? & 15, ..Reply::default() };
    let mut at = 12;
    for _ in 0..word(4)? {
        at = name(packet, at)?.1 + 4;
    }
    for _ in 0..word(6)? {
        at = name(packet, at)?.1;
        let (kind, len) = (word(at)?, usize::from(word(at + 8)?));
        let data = at + 10;
        let bytes = packet.get(data..data + len)?;
        match kind {
            1 => reply.addresses.push(IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?))),
            28 => reply.addresses.push(IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?))),
            12 => reply.names.push(name(packet, data)?.0),
            _ => {}
        }
        at = data + len;
    }
    reply.addresses.sort_unstable();
    reply.names.sort_unstable();
    Some((id, reply))
}

/// A name at an offset and the offset behind it. Compression may jump back a bounded number of times.
fn name(packet: &[u8], mut at: usize) -> Option<(String, usize)> {
    let mut labels: Vec<String> = Vec::new();
    let mut behind = None;
    for _ in 0..128 {
        let len = usize::from(*packet.get(at)?);
        if len & 0xc0 == 0xc0 {
            behind.get_or_insert(at + 2);
            at = (len & 0x3f) << 8 | usize::from(*packet.get(at + 1)?);
        } else if len == 0 {
            return Some((labels.join("."), behind.unwrap_or(at + 1)));
        } else {
            labels.push(String::from_utf8_lossy(packet.get(at + 1..at + 1 + len)?).to_ascii_lowercase());
            at += 1 + len;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn reverse_names() {
        assert_eq!(reverse("192.0.2.10".parse().unwrap()), "10.2.0.192.in-addr.arpa");
        let six = reverse("2001:db8::1".parse().unwrap());
        assert!(six.starts_with("1.0.0.0.") && six.ends_with(".8.b.d.0.1.0.0.2.ip6.arpa"), "{six}");
    }

    #[test]
    fn compressed_answers_are_read() {
        let mut packet = query(7, "a.example", Type::A).unwrap();
        packet[2] = 0x81;
        packet[7] = 2;
        packet.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 2]);
        packet.extend([0xc0, 12, 0, 12, 0, 1, 0, 0, 0, 60, 0, 4, 1, b'B', 0xc0, 14]);
        let (id, reply) = parse(&packet).unwrap();
        assert_eq!((id, reply.code), (7, 0));
        assert_eq!(reply.addresses, ["192.0.2.2".parse::<IpAddr>().unwrap()]);
        assert_eq!(reply.names, ["b.example"]);
    }

    #[test]
    fn a_loop_in_a_name_ends() {
        let mut packet = query(1, "a", Type::A).unwrap();
        packet[7] = 1;
        let at = u8::try_from(packet.len()).unwrap();
        packet.extend([0xc0, at]);
        assert_eq!(parse(&packet), None);
    }

    #[test]
    fn many_questions_get_their_own_answers() {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let at = server.local_addr().unwrap();
        let serve = std::thread::spawn(move || {
            let mut buffer = [0u8; 512];
            for n in 0..200u16 {
                let (len, peer) = server.recv_from(&mut buffer).unwrap();
                if n == 3 {
                    continue;
                }
                let mut packet = buffer[..len].to_vec();
                let id = u16::from_be_bytes([packet[0], packet[1]]);
                packet[7] = 1;
                packet.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 0]);
                packet.extend(id.to_be_bytes());
                server.send_to(&packet, peer).unwrap();
            }
        });
        let questions: Vec<_> = (0..199).map(|n| (format!("h{n}.example"), Type::A)).collect();
        let replies = ask(at, &questions, Duration::from_secs(10)).unwrap();
        for (n, reply) in replies.iter().enumerate() {
            let [hi, lo] = u16::try_from(n).unwrap().to_be_bytes();
            assert_eq!(reply.as_ref().unwrap().addresses, [IpAddr::from([10, 0, hi, lo])]);
        }
        serve.join().unwrap();
    }
}
