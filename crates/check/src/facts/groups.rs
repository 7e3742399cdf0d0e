//! Who belongs to which group and environment.

use model::{Fleet, HostId};
use std::collections::{BTreeMap, BTreeSet};

/// Hosts of each group with those of the groups inside it. A cycle of groups ends where it closes.
pub fn members(fleet: &Fleet) -> BTreeMap<&str, BTreeSet<&HostId>> {
    let mut direct: BTreeMap<&str, BTreeSet<&HostId>> = BTreeMap::new();
    direct.insert("all", fleet.hosts.keys().collect());
    for (id, group) in &fleet.groups {
        let hosts = direct.entry(id.as_str()).or_default();
        hosts
            .extend(group.hosts.iter().filter_map(|h| fleet.hosts.get_key_value(&h.value).map(|(id, _)| id)));
    }
    for (id, host) in &fleet.hosts {
        for group in &host.groups {
            direct.entry(group.as_str()).or_default().insert(id);
        }
    }
    // Only groups that hold groups can differ from their direct members.
    let nested: Vec<&str> =
        fleet.groups.iter().filter(|(_, g)| !g.groups.is_empty()).map(|(id, _)| id.as_str()).collect();
    let mut whole: Vec<(&str, BTreeSet<&HostId>)> = Vec::new();
    for group in nested {
        let mut seen = BTreeSet::from([group]);
        let mut open = vec![group];
        let mut hosts = BTreeSet::new();
        while let Some(name) = open.pop() {
            hosts.extend(direct.get(name).into_iter().flatten().copied());
            for inner in fleet.groups.get(name).into_iter().flat_map(|g| &g.groups) {
                if seen.insert(inner.as_str()) {
                    open.push(inner.as_str());
                }
            }
        }
        whole.push((group, hosts));
    }
    direct.extend(whole);
    direct
}

/// Hosts of each environment: its members, and the hosts that say they belong to it.
pub fn inhabitants(fleet: &Fleet) -> BTreeMap<&str, BTreeSet<&HostId>> {
    let mut all: BTreeMap<&str, BTreeSet<&HostId>> = BTreeMap::new();
    for (id, environment) in &fleet.environments {
        let known = environment.members.iter().filter_map(|m| fleet.hosts.get_key_value(&m.value));
        all.entry(id.as_str()).or_default().extend(known.map(|(id, _)| id));
    }
    for (id, host) in &fleet.hosts {
        if let Some(environment) = &host.environment {
            all.entry(environment.as_str()).or_default().insert(id);
        }
    }
    all
}
