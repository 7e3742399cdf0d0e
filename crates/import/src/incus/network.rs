//! Managed networks.

use super::{texts, word};
use crate::yaml::{Map, text};
use crate::{Imported, names};
use ipnet::IpNet;
use model::Fleet;
use py::{Node, Value};
use std::collections::BTreeMap;

/// Names of networks in the model by their names in Incus, with their prefixes.
pub(super) type Known = BTreeMap<String, (String, Vec<IpNet>)>;

/// Networks the fleet has.
pub(super) fn of_fleet(fleet: &Fleet) -> Known {
    let each = fleet.networks.iter().map(|(id, network)| {
        let nets = [
            network.ipv4.as_ref().map(|n| IpNet::V4(n.value)),
            network.ipv6.as_ref().map(|n| IpNet::V6(n.value)),
        ];
        (id.to_string(), (id.to_string(), nets.into_iter().flatten().collect()))
    });
    each.collect()
}

pub(super) fn read(node: &Node, environment: &str, known: &mut Known, out: &mut Imported) {
    let name = word(node, "name").unwrap_or_default();
    if !matches!(node.get("managed").and_then(Node::as_scalar), Some(Value::Bool(true))) {
        return;
    }
    let kind = match word(node, "type").as_deref() {
        Some("bridge") => "bridge",
        Some("physical" | "macvlan" | "sriov") => "physical",
        Some("ovn") => "ovn",
        other => {
            let why = format!("networks of type {} have no word in the model", other.unwrap_or("nothing"));
            out.note(&node.place, format!("network {name}"), why);
            return;
        }
    };
    let Some(own) = names::name(&name) else {
        out.note(&node.place, format!("network {name}"), "its name is no name here: rename it first");
        return;
    };
    let mut map = Map::new();
    map.set("environment", environment).set("kind", kind);
    let mut nets = Vec::new();
    for (key, value, place) in texts(node, "config") {
        let what = format!("network {name}: {key} = {value}");
        match key.as_str() {
            "ipv4.address" | "ipv6.address" => {
                if let Ok(net) = value.parse::<IpNet>() {
                    nets.push(net.trunc());
                    map.set(&key[..4], net.trunc().to_string());
                } else if value != "none" {
                    out.note(&place.place, what, "it is no prefix: write the network's prefix yourself");
                }
            }
            "parent" => drop(map.set("parent", value)),
            "ipv4.nat" | "ipv6.nat" => {}
            _ if key.starts_with("volatile.") => {}
            _ => drop(out.note(&place.place, what, "the network stays Incus's own, which keeps it")),
        }
    }
    known.insert(name.clone(), (own.clone(), nets));
    let head = if own == name { String::new() } else { format!("`{name}` in Incus.") };
    out.file(format!("networks/{own}.yaml"), text(&head, &map));
}
