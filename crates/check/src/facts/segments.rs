//! Declared prefixes, and the addresses written for hosts.

use diag::Place;
use ipnet::IpNet;
use model::{Address, Fleet, HostId, Interface, Label, NetworkId, NetworkKind, SiteId, TunnelId, UplinkKind};
use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

/// What a prefix belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentKind<'a> {
    /// A site's LAN.
    Lan(&'a SiteId),
    /// A network.
    Network(&'a NetworkId, NetworkKind),
    /// A tunnel's own addresses.
    Tunnel(&'a TunnelId),
    /// The wire between a router and its provider.
    Uplink,
}

impl fmt::Display for SegmentKind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SegmentKind::Lan(site) => write!(f, "the LAN of site `{site}`"),
            SegmentKind::Network(network, _) => write!(f, "network `{network}`"),
            SegmentKind::Tunnel(tunnel) => write!(f, "tunnel `{tunnel}`"),
            SegmentKind::Uplink => f.write_str("an uplink"),
        }
    }
}

/// A declared prefix.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    /// Whose.
    pub kind: SegmentKind<'a>,
    /// The prefix.
    pub prefix: IpNet,
    /// Where it is written.
    pub place: &'a Place,
}

/// Where a host's address sits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder<'a> {
    /// The host's place on its site's LAN.
    Lan(&'a SiteId),
    /// An interface, perhaps on a declared network.
    Interface(&'a Label, Option<&'a NetworkId>),
    /// An uplink of the host or, for a site's router, of the site.
    Uplink(UplinkKind),
    /// Nothing known: the host has no site, or its site no LAN.
    Loose,
}

/// An address written for a host.
#[derive(Clone, Copy, Debug)]
pub struct HostAddress<'a> {
    /// The host.
    pub host: &'a HostId,
    /// The address.
    pub address: Address,
    /// Where it sits.
    pub holder: Holder<'a>,
    /// Where it is written.
    pub place: &'a Place,
}

/// Names of zones: of LANs and networks, `internet`, and `fleet` for what tunnels join.
pub fn zones(fleet: &Fleet) -> BTreeSet<&str> {
    let mut zones = BTreeSet::from(["internet", "fleet"]);
    for lan in fleet.sites.values().filter_map(|s| s.lan.as_ref()) {
        zones.insert(lan.zone.as_ref().map_or("lan", |z| z.as_str()));
    }
    for (id, network) in &fleet.networks {
        zones.insert(network.zone.as_ref().map_or(id.as_str(), |z| z.as_str()));
    }
    zones
}

/// Every declared prefix.
pub fn segments(fleet: &Fleet) -> Vec<Segment<'_>> {
    let mut all = Vec::new();
    let mut add = |kind, prefix, place| all.push(Segment { kind, prefix, place });
    for (id, site) in &fleet.sites {
        for lan in site.lan.iter() {
            let kind = SegmentKind::Lan(id);
            lan.ipv4.iter().for_each(|p| add(kind, IpNet::V4(p.value), &p.place));
            lan.ipv6.iter().for_each(|p| add(kind, IpNet::V6(p.value), &p.place));
        }
    }
    for (id, network) in &fleet.networks {
        let made_of = network.kind.as_ref().map_or(NetworkKind::Lan, |k| k.value);
        let kind = SegmentKind::Network(id, made_of);
        network.ipv4.iter().for_each(|p| add(kind, IpNet::V4(p.value), &p.place));
        network.ipv6.iter().for_each(|p| add(kind, IpNet::V6(p.value), &p.place));
    }
    for (id, tunnel) in &fleet.tunnels {
        tunnel.network.iter().for_each(|p| add(SegmentKind::Tunnel(id), p.value, &p.place));
    }
    // Several customers share a provider's segment: each is one.
    let mut wires = BTreeSet::new();
    let of_sites = fleet.sites.values().flat_map(|s| &s.uplink).flat_map(|u| u.0.values());
    for uplink in of_sites.chain(fleet.hosts.values().filter_map(|h| h.uplink.as_ref())) {
        for address in uplink.ipv4.iter().chain(&uplink.ipv6).filter(|a| a.prefix.is_some()) {
            let wire = address.net().trunc();
            if wires.insert(wire) {
                add(SegmentKind::Uplink, wire, &address.place);
            }
        }
    }
    all
}

/// Every address written for a host.
pub fn addresses(fleet: &Fleet) -> Vec<HostAddress<'_>> {
    let mut all = Vec::new();
    for (id, host) in &fleet.hosts {
        let mut add = |address: &'_ Address, holder, place| {
            all.push(HostAddress { host: id, address: *address, holder, place });
        };
        let site = host.site.as_ref().and_then(|s| fleet.sites.get_key_value(&s.value));
        let on_lan = match site {
            Some((id, site)) if site.lan.is_some() => Holder::Lan(id),
            _ => Holder::Loose,
        };
        host.address.iter().for_each(|a| add(&a.value, on_lan, &a.place));
        for (name, interface) in &host.interfaces {
            let holder = Holder::Interface(name, interface.network.as_ref().map(|n| &n.value));
            interface.ipv4.iter().chain(&interface.ipv6).for_each(|a| add(&a.value, holder, &a.place));
        }
        let own = host.uplink.iter();
        let shared = site
            .filter(|(_, site)| site.router.as_ref().is_some_and(|r| r.value == *id))
            .into_iter()
            .flat_map(|(_, site)| &site.uplink)
            .flat_map(|uplinks| uplinks.0.values());
        for uplink in own.chain(shared) {
            let holder = Holder::Uplink(super::uplink_kind(uplink));
            uplink.ipv4.iter().chain(&uplink.ipv6).for_each(|a| add(&a.value, holder, &a.place));
        }
    }
    all
}

/// The prefixes written for an interface: by its addresses and by its network.
pub fn of_interface<'a>(fleet: &'a Fleet, interface: &'a Interface) -> Vec<(IpNet, &'a Place)> {
    let mut all = Vec::new();
    for address in interface.ipv4.iter().chain(&interface.ipv6) {
        if address.prefix.is_some() {
            all.push((address.net().trunc(), &address.place));
        }
    }
    if let Some(network) = interface.network.as_ref().and_then(|n| fleet.networks.get(&n.value)) {
        all.extend(network.ipv4.iter().map(|p| (IpNet::V4(p.value), &p.place)));
        all.extend(network.ipv6.iter().map(|p| (IpNet::V6(p.value), &p.place)));
    }
    all
}

/// True for addresses no client on the internet can reach: private (RFC 1918, 4193), provider NAT (RFC 6598),
/// loopback, link-local, unspecified and multicast ones. Documentation ranges count as public: examples and
/// twins use them for the internet.
pub fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_broadcast()
                || a == 0
                || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
                || v6.to_ipv4_mapped().is_some()
        }
    }
}

/// What kind of unreachable address it is, in words.
pub fn private_kind(address: IpAddr) -> &'static str {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            if a == 100 && (64..128).contains(&b) {
                "an address inside a provider's NAT (RFC 6598)"
            } else if v4.is_private() {
                "a private address (RFC 1918)"
            } else if v4.is_loopback() {
                "a loopback address"
            } else {
                "not a unicast address of the internet"
            }
        }
        IpAddr::V6(v6) if v6.is_unique_local() => "a private address (RFC 4193)",
        IpAddr::V6(v6) if v6.is_loopback() => "a loopback address",
        IpAddr::V6(_) => "not a unicast address of the internet",
    }
}

impl<'a> super::Facts<'a> {
    /// The prefixes of a site's LAN.
    pub fn lan_prefixes(&self, site: &SiteId) -> Vec<(IpNet, &'a Place)> {
        let lan = self.fleet.sites.get(site).and_then(|s| s.lan.as_ref());
        let v4 = lan.iter().flat_map(|l| &l.ipv4).map(|p| (IpNet::V4(p.value), &p.place));
        let v6 = lan.iter().flat_map(|l| &l.ipv6).map(|p| (IpNet::V6(p.value), &p.place));
        v4.chain(v6).collect()
    }

    /// The prefixes of a network.
    pub fn network_prefixes(&self, network: &NetworkId) -> Vec<(IpNet, &'a Place)> {
        let network = self.fleet.networks.get(network);
        let v4 = network.iter().flat_map(|n| &n.ipv4).map(|p| (IpNet::V4(p.value), &p.place));
        let v6 = network.iter().flat_map(|n| &n.ipv6).map(|p| (IpNet::V6(p.value), &p.place));
        v4.chain(v6).collect()
    }
}
