//! Incus: instances to hosts, managed networks to networks, both in one environment.
//!
//! Read are the answers of `incus list`, `incus network list` and `incus profile list` with `--format json`, each
//! told by what is in it. Keys of an instance's configuration keep their names, with `-` for `.`.

mod instance;
mod network;

use crate::yaml::{Map, text};
use crate::{Imported, Input, codes, names};
use diag::Diagnostic;
use network::Known;
use py::{Node, Value};
use std::collections::BTreeSet;

/// The environment's name where no host is named.
const ENVIRONMENT: &str = "incus";

/// The files to the model.
pub fn read(input: &Input<'_>) -> Imported {
    let mut out = Imported::default();
    let environment = input.host.and_then(names::name).unwrap_or_else(|| ENVIRONMENT.to_owned());
    let (mut instances, mut networks, mut profiles) = (Vec::new(), Vec::new(), Vec::new());
    for file in input.files {
        let place = diag::Place::file(file.path.as_str());
        let Some(root) = py::json::load(&file.path, &file.text, &mut out.report) else { continue };
        let Some(items) = root.items() else {
            let message = "this is no list, as `incus list --format json` prints one";
            out.fault(unreadable(&place, message));
            continue;
        };
        for item in items {
            match what(item) {
                Some(What::Instance) => instances.push(item.clone()),
                Some(What::Network) => networks.push(item.clone()),
                Some(What::Profile) => profiles.push(item.clone()),
                None => drop(out.fault(unreadable(
                    &item.place,
                    "this is neither an instance nor a network nor a profile",
                ))),
            }
        }
    }
    if out.report.has_errors() {
        return out;
    }
    if !(instances.is_empty() && networks.is_empty()) {
        let mut map = Map::new();
        map.set("engine", "incus");
        out.file(format!("environments/{environment}.yaml"), text("", &map));
    }
    let mut known: Known = input.fleet.map(network::of_fleet).unwrap_or_default();
    for network in &networks {
        network::read(network, &environment, &mut known, &mut out);
    }
    let mut taken = BTreeSet::new();
    for instance in &instances {
        instance::read(instance, &environment, &known, &mut taken, &mut out);
    }
    for profile in &profiles {
        let name = word(profile, "name").unwrap_or_default();
        let why =
            "what it says is in the instances that use it; write what they share into a profile of the fleet";
        out.note(&profile.place, format!("profile {name}"), why);
    }
    out.files.sort_by(|a, b| a.path.cmp(&b.path));
    out
}

enum What {
    Instance,
    Network,
    Profile,
}

fn what(item: &Node) -> Option<What> {
    item.get("name")?;
    match word(item, "type").as_deref() {
        Some("container" | "virtual-machine") => Some(What::Instance),
        Some(_) if item.get("managed").is_some() => Some(What::Network),
        None if item.get("devices").is_some() => Some(What::Profile),
        _ => None,
    }
}

fn unreadable(place: &diag::Place, message: &str) -> Diagnostic {
    Diagnostic::error(codes::UNREADABLE, place, message).help(
        "give it what `incus list`, `incus network list` and `incus profile list` print with `--format json`",
    )
}

/// A text of an object.
fn word(node: &Node, key: &str) -> Option<String> {
    let value = node.get(key)?.as_scalar()?;
    Some(value.as_str()?.to_owned()).filter(|text| !text.is_empty())
}

/// Keys and texts of an object in an object, in their order.
fn texts<'n>(node: &'n Node, key: &str) -> Vec<(String, String, &'n Node)> {
    let entries = node.get(key).and_then(Node::entries).unwrap_or_default();
    entries
        .iter()
        .filter_map(|e| {
            let text = match e.node.as_scalar()? {
                Value::Str(text) => text.to_string(),
                other => py::str(other),
            };
            Some((e.key.as_str()?.to_owned(), text, &e.node))
        })
        .collect()
}
