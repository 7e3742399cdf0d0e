//! The short forms of a service, ports and mounts apart, and the old form of `external`.

use super::{ports, replace, volumes};
use crate::budget::Budget;
use crate::codes;
use crate::merge::{build, dependency};
use crate::node::{Map, Node, Value};
use diag::{Diagnostic, Report};

/// A service's short forms as long ones.
pub(super) fn service(name: &str, service: &mut Map, budget: &mut Budget, report: &mut Report) {
    replace(service, "build", build);
    if let Some(Value::Map(build)) = service.get_mut("build").map(|n| &mut n.value) {
        replace(build, "secrets", |node| items(node, file));
        replace(build, "ssh", texts);
    }
    replace(service, "configs", |node| items(node, file));
    replace(service, "depends_on", depends_on);
    replace(service, "devices", |node| items(node, device));
    replace(service, "dns", |node| without_empty(texts(node)));
    replace(service, "dns_search", texts);
    replace(service, "env_file", |node| items(texts(node), env_file));
    replace(service, "extends", |node| one(node, "service"));
    replace(service, "gpus", gpus);
    replace(service, "label_file", texts);
    replace(service, "models", names);
    replace(service, "networks", names);
    replace(service, "ports", |node| ports::long(node, name, budget, report));
    replace(service, "secrets", |node| items(node, file));
    replace(service, "tmpfs", texts);
    replace(service, "volumes", |node| volumes::long(node, name, report));
    if let Some(Value::Map(develop)) = service.get_mut("develop").map(|n| &mut n.value) {
        replace(develop, "watch", watch);
    }
}

/// `external: {name: x}` as `external: true` and `name: x`. `path` names the thing.
pub(super) fn external(path: &str, resource: &mut Map, report: &mut Report) {
    let Some(old) = resource.get("external").filter(|n| n.as_map().is_some()).cloned() else { return };
    resource.insert("external", &old.place, Node::new(&old.place, Value::Bool(true)));
    let Some(name) = old.get("name").cloned() else { return };
    match resource.get("name") {
        Some(there) if !there.same(&name) => report.push(
            Diagnostic::error(codes::CONTRADICTION, &name.place, format!("`{path}` has two names"))
                .label(&there.place, "the other")
                .help("say `external: true` and `name` only"),
        ),
        Some(_) => {}
        None => resource.insert("name", &name.place.clone(), name),
    }
}

fn items(node: Node, make: fn(Node) -> Node) -> Node {
    match node.value {
        Value::List(items) => Node { value: Value::List(items.into_iter().map(make).collect()), ..node },
        value => Node { value, ..node },
    }
}

/// A text as a list of one.
fn texts(node: Node) -> Node {
    match &node.value {
        Value::Text(_) => {
            let place = node.place.clone();
            Node::new(&place, Value::List(vec![node]))
        }
        _ => node,
    }
}

/// A list without empty texts, which a variable that is not set leaves.
fn without_empty(mut node: Node) -> Node {
    if let Value::List(items) = &mut node.value {
        items.retain(|item| item.as_text() != Some(""));
    }
    node
}

/// A text as a map with it under `key`.
fn one(node: Node, key: &str) -> Node {
    match &node.value {
        Value::Text(_) => {
            let place = node.place.clone();
            let mut map = Map::default();
            map.insert(key, &place, node);
            Node::new(&place, Value::Map(map))
        }
        _ => node,
    }
}

fn file(node: Node) -> Node {
    one(node, "source")
}

fn env_file(node: Node) -> Node {
    let mut node = one(node, "path");
    let place = node.place.clone();
    if let Some(map) = node.as_map_mut().filter(|map| !map.contains("required")) {
        map.insert("required", &place, Node::new(&place, Value::Bool(true)));
    }
    node
}

/// `SOURCE:TARGET:PERMISSIONS`.
fn device(node: Node) -> Node {
    let Value::Text(text) = &node.value else { return node };
    let mut parts = text.splitn(3, ':');
    let source = parts.next().unwrap_or_default();
    let target = parts.next().unwrap_or(source);
    let permissions = parts.next().unwrap_or("rwm");
    let mut map = Map::default();
    for (key, value) in [("source", source), ("target", target), ("permissions", permissions)] {
        map.insert(key, &node.place, Node::text(&node.place, value));
    }
    Node::new(&node.place, Value::Map(map))
}

fn depends_on(node: Node) -> Node {
    let Node { place, value, mark, written } = node;
    let mut map = Map::default();
    match value {
        Value::List(items) => {
            for item in items {
                if let Some(name) = item.as_text() {
                    map.insert(name, &item.place, dependency(&item.place));
                }
            }
        }
        Value::Map(services) => {
            for (name, mut entry) in services {
                if let Some(how) = entry.node.as_map_mut().filter(|how| !how.contains("required")) {
                    how.insert("required", &entry.at, Node::new(&entry.at, Value::Bool(true)));
                }
                map.insert(name, &entry.at, entry.node);
            }
        }
        value => return Node { place, value, mark, written },
    }
    Node::new(&place, Value::Map(map))
}

/// A list of names as a map of them.
fn names(node: Node) -> Node {
    let Value::List(items) = node.value else { return node };
    let mut map = Map::default();
    for item in items {
        if let Some(name) = item.as_text() {
            map.insert(name, &item.place, Node::new(&item.place, Value::Null));
        }
    }
    Node::new(&node.place, Value::Map(map))
}

/// `gpus: all`.
fn gpus(node: Node) -> Node {
    if node.as_text() != Some("all") {
        return node;
    }
    let place = node.place.clone();
    let mut map = Map::default();
    map.insert("count", &place, Node::new(&place, Value::Int(-1)));
    Node::new(&place, Value::List(vec![Node::new(&place, Value::Map(map))]))
}

/// A watch of several paths is one for each.
fn watch(node: Node) -> Node {
    let Value::List(watches) = node.value else { return node };
    let mut out = Vec::new();
    for watch in watches {
        match watch.get("path").and_then(Node::as_list) {
            None => out.push(watch),
            Some(paths) => {
                for path in paths.iter().cloned() {
                    let mut one = watch.clone();
                    if let Some(map) = one.as_map_mut() {
                        map.insert("path", &path.place.clone(), path);
                    }
                    out.push(one);
                }
            }
        }
    }
    Node::new(&node.place, Value::List(out))
}
