//! Which alert explains which: for every single fault exactly one alert of a watcher pages.
//!
//! Every signal has a set of components whose loss alone makes it true. Where the loss of X raises C as
//! well, C is behind X; where each raises the other they look the same from here, and the upper one
//! (site, uplink, tunnel, host, service) pages for both.

use crate::fleet::{Alert, Component, Ping, Scrape, Signal};
use model::HostId;
use std::collections::{BTreeMap, BTreeSet};

/// Scrapes by job and host.
pub(crate) type Scrapes<'s> = BTreeMap<(&'s str, &'s HostId), &'s Scrape>;

/// Scrapes by job and host; of several with the same the first.
pub(crate) fn by_job(scrapes: &[Scrape]) -> Scrapes<'_> {
    scrapes.iter().rev().map(|s| ((s.job.as_str(), &s.host), s)).collect()
}

/// Components whose loss alone makes a signal true.
pub(crate) fn triggers(
    component: &Component,
    signal: &Signal,
    pings: &BTreeMap<String, Ping>,
    scrapes: &Scrapes<'_>,
) -> BTreeSet<Component> {
    match signal {
        Signal::PingsLost(lost) => all_of(lost, pings),
        Signal::PingsLostWhile { lost, alive } => {
            let mut out = all_of(lost, pings);
            for ping in alive.iter().filter_map(|n| pings.get(n)) {
                for component in &ping.depends {
                    out.remove(component);
                }
            }
            out
        }
        // A host whose metrics cannot be had says nothing about its units.
        Signal::UnitDown { .. } => BTreeSet::from([component.clone()]),
        Signal::ScrapeLost { job, host } => {
            let found = scrapes.get(&(job.as_str(), host));
            found.map(|s| s.depends.iter().cloned().collect()).unwrap_or_default()
        }
    }
}

fn all_of(lost: &[String], pings: &BTreeMap<String, Ping>) -> BTreeSet<Component> {
    let mut lists = lost.iter().filter_map(|n| pings.get(n)).map(|p| &p.depends);
    let Some(first) = lists.next() else { return BTreeSet::new() };
    let mut out: BTreeSet<Component> = first.iter().cloned().collect();
    for list in lists {
        let other: BTreeSet<&Component> = list.iter().collect();
        out.retain(|c| other.contains(c));
    }
    out
}

/// The lower, the more a component's alert tells.
fn rank(component: &Component) -> u8 {
    match component {
        Component::Site(_) => 0,
        Component::Uplink(_) => 1,
        Component::Tunnel(..) => 2,
        Component::Host(_) => 3,
        Component::Service(..) => 4,
        Component::Session(..) => 5,
    }
}

/// Fills `behind`, and drops alerts about far uplinks that could never be the one that pages.
pub(crate) fn order(alerts: &mut Vec<Alert>, pings: &BTreeMap<String, Ping>, scrapes: &[Scrape]) {
    let scrapes = by_job(scrapes);
    let triggers: BTreeMap<Component, BTreeSet<Component>> = alerts
        .iter()
        .map(|a| (a.component.clone(), triggers(&a.component, &a.signal, pings, &scrapes)))
        .collect();
    // What each fault raises.
    let mut raises: BTreeMap<&Component, BTreeSet<&Component>> = BTreeMap::new();
    for (component, by) in &triggers {
        for fault in by.iter().filter(|f| triggers.contains_key(*f)) {
            raises.entry(fault).or_default().insert(component);
        }
    }
    let mut behind: BTreeMap<&Component, BTreeSet<&Component>> = BTreeMap::new();
    let mut pages: BTreeSet<&Component> = BTreeSet::new();
    for (fault, raised) in &raises {
        // Those that look the same as the fault itself, the upper one first.
        let same = raised.iter().filter(|c| raises.get(**c).is_some_and(|r| r.contains(*fault)));
        let page = same.copied().chain([*fault]).min_by_key(|c| (rank(c), (*c).clone()));
        let Some(page) = page else { continue };
        pages.insert(page);
        for other in raised.iter().filter(|c| **c != page) {
            behind.entry(*other).or_default().insert(page);
        }
    }
    let mut lists: BTreeMap<Component, Vec<Component>> = BTreeMap::new();
    for (component, list) in &behind {
        lists.insert((*component).clone(), list.iter().map(|c| (*c).clone()).collect());
    }
    let far = |a: &Alert| {
        let while_alive = matches!(a.signal, Signal::PingsLostWhile { .. });
        matches!(a.component, Component::Uplink(_)) && while_alive && !pages.contains(&a.component)
    };
    let dropped: BTreeSet<Component> =
        alerts.iter().filter(|a| far(a)).map(|a| a.component.clone()).collect();
    alerts.retain(|a| !dropped.contains(&a.component));
    for alert in alerts {
        alert.behind = lists.remove(&alert.component).unwrap_or_default();
        alert.behind.retain(|c| !dropped.contains(c));
    }
}
