//! Networks and zones.

use crate::{EnvironmentId, HostId, SiteId, Sp, ZoneId, choice, record};
use ipnet::{Ipv4Net, Ipv6Net};

choice! {
    /// What a network is made of.
    pub enum NetworkKind {
        /// A LAN of a site.
        Lan = "lan",
        /// A bridge on one host (containers, system containers).
        Bridge = "bridge",
        /// Directly on the physical LAN.
        Physical = "physical",
        /// An OVN overlay.
        Ovn = "ovn",
        /// A WireGuard network (made by tunnels).
        Wireguard = "wireguard",
        /// A peering LAN of an exchange: others are on it too.
        Peering = "peering",
    }
}

record! {
    /// One L3 segment.
    pub struct Network {
        /// What it is made of; `lan` when not written.
        kind: Option<Sp<NetworkKind>>,
        /// The site it is at.
        site: Option<Sp<SiteId>>,
        /// The host it is on (bridges).
        at: Option<Sp<HostId>>,
        /// The environment it belongs to.
        environment: Option<Sp<EnvironmentId>>,
        /// IPv4 prefix.
        ipv4: Option<Sp<Ipv4Net>>,
        /// IPv6 prefix.
        ipv6: Option<Sp<Ipv6Net>>,
        /// Trust level; the network's own name when not written.
        zone: Option<Sp<ZoneId>>,
        /// Can be reached from the internet through declared exposures only (`dmz`) or not at all.
        internal: Option<bool>,
        /// Parent interface or network (physical and OVN).
        parent: Option<String>,
    }
}
