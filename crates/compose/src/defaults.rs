//! What a canonical tree leaves unsaid and docker compose says (compose-go, `transform/defaults.go` and
//! `loader/environment.go`).

use crate::budget::Budget;
use crate::environment::Environment;
use crate::node::{Map, Node, Value};
use diag::Report;

/// Values of missing keys.
pub(crate) fn set(project: &mut Node) {
    let services = project.as_map_mut().and_then(|p| p.get_mut("services")).and_then(Node::as_map_mut);
    for (_, entry) in services.into_iter().flat_map(Map::iter_mut) {
        let Some(service) = entry.node.as_map_mut() else { continue };
        if let Some(build) = service.get_mut("build") {
            let here = Node::text(&build.place, ".");
            missing(build, "context", here);
        }
        each(service.get_mut("secrets"), &mut |secret| {
            if let Some(source) = secret.get("source").and_then(Node::as_text) {
                let target = Node::text(&secret.place, format!("/run/secrets/{source}"));
                missing(secret, "target", target);
            }
        });
        each(service.get_mut("ports"), &mut |port| {
            let (mode, protocol) = (Node::text(&port.place, "ingress"), Node::text(&port.place, "tcp"));
            missing(port, "mode", mode);
            missing(port, "protocol", protocol);
        });
        let devices = ["deploy", "resources", "reservations", "devices"];
        let mut reserved = service.get_mut(devices[0]);
        for key in &devices[1..] {
            reserved = reserved.and_then(Node::as_map_mut).and_then(|map| map.get_mut(key));
        }
        each(reserved, &mut all_devices);
        each(service.get_mut("gpus"), &mut all_devices);
    }
}

fn all_devices(request: &mut Node) {
    if request.get("device_ids").is_none() {
        let all = Node::new(&request.place, Value::Int(-1));
        missing(request, "count", all);
    }
}

fn each(list: Option<&mut Node>, run: &mut dyn FnMut(&mut Node)) {
    if let Some(Value::List(items)) = list.map(|node| &mut node.value) {
        items.iter_mut().for_each(run);
    }
}

fn missing(node: &mut Node, key: &str, value: Node) {
    let place = node.place.clone();
    if let Some(map) = node.as_map_mut().filter(|map| map.get(key).is_none_or(Node::is_null)) {
        map.insert(key, &place, value);
    }
}

/// Variables of services that have a name and no value get the one of this model's environment, if it has one.
pub(crate) fn environment(
    project: &mut Node,
    environment: &Environment,
    budget: &mut Budget,
    report: &mut Report,
) {
    let services = project.as_map_mut().and_then(|p| p.get_mut("services")).and_then(Node::as_map_mut);
    for (_, entry) in services.into_iter().flat_map(Map::iter_mut) {
        let Some(variables) = entry.node.as_map_mut().and_then(|s| s.get_mut("environment")) else {
            continue;
        };
        match &mut variables.value {
            Value::Map(map) => {
                for (name, entry) in map.iter_mut().filter(|(_, entry)| entry.node.is_null()) {
                    let found = environment.get(name).and_then(|v| budget.copy(v, &entry.at, report));
                    if let Some(value) = found {
                        entry.node.value = Value::Text(value);
                    }
                }
            }
            Value::List(items) => {
                for item in items {
                    if let Value::Text(name) = &mut item.value
                        && let Some(value) = environment.get(name)
                        && let Some(value) = budget.copy(value, &item.place, report)
                    {
                        *name = format!("{name}={value}");
                    }
                }
            }
            _ => {}
        }
    }
}
