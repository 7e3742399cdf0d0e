//! Short forms as long ones (compose-go, `transform/`). Works on a merged tree, and changes nothing in one that is
//! canonical already.

mod forms;
mod ports;
mod volumes;

pub(crate) use ports::{is_address, is_protocol, range as port_range};
pub(crate) use volumes::target as volume_target;

use crate::budget::Budget;
use crate::node::{Map, Node, Value};
use diag::Report;

/// Every short form of the tree as a long one.
pub(crate) fn canonical(project: &mut Node, budget: &mut Budget, report: &mut Report) {
    let Some(project) = project.as_map_mut() else { return };
    each(project, "services", &mut |name, service| forms::service(name, service, budget, report));
    for resources in ["configs", "networks", "secrets", "volumes"] {
        each(project, resources, &mut |name, resource| {
            forms::external(&format!("{resources}.{name}"), resource, report);
        });
    }
}

/// Does it to every map in the map under `key`.
fn each(map: &mut Map, key: &str, run: &mut dyn FnMut(&str, &mut Map)) {
    let Some(Value::Map(things)) = map.get_mut(key).map(|node| &mut node.value) else { return };
    for (name, entry) in things.iter_mut() {
        if let Value::Map(thing) = &mut entry.node.value {
            run(name, thing);
        }
    }
}

/// Takes the node out, and puts back what it becomes.
fn replace(map: &mut Map, key: &str, make: impl FnOnce(Node) -> Node) {
    if let Some(node) = map.get_mut(key) {
        let old = std::mem::replace(node, Node::new(&node.place, Value::Null));
        *node = make(old);
    }
}
