//! Something described that nothing uses.

use crate::codes;
use crate::facts::{Facts, Found, Kind};
use crate::rule::Findings;
use diag::{Diagnostic, Place};
use std::collections::BTreeSet;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let fleet = facts.fleet;
    let mut used: BTreeSet<(Kind, &str)> = BTreeSet::new();
    for (found, target) in facts.refs.iter().filter(|(r, _)| r.uses) {
        match target {
            Found::One(kind, name) => {
                used.insert((*kind, name));
            }
            Found::Several(kinds) => used.extend(kinds.iter().map(|k| (*k, found.text))),
            Found::Nothing | Found::WrongKind(_) => {}
        }
    }
    let mut unused = |kind: Kind, name: &str, place: &Place, help: &str| {
        if place.is_source() && !used.contains(&(kind, name)) {
            let message = format!("{} `{name}` is not used by anything", kind.word());
            out.push(Diagnostic::warning(codes::UNUSED, place, message).help(help));
        }
    };
    for (id, module) in &fleet.modules {
        unused(Kind::Module, id.as_str(), &module.place, "place it with a service, or remove it");
    }
    for (id, profile) in &fleet.profiles {
        unused(Kind::Profile, id.as_str(), &profile.place, "name it in a `use`, or remove it");
    }
    for (id, group) in &fleet.groups {
        // A group may exist for its variables and for what its hosts use.
        if group.vars.is_empty() && group.r#use.is_empty() {
            unused(Kind::Group, id.as_str(), &group.place, "name it somewhere, or remove it");
        }
    }
    for (id, site) in &fleet.sites {
        unused(Kind::Site, id.as_str(), &site.place, "put a host there, or remove it");
    }
    for (id, environment) in &fleet.environments {
        if environment.members.is_empty() {
            unused(Kind::Environment, id.as_str(), &environment.place, "put something there, or remove it");
        }
    }
    // A network is also used by the addresses on it and by policies about its zone.
    let zones: BTreeSet<&str> =
        used.iter().filter(|(k, _)| *k == Kind::Zone).map(|(_, name)| *name).collect();
    let mut addresses: Vec<_> = facts.addresses.iter().map(|a| a.address.ip).collect();
    addresses.sort_unstable();
    for (id, network) in &fleet.networks {
        let zone = network.zone.as_ref().map_or(id.as_str(), |z| z.as_str());
        let v4 = network.ipv4.iter().map(|p| ipnet::IpNet::V4(p.value));
        let v6 = network.ipv6.iter().map(|p| ipnet::IpNet::V6(p.value));
        let inhabited = v4.chain(v6).any(|prefix| {
            let from = addresses.partition_point(|a| *a < prefix.network());
            addresses.get(from).is_some_and(|a| prefix.contains(a))
        });
        if !inhabited && !zones.contains(zone) {
            unused(Kind::Network, id.as_str(), &network.place, "put a host or service on it, or remove it");
        }
    }
}
