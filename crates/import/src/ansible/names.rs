//! Names of hosts, groups and variables in the model.

use crate::{Imported, names};
use ::ansible::Inventory;
use std::collections::BTreeMap;

/// What hosts and groups of the inventory are called in the model.
pub(super) struct Names {
    hosts: BTreeMap<String, String>,
    groups: BTreeMap<String, String>,
}

impl Names {
    /// Names for all; two that would be one are an error, one that changes is told of.
    pub(super) fn of(inventory: &Inventory, out: &mut Imported) -> Names {
        let hosts = inventory.hosts.iter().map(|(name, host)| (name.as_str(), &host.place));
        let hosts = each(
            "host",
            hosts,
            |name| {
                if model::ids::name_fault(name).is_none() { Some(name.to_owned()) } else { names::name(name) }
            },
            |own| own.to_owned(),
            out,
        );
        let groups = inventory.groups.iter().map(|(name, group)| (name.as_str(), &group.place));
        let groups = each("group", groups, names::name, unlabel, out);
        Names { hosts, groups }
    }
    pub(super) fn host(&self, name: &str) -> Option<&str> {
        self.hosts.get(name).map(String::as_str)
    }
    pub(super) fn group(&self, name: &str) -> Option<&str> {
        self.groups.get(name).map(String::as_str)
    }
}

fn each<'i>(
    kind: &str,
    all: impl Iterator<Item = (&'i str, &'i diag::Place)>,
    name_of: impl Fn(&str) -> Option<String>,
    seen_as: impl Fn(&str) -> String,
    out: &mut Imported,
) -> BTreeMap<String, String> {
    let (mut map, mut taken) = (BTreeMap::new(), BTreeMap::<String, String>::new());
    for (name, place) in all {
        let Some(own) = name_of(name) else {
            out.note(
                place,
                format!("{kind} {name}"),
                "nothing of its name can be a name here; rename it first",
            );
            continue;
        };
        if let Some(first) = taken.insert(own.clone(), name.to_owned()) {
            out.fault(super::collision(place, kind, &own, &first, name));
            continue;
        }
        let again = seen_as(&own);
        if again != name {
            let why = format!(
                "it is `{own}` here, and `{again}` in the inventory that is printed: playbooks that name it must follow"
            );
            out.note(place, format!("{kind} {name}"), why);
        }
        map.insert(name.to_owned(), own);
    }
    map
}

/// A variable's name as the model has it.
pub(super) fn label(name: &str) -> String {
    name.replace('_', "-")
}

/// The name the inventory script prints for it.
pub(super) fn unlabel(name: &str) -> String {
    name.replace('-', "_")
}
