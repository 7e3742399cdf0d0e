//! A simpler reading of a YAML inventory, which some render scripts have: every top-level key is a group, and
//! a host's variables are merged flat, later over earlier: group vars, host vars, Terraform outputs, decrypted
//! secrets, `inventory_hostname`.
//!
//! It is not Ansible's: no children, no `all`, no ranges, no `group_vars`. A host in two groups is two hosts
//! here, one in each, as a render script that walks groups meets it.

use crate::codes;
use crate::inventory::{Layer, Origin, Vars};
use diag::{Diagnostic, Place, Report};
use py::{Entry, Kind, Node, Value, repr};
use std::sync::Arc;

/// A host as such a script renders it.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// The top-level key it stands under.
    pub group: String,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// Its variables.
    pub vars: Vars,
}

/// Every host of every group, in the order of the file, with `over` laid over its own variables, later ones over
/// earlier. Every fault is reported.
pub fn merge(inventory: &Node, over: &[&Vars], report: &mut Report) -> Vec<Rendered> {
    let mut rendered = Vec::new();
    let Some(groups) = entries(inventory, "the inventory", report) else { return rendered };
    for group in groups {
        let Some(name) = text_key(group, "group", report) else { continue };
        let Some(sections) = entries(&group.node, &format!("group `{name}`"), report) else { continue };
        let section = |wanted: &str| sections.iter().find(|s| s.key.as_str() == Some(wanted));
        for other in sections.iter().filter(|s| !matches!(s.key.as_str(), Some("hosts" | "vars"))) {
            report.push(
                Diagnostic::warning(
                    codes::SKIPPED,
                    &other.place,
                    format!("{} of group `{name}` is not read in this dialect", repr(&other.key)),
                )
                .help("a group has `hosts` and `vars` here; each group is a top-level key"),
            );
        }
        let vars = match section("vars") {
            Some(vars) => variables(&vars.node, Layer::Group(name.into()), "group variables", report),
            None => Vars::new(),
        };
        let Some(hosts) = section("hosts") else { continue };
        let Some(hosts) = entries(&hosts.node, &format!("`hosts` of group `{name}`"), report) else {
            continue;
        };
        for host in hosts {
            let Some(host_name) = text_key(host, "host", report) else { continue };
            let mut all = vars.clone();
            all.lay(&variables(&host.node, Layer::Host, &format!("host `{host_name}`"), report));
            for layer in over {
                all.lay(layer);
            }
            let named = Node::scalar(&host.place, Value::from(host_name));
            let origin = Origin { place: host.place.clone(), layer: Layer::Name };
            all.set("inventory_hostname", Arc::new(named), origin);
            rendered.push(Rendered {
                group: name.to_owned(),
                name: host_name.to_owned(),
                place: host.place.clone(),
                vars: all,
            });
        }
    }
    rendered
}

/// A map of names and values as variables of one layer; `what` names it in faults.
pub fn variables(node: &Node, layer: Layer, what: &str, report: &mut Report) -> Vars {
    let mut vars = Vars::new();
    for entry in entries(node, what, report).unwrap_or_default() {
        if let Some(name) = text_key(entry, "variable", report) {
            let origin = Origin { place: entry.place.clone(), layer: layer.clone() };
            vars.set(name, Arc::new(entry.node.clone()), origin);
        }
    }
    vars
}

/// The entries of a map, none of nothing; anything else is refused.
fn entries<'n>(node: &'n Node, what: &str, report: &mut Report) -> Option<&'n [Entry]> {
    match &node.kind {
        Kind::Map(entries) => Some(entries),
        Kind::Scalar(Value::None) => Some(&[]),
        _ => {
            report.push(
                Diagnostic::error(codes::STRUCTURE, &node.place, format!("{what} is no map"))
                    .help("write `name: value` lines"),
            );
            None
        }
    }
}

fn text_key<'n>(entry: &'n Entry, what: &str, report: &mut Report) -> Option<&'n str> {
    let text = entry.key.as_str();
    if text.is_none() {
        report.push(
            Diagnostic::error(
                codes::STRUCTURE,
                &entry.place,
                format!("{} is no {what}'s name: it is not a text", repr(&entry.key)),
            )
            .help("write it in quotes"),
        );
    }
    text
}
