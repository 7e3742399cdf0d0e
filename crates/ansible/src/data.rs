//! An inventory while its sources are read: ansible-core's `InventoryData`.

use crate::inventory::{Layer, Origin, Vars};
use crate::{codes, files};
use diag::{Diagnostic, Place, Report};
use indexmap::{IndexMap, IndexSet};
use py::{Node, Value};
use std::sync::Arc;

/// Groups and hosts so far.
pub(crate) struct Draft {
    pub groups: IndexMap<String, DraftGroup>,
    pub hosts: IndexMap<String, DraftHost>,
}

pub(crate) struct DraftGroup {
    pub place: Place,
    pub children: IndexSet<String>,
    pub parents: IndexSet<String>,
    pub hosts: IndexSet<String>,
    pub priority: i128,
    pub vars: Vars,
}

pub(crate) struct DraftHost {
    /// The first place of it in each file, the first file first.
    pub places: Vec<Place>,
    pub vars: Vars,
}

impl Draft {
    /// With `all` and, in it, `ungrouped`.
    pub fn new() -> Draft {
        let mut draft = Draft { groups: IndexMap::new(), hosts: IndexMap::new() };
        let place = Place::builtin("ansible");
        draft.add_group("all", &place);
        draft.add_group("ungrouped", &place);
        draft.join("all", "ungrouped");
        draft
    }

    pub fn add_group(&mut self, name: &str, place: &Place) {
        if let Some(group) = self.groups.get_mut(name) {
            if !group.place.is_source() {
                group.place = place.clone();
            }
            return;
        }
        let group = DraftGroup {
            place: place.clone(),
            children: IndexSet::new(),
            parents: IndexSet::new(),
            hosts: IndexSet::new(),
            priority: 1,
            vars: Vars::new(),
        };
        self.groups.insert(name.to_owned(), group);
    }

    /// Adds a host to a group that is there. A port is a variable of a host that is new.
    pub fn add_host(
        &mut self,
        name: &str,
        group: &str,
        port: Option<i128>,
        place: &Place,
        report: &mut Report,
    ) {
        match self.hosts.get_mut(name) {
            None => {
                let host = DraftHost { places: vec![place.clone()], vars: Vars::new() };
                self.hosts.insert(name.to_owned(), host);
                if let Some(port) = port.filter(|port| *port != 0) {
                    let node = Node::scalar(place, Value::Int(port));
                    self.set(name, "ansible_port", node, place, report);
                }
            }
            Some(host) => {
                if host.places.iter().all(|known| known.file != place.file) {
                    host.places.push(place.clone());
                }
                if port.is_some()
                    && let Some(first) = host.places.first()
                {
                    report.push(
                        Diagnostic::warning(
                            codes::PORT,
                            place,
                            format!(
                                "Ansible ignores the port given to `{name}` here: it knows the host already"
                            ),
                        )
                        .label(first, "first here")
                        .help("give the port where the host stands first, or as `ansible_port`"),
                    );
                }
            }
        }
        if let Some(group) = self.groups.get_mut(group) {
            group.hosts.insert(name.to_owned());
        }
    }

    /// Sets a variable of a group, or else of a host: as in Ansible a name that is both means the group.
    pub fn set(&mut self, entity: &str, variable: &str, node: Node, place: &Place, report: &mut Report) {
        if let Some(group) = self.groups.get_mut(entity) {
            if variable == "ansible_group_priority" {
                match priority(&node) {
                    Some(priority) => group.priority = priority,
                    None => report.push(
                        Diagnostic::error(
                            codes::CONNECTION,
                            &node.place,
                            "`ansible_group_priority` is a whole number",
                        )
                        .help("of two groups at one depth the one with the higher number wins"),
                    ),
                }
                return;
            }
            let layer = Layer::Group(entity.into());
            group.vars.set(variable, Arc::new(node), Origin { place: place.clone(), layer });
        } else if let Some(host) = self.hosts.get_mut(entity) {
            host.vars.set(variable, Arc::new(node), Origin { place: place.clone(), layer: Layer::Host });
        }
    }

    /// Puts a group into another, both there already; refused where they would contain each other.
    pub fn add_child(&mut self, parent: &str, child: &str, place: &Place, report: &mut Report) {
        if parent == child || self.is_above(child, parent) {
            let mut diagnostic = Diagnostic::error(
                codes::CYCLE,
                place,
                if parent == child {
                    format!("group `{child}` cannot be in itself")
                } else {
                    format!(
                        "group `{child}` cannot be in `{parent}`, which is in it: {}",
                        self.way(child, parent)
                    )
                },
            );
            if let Some(group) = self.groups.get(child).filter(|g| g.place.is_source() && g.place != *place) {
                diagnostic = diagnostic.label(&group.place, format!("`{child}` is here"));
            }
            report.push(diagnostic.help("take one of the two out of the other's children"));
            return;
        }
        self.join(parent, child);
    }

    fn join(&mut self, parent: &str, child: &str) {
        if let Some(group) = self.groups.get_mut(parent) {
            group.children.insert(child.to_owned());
        }
        if let Some(group) = self.groups.get_mut(child) {
            group.parents.insert(parent.to_owned());
        }
    }

    /// How a group holds one below it: `a → b → c`.
    fn way(&self, upper: &str, lower: &str) -> String {
        let mut names = vec![lower.to_owned()];
        while let Some(current) = names.last().filter(|name| *name != upper) {
            let parents = self.groups.get(current).map(|group| &group.parents);
            let next = parents.and_then(|parents| {
                parents.iter().find(|parent| *parent == upper || self.is_above(upper, parent))
            });
            match next {
                Some(parent) => names.push(parent.clone()),
                None => break,
            }
        }
        names.reverse();
        names.join(" → ")
    }

    /// True when `upper` is somewhere above `lower`.
    fn is_above(&self, upper: &str, lower: &str) -> bool {
        self.ancestors(lower).contains(upper)
    }

    /// Every group above one.
    pub fn ancestors(&self, name: &str) -> IndexSet<String> {
        let mut found: IndexSet<String> = IndexSet::new();
        let mut next = 0;
        let mut current = name.to_owned();
        loop {
            if let Some(group) = self.groups.get(&current) {
                found.extend(group.parents.iter().cloned());
            }
            let Some(name) = found.get_index(next) else { return found };
            current = name.clone();
            next += 1;
        }
    }

    /// Ansible's rules once every source is read: all groups in `all`, all hosts in a group, `ungrouped` for
    /// those in no other.
    pub fn reconcile(&mut self, report: &mut Report) {
        let names: Vec<String> = self.groups.keys().cloned().collect();
        for name in &names {
            let orphan = name != "all" && self.groups.get(name).is_some_and(|g| g.parents.is_empty());
            if orphan {
                let place = self.groups.get(name).map(|g| g.place.clone());
                if let Some(place) = place {
                    self.add_child("all", name, &place, report);
                }
            }
        }
        let mut of_host: IndexMap<String, Vec<String>> = IndexMap::new();
        for (name, group) in &self.groups {
            for host in &group.hosts {
                of_host.entry(host.clone()).or_default().push(name.clone());
            }
        }
        for host in self.hosts.keys() {
            let direct = of_host.get(host).map(Vec::as_slice).unwrap_or_default();
            let grouped = direct.iter().any(|group| group != "all" && group != "ungrouped");
            if let Some(ungrouped) = self.groups.get_mut("ungrouped") {
                if grouped {
                    ungrouped.hosts.shift_remove(host);
                } else {
                    ungrouped.hosts.insert(host.clone());
                }
            }
        }
        self.remark(report);
    }

    /// What is worth a word: a name that is both, a host of several files.
    fn remark(&self, report: &mut Report) {
        for (name, host) in &self.hosts {
            let Some((first, others)) = host.places.split_first() else { continue };
            if let Some(group) = self.groups.get(name) {
                report.push(
                    Diagnostic::warning(
                        codes::GROUP_AND_HOST,
                        first,
                        format!("`{name}` is a host and a group; the host's variables here are the group's"),
                    )
                    .label(&group.place, "the group")
                    .help("rename one of them"),
                );
            }
            if let Some(second) = others.first() {
                let files: Vec<&str> = others.iter().map(|place| files::name(&place.file)).collect();
                report.push(
                    Diagnostic::note(
                        codes::TWICE,
                        second,
                        format!("host `{name}` stands in several files, and is one host with all they say"),
                    )
                    .label(first, "first here")
                    .help(format!("where they differ, the last file says what holds: {}", files.join(", "))),
                );
            }
        }
    }
}

/// `int(value)` as Ansible calls it.
fn priority(node: &Node) -> Option<i128> {
    match node.as_scalar()? {
        Value::Str(text) => text.trim().parse().ok(),
        Value::Float(x) if x.is_finite() && x.abs() < 1e30 => Some(x.trunc() as i128),
        other => other.as_int(),
    }
}
