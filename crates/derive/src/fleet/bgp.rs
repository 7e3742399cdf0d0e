//! BGP of a host.

use artifact::Why;
use diag::Place;
use ipnet::IpNet;
use model::{BgpRole, HostId, NeighbourId, TunnelId};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

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
