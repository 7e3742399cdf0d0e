//! What alerts a fault must raise, from what each signal looks at.

use crate::fleet::{Component, Fleet, Ping, Watcher};
use crate::hierarchy::{by_job, triggers};
use model::ServiceId;
use std::collections::{BTreeMap, BTreeSet};

/// The alerts that must be active and not inhibited when one component is broken: by watcher (service and
/// host), the alert's name and component. A watcher that is itself broken has none.
pub fn predict(
    fleet: &Fleet,
    broken: &Component,
) -> BTreeMap<(ServiceId, model::HostId), Vec<(&'static str, Component)>> {
    let watchers = fleet.watchers.iter();
    watchers.map(|w| ((w.service.clone(), w.host.clone()), of_watcher(fleet, w, broken))).collect()
}

fn of_watcher(fleet: &Fleet, watcher: &Watcher, broken: &Component) -> Vec<(&'static str, Component)> {
    if silenced(fleet, watcher, broken) {
        return Vec::new();
    }
    let pings: BTreeMap<String, Ping> = watcher.pings.iter().map(|p| (p.name.clone(), p.clone())).collect();
    let scrapes = by_job(&watcher.scrapes);
    let active: Vec<_> = watcher
        .alerts
        .iter()
        .filter(|a| triggers(&a.component, &a.signal, &pings, &scrapes).contains(broken))
        .collect();
    let suspects: BTreeSet<&Component> = active.iter().map(|a| &a.component).collect();
    active
        .iter()
        .filter(|a| !a.behind.iter().any(|b| suspects.contains(b)))
        .map(|a| (a.name, a.component.clone()))
        .collect()
}

/// True when the fault takes the watcher itself, or the prober beside it for what it pings.
fn silenced(fleet: &Fleet, watcher: &Watcher, broken: &Component) -> bool {
    match broken {
        Component::Host(host) => *host == watcher.host,
        Component::Service(service, host) => *service == watcher.service && *host == watcher.host,
        Component::Site(site) => fleet.hosts.get(&watcher.host).and_then(|h| h.site.as_ref()) == Some(site),
        Component::Uplink(_) | Component::Tunnel(..) | Component::Session(..) => false,
    }
}
