//! Kinds of things that have names, and how a written name finds its thing.

use super::{Facts, Ref};

/// A kind of thing with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A place.
    Site,
    /// A machine.
    Host,
    /// A set of hosts.
    Group,
    /// An L3 segment.
    Network,
    /// WireGuard between hosts.
    Tunnel,
    /// A module placed on hosts.
    Service,
    /// A definition of a service.
    Module,
    /// Values used by several things.
    Profile,
    /// A slice applied on its own.
    Environment,
    /// A trust level.
    Zone,
    /// A policy.
    Policy,
    /// A prefix of `bgp.originate`.
    Originated,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 12] = [
        Kind::Site,
        Kind::Host,
        Kind::Group,
        Kind::Network,
        Kind::Tunnel,
        Kind::Service,
        Kind::Module,
        Kind::Profile,
        Kind::Environment,
        Kind::Zone,
        Kind::Policy,
        Kind::Originated,
    ];

    /// The word for one, as in `host/NAME`.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Site => "site",
            Kind::Host => "host",
            Kind::Group => "group",
            Kind::Network => "network",
            Kind::Tunnel => "tunnel",
            Kind::Service => "service",
            Kind::Module => "module",
            Kind::Profile => "profile",
            Kind::Environment => "environment",
            Kind::Zone => "zone",
            Kind::Policy => "policy",
            Kind::Originated => "originated prefix",
        }
    }

    /// The word for many, which is the folder's name, as in `hosts/NAME`.
    pub fn folder(self) -> &'static str {
        match self {
            Kind::Site => "sites",
            Kind::Host => "hosts",
            Kind::Group => "groups",
            Kind::Network => "networks",
            Kind::Tunnel => "tunnels",
            Kind::Service => "services",
            Kind::Module => "modules",
            Kind::Profile => "profiles",
            Kind::Environment => "environments",
            Kind::Zone => "zones",
            Kind::Policy => "policies",
            Kind::Originated => "originate",
        }
    }

    /// The kind a prefix before `/` means, in either number.
    pub fn of_prefix(prefix: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|k| k.word() == prefix || k.folder() == prefix)
    }
}

/// What a written name refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// One thing.
    One(Kind, &'a str),
    /// Several of different kinds.
    Several(Vec<Kind>),
    /// Nothing.
    Nothing,
    /// `kind/name` with a kind that cannot stand here.
    WrongKind(Kind),
}

impl<'a> Facts<'a> {
    /// What a reference leads to.
    pub(super) fn target<'t>(&self, found: &Ref<'t>) -> Found<'t> {
        self.find(found.text, if found.text.contains('/') { found.prefixed } else { found.kinds })
    }

    /// True when there is such a thing.
    pub fn has(&self, kind: Kind, name: &str) -> bool {
        let fleet = self.fleet;
        match kind {
            Kind::Site => fleet.sites.contains_key(name),
            Kind::Host => fleet.hosts.contains_key(name),
            Kind::Group => name == "all" || fleet.groups.contains_key(name),
            Kind::Network => fleet.networks.contains_key(name),
            Kind::Tunnel => fleet.tunnels.contains_key(name),
            Kind::Service => self.by_service.contains_key(name),
            Kind::Module => fleet.modules.contains_key(name),
            Kind::Profile => fleet.profiles.contains_key(name),
            Kind::Environment => fleet.environments.contains_key(name),
            Kind::Zone => self.zones.contains(name),
            Kind::Policy => fleet.policies.contains_key(name),
            Kind::Originated => fleet.bgp.as_ref().is_some_and(|b| b.originate.contains_key(name)),
        }
    }

    /// All names of a kind.
    pub fn names(&self, kind: Kind) -> Vec<&'a str> {
        let fleet = self.fleet;
        match kind {
            Kind::Site => fleet.sites.keys().map(|k| k.as_str()).collect(),
            Kind::Host => fleet.hosts.keys().map(|k| k.as_str()).collect(),
            Kind::Group => fleet.groups.keys().map(|k| k.as_str()).chain(["all"]).collect(),
            Kind::Network => fleet.networks.keys().map(|k| k.as_str()).collect(),
            Kind::Tunnel => fleet.tunnels.keys().map(|k| k.as_str()).collect(),
            Kind::Service => self.by_service.keys().copied().collect(),
            Kind::Module => fleet.modules.keys().map(|k| k.as_str()).collect(),
            Kind::Profile => fleet.profiles.keys().map(|k| k.as_str()).collect(),
            Kind::Environment => fleet.environments.keys().map(|k| k.as_str()).collect(),
            Kind::Zone => self.zones.iter().copied().collect(),
            Kind::Policy => fleet.policies.keys().map(|k| k.as_str()).collect(),
            Kind::Originated => {
                fleet.bgp.iter().flat_map(|b| b.originate.keys()).map(|k| k.as_str()).collect()
            }
        }
    }

    /// What `text` refers to where things of these kinds may stand; `kind/name` is understood too.
    pub fn find<'t>(&self, text: &'t str, kinds: &[Kind]) -> Found<'t> {
        if let Some((prefix, name)) = text.split_once('/')
            && let Some(kind) = Kind::of_prefix(prefix)
        {
            return if !kinds.contains(&kind) {
                Found::WrongKind(kind)
            } else if self.has(kind, name) {
                Found::One(kind, name)
            } else {
                Found::Nothing
            };
        }
        let hits: Vec<Kind> = kinds.iter().copied().filter(|k| self.has(*k, text)).collect();
        match hits.as_slice() {
            [] => Found::Nothing,
            [one] => Found::One(*one, text),
            _ => Found::Several(hits),
        }
    }
}
