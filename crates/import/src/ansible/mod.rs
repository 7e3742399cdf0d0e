//! Ansible inventories: hosts and groups with their variables and the ways onto hosts.
//!
//! A variable keeps its name and value (`-` stands for `_`, which names of the model do not have). What Ansible's
//! precedence makes of groups' variables is written at the host wherever the groups alone would give something
//! else, so that every host keeps its own. An encrypted value stays in its vault and becomes a secret of its own.

mod names;
mod reach;
mod same;
mod values;

pub use same::compare;

use crate::yaml::{Map, Yaml, text};
use crate::{Imported, codes};
use ::ansible::{Group, Host, Inventory, Layer, Var, Vars};
use diag::{Diagnostic, Place};
use ipnet::IpNet;
use model::Fleet;
use names::Names;
use std::collections::{BTreeMap, BTreeSet};

/// What is imported into what.
#[derive(Clone, Copy)]
pub struct From<'a> {
    /// The inventory.
    pub inventory: &'a Inventory,
    /// The fleet it is brought into; `None` where there is none yet.
    pub fleet: Option<&'a Fleet>,
    /// A file of the inventory by its path from the fleet's folder; `None` when it lies outside of it.
    pub at: &'a dyn Fn(&str) -> Option<String>,
}

/// The inventory as model files.
pub fn read(from: From<'_>) -> Imported {
    let mut out = Imported::default();
    let names = Names::of(from.inventory, &mut out);
    let mut work = Work {
        from,
        names: &names,
        secrets: Map::new(),
        sites: BTreeMap::new(),
        told: BTreeSet::new(),
        out: &mut out,
    };
    let groups = work.groups();
    // What the groups alone give each host: from there on only the rest is written at the host.
    let given = same::given(from.inventory, &names, &groups);
    for (name, host) in &from.inventory.hosts {
        work.host(name, host, given.get(name));
    }
    for (name, map) in &groups {
        // A group that is named must be there, also with nothing to say.
        if name != "all" || !map.is_empty() {
            work.out.file(format!("groups/{name}.yaml"), text("", map));
        }
    }
    for (name, lan) in &work.sites {
        let mut map = Map::new();
        map.set("lan", lan.to_string());
        let head = "A guess from the addresses of its hosts: an uplink and a router are still to be written.";
        work.out.file(format!("sites/{name}.yaml"), text(head, &map));
    }
    let secrets = std::mem::take(&mut work.secrets);
    if !secrets.is_empty() {
        out.file("secrets.yaml", text("Values stay in the vault they are in.", &secrets));
    }
    out.files.sort_by(|a, b| a.path.cmp(&b.path));
    out.notes.sort();
    out.notes.dedup();
    out
}

struct Work<'a, 'o> {
    from: From<'a>,
    names: &'a Names,
    secrets: Map,
    /// Sites that have to be there for their hosts' addresses.
    sites: BTreeMap<String, IpNet>,
    /// Variables that were told of once already, by where they are written.
    told: BTreeSet<Place>,
    out: &'o mut Imported,
}

impl Work<'_, '_> {
    /// Groups by their names in the model. `ungrouped` is Ansible's own.
    fn groups(&mut self) -> BTreeMap<String, Map> {
        let mut groups = BTreeMap::new();
        for (name, group) in &self.from.inventory.groups {
            let Some(own) = self.names.group(name).filter(|_| name != "ungrouped") else { continue };
            groups.insert(own.to_owned(), self.group(name, group));
        }
        groups
    }

    fn group(&mut self, name: &str, group: &Group) -> Map {
        let mut map = Map::new();
        // Every host and group is in `all`.
        if name != "all" {
            let children: Vec<&str> = group.children.iter().filter_map(|c| self.names.group(c)).collect();
            map.unless_empty("groups", Yaml::one_or_list(children));
        }
        let vars = self.vars(&group.vars, |_, _| true);
        map.unless_empty("vars", vars);
        map
    }

    fn host(&mut self, name: &str, host: &Host, given: Option<&py::Map>) {
        let Some(own) = self.names.host(name) else { return };
        let mut map = Map::new();
        let reach = reach::of(name, own, host, self.from.fleet, self.out);
        let direct =
            self.from.inventory.groups.iter().filter(|(g, group)| {
                *g != "all" && *g != "ungrouped" && group.hosts.iter().any(|h| h == name)
            });
        let groups: Vec<&str> = direct.filter_map(|(g, _)| self.names.group(g)).collect();
        map.maybe("site", reach.site.as_deref()).maybe("address", reach.address.as_deref());
        map.maybe("uplink", reach.uplink);
        map.unless_empty("groups", Yaml::one_or_list(groups));
        map.unless_empty("ssh", reach.ssh);
        if let (Some(site), Some(lan)) = (reach.site, reach.lan) {
            self.sites.insert(site, lan);
        }
        let keeps_args = reach.keeps_args;
        let mut vars = self.vars(&host.vars, |name, var| {
            let spoken = |known: &py::Value| known == &var.node.value();
            given.and_then(|g| g.get_str(name)).is_none_or(|known| !spoken(known))
        });
        if keeps_args {
            for name in reach::ARGS {
                if let Some(value) = host.vars.get(name).and_then(|var| values::yaml(&var.node.value())) {
                    vars.set(names::label(name), value);
                }
            }
        }
        map.unless_empty("vars", vars);
        let head = if own == name { String::new() } else { format!("`{name}` of the inventory.") };
        self.out.file(format!("hosts/{own}.yaml"), text(&head, &map));
    }

    /// Variables that can be carried, of those wanted; the others are told of.
    fn vars(&mut self, vars: &Vars, wanted: impl Fn(&str, &Var) -> bool) -> Map {
        let mut map = Map::new();
        for (name, var) in vars.iter() {
            if reach::is_way(name) || matches!(var.origin.layer, Layer::Name) {
                continue;
            }
            let new = self.told.insert(var.origin.place.clone());
            if var.node.holds_secret() {
                if new {
                    self.secret(name, var);
                }
                continue;
            }
            if !wanted(name, var) {
                continue;
            }
            let place = &var.origin.place;
            let label = names::label(name);
            if names::unlabel(&label) != name || model::ids::name_fault(&label).is_some() {
                if new {
                    let why = "names of variables are a-z, 0-9 and `_` here; write it under such a name, and the templates that use it";
                    self.out.note(place, format!("variable {name}"), why);
                }
                continue;
            }
            match values::yaml(&var.node.value()).filter(|_| !values::is_raw(&var.node)) {
                Some(value) => drop(map.set(label, value)),
                None if new => {
                    let why = "its value has no form in the model (bytes, or `!unsafe`)";
                    self.out.note(place, format!("variable {name}"), why);
                }
                None => {}
            }
        }
        map
    }

    /// An encrypted value stays where it is.
    fn secret(&mut self, name: &str, var: &Var) {
        let place = &var.origin.place;
        let what = format!("variable {name}, which is encrypted");
        if var.node.as_scalar().is_none() {
            self.out.note(place, what, "only parts of it are encrypted, or it is a list or map: name each part as a secret of kind `vault` yourself");
            return;
        }
        let label = names::label(name);
        let Some(file) = (self.from.at)(&place.file) else {
            self.out.note(place, what, "its file is not in the fleet's folder: put it there, and name it as a secret of kind `vault`");
            return;
        };
        if model::ids::name_fault(&label).is_some() {
            self.out.note(
                place,
                what,
                "its name is no name of a secret: give it one of kind `vault` yourself",
            );
            return;
        }
        let mut free = label.clone();
        let mut number = 2_u32;
        while self.secrets.has(&free) {
            free = format!("{label}-{number}");
            number += 1;
        }
        let mut map = Map::new();
        map.set("kind", "vault").set("file", file).set("key", name);
        self.secrets.set(&free, map);
        let why = format!(
            "it is `secret/{free}` now, and no inventory prints it; Ansible goes on reading its vault"
        );
        self.out.note(place, what, why);
    }
}

/// The inventory cannot be imported as a whole.
pub(crate) fn collision(place: &Place, kind: &str, name: &str, first: &str, second: &str) -> Diagnostic {
    let message = format!("{kind}s `{first}` and `{second}` would both be {name}");
    Diagnostic::error(codes::COLLISION, place, message)
        .help("names are a-z, 0-9 and `-` here: rename one of them in the inventory first")
}
