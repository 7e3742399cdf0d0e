//! The fleet with every choice made: what renderers, proofs and the twin read. Values only; each knows
//! why it is there.

use artifact::Why;
use diag::Place;
use ipnet::IpNet;
use model::{
    Audience, Auth, BgpRole, CertificateKind, HostId, Label, Module, ModuleId, NeighbourId, PathRule, Proto,
    Provides, ServiceId, SiteId, TunnelId, UplinkKind, Variant, ZoneId,
};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

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

/// A host.
#[derive(Clone, Debug)]
pub struct Host {
    /// Name.
    pub id: HostId,
    /// Site.
    pub site: Option<SiteId>,
    /// `HOST.SITE.DOMAIN` or `HOST.DOMAIN`.
    pub fqdn: String,
    /// Addresses the rest of the fleet uses for it, IPv4 first.
    pub addresses: Vec<IpAddr>,
    /// Interfaces with their addresses, `lo` last when it carries addresses. WireGuard ones are apart.
    pub interfaces: Vec<Interface>,
    /// Static routes.
    pub routes: Vec<Route>,
    /// Policy rules.
    pub rules: Vec<PolicyRule>,
    /// WireGuard interfaces.
    pub wireguard: Vec<WgInterface>,
    /// Forwards packets between interfaces.
    pub forwarding: bool,
    /// Kernel settings, `net.ipv4.ip_forward` style.
    pub sysctls: BTreeMap<String, (String, Why)>,
    /// Packet filter and NAT.
    pub firewall: Firewall,
    /// BGP.
    pub bgp: Option<Bgp>,
    /// Its resolver.
    pub resolver: Resolver,
    /// Copies of services on it.
    pub instances: Vec<Instance>,
    /// People with access.
    pub people: Vec<Person>,
    /// Raw text by engine.
    pub overrides: BTreeMap<String, (String, Place)>,
    /// Where it is described.
    pub place: Place,
}

/// A network interface.
#[derive(Clone, Debug)]
pub struct Interface {
    /// Name, at most 15 bytes (Linux IFNAMSIZ).
    pub name: String,
    /// The segment it is on; `None` for `lo`.
    pub segment: Option<String>,
    /// Addresses with prefix lengths; with `dhcp4` an IPv4 one is what DHCP is known to give.
    pub addresses: Vec<(IpNet, Why)>,
    /// IPv4 address by DHCP.
    pub dhcp4: bool,
    /// IPv6 address by router advertisements.
    pub accept_ra: bool,
    /// Default routes by it.
    pub gateways: Vec<(IpAddr, Why)>,
    /// Uplink, LAN or peering: decides firewall defaults.
    pub zone: ZoneId,
    /// Why it exists.
    pub why: Why,
}

/// A static route.
#[derive(Clone, Debug)]
pub struct Route {
    /// Destination; `0.0.0.0/0` and `::/0` are default routes.
    pub to: IpNet,
    /// Next hop; `None` for point-to-point interfaces.
    pub via: Option<IpAddr>,
    /// Interface.
    pub dev: String,
    /// Table; `None` is main.
    pub table: Option<u32>,
    /// Why.
    pub why: Why,
}

/// A policy rule (`ip rule`).
#[derive(Clone, Debug)]
pub struct PolicyRule {
    /// Priority.
    pub priority: u32,
    /// Packets from here.
    pub from: Option<IpNet>,
    /// Packets with this mark / mask.
    pub mark: Option<(u32, u32)>,
    /// IPv4, IPv6 or both.
    pub ipv4: bool,
    /// IPv6.
    pub ipv6: bool,
    /// Table that is looked up.
    pub table: u32,
    /// Suppress routes of this prefix length or shorter (`suppress_prefixlength`).
    pub suppress_prefix: Option<u8>,
    /// Why.
    pub why: Why,
}

/// A WireGuard interface.
#[derive(Clone, Debug)]
pub struct WgInterface {
    /// Name, at most 15 bytes.
    pub name: String,
    /// The tunnel it belongs to.
    pub tunnel: TunnelId,
    /// UDP port it listens on; `None` for ends that only connect.
    pub listen_port: Option<u16>,
    /// Its addresses.
    pub addresses: Vec<(IpNet, Why)>,
    /// MTU.
    pub mtu: u16,
    /// Name of the secret with its private key.
    pub private_key: String,
    /// Its public key, base64.
    pub public_key: String,
    /// Peers.
    pub peers: Vec<WgPeer>,
    /// Why.
    pub why: Why,
}

/// A WireGuard peer.
#[derive(Clone, Debug)]
pub struct WgPeer {
    /// The host.
    pub host: HostId,
    /// Its public key, base64.
    pub public_key: String,
    /// Where it listens, when it can be reached.
    pub endpoint: Option<SocketAddr>,
    /// What may come from it and is sent to it.
    pub allowed_ips: Vec<(IpNet, Why)>,
    /// Keepalive, seconds.
    pub keepalive_s: Option<u16>,
    /// Why.
    pub why: Why,
}

/// A pair of tunnel ends.
#[derive(Clone, Debug)]
pub struct TunnelLink {
    /// The tunnel.
    pub tunnel: TunnelId,
    /// Ends: host and interface.
    pub ends: [(HostId, String); 2],
    /// Addresses of each end inside the tunnel.
    pub addresses: [Vec<IpAddr>; 2],
    /// Where it is described.
    pub place: Place,
}

/// Packet filter and NAT of a host. Input and forward drop what nothing allows; established flows pass.
#[derive(Clone, Debug, Default)]
pub struct Firewall {
    /// To the host itself.
    pub input: Vec<Rule>,
    /// Through the host.
    pub forward: Vec<Rule>,
    /// Destination NAT.
    pub dnat: Vec<Dnat>,
    /// Source NAT on the way out.
    pub masquerade: Vec<Masquerade>,
    /// Marks on connections that came in by an interface, so that answers go back by it.
    pub returns: Vec<ReturnPath>,
    /// Interfaces on which TCP MSS is clamped to the path MTU.
    pub clamp_mss: Vec<(String, Why)>,
    /// Interfaces from whose zone unwanted packets are rejected (inside) instead of dropped (outside).
    pub inside: Vec<String>,
    /// Prefixes whose packets pass this host one way only, because answers may leave by another border:
    /// they are not tracked (`notrack`), and the forward rules name both directions.
    pub untracked: Vec<(IpNet, Why)>,
}

/// An allowed kind of packet that opens a connection. Empty sets mean any.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Incoming interfaces.
    pub iif: Vec<String>,
    /// Outgoing interfaces (forward only).
    pub oif: Vec<String>,
    /// Source prefixes.
    pub from: Vec<IpNet>,
    /// Destination prefixes.
    pub to: Vec<IpNet>,
    /// What.
    pub traffic: Traffic,
    /// Why.
    pub why: Why,
}

/// What kind of packets.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Traffic {
    /// Everything.
    Any,
    /// ICMP echo and the errors hosts need.
    Icmp,
    /// A transport protocol's destination ports.
    Ports(Proto, Vec<u16>),
    /// A whole IP protocol by number or name nftables knows (`ospf`, `esp`).
    Protocol(String),
    /// Connections that were translated by one of our DNAT rules (`ct status dnat`).
    Dnat,
}

/// Destination NAT.
#[derive(Clone, Debug)]
pub struct Dnat {
    /// Interface the packets come in by; `None` only by override.
    pub iif: Option<String>,
    /// Address they are sent to; `None` when it comes by DHCP (then the interface alone decides).
    pub to: Option<IpAddr>,
    /// Only from these sources (empty: any).
    pub from: Vec<IpNet>,
    /// Protocol.
    pub proto: Proto,
    /// Port.
    pub port: u16,
    /// New destination.
    pub target: IpAddr,
    /// New port.
    pub target_port: u16,
    /// Why.
    pub why: Why,
}

/// Source NAT to the address of the outgoing interface.
#[derive(Clone, Debug)]
pub struct Masquerade {
    /// Outgoing interface.
    pub oif: String,
    /// Sources.
    pub from: Vec<IpNet>,
    /// Why.
    pub why: Why,
}

/// Connections that come in by an interface get a mark; their answers get it back and a policy rule.
#[derive(Clone, Debug)]
pub struct ReturnPath {
    /// Interface.
    pub iif: String,
    /// Mark.
    pub mark: u32,
    /// Sources that are routed back anyway (the fleet's own prefixes behind the interface).
    pub except: Vec<IpNet>,
    /// Why.
    pub why: Why,
}

/// BGP of a host.
#[derive(Clone, Debug)]
pub struct Bgp {
    /// Its AS.
    pub asn: u32,
    /// The fleet's AS (what the outside sees).
    pub fleet_asn: u32,
    /// Router ID.
    pub router_id: Ipv4Addr,
    /// Prefixes it originates.
    pub originate: Vec<Originated>,
    /// All prefixes of the fleet that may leave through it, its own included.
    pub fleet_prefixes: Vec<IpNet>,
    /// Everything the fleet originates anywhere: nobody outside may announce any of it to us.
    pub own_space: Vec<IpNet>,
    /// Sessions.
    pub sessions: Vec<Session>,
    /// RPKI-to-router servers.
    pub rpki: Vec<SocketAddr>,
    /// AS numbers refused in any path.
    pub never: Vec<u32>,
    /// Kernel table for default routes learnt from border hosts (instead of main, where the host's own
    /// uplink is); policy rules send packets from the fleet's prefixes there.
    pub default_table: Option<u32>,
    /// Invalid routes (RPKI) are refused.
    pub reject_invalid: bool,
    /// Where.
    pub place: Place,
}

/// A prefix a host originates.
#[derive(Clone, Debug)]
pub struct Originated {
    /// Prefix.
    pub prefix: IpNet,
    /// Communities as written.
    pub communities: Vec<String>,
    /// Why.
    pub why: Why,
}

/// Whom a session is with.
#[derive(Clone, Debug)]
pub enum SessionKind {
    /// Somebody else's router.
    External {
        /// Name of the neighbour.
        neighbour: NeighbourId,
        /// Our role.
        role: BgpRole,
    },
    /// A host of the fleet.
    Internal {
        /// The host.
        host: HostId,
        /// Through this tunnel.
        tunnel: Option<TunnelId>,
    },
}

/// A BGP session.
#[derive(Clone, Debug)]
pub struct Session {
    /// Name, fit for a BIRD protocol: `[a-z0-9_]+`, starting with `bgp_`, because a bare word could be one
    /// of BIRD's own (`provider`, `peer`), which it would then hide in the whole file.
    pub name: String,
    /// With whom.
    pub kind: SessionKind,
    /// Our address.
    pub local: IpAddr,
    /// Theirs.
    pub remote: IpAddr,
    /// Their AS.
    pub remote_asn: u32,
    /// Interface, for sessions on a segment or tunnel.
    pub interface: Option<String>,
    /// TTL of multihop sessions.
    pub multihop: Option<u8>,
    /// Secret with the MD5 password.
    pub password: Option<String>,
    /// Most prefixes taken.
    pub limit: Option<u32>,
    /// Exactly what they must get from us: prefix and why.
    pub sends: Vec<(IpNet, Why)>,
    /// They get a default route from us (border router to an inside host), per family.
    pub sends_default: bool,
    /// Prepends.
    pub prepend: u8,
    /// Local preference of their routes.
    pub preference: u32,
    /// Communities put on what we send.
    pub communities: Vec<String>,
    /// BFD.
    pub bfd: bool,
    /// iBGP: we pass on to them what we learnt by iBGP (RFC 4456).
    pub reflect: bool,
    /// Where.
    pub place: Place,
}

/// A host's resolver.
#[derive(Clone, Debug)]
pub struct Resolver {
    /// Addresses it answers on (loopback always).
    pub listen: Vec<IpAddr>,
    /// Where other names are asked.
    pub upstream: Vec<IpAddr>,
    /// Why.
    pub why: Why,
}

/// A copy of a service on a host.
#[derive(Clone, Debug)]
pub struct Instance {
    /// The service.
    pub service: ServiceId,
    /// The module.
    pub module: ModuleId,
    /// Its definition.
    pub definition: Arc<Module>,
    /// What it is to the fleet.
    pub provides: BTreeSet<Provides>,
    /// How it runs.
    pub variant: Variant,
    /// systemd unit, with suffix.
    pub unit: String,
    /// Ports by name.
    pub ports: BTreeMap<Label, InstancePort>,
    /// The port meant when none is named.
    pub main: Option<Label>,
    /// Address it listens on instead of all.
    pub listen: Option<IpAddr>,
    /// Values of parameters, as text, defaults filled in; lists joined by newline.
    pub params: BTreeMap<Label, String>,
    /// Environment variables.
    pub env: BTreeMap<String, model::EnvValue>,
    /// Volumes: name to path on the host.
    pub volumes: BTreeMap<Label, String>,
    /// Image, for containers.
    pub image: Option<String>,
    /// Services it needs, as edges' targets: name of the service, addresses and port.
    pub needs: Vec<ResolvedNeed>,
    /// Folders of others it mounts.
    pub mounts: Vec<ResolvedMount>,
    /// Folders others mount from it.
    pub exports: Vec<ResolvedExport>,
    /// Cores and bytes of memory it may use.
    pub limits: (Option<u32>, Option<u64>),
    /// HTTP path, TCP port or command that shows it is well.
    pub health: Option<InstanceHealth>,
    /// Raw text by engine.
    pub overrides: BTreeMap<String, (String, Place)>,
    /// Why it is on this host (placement's reason).
    pub why: Why,
    /// Where the service is described.
    pub place: Place,
}

/// A port of an instance.
#[derive(Clone, Debug)]
pub struct InstancePort {
    /// Protocol.
    pub proto: Proto,
    /// Number.
    pub number: u16,
    /// What is spoken: `http`, `https`, `tcp`, `udp`.
    pub protocol: String,
}

/// How an instance is seen to be well.
#[derive(Clone, Debug)]
pub enum InstanceHealth {
    /// GET of this path on this port.
    Http(u16, String),
    /// Connection to this port.
    Tcp(u16),
    /// Command.
    Script(String),
}

/// A need with its other end.
#[derive(Clone, Debug)]
pub struct ResolvedNeed {
    /// The service.
    pub service: ServiceId,
    /// Where its copies are.
    pub targets: Vec<(HostId, IpAddr, u16)>,
    /// Where it is written.
    pub place: Place,
}

/// A folder of another host that is mounted.
#[derive(Clone, Debug)]
pub struct ResolvedMount {
    /// Where the service sees it.
    pub at: String,
    /// The service that exports it.
    pub service: ServiceId,
    /// Its host.
    pub host: HostId,
    /// Its address.
    pub address: IpAddr,
    /// Path there.
    pub path: String,
    /// Only for reading.
    pub read_only: bool,
    /// Why.
    pub why: Why,
}

/// A folder others mount.
#[derive(Clone, Debug)]
pub struct ResolvedExport {
    /// Its name.
    pub name: Label,
    /// Path on the host.
    pub path: String,
    /// Addresses that may mount it.
    pub clients: Vec<IpAddr>,
    /// Only for reading.
    pub read_only: bool,
    /// Why.
    pub why: Why,
}

/// A person with access.
#[derive(Clone, Debug)]
pub struct Person {
    /// Account name.
    pub name: String,
    /// SSH keys.
    pub keys: Vec<String>,
    /// May become root.
    pub sudo: bool,
    /// Why.
    pub why: Why,
}

/// Why one host talks to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EdgeKind {
    /// A `needs`.
    Needs,
    /// Scraping of metrics.
    Scrape,
    /// A proxy to its backend.
    Proxy,
    /// Sign-in requests to the gate.
    Gate,
    /// Alerts to an alertmanager.
    Alerts,
    /// A mount.
    Mount,
    /// Backups.
    Backup,
}

/// One "A talks to B": opens exactly one port.
#[derive(Clone, Debug)]
pub struct Edge {
    /// Kind.
    pub kind: EdgeKind,
    /// From this host.
    pub from: HostId,
    /// On behalf of this service.
    pub from_service: Option<ServiceId>,
    /// To this host.
    pub to: HostId,
    /// To this service.
    pub to_service: Option<ServiceId>,
    /// Addresses it may use.
    pub addresses: Vec<IpAddr>,
    /// Protocol.
    pub proto: Proto,
    /// Port.
    pub port: u16,
    /// Why.
    pub why: Why,
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

/// A metrics service's view of the fleet.
#[derive(Clone, Debug)]
pub struct Watcher {
    /// Its host.
    pub host: HostId,
    /// Its service.
    pub service: ServiceId,
    /// What it scrapes.
    pub scrapes: Vec<Scrape>,
    /// What it pings (through the prober beside it): name of the probe and address.
    pub pings: Vec<Ping>,
    /// The prober beside it: address and port.
    pub prober: Option<(IpAddr, u16)>,
    /// Alertmanagers it sends to.
    pub alertmanagers: Vec<(HostId, IpAddr, u16)>,
    /// What it alerts on.
    pub alerts: Vec<Alert>,
}

/// A part of the fleet that can fail.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Component {
    /// A site (all of its hosts away).
    Site(SiteId),
    /// An uplink's segment.
    Uplink(String),
    /// A tunnel between two ends.
    Tunnel(TunnelId, HostId, HostId),
    /// A host.
    Host(HostId),
    /// A copy of a service.
    Service(ServiceId, HostId),
    /// A BGP session with the outside.
    Session(HostId, String),
}

/// A scrape target.
#[derive(Clone, Debug)]
pub struct Scrape {
    /// Job.
    pub job: String,
    /// Host it is on.
    pub host: HostId,
    /// Service it belongs to.
    pub service: ServiceId,
    /// Address.
    pub address: IpAddr,
    /// Port.
    pub port: u16,
    /// Path.
    pub path: String,
    /// Components without which it cannot be scraped.
    pub depends: Vec<Component>,
    /// Why.
    pub why: Why,
}

/// A ping target.
#[derive(Clone, Debug)]
pub struct Ping {
    /// Name, unique within the watcher.
    pub name: String,
    /// Address.
    pub address: IpAddr,
    /// What it tells about.
    pub component: Component,
    /// Components without which it gets no answer: the target and everything on the way.
    pub depends: Vec<Component>,
    /// Why.
    pub why: Why,
}

/// How a fault is seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    /// These pings all fail (names of `pings`).
    PingsLost(Vec<String>),
    /// These pings all fail while those others answer: the fault lies between.
    PingsLostWhile {
        /// Fail.
        lost: Vec<String>,
        /// Answer.
        alive: Vec<String>,
    },
    /// The host's own metrics say that the unit is not active.
    UnitDown {
        /// Host.
        host: HostId,
        /// Unit.
        unit: String,
    },
    /// The target cannot be scraped.
    ScrapeLost {
        /// Job.
        job: String,
        /// Host.
        host: HostId,
    },
}

/// An alert rule.
#[derive(Clone, Debug)]
pub struct Alert {
    /// `SiteDown`, `UplinkDown`, `TunnelDown`, `HostDown`, `ServiceDown`, `SessionDown`.
    pub name: &'static str,
    /// What it is about.
    pub component: Component,
    /// How it is seen.
    pub signal: Signal,
    /// How long before it fires, milliseconds.
    pub for_ms: u64,
    /// Components whose own alert explains this one from here: it is inhibited then.
    pub behind: Vec<Component>,
    /// Why.
    pub why: Why,
}
