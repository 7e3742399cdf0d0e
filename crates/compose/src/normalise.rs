//! What follows from a merged tree: the default network, dependencies that other keys imply, names of what is
//! shared (compose-go, `loader/normalize.go`).

use crate::budget::Budget;
use crate::environment::Environment;
use crate::node::{Map, Node, Value};
use diag::{Place, Report};

/// Makes it all explicit. `name` is the project's.
pub(crate) fn normalise(
    project: &mut Node,
    name: &str,
    environment: &Environment,
    budget: &mut Budget,
    report: &mut Report,
) {
    let mut value = |name: &str, at: &Place| budget.copy(environment.get(name)?, at, report);
    let place = project.place.clone();
    let Some(project) = project.as_map_mut() else { return };
    let mut default_used = false;
    let services = project.get_mut("services").and_then(Node::as_map_mut);
    for (_, entry) in services.into_iter().flat_map(Map::iter_mut) {
        if let Some(service) = entry.node.as_map_mut() {
            default_used |= networks(service, &entry.at);
            one(service, &mut value);
        }
    }
    if default_used {
        if project.get("networks").is_none_or(Node::is_null) {
            project.insert("networks", &place, Node::map(&place));
        }
        if let Some(networks) = project.get_mut("networks").and_then(Node::as_map_mut)
            && !networks.contains("default")
        {
            networks.insert("default", &place, Node::new(&place, Value::Null));
        }
    }
    for kind in ["networks", "volumes", "configs", "secrets"] {
        let things = project.get_mut(kind).and_then(Node::as_map_mut);
        for (key, entry) in things.into_iter().flat_map(Map::iter_mut) {
            if entry.node.is_null() {
                entry.node = Node::map(&entry.at);
            }
            let Some(thing) = entry.node.as_map_mut() else { continue };
            if thing.get("name").is_none_or(Node::is_null) {
                let external = thing.get("external").is_some_and(|e| e.value == Value::Bool(true));
                let full = if external { key.to_owned() } else { format!("{name}_{key}") };
                thing.insert("name", &entry.at, Node::text(&entry.at, full));
            }
        }
    }
}

/// A service without networks is on the default one. True when it is on that.
fn networks(service: &mut Map, at: &Place) -> bool {
    if service.get("network_mode").is_some_and(|mode| !mode.is_null()) {
        return false;
    }
    match service.get("networks").and_then(Node::as_map) {
        Some(networks) if !networks.is_empty() => networks.contains("default"),
        _ => {
            let mut map = Map::default();
            map.insert("default", at, Node::new(at, Value::Null));
            service.insert("networks", at, Node::new(at, Value::Map(map)));
            true
        }
    }
}

/// The value of a variable, for this place.
type Lookup<'l> = &'l mut dyn FnMut(&str, &Place) -> Option<String>;

fn one(service: &mut Map, value: Lookup<'_>) {
    if let Some(Value::Text(policy)) = service.get_mut("pull_policy").map(|n| &mut n.value)
        && policy == "if_not_present"
    {
        "missing".clone_into(policy);
    }
    if let Some(build) = service.get_mut("build") {
        let place = build.place.clone();
        if let Some(build) = build.as_map_mut() {
            if build.get("dockerfile").is_none() && build.get("dockerfile_inline").is_none() {
                build.insert("dockerfile", &place, Node::text(&place, "Dockerfile"));
            }
            if let Some(args) = build.get_mut("args") {
                arguments(args, value);
            }
        }
    }
    implied(service);
}

/// Build arguments without a value get the one of the environment, or go.
fn arguments(args: &mut Node, value: Lookup<'_>) {
    match &mut args.value {
        Value::Map(map) => map.retain(|name, entry| {
            if entry.node.is_null()
                && let Some(value) = value(name, &entry.at)
            {
                entry.node.value = Value::Text(value);
            }
            !entry.node.is_null()
        }),
        Value::List(items) => items.retain_mut(|item| {
            let Value::Text(text) = &mut item.value else { return true };
            if text.contains('=') {
                return true;
            }
            match value(text, &item.place) {
                Some(value) => {
                    *text = format!("{text}={value}");
                    true
                }
                None => false,
            }
        }),
        _ => {}
    }
}

/// Dependencies that `links`, shared namespaces and `volumes_from` imply.
fn implied(service: &mut Map) {
    let mut found: Vec<(String, Place, bool)> = Vec::new();
    for link in texts(service.get("links")) {
        let (text, place) = link;
        found.push((text.split(':').next().unwrap_or_default().to_owned(), place, true));
    }
    for key in ["network_mode", "ipc", "pid", "uts", "cgroup"] {
        if let Some(node) = service.get(key)
            && let Some(other) = node.as_text().and_then(|text| text.strip_prefix("service:"))
        {
            found.push((other.to_owned(), node.place.clone(), true));
        }
    }
    for (text, place) in texts(service.get("volumes_from")) {
        if !text.starts_with("container:") {
            found.push((text.split(':').next().unwrap_or_default().to_owned(), place, false));
        }
    }
    let Some((_, first, _)) = found.first() else { return };
    let first = first.clone();
    if service.get("depends_on").is_none_or(Node::is_null) {
        service.insert("depends_on", &first, Node::map(&first));
    }
    let Some(depends_on) = service.get_mut("depends_on").and_then(Node::as_map_mut) else { return };
    for (name, place, restart) in found {
        if depends_on.contains(&name) {
            continue;
        }
        let mut how = Map::default();
        how.insert("condition", &place, Node::text(&place, "service_started"));
        how.insert("required", &place, Node::new(&place, Value::Bool(true)));
        how.insert("restart", &place, Node::new(&place, Value::Bool(restart)));
        depends_on.insert(name, &place, Node::new(&place, Value::Map(how)));
    }
}

fn texts(node: Option<&Node>) -> Vec<(String, Place)> {
    let items = node.and_then(Node::as_list).unwrap_or_default();
    items.iter().filter_map(|item| Some((item.as_text()?.to_owned(), item.place.clone()))).collect()
}
