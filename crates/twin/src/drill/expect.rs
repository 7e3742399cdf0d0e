//! What must be told, and what may be, when a component is broken. Every watcher sends to every alertmanager
//! it can reach; which ones it reaches is part of the fault.

use derive::fleet::{Component, Fleet, Watcher};
use model::{HostId, ServiceId};
use render::component_label as word;
use std::collections::{BTreeMap, BTreeSet};

/// An alert: its name, what it is about and who saw it, in words.
pub(super) type Told = (String, String, String);

/// What must and what may be told at one alertmanager.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Expected {
    pub must: BTreeSet<Told>,
    pub may: BTreeSet<Told>,
}

impl Expected {
    /// True when exactly what should be is told.
    pub fn holds(&self, told: &BTreeSet<Told>) -> bool {
        self.must.is_subset(told) && told.is_subset(&self.may)
    }
}

type Predicted = BTreeMap<(ServiceId, HostId), Vec<(&'static str, Component)>>;

/// By alertmanager that the fault leaves working.
pub(super) fn expected(fleet: &Fleet, broken: &Component) -> BTreeMap<HostId, Expected> {
    let predicted = derive::predict(fleet, broken);
    alertmanagers(fleet)
        .into_iter()
        .filter(|(host, port)| !gone(fleet, host, *port, broken))
        .map(|(host, _)| {
            let one = at(fleet, &host, &predicted);
            (host, one)
        })
        .collect()
}

/// Hosts with an alertmanager, and its port.
fn alertmanagers(fleet: &Fleet) -> BTreeMap<HostId, u16> {
    let all = fleet.watchers.iter().flat_map(|w| &w.alertmanagers);
    all.map(|(host, _, port)| (host.clone(), *port)).collect()
}

/// True when the fault takes the alertmanager itself.
fn gone(fleet: &Fleet, host: &HostId, port: u16, broken: &Component) -> bool {
    match broken {
        Component::Host(h) => h == host,
        Component::Service(service, h) => {
            let instances = fleet.hosts.get(host).into_iter().flat_map(|h| &h.instances);
            let mut own = instances.filter(|i| i.ports.values().any(|p| p.number == port));
            h == host && own.any(|i| i.service == *service)
        }
        Component::Site(site) => fleet.hosts.get(host).and_then(|h| h.site.as_ref()) == Some(site),
        Component::Uplink(_) | Component::Tunnel(..) | Component::Session(..) => false,
    }
}

/// What the watchers beside an alertmanager see must be told there; what others see may be.
fn at(fleet: &Fleet, host: &HostId, predicted: &Predicted) -> Expected {
    let mut expected = Expected::default();
    for watcher in &fleet.watchers {
        let told = of(predicted, watcher).iter().map(|(name, component)| {
            ((*name).to_owned(), word(component), watched_by(&watcher.service, &watcher.host))
        });
        for one in told {
            if watcher.host == *host {
                expected.must.insert(one.clone());
            }
            expected.may.insert(one);
        }
    }
    expected
}

/// A watcher as the label `watcher` of its alerts has it.
fn watched_by(service: &ServiceId, host: &HostId) -> String {
    format!("{service}/{host}")
}

fn of<'p>(predicted: &'p Predicted, watcher: &Watcher) -> &'p [(&'static str, Component)] {
    predicted.get(&(watcher.service.clone(), watcher.host.clone())).map(Vec::as_slice).unwrap_or_default()
}
