//! The decision, from observations alone.

use super::super::probe::sniff::{Flag, Packet};
use super::super::verdict::BrokenHop;
use super::wg::End;
use derive::fleet::{Entry, Exposure, Fleet, Hop, HopKind};
use model::{HostId, TunnelId};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// How a request failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The name does not give the addresses it should; what it gives.
    Dns(String),
    /// No connection came about; what was seen.
    Connect(String),
    /// No TLS session for the name; what was said.
    Tls(String),
    /// The proxy answers, but not with the service; what it says.
    Proxy(String),
    /// The service's answer is not right; what it says.
    Service(String),
    /// The service sees somebody else than the client.
    Source(String),
}

impl Failure {
    /// What was seen.
    pub(crate) fn seen(&self) -> &str {
        match self {
            Failure::Dns(s) | Failure::Connect(s) | Failure::Tls(s) => s,
            Failure::Proxy(s) | Failure::Service(s) | Failure::Source(s) => s,
        }
    }
}

/// What was seen of one attempt on its way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observed {
    /// Packets of the attempt, by node, each in order of arrival.
    pub packets: Vec<Packet>,
    /// Tunnel ends on the way.
    pub ends: Vec<End>,
    /// Listening TCP sockets, by host.
    pub listening: BTreeMap<String, Vec<SocketAddr>>,
}

impl Observed {
    fn find(&self, node: &HostId, flag: Flag, out: bool, fits: impl Fn(&Packet) -> bool) -> Option<&Packet> {
        self.packets.iter().find(|p| p.node == node.as_str() && p.flag == flag && p.out == out && fits(p))
    }
    fn end(&self, host: &HostId, device: &str) -> Option<&End> {
        self.ends.iter().find(|e| e.host == host.as_str() && e.device == device)
    }
}

/// The hop that breaks a request to an exposure, when the observations name one.
pub(crate) fn diagnose(
    fleet: &Fleet,
    exposure: &Exposure,
    client: &str,
    address: Option<IpAddr>,
    failure: &Failure,
    observed: &Observed,
) -> Option<BrokenHop> {
    let came_in = |e: &&Entry| observed.find(&e.edge, Flag::Syn, false, |_| true).is_some();
    let serves = |e: &&Entry| address.is_none_or(|a| e.addresses.contains(&a));
    let entry = exposure
        .entries
        .iter()
        .find(|e| serves(e) && came_in(e))
        .or_else(|| exposure.entries.iter().find(serves))
        .or(exposure.entries.first())?;
    // Hops of the other family are not on this way.
    let ours = |ip: &IpAddr| address.is_none_or(|a| a.is_ipv4() == ip.is_ipv4());
    let hops: Vec<&Hop> = entry
        .hops
        .iter()
        .filter(|h| match &h.what {
            HopKind::Dnat(ip) | HopKind::Listen(ip, _) | HopKind::Backend(ip, _) => ours(ip),
            HopKind::Announce(prefix) => ours(&prefix.addr()),
            HopKind::Dns(_) | HopKind::Tunnel(..) | HopKind::Lan(_) | HopKind::Return(_) => true,
        })
        .collect();
    let at = |fits: fn(&HopKind) -> bool| hops.iter().copied().find(|h| fits(&h.what));
    let way = Way { fleet, edge: &entry.edge, hops: &hops, client, observed };
    match failure {
        Failure::Dns(seen) => at(|k| matches!(k, HopKind::Dns(_))).map(|h| broken(h, seen.clone())),
        Failure::Connect(seen) => way.forward().or_else(|| way.back()).map(|b| with(b, seen)),
        Failure::Tls(seen) | Failure::Proxy(seen) => {
            at(|k| matches!(k, HopKind::Listen(..))).map(|h| broken(h, seen.clone()))
        }
        Failure::Service(seen) => at(|k| matches!(k, HopKind::Backend(..))).map(|h| broken(h, seen.clone())),
        Failure::Source(seen) => way.rewritten().map(|b| with(b, seen)),
    }
}

/// A hop in words.
pub(crate) fn words(hop: &Hop) -> String {
    match &hop.what {
        HopKind::Dns(_) => "DNS record".to_owned(),
        HopKind::Announce(prefix) => format!("BGP announcement of {prefix} by {}", hop.host),
        HopKind::Dnat(to) => format!("DNAT on {} to {to}", hop.host),
        HopKind::Tunnel(tunnel, far) => format!("tunnel {tunnel} from {} to {far}", hop.host),
        HopKind::Lan(segment) => format!("LAN {segment} behind {}", hop.host),
        HopKind::Listen(ip, port) => format!("proxy on {} at {}", hop.host, SocketAddr::new(*ip, *port)),
        HopKind::Backend(ip, port) => format!("service on {} at {}", hop.host, SocketAddr::new(*ip, *port)),
        HopKind::Return(tunnel) => format!("policy route on {} back through tunnel {tunnel}", hop.host),
    }
}

fn broken(hop: &Hop, evidence: String) -> BrokenHop {
    BrokenHop { what: words(hop), host: hop.host.to_string(), place: hop.why.place.to_string(), evidence }
}

fn with(mut hop: BrokenHop, seen: &str) -> BrokenHop {
    if hop.evidence.is_empty() {
        hop.evidence = seen.to_owned();
    }
    hop
}

struct Way<'a> {
    fleet: &'a Fleet,
    edge: &'a HostId,
    /// In order, of the family of the attempt.
    hops: &'a [&'a Hop],
    client: &'a str,
    observed: &'a Observed,
}

impl<'a> Way<'a> {
    /// The interfaces of a tunnel between two hosts.
    fn devices(&self, tunnel: &TunnelId, near: &HostId, far: &HostId) -> Option<(&'a str, &'a str)> {
        self.fleet.links.iter().filter(|l| l.tunnel == *tunnel).find_map(|link| {
            let [(a, on_a), (b, on_b)] = &link.ends;
            if a == near && b == far {
                Some((on_a.as_str(), on_b.as_str()))
            } else if b == near && a == far {
                Some((on_b.as_str(), on_a.as_str()))
            } else {
                None
            }
        })
    }

    fn last_syn(&self) -> String {
        self.observed
            .packets
            .iter()
            .rfind(|p| p.flag == Flag::Syn)
            .map_or("no SYN seen anywhere".into(), Packet::say)
    }

    /// True when the SYN came in at the host of a later hop than this one's own.
    fn seen_behind(&self, hop: &Hop) -> bool {
        let forward =
            |h: &&&Hop| matches!(h.what, HopKind::Tunnel(..) | HopKind::Lan(_) | HopKind::Listen(..));
        let later = self.hops.iter().skip_while(|h| !std::ptr::eq(**h, hop)).filter(forward);
        let mut hosts = later.map(|h| &h.host).filter(|h| **h != hop.host);
        // The far end of a tunnel is judged by the tunnel's own hop.
        let far = match &hop.what {
            HopKind::Tunnel(_, far) => Some(far),
            _ => None,
        };
        hosts.any(|host| Some(host) != far && self.observed.find(host, Flag::Syn, false, |_| true).is_some())
    }

    /// Follows the SYN to the listener.
    fn forward(&self) -> Option<BrokenHop> {
        let edge = self.edge;
        // A host of the way that asks itself sends its SYN out and lets none in.
        let met = |h: &&Hop| {
            [false, true]
                .into_iter()
                .any(|out| self.observed.find(&h.host, Flag::Syn, out, |_| true).is_some())
        };
        if !self.hops.iter().any(met) {
            let evidence = format!("the SYN does not get to {edge}: {}", self.last_syn());
            if let Some(hop) = self.hops.iter().find(|h| matches!(h.what, HopKind::Announce(_))) {
                return Some(broken(hop, evidence));
            }
            let host = self.fleet.hosts.get(edge)?;
            let what = format!("way over the internet to {edge}");
            return Some(BrokenHop { what, host: edge.to_string(), place: host.place.to_string(), evidence });
        }
        for hop in self.hops {
            let fault = match &hop.what {
                // A packet that was seen further on has passed this hop, whoever missed it here.
                _ if self.seen_behind(hop) => None,
                HopKind::Dnat(target) => self.dnat(hop, *target),
                HopKind::Tunnel(tunnel, far) => self.tunnel(hop, tunnel, far),
                HopKind::Lan(segment) => self.lan(hop, segment),
                HopKind::Listen(ip, port) => self.listener(hop, SocketAddr::new(*ip, *port)),
                HopKind::Dns(_) | HopKind::Announce(_) | HopKind::Backend(..) | HopKind::Return(_) => None,
            };
            if let Some(evidence) = fault {
                let mut found = broken(hop, evidence);
                if let HopKind::Tunnel(tunnel, far) = &hop.what
                    && let Some(place) = self.narrowed(tunnel, &hop.host, far)
                {
                    found.place = place;
                }
                return Some(found);
            }
        }
        None
    }

    /// The source line of the AllowedIPs that keep a packet of the attempt from passing a tunnel.
    fn narrowed(&self, tunnel: &TunnelId, near: &HostId, far: &HostId) -> Option<String> {
        let (near_device, far_device) = self.devices(tunnel, near, far)?;
        let out = self.observed.find(near, Flag::Syn, true, |p| p.device == near_device)?;
        let narrow = [(near, near_device, far, out.to.ip()), (far, far_device, near, out.from.ip())]
            .into_iter()
            .find(|(host, device, _, ip)| self.observed.end(host, device).is_some_and(|e| !e.allows(*ip)));
        let (host, device, peer, _) = narrow?;
        let interface = self.fleet.hosts.get(host)?.wireguard.iter().find(|w| w.name == device)?;
        let peer = interface.peers.iter().find(|p| p.host == *peer)?;
        peer.allowed_ips.first().map(|(_, why)| why.place.to_string())
    }

    fn dnat(&self, hop: &Hop, target: IpAddr) -> Option<String> {
        let own = self.fleet.hosts.get(&hop.host).is_some_and(|h| h.addresses.contains(&target));
        if own || self.observed.find(&hop.host, Flag::Syn, true, |p| p.to.ip() == target).is_some() {
            return None;
        }
        let came = self.observed.find(&hop.host, Flag::Syn, false, |_| true)?;
        let went = self.observed.find(&hop.host, Flag::Syn, true, |_| true);
        let went = went.map_or("it goes no further".to_owned(), |p| format!("but then {}", p.say()));
        Some(format!("{}, {went}", came.say()))
    }

    fn tunnel(&self, hop: &Hop, tunnel: &TunnelId, far: &HostId) -> Option<String> {
        let (near_device, far_device) = self.devices(tunnel, &hop.host, far)?;
        if self.observed.find(far, Flag::Syn, false, |p| p.device == far_device).is_some() {
            return None;
        }
        let Some(out) = self.observed.find(&hop.host, Flag::Syn, true, |p| p.device == near_device) else {
            let other = self.observed.find(&hop.host, Flag::Syn, true, |p| p.device != near_device);
            return Some(match other {
                Some(p) => format!("{} instead of {near_device}", p.say()),
                None => format!("the SYN does not leave {} by {near_device}: {}", hop.host, self.last_syn()),
            });
        };
        let mut evidence = format!("{}, but not into {far}:{far_device}", out.say());
        let near = self.observed.end(&hop.host, near_device);
        let far_end = self.observed.end(far, far_device);
        if near.is_some_and(|e| !e.shaken()) || far_end.is_some_and(|e| !e.shaken()) {
            evidence.push_str("; the ends have not shaken hands");
        } else {
            if near.is_some_and(|e| !e.allows(out.to.ip())) {
                evidence.push_str(&format!("; AllowedIPs on {} do not contain {}", hop.host, out.to.ip()));
            }
            if far_end.is_some_and(|e| !e.allows(out.from.ip())) {
                evidence.push_str(&format!("; AllowedIPs on {far} do not contain {}", out.from.ip()));
            }
        }
        Some(evidence)
    }

    fn lan(&self, hop: &Hop, segment: &str) -> Option<String> {
        let device = self
            .fleet
            .hosts
            .get(&hop.host)?
            .interfaces
            .iter()
            .find(|i| i.segment.as_deref() == Some(segment));
        let device = &device?.name;
        if self.observed.find(&hop.host, Flag::Syn, true, |p| p.device == *device).is_some() {
            return None;
        }
        // A listener on this very host needs no LAN.
        let local = |h: &Hop| matches!(h.what, HopKind::Listen(..)) && h.host == hop.host;
        if self.hops.iter().any(|h| local(h)) {
            return None;
        }
        Some(format!("the SYN does not leave {} by {device}: {}", hop.host, self.last_syn()))
    }

    fn listener(&self, hop: &Hop, at: SocketAddr) -> Option<String> {
        if self.observed.find(&hop.host, Flag::SynAck, true, |_| true).is_some() {
            return None;
        }
        let came = self.observed.find(&hop.host, Flag::Syn, false, |_| true);
        let Some(came) = came else {
            return Some(format!("the SYN does not get to {}: {}", hop.host, self.last_syn()));
        };
        let sockets = self.observed.listening.get(hop.host.as_str()).map(Vec::as_slice).unwrap_or_default();
        let on_port: Vec<String> =
            sockets.iter().filter(|s| s.port() == at.port()).map(ToString::to_string).collect();
        let who = match on_port.as_slice() {
            [] => format!("nobody listens on port {} of {}", at.port(), hop.host),
            some => format!("{} listens on {} only", hop.host, some.join(", ")),
        };
        let answer = match self.observed.find(&hop.host, Flag::Reset, true, |_| true) {
            Some(reset) => format!("answered by {}", reset.say()),
            None => "not answered".to_owned(),
        };
        Some(format!("{}, {answer}; {who}", came.say()))
    }

    /// Follows the SYN-ACK to the client.
    fn back(&self) -> Option<BrokenHop> {
        for hop in self.hops.iter().filter(|h| matches!(h.what, HopKind::Return(_))) {
            let HopKind::Return(tunnel) = &hop.what else { continue };
            let far = self.hops.iter().find_map(|h| match &h.what {
                HopKind::Tunnel(t, far) if t == tunnel && *far == hop.host => Some(&h.host),
                _ => None,
            });
            let Some((near_device, far_device)) = far.and_then(|f| self.devices(tunnel, &hop.host, f)) else {
                continue;
            };
            let Some(far) = far else { continue };
            if self.observed.find(far, Flag::SynAck, false, |p| p.device == far_device).is_some() {
                continue;
            }
            if self.observed.find(&hop.host, Flag::SynAck, true, |p| p.device == near_device).is_some() {
                let forward =
                    self.hops.iter().find(|h| matches!(&h.what, HopKind::Tunnel(t, _) if t == tunnel))?;
                let answer =
                    format!("SYN-ACK out of {}:{near_device}, but not into {far}:{far_device}", hop.host);
                return Some(broken(forward, answer));
            }
            let strayed = self.observed.find(&hop.host, Flag::SynAck, true, |p| p.device != near_device);
            let came = self.observed.find(&hop.host, Flag::SynAck, false, |_| true);
            let evidence = match (strayed, came) {
                (Some(p), _) => format!("{} instead of {near_device}", p.say()),
                (None, Some(p)) => format!("{}, and it goes no further", p.say()),
                (None, None) => format!("no SYN-ACK gets to {}", hop.host),
            };
            return Some(broken(hop, evidence));
        }
        let edge = self.edge;
        let arrived =
            self.observed.packets.iter().any(|p| p.node == self.client && p.flag == Flag::SynAck && !p.out);
        if arrived {
            return None;
        }
        let hop = self.hops.iter().find(|h| h.host == *edge && !matches!(h.what, HopKind::Dns(_)))?;
        let last = self.observed.packets.iter().rfind(|p| p.flag == Flag::SynAck);
        let last = last.map_or("no SYN-ACK seen anywhere".to_owned(), |p| format!("last seen: {}", p.say()));
        Some(broken(hop, format!("the answer does not get back to {}: {last}", self.client)))
    }

    /// Where the client's address is replaced.
    fn rewritten(&self) -> Option<BrokenHop> {
        let client =
            self.observed.packets.iter().find(|p| p.node == self.client && p.flag == Flag::Syn)?.from.ip();
        let other = |p: &&Packet| p.flag == Flag::Syn && p.from.ip() != client;
        let first = self.hops.iter().find_map(|h| {
            self.observed
                .packets
                .iter()
                .filter(other)
                .find(|p| p.node == h.host.as_str() && p.out)
                .map(|p| (h, p))
        })?;
        Some(broken(first.0, format!("{}: the client was {client}", first.1.say())))
    }
}
