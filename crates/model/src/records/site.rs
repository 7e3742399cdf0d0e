//! Sites: where machines stand and how they reach the world.

use crate::{Address, BitRate, HostId, Label, Sp, ZoneId, choice, record};
use ipnet::{Ipv4Net, Ipv6Net};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

choice! {
    /// How a site reaches the internet.
    pub enum UplinkKind {
        /// A public address of its own; can be reached from outside.
        Public = "public",
        /// Behind the provider's NAT (RFC 6598): out, but not in.
        Cgnat = "cgnat",
        /// Behind a router of somebody else that is itself behind CGNAT.
        DoubleNat = "double-nat",
        /// No way out.
        None = "none",
    }
}

record! {
    /// A place: its uplinks, its LAN and its router.
    pub struct Site {
        /// How the site reaches the internet: `cgnat`, `none`, or the public addresses; several uplinks as a map of names.
        uplink: Option<Uplinks>,
        /// The site's LAN, at least its IPv4 or IPv6 prefix. More LANs are networks.
        lan: Option<Lan>,
        /// The host that routes for the LAN and holds the uplink.
        router: Option<Sp<HostId>>,
        /// Where it is, in words.
        location: Option<String>,
        /// Free labels.
        labels: BTreeMap<Label, String>,
    }
}

/// One uplink, or several by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uplinks(pub BTreeMap<Label, Uplink>);

impl crate::Decode for Uplinks {
    fn decode(node: &crate::Node, cx: &mut crate::Cx) -> Option<Self> {
        use crate::NodeKind;
        // A map whose every value is a map is a map of named uplinks.
        if let NodeKind::Map(entries) = &node.kind
            && !entries.is_empty()
            && entries.iter().all(|(_, v)| matches!(v.kind, NodeKind::Map(_)))
        {
            return BTreeMap::decode(node, cx).map(Uplinks);
        }
        Uplink::decode(node, cx).map(|one| Uplinks(BTreeMap::from([(Label::new("wan"), one)])))
    }
    fn shape() -> crate::shape::Shape {
        crate::shape::Shape::OneOf(vec![Uplink::shape(), crate::shape::Shape::Map(Box::new(Uplink::shape()))])
    }
}

record! {
    /// A way out to the internet.
    pub struct Uplink = "kind" {
        /// `public` (the default when an address is written), `cgnat`, `double-nat` or `none`.
        kind: Option<Sp<UplinkKind>>,
        /// The public IPv4 address, with its prefix length when it is configured by hand.
        ipv4: Option<Sp<Address>>,
        /// The public IPv6 address, with its prefix length when it is configured by hand.
        ipv6: Option<Sp<Address>>,
        /// IPv4 next hop; without it the address comes by DHCP and is only known here.
        gateway: Option<Sp<Ipv4Addr>>,
        /// IPv6 next hop; without it router advertisements are accepted.
        gateway6: Option<Sp<Ipv6Addr>>,
        /// The router's interface; `wan` when not written.
        device: Option<Sp<String>>,
        /// Speed towards the site.
        down: Option<BitRate>,
        /// Speed towards the internet.
        up: Option<BitRate>,
    }
}

record! {
    /// A site's LAN.
    pub struct Lan = "ipv4" {
        /// IPv4 prefix.
        ipv4: Option<Sp<Ipv4Net>>,
        /// IPv6 prefix.
        ipv6: Option<Sp<Ipv6Net>>,
        /// Trust level; `lan` when not written.
        zone: Option<Sp<ZoneId>>,
        /// The hosts' interface on it; `lan` when not written.
        device: Option<Sp<String>>,
    }
}
