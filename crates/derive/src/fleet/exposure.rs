//! Ways in: what others reach, hop by hop.

use artifact::Why;
use diag::Place;
use ipnet::IpNet;
use model::{Audience, Auth, CertificateKind, HostId, PathRule, Proto, ServiceId, TunnelId};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// A name or port others reach.
#[derive(Clone, Debug)]
pub struct Exposure {
    /// The service.
    pub service: ServiceId,
    /// Fully qualified name; `None` for bare ports.
    pub name: Option<String>,
    /// From where.
    pub audience: Audience,
    /// Sign-in.
    pub auth: Auth,
    /// The gate's address when `auth` needs it: host, address, port.
    pub gate: Option<(HostId, IpAddr, u16)>,
    /// Certificate.
    pub certificate: CertificateKind,
    /// The proxy that takes the requests: service and host; `None` when clients reach the service itself.
    pub ingress: Option<(ServiceId, HostId)>,
    /// Where the service's copies listen.
    pub backends: Vec<(HostId, IpAddr, u16)>,
    /// Port clients use.
    pub proto: Proto,
    /// Port clients use (443 for names with TLS).
    pub port: u16,
    /// Ways in from the internet (empty for other audiences).
    pub entries: Vec<Entry>,
    /// Addresses for clients inside the fleet.
    pub inside: Vec<IpAddr>,
    /// Only these sources.
    pub from: Vec<IpNet>,
    /// Rules for paths.
    pub paths: BTreeMap<String, PathRule>,
    /// Largest rate of one client, as written.
    pub rate: Option<String>,
    /// Largest request body, bytes.
    pub body: Option<u64>,
    /// Why.
    pub why: Why,
    /// Where it is written.
    pub place: Place,
}

/// One way in from the internet.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The host that holds the public addresses (or announces them).
    pub edge: HostId,
    /// Public addresses.
    pub addresses: Vec<IpAddr>,
    /// The hops in order, each with the place that decides it; a broken proof names one of them.
    pub hops: Vec<Hop>,
}

/// A hop of a way in or back.
#[derive(Clone, Debug)]
pub struct Hop {
    /// What: "DNS record", "DNAT on kyiv-gw", "tunnel kyiv-wroclaw", "policy route on wroclaw-gw" …
    pub what: HopKind,
    /// Host it is at.
    pub host: HostId,
    /// Where it is decided.
    pub why: Why,
}

/// Kinds of hops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HopKind {
    /// Public DNS record to these addresses.
    Dns(Vec<IpAddr>),
    /// BGP announcement of a prefix.
    Announce(IpNet),
    /// DNAT to an address.
    Dnat(IpAddr),
    /// Through a tunnel to the other end.
    Tunnel(TunnelId, HostId),
    /// Over a LAN.
    Lan(String),
    /// The proxy listens.
    Listen(IpAddr, u16),
    /// The proxy passes it on to the service.
    Backend(IpAddr, u16),
    /// Answers are sent back through a tunnel by mark and table.
    Return(TunnelId),
}
