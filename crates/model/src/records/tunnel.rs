//! WireGuard tunnels.

use crate::{HostId, Seconds, Sp, choice, record};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::collections::BTreeMap;

choice! {
    /// What may pass a tunnel; AllowedIPs, routes and firewall follow from it.
    pub enum Carries {
        /// The LANs of the sites whose routers are its ends.
        Lan = "lan",
        /// BGP sessions between its ends, and what they announce.
        Bgp = "bgp",
        /// Traffic of exposed services from the internet.
        Exposures = "exposures",
        /// Services on its ends and their `needs` edges.
        Services = "services",
    }
}

record! {
    /// WireGuard between hosts: `between` two, `hub` and `spokes`, or a full `mesh`.
    pub struct Tunnel {
        /// The two ends.
        between: Vec<Sp<HostId>>,
        /// The host every spoke connects to.
        hub: Option<Sp<HostId>>,
        /// The hosts around the hub.
        spokes: Option<HostSet>,
        /// Hosts that all connect to each other.
        mesh: Option<HostSet>,
        /// Addresses for the ends: IPv4 prefix, IPv6 prefix or both; allocated when not written.
        network: Vec<Sp<IpNet>>,
        /// What may pass; all that the fleet needs when not written.
        carries: Vec<Sp<Carries>>,
        /// UDP port of the ends that can be reached; allocated when not written.
        port: Option<Sp<u16>>,
        /// Keepalive of ends behind NAT; 25s when not written.
        keepalive: Option<Seconds>,
        /// MTU of the tunnel's interfaces; 1420 when not written.
        mtu: Option<u16>,
        /// What derivation found, replaced by hand.
        r#override: Option<TunnelOverride>,
    }
}

record! {
    /// Replaces derived parts of a tunnel; marked in reports and proved like everything else.
    pub struct TunnelOverride {
        /// AllowedIPs by the end that holds them (for its peer).
        allowed_ips: BTreeMap<HostId, Vec<Sp<IpNet>>>,
        /// `no` leaves out the policy route that sends answers back the way they came.
        policy_route: Option<Sp<bool>>,
    }
}

/// Hosts by name, or every host of a group: `a`, `[a, b]`, `{each: group}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostSet {
    /// Names of hosts or groups.
    pub names: Vec<Sp<String>>,
    /// Where it stands.
    pub place: diag::Place,
}

record! {
    /// Every host of a group.
    pub struct Each {
        /// The group.
        each: Vec<Sp<String>>,
    }
}

impl crate::Decode for HostSet {
    fn decode(node: &crate::Node, cx: &mut crate::Cx) -> Option<Self> {
        let names = match &node.kind {
            crate::NodeKind::Map(_) => Each::decode(node, cx)?.each,
            _ => Vec::decode(node, cx)?,
        };
        Some(HostSet { names, place: node.place.clone() })
    }
    fn shape() -> crate::shape::Shape {
        crate::shape::Shape::OneOf(vec![<Vec<String> as crate::Decode>::shape(), Each::shape()])
    }
}

/// IPv4 and IPv6 prefixes of a tunnel.
pub fn prefixes(network: &[Sp<IpNet>]) -> (Option<Ipv4Net>, Option<Ipv6Net>) {
    let v4 = network.iter().find_map(|n| match n.value {
        IpNet::V4(v4) => Some(v4),
        IpNet::V6(_) => None,
    });
    let v6 = network.iter().find_map(|n| match n.value {
        IpNet::V6(v6) => Some(v6),
        IpNet::V4(_) => None,
    });
    (v4, v6)
}
