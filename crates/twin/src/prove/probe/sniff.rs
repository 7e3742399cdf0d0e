//! Who sees a connection attempt pass: packet sockets on every interface of some namespaces. The initial
//! sequence number finds the same packet again behind address translation.

use super::super::ground::{Ground, within};
use rustix::fd::OwnedFd;
use rustix::net::{
    AddressFamily, RecvFlags, SocketFlags, SocketType, netdevice, recvfrom, socket_with, sockopt,
};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// What a TCP packet is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flag {
    Syn,
    SynAck,
    Reset,
}

/// A TCP packet that opens or refuses a connection, where it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    pub node: String,
    pub device: String,
    /// It left by that interface; else it came in.
    pub out: bool,
    pub flag: Flag,
    pub from: SocketAddr,
    pub to: SocketAddr,
    /// Sequence number of the SYN it is or answers.
    pub isn: u32,
}

impl Packet {
    /// In words: `SYN 198.18.10.7:4000 > 203.0.113.7:443 into kyiv-gw:ether1`.
    pub(crate) fn say(&self) -> String {
        let flag = match self.flag {
            Flag::Syn => "SYN",
            Flag::SynAck => "SYN-ACK",
            Flag::Reset => "RST",
        };
        let way = if self.out { "out of" } else { "into" };
        format!("{flag} {} > {} {way} {}:{}", self.from, self.to, self.node, self.device)
    }
}

/// Packet sockets that listen until they are asked what they saw.
pub(crate) struct Sniffers {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Vec<Packet>>>,
}

/// `PACKET_OUTGOING` of packet(7).
const OUTGOING: u8 = 4;
/// `ETH_P_ALL` of packet(7).
const EVERY_PROTOCOL: u16 = 3;

impl Sniffers {
    /// Listens in these nodes. Ready when this returns.
    ///
    /// # Errors
    /// When a node cannot be entered or no packet socket can be made there, in words.
    pub(crate) fn start<'a>(
        ground: &dyn Ground,
        nodes: impl IntoIterator<Item = &'a str>,
    ) -> Result<Sniffers, String> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut sniffers = Sniffers { stop: stop.clone(), threads: Vec::new() };
        for node in nodes {
            let socket = within(ground, node, open)?.map_err(|e| format!("{node}: packet socket: {e}"))?;
            let (node, stop) = (node.to_owned(), stop.clone());
            sniffers.threads.push(std::thread::spawn(move || listen(&node, &socket, &stop)));
        }
        Ok(sniffers)
    }

    /// Stops listening; everything seen, by node in the order given to `start`, each in order of arrival.
    pub(crate) fn seen(mut self) -> Vec<Packet> {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.drain(..).filter_map(|t| t.join().ok()).flatten().collect()
    }
}

impl Drop for Sniffers {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn open() -> rustix::io::Result<OwnedFd> {
    let protocol = rustix::net::Protocol::from_raw(
        std::num::NonZeroU32::new(u32::from(EVERY_PROTOCOL.to_be())).ok_or(rustix::io::Errno::INVAL)?,
    );
    // DGRAM: packets begin at the IP header whatever the link layer is.
    let socket = socket_with(AddressFamily::PACKET, SocketType::DGRAM, SocketFlags::CLOEXEC, Some(protocol))?;
    sockopt::set_socket_timeout(&socket, sockopt::Timeout::Recv, Some(Duration::from_millis(50)))?;
    Ok(socket)
}

fn listen(node: &str, socket: &OwnedFd, stop: &AtomicBool) -> Vec<Packet> {
    let mut names: BTreeMap<u32, String> = BTreeMap::new();
    let mut seen = Vec::new();
    let mut buffer = [0u8; 128];
    while !stop.load(Ordering::Relaxed) {
        let Ok((n, _, Some(from))) = recvfrom(socket, &mut buffer[..], RecvFlags::empty()) else { continue };
        // struct sockaddr_ll: family u16, protocol u16, ifindex i32, hatype u16, pkttype u8, …
        let len = (from.addr_len() as usize).min(20);
        // SAFETY: an address points at `addr_len` bytes that live as long as it does.
        #[allow(unsafe_code)]
        let link = unsafe { std::slice::from_raw_parts(from.as_ptr().cast::<u8>(), len) };
        if link.len() < 11 {
            continue;
        }
        let index = u32::from_ne_bytes([link[4], link[5], link[6], link[7]]);
        let Some((flag, source, target, isn)) = opening(&buffer[..n.min(buffer.len())]) else { continue };
        let device = names.entry(index).or_insert_with(|| {
            netdevice::index_to_name(socket, index).unwrap_or_else(|_| format!("#{index}"))
        });
        seen.push(Packet {
            node: node.to_owned(),
            device: device.clone(),
            out: link[10] == OUTGOING,
            flag,
            from: source,
            to: target,
            isn,
        });
    }
    seen
}

/// A SYN, SYN-ACK or RST in an IP packet: what it is, from, to, and the SYN's sequence number.
fn opening(packet: &[u8]) -> Option<(Flag, SocketAddr, SocketAddr, u32)> {
    const TCP: u8 = 6;
    let (source, target, at): (IpAddr, IpAddr, usize) = match packet.first()? >> 4 {
        4 if *packet.get(9)? == TCP => {
            let ip =
                |n: usize| Some(IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(packet.get(n..n + 4)?).ok()?)));
            (ip(12)?, ip(16)?, usize::from(packet[0] & 15) * 4)
        }
        6 if *packet.get(6)? == TCP => {
            let ip = |n: usize| {
                Some(IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(packet.get(n..n + 16)?).ok()?)))
            };
            (ip(8)?, ip(24)?, 40)
        }
        _ => return None,
    };
    let tcp = packet.get(at..at + 14)?;
    let port = |n: usize| u16::from_be_bytes([tcp[n], tcp[n + 1]]);
    let number = |n: usize| u32::from_be_bytes([tcp[n], tcp[n + 1], tcp[n + 2], tcp[n + 3]]);
    let (syn, reset, ack) = (tcp[13] & 2 != 0, tcp[13] & 4 != 0, tcp[13] & 16 != 0);
    let (flag, isn) = match (syn, ack, reset) {
        (true, false, false) => (Flag::Syn, number(4)),
        (true, true, false) => (Flag::SynAck, number(8).wrapping_sub(1)),
        (false, true, true) => (Flag::Reset, number(8).wrapping_sub(1)),
        _ => return None,
    };
    Some((flag, SocketAddr::new(source, port(0)), SocketAddr::new(target, port(2)), isn))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    struct Here;
    impl Ground for Here {
        fn remote(&self, host: &str) -> Result<Box<dyn remote::Remote + '_>, String> {
            Ok(Box::new(remote::Local::new(host)))
        }
        fn outside(&self, _: &str, _: &[&str], _: Duration) -> Result<remote::Output, String> {
            Err("nothing runs here".to_owned())
        }
        fn enter(&self, _: &str) -> Result<(), String> {
            Ok(())
        }
    }

    #[test]
    fn an_attempt_is_seen_with_its_answer() {
        let sniffers = Sniffers::start(&Here, ["here"]).unwrap();
        let listener = std::net::TcpListener::bind("[::1]:0").unwrap();
        let to = listener.local_addr().unwrap();
        let client = std::net::TcpStream::connect(to).unwrap();
        let own = client.local_addr().unwrap();
        std::thread::sleep(Duration::from_millis(100));
        let seen = sniffers.seen();
        let syn = seen.iter().find(|p| p.flag == Flag::Syn && p.from == own && p.to == to).unwrap();
        assert_eq!((syn.node.as_str(), syn.device.as_str()), ("here", "lo"));
        assert!(seen.iter().any(|p| p.flag == Flag::SynAck && p.isn == syn.isn && p.to == own));
    }

    #[test]
    fn garbage_is_no_packet() {
        for n in 0..60 {
            assert_eq!(opening(&vec![0x45; n]), None);
            assert_eq!(opening(&vec![0x60; n]), None);
        }
    }
}
