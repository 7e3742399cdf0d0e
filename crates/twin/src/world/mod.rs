//! The world around a fleet: from a derived fleet to a topology that can be booted. Providers with their
//! NAT, the internet between them, clients at several places, the routers of other networks, public DNS
//! and a public CA. Pure: it only says what to build.

mod acme;
mod bgp;
mod desk;
mod isp;
mod seeds;
mod space;

use crate::Seeds;
use crate::topology::{Attached, Daemon, Iface, Machine, Outside, Route, Segment, Topology};
use derive::fleet::{Fleet, SegmentKind};
use ipnet::IpNet;
use model::{CertificateKind, UplinkKind};
use sha2::{Digest, Sha256};
use space::Space;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

pub use acme::{
    AcmeFiles, DIRECTORY_HOST as ACME_HOST, ROOT_URL as ACME_ROOT_URL, STAGING_HOST as ACME_STAGING_HOST,
};
pub(crate) use bgp::protocol as speaker_protocol;
pub use bgp::{Speaker, SpeakerRoute};
pub use desk::{Access, Approach};

/// The outside namespace that routes between all providers, and holds public DNS and the public CA.
pub const INTERNET: &str = "internet";

/// A person's machine somewhere on the internet.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Client {
    /// Its namespace.
    pub name: String,
    /// Its IPv4 address.
    pub ipv4: IpAddr,
    /// Its IPv6 address.
    pub ipv6: IpAddr,
}

/// Something the twin has to do otherwise than production; said with every verdict.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Alteration {
    /// Where: a host or `internet`.
    pub at: String,
    /// What is different.
    pub what: String,
    /// Why it cannot be the real thing here.
    pub why: String,
}

/// Everything the twin needs to boot a fleet, and what proofs need to know about it.
#[derive(Clone, Debug)]
pub struct World {
    /// What to build.
    pub topology: Topology,
    /// Files placed into machines before they boot.
    pub seeds: Seeds,
    /// Clients at several places; the first one is nearest to no provider in particular.
    pub clients: Vec<Client>,
    /// Routers of other networks.
    pub speakers: Vec<Speaker>,
    /// Public resolvers (served in `internet`).
    pub resolvers: Vec<IpAddr>,
    /// By host, where it is dialled from and at which address; hosts that nothing outside leads to are not in it.
    pub approaches: BTreeMap<String, Approach>,
    /// What is done otherwise than in production.
    pub alterations: Vec<Alteration>,
}

/// What the world cannot be made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorldError(pub String);

impl std::fmt::Display for WorldError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WorldError {}

/// What the world needs beside the fleet.
pub struct Materials<'a> {
    /// Certificates of the public CA's front; needed when an exposure has a public certificate.
    pub acme: Option<&'a AcmeFiles>,
    /// The stand-in program.
    pub stand_in: &'a [u8],
    /// Values of secrets that outside routers share with us (MD5 passwords).
    pub secret: &'a dyn Fn(&str) -> Option<String>,
    /// Keys of machines and of whoever administers them.
    pub access: &'a dyn Access,
}

/// True when the fleet asks a public CA for certificates.
pub fn needs_acme(fleet: &Fleet) -> bool {
    fleet.exposures.iter().any(|e| e.certificate == CertificateKind::Acme)
}

/// The world around a fleet.
///
/// # Errors
/// When the fleet uses all address ranges the world could take, or a segment's members make no sense.
pub fn world(fleet: &Fleet, materials: &Materials<'_>) -> Result<World, WorldError> {
    let used: Vec<IpNet> = fleet.segments.values().flat_map(|s| &s.prefixes).copied().collect();
    let space = Space::beside(&used)
        .ok_or_else(|| WorldError("the fleet uses every range the outside world could take".to_owned()))?;
    let resolvers: BTreeSet<IpAddr> =
        fleet.hosts.values().flat_map(|h| &h.resolver.upstream).copied().collect();
    let mut builder = Builder {
        fleet,
        space,
        topology: Topology::default(),
        seeds: Seeds::default(),
        clients: Vec::new(),
        client_prefixes: Vec::new(),
        speakers: Vec::new(),
        resolvers: resolvers.into_iter().collect(),
        approaches: BTreeMap::new(),
        alterations: Vec::new(),
        held: BTreeMap::new(),
        links: 0,
        internet_routes: Vec::new(),
        internet_peers: Vec::new(),
        routed_uplinks: Vec::new(),
        late_daemons: Vec::new(),
    };
    if builder.resolvers.is_empty() {
        builder.resolvers =
            vec![space::host4(space.net4(0), 53).addr(), space::host6(space.net6(0), 0x53).addr()];
    }
    builder.topology.outside.insert(INTERNET.to_owned(), Outside { forward: true, ..Outside::default() });
    builder.machines();
    builder.clients();
    builder.speakers(materials.secret);
    builder.providers();
    builder.routes();
    builder.services(materials);
    builder.seeds(materials.stand_in, materials.acme.map(|a| a.ca.as_str()));
    builder.desks();
    builder.installed(materials.access);
    builder.alterations.sort();
    builder.alterations.dedup();
    let faults = builder.topology.faults();
    if !faults.is_empty() {
        return Err(WorldError(faults.join("; ")));
    }
    Ok(World {
        topology: builder.topology,
        seeds: builder.seeds,
        clients: builder.clients,
        speakers: builder.speakers,
        resolvers: builder.resolvers,
        approaches: builder.approaches,
        alterations: builder.alterations,
    })
}

/// The world while it is being made.
struct Builder<'a> {
    fleet: &'a Fleet,
    space: Space,
    topology: Topology,
    seeds: Seeds,
    clients: Vec<Client>,
    client_prefixes: Vec<IpNet>,
    speakers: Vec<Speaker>,
    resolvers: Vec<IpAddr>,
    approaches: BTreeMap<String, Approach>,
    alterations: Vec<Alteration>,
    /// Addresses on fleet segments that routers of other networks hold.
    held: BTreeMap<String, BTreeSet<IpAddr>>,
    links: u8,
    internet_routes: Vec<(IpNet, IpAddr)>,
    internet_peers: Vec<(u32, [IpAddr; 2])>,
    /// Uplinks whose prefixes lie behind a router of another network: segment and that router's addresses.
    routed_uplinks: Vec<(String, [IpAddr; 2])>,
    late_daemons: Vec<(String, Daemon)>,
}

impl Builder<'_> {
    /// The fleet's own machines and segments.
    fn machines(&mut self) {
        for segment in self.fleet.segments.values() {
            let wired = !matches!(segment.kind, SegmentKind::Bridge | SegmentKind::Uplink(UplinkKind::None));
            if wired {
                self.topology.segments.insert(segment.name.clone(), Segment::default());
            }
        }
        for host in self.fleet.hosts.values() {
            let interfaces = host
                .interfaces
                .iter()
                .filter_map(|i| i.segment.as_ref().map(|s| (i, s)))
                .filter(|(_, s)| self.topology.segments.contains_key(*s))
                .map(|(i, s)| Iface::new(host.id.as_str(), &i.name, s))
                .collect();
            self.topology.machines.insert(host.id.to_string(), Machine { interfaces });
        }
    }

    /// Routes of `internet` to what lies behind others: uplinks held by other networks, LANs with global
    /// addresses behind a public uplink.
    fn routes(&mut self) {
        let mut routes = std::mem::take(&mut self.internet_routes);
        for (segment, via) in std::mem::take(&mut self.routed_uplinks) {
            let connected =
                self.topology.outside[INTERNET].interfaces.iter().any(|a| a.iface.segment == segment);
            if !connected {
                for prefix in &self.fleet.segments[&segment].prefixes {
                    routes.push((*prefix, if matches!(prefix, IpNet::V4(_)) { via[0] } else { via[1] }));
                }
            }
        }
        for site in self.fleet.sites.values() {
            let Some(lan) = site.lan.as_ref().and_then(|l| self.fleet.segments.get(l)) else { continue };
            let Some(router) = site.router.as_ref().and_then(|r| self.fleet.hosts.get(r)) else { continue };
            let next_hop = router
                .interfaces
                .iter()
                .filter(|i| i.segment.as_ref().is_some_and(|s| site.uplinks.contains(s)))
                .flat_map(|i| &i.addresses)
                .find(|(a, _)| matches!(a, IpNet::V6(_)));
            for prefix in &lan.prefixes {
                if let (IpNet::V6(v6), Some((via, _))) = (prefix, next_hop)
                    && !is_unique_local(v6.addr())
                {
                    routes.push((*prefix, via.addr()));
                }
            }
        }
        let internet = self.topology.outside.entry(INTERNET.to_owned()).or_default();
        internet.routes.extend(routes.into_iter().map(|(to, via)| Route { to, via: Some(via), dev: None }));
    }

    /// Public DNS, the public CA and the internet's own router.
    fn services(&mut self, materials: &Materials<'_>) {
        let acme4 = space::host4(self.space.net4(0), 80).addr();
        let acme6 = space::host6(self.space.net6(0), 0x80).addr();
        let mut records: Vec<(String, Vec<IpAddr>)> =
            self.fleet.public_names.iter().map(|n| (n.name.clone(), n.addresses.clone())).collect();
        for host in [acme::DIRECTORY_HOST, acme::STAGING_HOST] {
            records.push((host.to_owned(), vec![acme4, acme6]));
        }
        let mut daemons = vec![acme::dns(&self.resolvers, &records, &self.fleet.domain)];
        daemons.extend(self.internet_bird());
        if let Some(files) = materials.acme {
            daemons.extend(acme::daemons(files, [acme4, acme6]));
            self.alterations.push(acme::alteration());
        }
        let loopback = self.resolvers.iter().copied().chain([acme4, acme6]).map(IpNet::from).collect();
        let late = std::mem::take(&mut self.late_daemons);
        let internet = self.topology.outside.entry(INTERNET.to_owned()).or_default();
        internet.loopback = loopback;
        internet.resolv_conf = Some("nameserver 127.0.0.1\n".to_owned());
        internet.daemons.splice(0..0, daemons);
        for (node, daemon) in late {
            if let Some(outside) = self.topology.outside.get_mut(&node) {
                outside.daemons.push(daemon);
            }
        }
    }

    /// A new device of `internet` for a segment.
    fn internet_port(&self, segment: &str) -> String {
        // By the segment's name alone: a link that comes or goes leaves the others as they are.
        let hash = Sha256::digest(segment);
        hash.iter().take(5).fold("net".to_owned(), |name, byte| format!("{name}{byte:02x}"))
    }

    fn attach(&mut self, node: &str, device: &str, segment: &str, addresses: Vec<IpNet>) {
        let outside = self.topology.outside.entry(node.to_owned()).or_default();
        outside.interfaces.push(Attached { iface: Iface::new(node, device, segment), addresses });
    }

    fn next_link(&mut self) -> u8 {
        self.links += 1;
        200 + self.links
    }

    /// Hosts and interfaces that ask for their address on a segment.
    fn dhcp_members(&self, segment: &str) -> Vec<(String, String)> {
        let hosts = self.fleet.hosts.values();
        hosts
            .flat_map(|h| h.interfaces.iter().map(move |i| (h, i)))
            .filter(|(_, i)| i.dhcp4 && i.segment.as_deref() == Some(segment))
            .map(|(h, i)| (h.id.to_string(), i.name.clone()))
            .collect()
    }

    /// Addresses hosts have on a segment (declared, also when they come by DHCP).
    fn fleet_addresses(&self, segment: &str) -> Vec<IpAddr> {
        let hosts = self.fleet.hosts.values();
        hosts
            .flat_map(|h| &h.interfaces)
            .filter(|i| i.segment.as_deref() == Some(segment))
            .flat_map(|i| &i.addresses)
            .map(|(a, _)| a.addr())
            .filter(IpAddr::is_ipv4)
            .collect()
    }

    /// A segment's name, short enough for a node's name.
    fn short(&self, segment: &str) -> String {
        let plain = segment.strip_prefix("uplink-").unwrap_or(segment);
        plain.chars().take(30).collect::<String>().trim_end_matches('-').to_owned()
    }
}

fn is_unique_local(ip: std::net::Ipv6Addr) -> bool {
    ip.segments()[0] & 0xfe00 == 0xfc00
}
