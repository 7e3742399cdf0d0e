//! What an inventory script prints: `--list` with `_meta.hostvars`, and `--host NAME`.

use crate::dialect::Rendered;
use crate::inventory::{Inventory, Vars};
use indexmap::IndexMap;
use py::json::{Indent, JsonOptions, dumps};
use py::{Kind, Map, Node, Value};

/// Groups, hosts and variables to be printed. Nothing is derived: what is here is what Ansible gets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    /// By name. `all` need not list what is in other groups.
    pub groups: IndexMap<String, Listed>,
    /// Each host's variables by its name; a host without variables is here with none.
    pub hosts: IndexMap<String, Map>,
}

/// A group to be printed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listed {
    /// Hosts right in it.
    pub hosts: Vec<String>,
    /// Groups right in it.
    pub children: Vec<String>,
    /// Its variables.
    pub vars: Map,
}

impl Listing {
    /// What was read, each host with all it has, and groups without variables: what `ansible-inventory --list`
    /// shows. With it `list_json` of a read inventory gives hosts the same variables again.
    pub fn of(inventory: &Inventory) -> Listing {
        let groups = inventory.groups.iter().map(|(name, group)| {
            let listed =
                Listed { hosts: group.hosts.clone(), children: group.children.clone(), vars: Map::new() };
            (name.clone(), listed)
        });
        let hosts = inventory.hosts.iter().map(|(name, host)| (name.clone(), shown(&host.vars)));
        Listing { groups: groups.collect(), hosts: hosts.collect() }
    }

    /// The same of the simpler reading: see [`crate::dialect`].
    pub fn of_flat(rendered: &[Rendered]) -> Listing {
        let mut listing = Listing::default();
        for host in rendered {
            let group = listing.groups.entry(host.group.clone()).or_default();
            group.hosts.push(host.name.clone());
            listing.hosts.entry(host.name.clone()).or_default().update(shown(&host.vars));
        }
        listing
    }

    /// What another says too: groups have the hosts of both, and what this says of a host wins.
    pub fn add(&mut self, other: Listing) {
        let join = |all: &mut Vec<String>, more: Vec<String>| {
            for name in more {
                if !all.contains(&name) {
                    all.push(name);
                }
            }
        };
        for (name, listed) in other.groups {
            let group = self.groups.entry(name).or_default();
            join(&mut group.hosts, listed.hosts);
            join(&mut group.children, listed.children);
            for (name, value) in listed.vars {
                if !group.vars.contains(&name) {
                    group.vars.insert(name, value);
                }
            }
        }
        for (name, vars) in other.hosts {
            let host = self.hosts.entry(name).or_default();
            for (name, value) in vars {
                if !host.contains(&name) {
                    host.insert(name, value);
                }
            }
        }
    }
}

/// A host's variables. A text that is never a template says so, in the form Ansible has for it. What is encrypted is
/// left out, and so is the name Ansible itself gives.
fn shown(vars: &Vars) -> Map {
    let open = vars.iter().filter(|(name, var)| *name != "inventory_hostname" && !var.node.holds_secret());
    open.map(|(name, var)| (Value::from(name), value(&var.node))).collect()
}

fn value(node: &Node) -> Value {
    match &node.kind {
        Kind::Scalar(text @ Value::Str(_)) if node.marks.raw => {
            Value::Map([("__ansible_unsafe", text.clone())].into_iter().collect())
        }
        Kind::Scalar(other) => other.clone(),
        Kind::List(items) => items.iter().map(value).collect(),
        Kind::Map(entries) => {
            Value::Map(entries.iter().map(|entry| (entry.key.clone(), value(&entry.node))).collect())
        }
    }
}

/// What `--list` prints: one JSON object, ended by a newline. Groups without anything are left out, except
/// `all`. The error is what Python says of a value JSON cannot hold, with the host it belongs to.
pub fn list_json(listing: &Listing) -> Result<String, String> {
    let mut root = Map::new();
    let mut hostvars = Map::new();
    for (name, vars) in &listing.hosts {
        hostvars.insert(name.as_str(), vars.clone());
    }
    root.insert("_meta", [("hostvars", hostvars)].into_iter().collect::<Map>());
    for (name, group) in &listing.groups {
        let mut listed = Map::new();
        let names = |names: &[String]| names.iter().map(|name| Value::from(name.as_str())).collect::<Value>();
        if !group.hosts.is_empty() {
            listed.insert("hosts", names(&group.hosts));
        }
        if !group.children.is_empty() {
            listed.insert("children", names(&group.children));
        }
        if !group.vars.is_empty() {
            listed.insert("vars", group.vars.clone());
        }
        if !listed.is_empty() || name == "all" {
            root.insert(name.as_str(), listed);
        }
    }
    for (name, vars) in &listing.hosts {
        dumps(&Value::Map(vars.clone()), &options()).map_err(|why| format!("{name}: {why}"))?;
    }
    print(root)
}

/// What `--host NAME` prints; nothing for a host that is not there.
pub fn host_json(listing: &Listing, host: &str) -> Option<Result<String, String>> {
    let vars = listing.hosts.get(host)?;
    Some(print(vars.clone()).map_err(|why| format!("{host}: {why}")))
}

fn options() -> JsonOptions {
    JsonOptions { indent: Some(Indent::Spaces(4)), ..JsonOptions::to_json() }
}

fn print(map: Map) -> Result<String, String> {
    dumps(&Value::Map(map), &options()).map(|text| text + "\n")
}
