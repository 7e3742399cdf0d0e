//! What several rules look at, worked out once: who belongs where, which prefixes and addresses there are,
//! where services run, which tunnels join whom.

pub mod engines;
mod exposures;
mod groups;
mod kind;
mod reach;
mod refs;
mod segments;
mod services;
mod tunnels;

pub use exposures::{Exposed, Way};
pub use kind::{Found, Kind};
pub use reach::{Edge, Flood};
pub use refs::Ref;
pub use segments::{Holder, HostAddress, Segment, SegmentKind, is_private, of_interface, private_kind};
pub use services::{Svc, variants};
pub use tunnels::{Joined, TunnelEnds};

use crate::date::Date;
use model::{Fleet, Host, HostId, Site, SiteId, UplinkKind};
use std::collections::{BTreeMap, BTreeSet};

/// The fleet as rules look at it.
pub struct Facts<'a> {
    /// The fleet.
    pub fleet: &'a Fleet,
    /// Every place where one thing names another, with what it leads to.
    pub refs: Vec<(Ref<'a>, Found<'a>)>,
    /// Hosts of each group, those of groups inside it included; `all` holds every host.
    pub members: BTreeMap<&'a str, BTreeSet<&'a HostId>>,
    /// Hosts of each environment.
    pub inhabitants: BTreeMap<&'a str, BTreeSet<&'a HostId>>,
    /// Hosts of each site.
    pub at_site: BTreeMap<&'a str, Vec<&'a HostId>>,
    /// Names of zones.
    pub zones: BTreeSet<&'a str>,
    /// Declared prefixes.
    pub segments: Vec<Segment<'a>>,
    /// Written addresses of hosts.
    pub addresses: Vec<HostAddress<'a>>,
    /// Tunnels with their ends.
    pub tunnels: Vec<TunnelEnds<'a>>,
    /// Services, those that profiles bring included.
    pub services: Vec<Svc<'a>>,
    /// Indices into `services` by name.
    pub by_service: BTreeMap<&'a str, usize>,
    /// Exposures.
    pub exposures: Vec<Exposed<'a>>,
    /// Names of the standards the fleet holds itself to.
    pub standards: BTreeSet<&'a str>,
    /// The day it is, when the caller says it: the rules have no clock.
    pub today: Option<Date>,
}

impl<'a> Facts<'a> {
    /// Works them out. Names that refer to nothing are passed over; a rule of their own reports them.
    pub fn of(fleet: &'a Fleet, today: Option<Date>) -> Self {
        let mut facts = Facts {
            fleet,
            refs: Vec::new(),
            members: groups::members(fleet),
            inhabitants: groups::inhabitants(fleet),
            at_site: BTreeMap::new(),
            zones: segments::zones(fleet),
            segments: segments::segments(fleet),
            addresses: segments::addresses(fleet),
            tunnels: Vec::new(),
            services: Vec::new(),
            by_service: BTreeMap::new(),
            exposures: Vec::new(),
            standards: BTreeSet::new(),
            today,
        };
        for (id, host) in &fleet.hosts {
            if let Some(site) = &host.site {
                facts.at_site.entry(site.as_str()).or_default().push(id);
            }
        }
        facts.tunnels = tunnels::tunnels(&facts);
        facts.services = services::services(&facts);
        for (index, service) in facts.services.iter().enumerate() {
            facts.by_service.insert(service.name, index);
        }
        let refs = refs::refs(fleet).into_iter();
        facts.refs = refs.map(|one| (one.clone(), facts.target(&one))).collect();
        facts.exposures = exposures::exposures(&facts);
        facts.standards =
            fleet.policies.values().filter_map(|p| p.profile.as_ref()).map(|p| p.as_str()).collect();
        facts
    }

    /// The host's site, when both are described.
    pub fn site_of(&self, host: &Host) -> Option<(&'a SiteId, &'a Site)> {
        let site = host.site.as_ref()?;
        self.fleet.sites.get_key_value(&site.value)
    }

    /// Hosts a name of a host, group or environment stands for.
    pub fn hosts_named(&self, text: &str) -> BTreeSet<&'a HostId> {
        let kinds = [Kind::Host, Kind::Group, Kind::Environment];
        let (kind, name) = match self.find(text, &kinds) {
            Found::One(kind, name) => (kind, name),
            Found::Several(several) => match several.first() {
                Some(kind) => (*kind, text),
                None => return BTreeSet::new(),
            },
            Found::Nothing | Found::WrongKind(_) => return BTreeSet::new(),
        };
        match kind {
            Kind::Host => self.fleet.hosts.get_key_value(name).map(|(id, _)| id).into_iter().collect(),
            Kind::Group => self.members.get(name).cloned().unwrap_or_default(),
            Kind::Environment => self.inhabitants.get(name).cloned().unwrap_or_default(),
            _ => BTreeSet::new(),
        }
    }

    /// The service of a name.
    pub fn service(&self, name: &str) -> Option<&Svc<'a>> {
        self.services.get(*self.by_service.get(name)?)
    }
}

/// What an uplink is: as written, or public when it has an address.
pub fn uplink_kind(uplink: &model::Uplink) -> UplinkKind {
    match &uplink.kind {
        Some(kind) => kind.value,
        None if uplink.ipv4.is_some() || uplink.ipv6.is_some() => UplinkKind::Public,
        None => UplinkKind::None,
    }
}

/// The public uplinks of a site.
pub fn public_uplinks(site: &Site) -> impl Iterator<Item = &model::Uplink> {
    site.uplink
        .iter()
        .flat_map(|uplinks| uplinks.0.values())
        .filter(|uplink| uplink_kind(uplink) == UplinkKind::Public)
}
