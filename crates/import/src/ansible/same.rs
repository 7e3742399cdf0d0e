//! Whether hosts have the same variables, by Ansible's own merging.

use super::names::Names;
use super::{names, reach};
use crate::Difference;
use crate::yaml::{Map as Yaml, text};
use ::ansible::connection::{self, Connection};
use ::ansible::script::Listing;
use ::ansible::{Files, Host, Inventory, Options, read};
use diag::Report;
use py::yaml::{DumpOptions, dump};
use py::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The variables each host of the inventory, by its name there, gets from the groups of the model alone.
pub(super) fn given(
    inventory: &Inventory,
    names: &Names,
    groups: &BTreeMap<String, Yaml>,
) -> BTreeMap<String, Map> {
    let mut listing = Listing::default();
    for (name, group) in &inventory.groups {
        let Some(own) = names.group(name).filter(|_| name != "ungrouped") else { continue };
        let listed = listing.groups.entry(names::unlabel(own)).or_default();
        listed.children = group.children.iter().filter_map(|c| names.group(c)).map(names::unlabel).collect();
        listed.hosts.clone_from(&group.hosts);
        listed.vars = groups.get(own).map(vars).unwrap_or_default();
    }
    for name in inventory.hosts.keys() {
        listing.hosts.insert(name.clone(), Map::new());
    }
    let merged = merge(&listing);
    merged.hosts.iter().map(|(name, host)| (name.clone(), host.vars.to_map())).collect()
}

/// What the inventory script will print of a group's `vars`.
fn vars(map: &Yaml) -> Map {
    let written = text("", map);
    let mut report = Report::new();
    let node = py::load("group", &written, &py::NoTags, &mut report).map(|n| n.value());
    let vars = node.as_ref().and_then(Value::as_map).and_then(|m| m.get_str("vars")).and_then(Value::as_map);
    vars.into_iter()
        .flat_map(|vars| vars.iter())
        .filter_map(|(name, value)| Some((names::unlabel(name.as_str()?), value.clone())))
        .map(|(name, value)| (Value::from(name.as_str()), value))
        .collect()
}

/// Groups and hosts of a script merged as Ansible merges those of an inventory file.
fn merge(listing: &Listing) -> Inventory {
    let mut children = Map::new();
    let mut all = Map::new();
    for (name, group) in &listing.groups {
        let names =
            |list: &[String]| list.iter().map(|n| (Value::from(n.as_str()), Value::None)).collect::<Map>();
        let mut listed = Map::new();
        listed.insert("hosts", names(&group.hosts));
        listed.insert("children", names(&group.children));
        listed.insert("vars", group.vars.clone());
        if name == "all" {
            all.insert("vars", group.vars.clone());
        } else {
            children.insert(name.as_str(), listed);
        }
    }
    let hosts: Map = listing
        .hosts
        .iter()
        .map(|(name, vars)| (Value::from(name.as_str()), Value::Map(vars.clone())))
        .collect();
    all.insert("hosts", hosts);
    all.insert("children", children);
    let whole: Map = [("all", all)].into_iter().collect();
    let mut files = Files::new();
    files.insert(
        "inventory.yml",
        dump(&Value::Map(whole), &DumpOptions { sort_keys: false, ..DumpOptions::python() }),
    );
    let options = Options { sources: &["inventory.yml"], playbooks: None };
    let vault = |_: &[u8], _: Option<&str>| Ok(String::new());
    read(&files, options, &vault, &mut Report::new())
}

/// What is not the same for a host in what was imported and in what the inventory script prints. Encrypted
/// variables are left out: no inventory prints them. How a host is reached is compared by what it means.
pub fn compare(before: &Inventory, after: &Listing) -> Vec<Difference> {
    let after = merge(after);
    let mut found = Vec::new();
    for (name, host) in &before.hosts {
        let own = crate::names::name(name).filter(|_| model::ids::name_fault(name).is_some());
        let own = own.as_deref().unwrap_or(name);
        if own != name {
            found.push(Difference {
                key: format!("{name}: name"),
                before: Some(name.clone()),
                after: Some(own.to_owned()),
            });
        }
        match after.hosts.get(own) {
            Some(now) => one(name, host, now, &mut found),
            None => {
                found.push(Difference { key: name.clone(), before: Some("a host".to_owned()), after: None })
            }
        }
    }
    found
}

fn one(name: &str, before: &Host, after: &Host, found: &mut Vec<Difference>) {
    let mut say = |key: &str, before: Option<String>, after: Option<String>| {
        if before != after {
            found.push(Difference { key: format!("{name}: {key}"), before, after });
        }
    };
    let (was, is) = (way(name, before), way(name, after));
    for (key, value) in &was {
        say(key, value.clone(), is.get(key).cloned().flatten());
    }
    let keeps = |host: &Host, key: &str| !reach::is_way(key) && host.vars.get(key).is_some();
    let keys: BTreeSet<&str> = before.vars.iter().chain(after.vars.iter()).map(|(key, _)| key).collect();
    for key in keys.into_iter().filter(|key| keeps(before, key) || keeps(after, key)) {
        let old = before.vars.get(key);
        if key == "inventory_hostname" || old.is_some_and(|var| var.node.holds_secret()) {
            continue;
        }
        let shown = |host: &Host| host.vars.get(key).map(|var| said(&var.node.value()));
        say(key, shown(before), shown(after));
    }
    let groups = |host: &Host| {
        Some(
            host.group_names()
                .iter()
                .filter(|g| !g.starts_with("site_") && **g != "ungrouped")
                .copied()
                .collect::<Vec<_>>()
                .join(", "),
        )
    };
    say("group_names", groups(before), groups(after));
}

/// A value as JSON, in which inventories are printed.
fn said(value: &Value) -> String {
    py::json::dumps(value, &py::json::JsonOptions::to_json()).unwrap_or_else(|why| why)
}

/// How a host is reached, with what Ansible does where nothing is written.
fn way(name: &str, host: &Host) -> BTreeMap<&'static str, Option<String>> {
    let Connection { address, port, user, jumps, .. } = connection::read(host, &mut Report::new());
    let jumps: Vec<String> = jumps.iter().map(|j| j.value.to_string()).collect();
    let args = reach::ARGS.iter().filter_map(|a| host.vars.get(a)).map(|var| said(&var.node.value()));
    let more: Vec<String> = if jumps.is_empty() { args.collect() } else { Vec::new() };
    BTreeMap::from([
        ("ansible_host", Some(address.map_or_else(|| name.to_owned(), |a| a.value))),
        ("ansible_port", Some(port.map_or(22, |p| p.value).to_string())),
        ("ansible_user", user.map(|u| u.value)),
        ("hosts on the way", Some(jumps.join(","))),
        ("arguments of ssh", Some(more.join(" "))),
    ])
}

#[cfg(test)]
mod tests {
    use super::super::values;
    use super::*;

    #[test]
    fn values_read_back_as_they_were() {
        let all = [
            Value::None,
            Value::Bool(true),
            Value::Int(-7),
            Value::Float(1e16),
            Value::Float(0.5),
            Value::from("0644"),
            Value::from("yes"),
            Value::from("1.10"),
            Value::from("a: b # c"),
            Value::from("two\nlines\n"),
            Value::from("{{ braces }}"),
            Value::from(""),
            Value::from("2026-01-01"),
            Value::Date("2026-01-01".into()),
            Value::from("=x"),
            Value::from("12:30:45"),
        ];
        for value in all {
            let mut map = Yaml::new();
            let mut vars = Yaml::new();
            if let Some(yaml) = values::yaml(&value) {
                vars.set("it", yaml);
            }
            map.set("vars", vars);
            let again = super::vars(&map);
            assert_eq!(again.get_str("it"), Some(&value), "{}", text("", &map));
        }
    }
}
