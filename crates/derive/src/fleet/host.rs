//! Hosts: where they stand in the network and how packets leave them.

use super::{Bgp, Firewall, Instance};
use artifact::Why;
use diag::Place;
use ipnet::IpNet;
use model::{HostId, SiteId, TunnelId, ZoneId};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

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
    /// What is written about signing in on it.
    pub ssh: Ssh,
    /// Where it is dialled unless something else is written: its address on a LAN, else on its uplink.
    pub reach: Option<IpAddr>,
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
    /// Stages by engine, with where each is written.
    pub manage: BTreeMap<String, (artifact::Stage, Place)>,
    /// It looks by itself for what was changed by hand.
    pub drift: Option<DriftWatch>,
    /// Where it is described.
    pub place: Place,
}

/// A host that looks by itself whether it is as it was confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriftWatch {
    /// How often, seconds.
    pub every_s: u64,
    /// Why.
    pub why: Why,
}

/// How one signs in on a host, as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ssh {
    /// Name or address to dial instead of [`Host::reach`].
    pub address: Option<String>,
    /// Port.
    pub port: Option<u16>,
    /// Account.
    pub user: Option<String>,
    /// What the connection goes through, as `ProxyJump` has it.
    pub jump: Option<String>,
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
