//! What every renderer looks things up in.

use artifact::Why;
use derive::fleet::{Exposure, Fleet, Host, Instance, Watcher};
use model::{HostId, ServiceId};
use std::cell::OnceCell;
use std::collections::BTreeMap;

/// Lookups over the whole fleet, made once.
pub(crate) struct Index<'a> {
    /// Copies of services by service and host.
    pub instances: BTreeMap<(&'a ServiceId, &'a HostId), &'a Instance>,
    /// What each proxy takes requests for.
    pub exposures: BTreeMap<(&'a ServiceId, &'a HostId), Vec<&'a Exposure>>,
    /// Each metrics service's view.
    pub watchers: BTreeMap<(&'a ServiceId, &'a HostId), &'a Watcher>,
    /// The names file: the same on every host, so made once and shared.
    pub names: OnceCell<crate::resolver::Shared>,
    /// What may reach names that are not on the internet, made once.
    pub inside: OnceCell<crate::caddy::Inside>,
}

impl<'a> Index<'a> {
    pub(crate) fn new(fleet: &'a Fleet) -> Self {
        let instances = fleet
            .hosts
            .values()
            .flat_map(|h| h.instances.iter().map(move |i| ((&i.service, &h.id), i)))
            .collect();
        let mut exposures: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for exposure in &fleet.exposures {
            if let Some((service, host)) = &exposure.ingress {
                exposures.entry((service, host)).or_default().push(exposure);
            }
        }
        let watchers = fleet.watchers.iter().map(|w| ((&w.service, &w.host), w)).collect();
        Index { instances, exposures, watchers, names: OnceCell::new(), inside: OnceCell::new() }
    }
}

/// One host in its fleet.
pub(crate) struct Cx<'a> {
    pub fleet: &'a Fleet,
    pub index: &'a Index<'a>,
    pub host: &'a Host,
    /// Because the host is described.
    pub why: Why,
}

impl<'a> Cx<'a> {
    pub(crate) fn new(fleet: &'a Fleet, index: &'a Index<'a>, host: &'a Host) -> Self {
        let why = Why::new(&host.place, format!("host {}", host.id));
        Cx { fleet, index, host, why }
    }

    /// Because the host is described, in other words.
    pub(crate) fn because(&self, reason: &str) -> Why {
        Why::new(&self.host.place, reason)
    }
}
