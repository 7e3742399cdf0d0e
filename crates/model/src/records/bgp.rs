//! BGP: the fleet's AS, what it originates, and sessions with the outside.

use crate::{HostSet, Label, NeighbourId, Sp, TunnelId, choice, record};
use ipnet::IpNet;
use std::collections::BTreeMap;
use std::net::IpAddr;

choice! {
    /// Our role in a session with the outside (RFC 9234).
    pub enum BgpRole {
        /// They sell us transit: we send our own and our customers' routes, and take all.
        Customer = "customer",
        /// We sell them transit.
        Provider = "provider",
        /// Settlement-free: our own and our customers' routes both ways.
        Peer = "peer",
        /// We are a client of their route server.
        RsClient = "rs-client",
        /// We are the route server.
        Rs = "rs",
    }
}

record! {
    /// The fleet's own AS.
    pub struct FleetBgp {
        /// Our AS number (RFC 6793: 32 bits).
        asn: Sp<u32>,
        /// Prefixes we originate, by name.
        originate: BTreeMap<Label, Originate>,
        /// RPKI validation (RFC 8210) by these servers.
        rpki: Option<Rpki>,
        /// AS numbers that must never be in a path we accept.
        never: Vec<Sp<u32>>,
    }
}

record! {
    /// A prefix we originate.
    pub struct Originate {
        /// The prefix.
        prefix: Sp<IpNet>,
        /// The hosts it leads to.
        at: HostSet,
        /// Each host announces its own sub-prefix of this length (`/48`) instead of the whole.
        announce: Option<Sp<String>>,
        /// Sub-prefix by host, when it is not allocated.
        shares: BTreeMap<crate::HostId, Sp<IpNet>>,
        /// Communities put on it, `64500:100` or `64500:1:2`.
        communities: Vec<Sp<String>>,
    }
}

record! {
    /// RPKI-to-router servers.
    pub struct Rpki = "servers" {
        /// `address:port` or the name of a service.
        servers: Vec<Sp<String>>,
        /// What happens to invalid routes; they are refused unless this is `no`.
        reject_invalid: Option<bool>,
    }
}

record! {
    /// A host's part in BGP.
    pub struct HostBgp {
        /// Its AS number when it is not the fleet's (a private one, RFC 6996, is stripped at the border).
        asn: Option<Sp<u32>>,
        /// Router ID; derived when not written.
        router_id: Option<Sp<std::net::Ipv4Addr>>,
        /// Sessions with the outside by name.
        neighbours: BTreeMap<NeighbourId, Neighbour>,
    }
}

record! {
    /// A session with the outside.
    pub struct Neighbour {
        /// Their AS number.
        asn: Sp<u32>,
        /// Their address.
        address: Sp<IpAddr>,
        /// Our role towards them.
        role: Sp<BgpRole>,
        /// MD5 password (RFC 2385), as `secret/NAME`.
        password: Option<Sp<SecretRef>>,
        /// TTL when they are not on our segment (RFC 4271 multihop).
        multihop: Option<Sp<u8>>,
        /// Most prefixes we take before the session is shut.
        limit: Option<Sp<u32>>,
        /// Prefixes of ours that go to them, by name of `originate`; all when not written.
        announce: Vec<Sp<Label>>,
        /// Prepends of our own AS.
        prepend: Option<u8>,
        /// Local preference of their routes; by role when not written.
        preference: Option<u32>,
        /// Communities put on what we send.
        communities: Vec<Sp<String>>,
        /// BFD (RFC 5880).
        bfd: Option<bool>,
        /// The tunnel the session runs through, when it is not on a segment of the host.
        via: Option<Sp<TunnelId>>,
    }
}

/// `secret/NAME`: a secret by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretRef(pub String);

impl crate::Decode for SecretRef {
    fn decode(node: &crate::Node, cx: &mut crate::Cx) -> Option<Self> {
        crate::decode::scalar(node, cx, "the name of a secret, e.g. secret/ams-transit", |t| {
            match t.strip_prefix("secret/") {
                Some(name) if crate::ids::name_fault(name).is_none() => Ok(SecretRef(name.to_owned())),
                Some(_) => Err("the name has only a-z, 0-9 and -".to_owned()),
                None => Err("a secret is named, never written here".to_owned()),
            }
        })
    }
    fn shape() -> crate::shape::Shape {
        crate::shape::Shape::Text {
            what: "name of a secret, e.g. secret/ams-transit",
            pattern: Some("^secret/[a-z0-9-]+$"),
            bare: false,
        }
    }
}
