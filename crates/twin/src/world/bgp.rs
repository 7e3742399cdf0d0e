//! Routers of other networks: each outside neighbour of the fleet is one BIRD that announces what such a
//! network would, some of it wrong on purpose, and passes what it hears on to `internet`.

use super::isp::{defaults, with_length};
use super::space::{host4, host6};
use super::{Builder, INTERNET};
use crate::topology::{Attached, Daemon, Iface, Outside, Ready, Segment};
use derive::fleet::{Session, SessionKind};
use ipnet::IpNet;
use model::{BgpRole, HostId};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr};

/// AS of the `internet` namespace's own router (RFC 5398 documentation range end).
const INTERNET_ASN: u32 = 65551;

/// A router of another network: what it tells us and what it may hear.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Speaker {
    /// Its namespace.
    pub name: String,
    /// Its AS.
    pub asn: u32,
    /// The sessions it has with hosts of the fleet: host and the session's name there.
    pub sessions: Vec<(HostId, String)>,
    /// What it announces to us.
    pub announces: Vec<SpeakerRoute>,
}

/// A route another network announces to us.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SpeakerRoute {
    /// Prefix.
    pub prefix: IpNet,
    /// Why we must refuse it; `None` when we must take it.
    pub refuse: Option<String>,
}

/// Sessions that end at one outside address pair: one router.
struct Router<'a> {
    asn: u32,
    sessions: Vec<(&'a HostId, &'a Session)>,
    /// Addresses of its own by fleet segment (`None`: reached over the internet).
    addresses: BTreeMap<Option<String>, BTreeSet<IpAddr>>,
}

impl<'a> Builder<'a> {
    /// Finds the routers and what addresses on uplinks they hold (so that no provider holds them too).
    pub(super) fn speakers(&mut self, secret: &dyn Fn(&str) -> Option<String>) {
        let mut routers: BTreeMap<(u32, String), Router<'a>> = BTreeMap::new();
        let fleet = self.fleet;
        for host in fleet.hosts.values() {
            for session in host.bgp.iter().flat_map(|b| &b.sessions) {
                let SessionKind::External { .. } = session.kind else { continue };
                let segment = fleet
                    .segments
                    .values()
                    .find(|s| s.prefixes.iter().any(|p| p.contains(&session.remote)))
                    .map(|s| s.name.clone());
                // One router an AS and segment; sessions over the internet share one by AS.
                let key = (session.remote_asn, segment.clone().unwrap_or_default());
                let router = routers.entry(key).or_insert_with(|| Router {
                    asn: session.remote_asn,
                    sessions: Vec::new(),
                    addresses: BTreeMap::new(),
                });
                router.sessions.push((&host.id, session));
                router.addresses.entry(segment.clone()).or_default().insert(session.remote);
                if let Some(segment) = segment {
                    self.held.entry(segment).or_default().insert(session.remote);
                }
            }
        }
        let mut taken = BTreeSet::new();
        for ((asn, segment), router) in routers {
            let n = slot(&taken, asn, &segment);
            taken.insert(n);
            self.speaker(n, &router, secret);
        }
    }

    fn speaker(&mut self, n: u8, router: &Router<'a>, secret: &dyn Fn(&str) -> Option<String>) {
        let name = format!("as{}-{n}", router.asn);
        let up = format!("{name}-up");
        self.topology.segments.insert(up.clone(), Segment::default());
        let (link4, link6) = (self.space.net4(100 + n), self.space.net6(100 + u16::from(n)));
        let device = self.internet_port(&up);
        self.attach(INTERNET, &device, &up, vec![host4(link4, 1), host6(link6, 1)]);
        let mut interfaces = vec![Attached {
            iface: Iface::new(&name, "up", &up),
            addresses: vec![host4(link4, 2), host6(link6, 2)],
        }];
        let mut loopback = Vec::new();
        for (n, (segment, addresses)) in router.addresses.iter().enumerate() {
            match segment {
                Some(segment) => {
                    let prefixes = &self.fleet.segments[segment].prefixes;
                    // A gateway of the other family on the same wire is this router's too.
                    let gateways = self.fleet.segments[segment].gateways.iter();
                    let all: BTreeSet<IpAddr> = addresses.iter().chain(gateways).copied().collect();
                    self.held.entry(segment.clone()).or_default().extend(all.iter().copied());
                    self.routed_uplinks
                        .push((segment.clone(), [host4(link4, 2).addr(), host6(link6, 2).addr()]));
                    interfaces.push(Attached {
                        iface: Iface::new(&name, format!("net{n}"), segment),
                        addresses: all.iter().filter_map(|a| with_length(*a, prefixes)).collect(),
                    });
                }
                None => {
                    for ip in addresses {
                        loopback.push(IpNet::from(*ip));
                        let via = if ip.is_ipv4() { host4(link4, 2) } else { host6(link6, 2) };
                        self.internet_routes.push((IpNet::from(*ip), via.addr()));
                    }
                }
            }
        }
        let announces = self.announcements(router);
        let conf =
            self.speaker_conf(router, &announces, secret, host6(link6, 1).addr(), host4(link4, 1).addr());
        self.internet_peers.push((router.asn, [host4(link4, 2).addr(), host6(link6, 2).addr()]));
        self.topology.outside.insert(
            name.clone(),
            Outside {
                interfaces,
                loopback,
                routes: defaults([host4(link4, 1).addr(), host6(link6, 1).addr()]),
                forward: true,
                daemons: vec![bird(conf)],
                ..Outside::default()
            },
        );
        self.speakers.push(Speaker {
            name,
            asn: router.asn,
            sessions: router.sessions.iter().map(|(h, s)| ((*h).clone(), s.name.clone())).collect(),
            announces,
        });
    }

    /// What such a network would announce, and what must be refused.
    fn announcements(&self, router: &Router<'_>) -> Vec<SpeakerRoute> {
        let mut routes: Vec<SpeakerRoute> = Vec::new();
        let mut add = |prefix: &str, refuse: Option<&str>| {
            if let Ok(prefix) = prefix.parse() {
                routes.push(SpeakerRoute { prefix, refuse: refuse.map(str::to_owned) });
            }
        };
        let sells_transit = router
            .sessions
            .iter()
            .any(|(_, s)| matches!(s.kind, SessionKind::External { role: BgpRole::Customer, .. }));
        let families: BTreeSet<bool> = router.sessions.iter().map(|(_, s)| s.remote.is_ipv4()).collect();
        if families.contains(&false) {
            add(&format!("2d00:{:x}:{:x}::/48", router.asn >> 16, router.asn & 0xffff), None);
            if sells_transit {
                for prefix in self.client_prefixes.iter().chain([&IpNet::V6(self.space.net6(0))]) {
                    add(&prefix.to_string(), None);
                }
            }
            add("fc00:bad::/48", Some("unique local (RFC 4193)"));
            add(
                &format!("2d00:{:x}:{:x}:1::/64", router.asn >> 16, router.asn & 0xffff),
                Some("longer than /48"),
            );
            let own = router.sessions.iter().flat_map(|(h, _)| self.fleet.hosts[*h].bgp.iter());
            // A more specific one: what a hijack looks like, and no rival of what we announce ourselves.
            let hijacked = own.flat_map(|b| &b.own_space).filter_map(|p| match p {
                IpNet::V6(p) if p.prefix_len() < 48 => p.subnets(48).ok()?.last(),
                _ => None,
            });
            for prefix in hijacked.take(1) {
                add(&prefix.to_string(), Some("part of our own prefix"));
            }
            if self.rpki() {
                add("2d00:bad::/48", Some("RPKI invalid (RFC 6811)"));
            }
        }
        if families.contains(&true) {
            add("10.66.0.0/16", Some("private (RFC 1918)"));
        }
        routes
    }

    fn rpki(&self) -> bool {
        self.fleet.hosts.values().filter_map(|h| h.bgp.as_ref()).any(|b| !b.rpki.is_empty())
    }

    fn speaker_conf(
        &self,
        router: &Router<'_>,
        announces: &[SpeakerRoute],
        secret: &dyn Fn(&str) -> Option<String>,
        up6: IpAddr,
        up4: IpAddr,
    ) -> String {
        let mut out = header(router.asn);
        for (family, v4) in [("ipv4", true), ("ipv6", false)] {
            let _ = writeln!(out, "protocol static own{} {{ {family};", if v4 { 4 } else { 6 });
            for route in announces.iter().filter(|r| matches!(r.prefix, IpNet::V4(_)) == v4) {
                let _ = writeln!(out, "  route {} unreachable;", route.prefix);
            }
            out.push_str("}\n");
        }
        for (host, session) in &router.sessions {
            let name = protocol(host, &session.name);
            let _ = writeln!(out, "protocol bgp {name} {{\n  local {} as {};", session.remote, router.asn);
            let ours = self.fleet.hosts.values().find_map(|h| {
                h.bgp.as_ref().filter(|b| b.sessions.iter().any(|s| std::ptr::eq(s, *session))).map(|b| b.asn)
            });
            let _ = writeln!(out, "  neighbor {} as {};", session.local, ours.unwrap_or_default());
            if let Some(ttl) = session.multihop {
                let _ = writeln!(out, "  multihop {ttl};");
            }
            if let Some(value) = session.password.as_deref().and_then(secret) {
                let _ = writeln!(out, "  password \"{value}\";");
            }
            out.push_str("  connect delay time 1; connect retry time 1; error wait time 1, 2;\n");
            let (family, proto) = if session.remote.is_ipv4() { ("ipv4", "own4") } else { ("ipv6", "own6") };
            let _ = writeln!(
                out,
                "  {family} {{ import all; export where proto = \"{proto}\"; next hop self; }};\n}}"
            );
        }
        for (n, up) in [up4, up6].into_iter().enumerate() {
            let family = if up.is_ipv4() { "ipv4" } else { "ipv6" };
            let _ = writeln!(
                out,
                "protocol bgp up{n} {{\n  local as {};\n  neighbor {up} as {INTERNET_ASN};\n  connect delay time 1; connect retry time 1; error wait time 1, 2;\n  {family} {{ import none; export where source = RTS_BGP; next hop self; }};\n}}",
                router.asn
            );
        }
        out
    }

    /// The `internet` namespace's own BIRD, when there are routers to hear from.
    pub(super) fn internet_bird(&self) -> Option<Daemon> {
        if self.internet_peers.is_empty() {
            return None;
        }
        let mut out = header(INTERNET_ASN);
        for (asn, addresses) in &self.internet_peers {
            for ip in addresses {
                let family = if ip.is_ipv4() { "ipv4" } else { "ipv6" };
                let _ = writeln!(
                    out,
                    "protocol bgp p{} {{\n  local as {INTERNET_ASN};\n  neighbor {ip} as {asn};\n  connect delay time 1; connect retry time 1; error wait time 1, 2;\n  {family} {{ import all; export none; }};\n}}",
                    ip.to_string().replace(['.', ':'], "_")
                );
            }
        }
        Some(bird(out))
    }
}

/// The name of a router's protocol for a session of a host of ours: of these alone, because BIRD takes a protocol
/// with another name for another one, and ends its session.
pub(crate) fn protocol(host: &HostId, session: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    format!("fleet_{}_{}", host.as_str(), session).chars().map(plain).collect()
}

/// How many routers of other networks a world has room for.
const SLOTS: u8 = 96;

/// A router's number: its own, whoever else there is, as long as no two want the same. A router that comes or
/// goes then leaves the sessions of the others alone.
fn slot(taken: &BTreeSet<u8>, asn: u32, segment: &str) -> u8 {
    let start = Sha256::digest(format!("{asn} {segment}"))[0] % SLOTS;
    (0..SLOTS).map(|i| (start + i) % SLOTS).find(|n| !taken.contains(n)).unwrap_or(start)
}

/// Router ID, device and kernel protocols: everything learnt by BGP goes to the kernel, nothing else does.
fn header(asn: u32) -> String {
    let id = Ipv4Addr::from(0x0a00_0000 | (asn & 0x00ff_ffff));
    format!(
        "router id {id};\nlog stderr all;\nprotocol device {{ scan time 1; }}\nprotocol direct {{ ipv4; ipv6; }}\nprotocol kernel {{ ipv4 {{ import none; export where source = RTS_BGP; }}; }}\nprotocol kernel {{ ipv6 {{ import none; export where source = RTS_BGP; }}; }}\n"
    )
}

fn bird(conf: String) -> Daemon {
    Daemon {
        name: "bird".to_owned(),
        argv: ["bird", "-f", "-c", "{dir}/bird.conf", "-s", "{dir}/bird.ctl", "-P", "{dir}/bird.pid"]
            .map(str::to_owned)
            .to_vec(),
        files: BTreeMap::from([("bird.conf".to_owned(), conf)]),
        env: BTreeMap::new(),
        ready: Ready::File("{dir}/bird.ctl".to_owned()),
        reload: ["birdc", "-s", "{dir}/bird.ctl", "configure"].map(str::to_owned).to_vec(),
    }
}
