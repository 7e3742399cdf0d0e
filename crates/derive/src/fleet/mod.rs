//! The fleet with every choice made: what renderers, proofs and the twin read. Values only; each knows
//! why it is there.

mod bgp;
mod exposure;
mod firewall;
mod host;
mod service;
mod watch;

pub use bgp::{Bgp, Originated, Session, SessionKind};
pub use exposure::{Entry, Exposure, Hop, HopKind};
pub use firewall::{Dnat, Firewall, Masquerade, ReturnPath, Rule, Traffic};
pub use host::{
    DriftWatch, Host, Interface, Person, PolicyRule, Resolver, Route, Ssh, TunnelLink, WgInterface, WgPeer,
};
pub use service::{
    Edge, EdgeKind, Instance, InstanceHealth, InstancePort, ResolvedExport, ResolvedMount, ResolvedNeed,
};
pub use watch::{Alert, Component, DriftSeen, Ping, Scrape, Signal, Watcher};

use artifact::Why;
use diag::Place;
use ipnet::IpNet;
use model::{HostId, Label, SiteId, UplinkKind, ZoneId};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// A fleet with every choice made.
#[derive(Clone, Debug)]
pub struct Fleet {
    /// Its name.
    pub name: String,
    /// Domain of names without a dot.
    pub domain: String,
    /// Timers of all engines, in one place, so that a twin can shorten them and say so.
    pub timers: Timers,
    /// Sites.
    pub sites: BTreeMap<SiteId, Site>,
    /// L2 segments by name: LANs (`SITE` or a network's name), uplinks (`uplink-SITE-NAME` or
    /// `uplink-HOST`), peering LANs, bridges.
    pub segments: BTreeMap<String, Segment>,
    /// Hosts.
    pub hosts: BTreeMap<HostId, Host>,
    /// Tunnels as links between two ends each.
    pub links: Vec<TunnelLink>,
    /// Every name or port others reach, with its way in.
    pub exposures: Vec<Exposure>,
    /// Every "A talks to B": from `needs`, scraping, proxying, logs, resolution.
    pub edges: Vec<Edge>,
    /// Zones and the hosts in them.
    pub zones: BTreeMap<ZoneId, BTreeSet<HostId>>,
    /// What zones may say to each other beyond edges and exposures.
    pub allows: Vec<ZoneAllow>,
    /// Names inside the fleet, forward; reverse follows.
    pub names: Vec<Name>,
    /// Records of the public zone.
    pub public_names: Vec<Name>,
    /// Those who measure, and what they watch and alert on.
    pub watchers: Vec<Watcher>,
    /// Public certificates.
    pub acme: Acme,
    /// Who is told about alerts.
    pub receivers: BTreeMap<Label, model::Receiver>,
    /// The sign-in page's name, when the gate is exposed.
    pub sign_in: Option<String>,
    /// Things described that no engine renders yet (code `FW0900`), said by `render` and `twin`.
    pub unsupported: Vec<diag::Diagnostic>,
}

/// Where public certificates come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acme {
    /// Mail address of the account.
    pub email: Option<String>,
    /// Directory URL; `None` is the engine's own default (Let's Encrypt).
    pub directory: Option<String>,
    /// Where it is written; `None` when nothing is.
    pub place: Option<Place>,
}

/// Timers in the engines' own units.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Timers {
    /// BIRD `connect delay time`, seconds.
    pub bgp_connect_delay_s: u32,
    /// BIRD `connect retry time`, seconds.
    pub bgp_connect_retry_s: u32,
    /// BIRD `error wait time`, seconds, first value (second is ten times it).
    pub bgp_error_wait_s: u32,
    /// BIRD `hold time`, seconds.
    pub bgp_hold_s: u32,
    /// Prometheus `scrape_interval`, milliseconds.
    pub scrape_ms: u64,
    /// Prometheus `evaluation_interval`, milliseconds.
    pub evaluate_ms: u64,
    /// Prometheus `--rules.alert.resend-delay`, milliseconds. An alert Alertmanager no longer hears of ends after
    /// four times this: when its rule is gone, or when Prometheus could not say that it is over.
    pub resend_ms: u64,
    /// Alert `for` of hosts, milliseconds.
    pub host_down_ms: u64,
    /// Alert `for` of sites, tunnels and uplinks, milliseconds.
    pub site_down_ms: u64,
    /// Alert `for` of services, milliseconds.
    pub service_down_ms: u64,
    /// Alertmanager `group_wait`, milliseconds.
    pub group_wait_ms: u64,
    /// Alertmanager `group_interval`, milliseconds.
    pub group_interval_ms: u64,
    /// WireGuard persistent keepalive of ends behind NAT, seconds.
    pub keepalive_s: u16,
}

impl Default for Timers {
    /// Stock values: BIRD's and Prometheus' own defaults where the fleet says nothing.
    fn default() -> Self {
        Timers {
            bgp_connect_delay_s: 5,
            bgp_connect_retry_s: 120,
            bgp_error_wait_s: 60,
            bgp_hold_s: 90,
            scrape_ms: 15_000,
            evaluate_ms: 15_000,
            resend_ms: 60_000,
            host_down_ms: 120_000,
            site_down_ms: 300_000,
            service_down_ms: 120_000,
            group_wait_ms: 30_000,
            group_interval_ms: 300_000,
            keepalive_s: 25,
        }
    }
}

/// A site.
#[derive(Clone, Debug)]
pub struct Site {
    /// Name.
    pub id: SiteId,
    /// Its LAN's segment.
    pub lan: Option<String>,
    /// Its router.
    pub router: Option<HostId>,
    /// Segments of its uplinks.
    pub uplinks: Vec<String>,
    /// Hosts at it.
    pub hosts: BTreeSet<HostId>,
    /// Where it is described.
    pub place: Place,
}

/// What a segment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentKind {
    /// A LAN.
    Lan,
    /// The wire between a host and its provider.
    Uplink(UplinkKind),
    /// A peering LAN with others on it.
    Peering,
    /// A bridge inside one host.
    Bridge,
}

/// An L2 segment.
#[derive(Clone, Debug)]
pub struct Segment {
    /// Name, unique in the fleet.
    pub name: String,
    /// Kind.
    pub kind: SegmentKind,
    /// IPv4 and IPv6 prefixes.
    pub prefixes: Vec<IpNet>,
    /// Zone of its hosts' interfaces (`internet` for uplinks and peering LANs).
    pub zone: ZoneId,
    /// Site.
    pub site: Option<SiteId>,
    /// Next hops towards the internet that are not hosts of the fleet (a provider's gateway).
    pub gateways: Vec<IpAddr>,
    /// Where it is described.
    pub place: Place,
}

/// Traffic allowed between hosts by policy.
#[derive(Clone, Debug)]
pub struct ZoneAllow {
    /// From these hosts.
    pub from: BTreeSet<HostId>,
    /// To these hosts.
    pub to: BTreeSet<HostId>,
    /// What.
    pub traffic: Traffic,
    /// Why.
    pub why: Why,
}

/// A name and its addresses.
#[derive(Clone, Debug)]
pub struct Name {
    /// Fully qualified, without the final dot.
    pub name: String,
    /// Addresses.
    pub addresses: Vec<IpAddr>,
    /// It is this host's own name: the reverse zone points back to it.
    pub reverse: bool,
    /// Why.
    pub why: Why,
}
