//! What is asked of a booted fleet.

use diag::Place;
use model::HostId;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// A question with an answer that can be seen.
#[derive(Clone, Debug)]
pub struct Question {
    /// Stable id, `KIND/SUBJECT[/…]`; what a filter is matched against.
    pub id: String,
    /// Kind.
    pub kind: Kind,
    /// What it is about.
    pub subject: String,
    /// The source line that makes it a question.
    pub place: Place,
    /// The question in words.
    pub text: String,
    /// How it is answered.
    pub(crate) ask: Ask,
}

/// Kinds of questions, in the order in which they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A host's systemd is up and no unit has failed.
    Host,
    /// A tunnel carries packets.
    Tunnel,
    /// A BGP session is established.
    Bgp,
    /// Exactly the right routes are held.
    Routes,
    /// An exposure answers clients outside.
    Expose,
    /// An exposure answers from inside.
    ExposeInside,
    /// What must not be reached is not.
    Refused,
    /// Connections of others are left alone by our translation.
    Uncaught,
    /// Zones are closed to each other except where a policy opens them.
    Zone,
    /// One service reaches another, and nothing beside it.
    Needs,
    /// Names resolve to exactly their addresses.
    Names,
    /// A scrape target is up.
    Scrape,
    /// Nothing fires while all is well.
    AlertsQuiet,
    /// A fault raises exactly its alert.
    Drill,
}

impl Kind {
    /// Every kind, in order.
    pub const ALL: [Kind; 14] = [
        Kind::Host,
        Kind::Tunnel,
        Kind::Bgp,
        Kind::Routes,
        Kind::Expose,
        Kind::ExposeInside,
        Kind::Refused,
        Kind::Uncaught,
        Kind::Zone,
        Kind::Needs,
        Kind::Names,
        Kind::Scrape,
        Kind::AlertsQuiet,
        Kind::Drill,
    ];
    /// The word for it, as in ids.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Host => "host",
            Kind::Tunnel => "tunnel",
            Kind::Bgp => "bgp",
            Kind::Routes => "routes",
            Kind::Expose => "expose",
            Kind::ExposeInside => "expose-inside",
            Kind::Refused => "refused",
            Kind::Uncaught => "uncaught",
            Kind::Zone => "zone",
            Kind::Needs => "needs",
            Kind::Names => "names",
            Kind::Scrape => "scrape",
            Kind::AlertsQuiet => "alerts-quiet",
            Kind::Drill => "drill",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// How a question is answered. Numbers are positions in the fleet's or world's lists.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    HostRuns(HostId),
    Tunnel(usize),
    Session {
        host: HostId,
        session: usize,
    },
    /// A router of another network holds exactly what this session of ours sends.
    Hears {
        speaker: usize,
        host: HostId,
        session: usize,
    },
    /// A host of ours takes from a router of another network what it must, and nothing else.
    Takes {
        speaker: usize,
        host: HostId,
        session: usize,
    },
    /// A host of ours holds in its kernel what another host's session sends it.
    Holds {
        host: HostId,
        sender: HostId,
        session: usize,
    },
    Fetch(Fetch),
    /// TCP connections that must or must not come about.
    Knocks(Vec<Knock>),
    /// Datagrams that must pass the filter of the node they are sent to.
    Datagram(Datagram),
    HostNames(HostId),
    PublicNames {
        client: usize,
    },
    Scrape {
        watcher: usize,
        scrape: usize,
    },
    Quiet {
        host: HostId,
        address: IpAddr,
        port: u16,
    },
}

/// A request to an exposure.
#[derive(Clone, Debug)]
pub(crate) struct Fetch {
    pub exposure: usize,
    /// The node that asks.
    pub from: String,
    pub ipv6: bool,
    pub via: Via,
    /// A name to ask for instead of the exposure's own.
    pub name: Option<String>,
    pub want: Want,
}

/// How the address is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Via {
    /// By the public DNS; it must give these addresses (of the family asked for).
    PublicName(Vec<IpAddr>),
    /// By the host's own resolver; it must give these addresses.
    OwnResolver(Vec<IpAddr>),
    /// At this address, whatever names say.
    Address(IpAddr),
}

/// What must come of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// The service answers, after sign-in where it is asked for, and sees this client.
    Service { client: Option<IpAddr> },
    /// No service answers.
    Nothing,
    /// The plain HTTP port sends the client to HTTPS.
    Upgrade,
}

/// A TCP connection attempt.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Knock {
    /// The node that connects.
    pub from: String,
    pub to: SocketAddr,
    /// A node in whose namespace somebody listens on that port meanwhile, when nothing does already.
    pub listener: Option<String>,
    pub expect: Expect,
}

/// What must come of a connection attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Expect {
    /// It is accepted, by the listener when that is ours.
    Open,
    /// It is not.
    Closed,
}

/// UDP datagrams to a port.
#[derive(Clone, Debug)]
pub(crate) struct Datagram {
    pub from: String,
    pub to: SocketAddr,
    /// The node that must get them past its filter.
    pub at: String,
    pub expect: Expect,
}
