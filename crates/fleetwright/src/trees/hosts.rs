//! Hosts and their variables, as a tree's inventory, outputs and secrets say.

use crate::codes;
use ansible::{Inventory, Vars, dialect};
use diag::{Diagnostic, Place, Report, Severity};
use model::{InventoryReading, Sp, TemplateTree};
use py::{Node, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use trees::Given;

/// A host as its templates see it.
pub(super) struct Named {
    pub group: String,
    pub name: String,
    pub place: Place,
    pub vars: Arc<Vars>,
}

/// What an inventory said, before anything is laid over it.
pub(super) enum Hosts {
    Flat(Vec<Node>),
    Ansible(Inventory),
}

/// A file of values.
fn load(
    files: &ansible::Files,
    vault: &ansible::Vault<'_>,
    path: &Sp<String>,
    report: &mut Report,
) -> Option<Node> {
    let loaded = ansible::load_values(files, &path.value, vault, report);
    if files.get(&path.value).is_none() {
        report.push(missing(path));
    }
    loaded
}

/// What is laid over the variables of every host: outputs and secrets.
pub(super) fn over(
    tree: &TemplateTree,
    files: &ansible::Files,
    vault: &ansible::Vault<'_>,
    report: &mut Report,
) -> (Vars, Vars) {
    let outputs = tree.outputs.as_ref().and_then(|path| load(files, vault, path, report));
    let outputs = outputs.and_then(|node| trees::outputs(&node, report));
    let outputs = outputs.map_or_else(Vars::new, |node| {
        dialect::variables(&node, ansible::Layer::Outputs, "Terraform outputs", report)
    });
    let mut secrets = Vars::new();
    for path in &tree.secrets {
        if let Some(node) = load(files, vault, path, report) {
            secrets.lay(&dialect::variables(&node, ansible::Layer::Secrets, "secrets", report));
        }
    }
    (outputs, secrets)
}

pub(super) fn hosts(
    tree: &TemplateTree,
    reading: InventoryReading,
    files: &ansible::Files,
    vault: &ansible::Vault<'_>,
    report: &mut Report,
) -> Hosts {
    match reading {
        InventoryReading::Flat => {
            Hosts::Flat(tree.inventory.iter().filter_map(|path| load(files, vault, path, report)).collect())
        }
        InventoryReading::Ansible => {
            let sources: Vec<&str> = tree.inventory.iter().map(|p| p.value.as_str()).collect();
            let playbooks = tree.playbooks.as_ref().map(|p| p.value.as_str());
            let options = ansible::Options { sources: &sources, playbooks };
            let mut found = Report::new();
            let inventory = ansible::read(files, options, vault, &mut found);
            for diagnostic in &mut found.items {
                // Ansible warns, and gives the host's variables to the group. Files made of that are wrong.
                if diagnostic.code == ansible::codes::GROUP_AND_HOST {
                    diagnostic.severity = Severity::Error;
                }
            }
            report.extend(found);
            Hosts::Ansible(inventory)
        }
    }
}

pub(super) type Seen = (Vec<Named>, BTreeMap<Arc<str>, Given>);

pub(super) fn flat(nodes: Vec<Node>, over: &[&Vars], report: &mut Report) -> Seen {
    let mut hosts = Vec::new();
    for node in &nodes {
        let merged = dialect::merge(node, over, report).into_iter();
        hosts.extend(merged.map(|h| Named {
            group: h.group,
            name: h.name,
            place: h.place,
            vars: Arc::new(h.vars),
        }));
    }
    // Of several files the last is what a script would have in its variable.
    let last = nodes
        .into_iter()
        .next_back()
        .map(|node| (Arc::from("inventory"), Given::Node(Arc::new(node), ansible::Layer::Whole)));
    (hosts, last.into_iter().collect())
}

fn missing(path: &Sp<String>) -> Diagnostic {
    Diagnostic::error(codes::NO_SUCH, &path.place, format!("there is no file `{}`", path.value))
        .help("the path counts from the fleet's folder")
}

pub(super) fn as_ansible(inventory: &Inventory, over: &[&Vars]) -> Seen {
    let mut hosts = Vec::new();
    for (name, host) in &inventory.hosts {
        let mut vars = host.vars.clone();
        for layer in over {
            vars.lay(layer);
        }
        for (variable, value) in [
            ("inventory_hostname", Value::from(name.as_str())),
            ("inventory_hostname_short", Value::from(name.split('.').next().unwrap_or(name))),
            ("group_names", host.group_names().into_iter().map(Value::from).collect()),
        ] {
            let origin = ansible::Origin { place: host.place.clone(), layer: ansible::Layer::Name };
            vars.set(variable, Arc::new(Node::from_value(&host.place, value)), origin);
        }
        let vars = Arc::new(vars);
        // Each of its groups may have a folder for it; two files for one target are refused later.
        for group in &host.groups {
            hosts.push(Named {
                group: group.clone(),
                name: name.clone(),
                place: host.place.clone(),
                vars: Arc::clone(&vars),
            });
        }
    }
    let groups: py::Map = inventory
        .groups
        .iter()
        .map(|(name, group)| {
            let members: Value = group.all_hosts.iter().map(|h| Value::from(h.as_str())).collect();
            (name.as_str(), members)
        })
        .collect();
    let given = [
        (Arc::from("hostvars"), Given::OfHosts),
        (Arc::from("groups"), Given::Plain(Arc::new(Value::Map(groups)))),
    ];
    (hosts, given.into())
}
