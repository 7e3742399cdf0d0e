//! Who measures what, and what is alerted on.

use artifact::Why;
use model::{HostId, ServiceId, SiteId, TunnelId};
use std::net::IpAddr;

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
    /// Hosts that look for drift by themselves, and whose metrics tell it what they saw.
    pub drift: Vec<DriftSeen>,
}

/// A host's own word on its drift, as its metrics tell it. It is a warning, no page: nothing is down, nothing
/// lies behind it, and no single broken component raises it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriftSeen {
    /// The host.
    pub host: HostId,
    /// How often it looks, seconds.
    pub every_s: u64,
    /// Job by which its metrics are scraped.
    pub job: String,
    /// Why.
    pub why: Why,
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
