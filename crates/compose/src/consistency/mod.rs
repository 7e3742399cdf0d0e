//! Whether a settled project holds together (compose-go, `loader/validate.go` and `validation/`).

mod cycles;
mod values;

use crate::codes;
use crate::node::{Map, Node, Value};
use diag::{Diagnostic, Place, Report};
use std::collections::BTreeMap;

/// Names a wrong one may have meant. Not more than people would look through: each wrong name is compared with each.
fn candidates(map: &Map) -> impl Iterator<Item = &str> {
    map.keys().take(200)
}

/// Every contradiction and every name that leads nowhere. `disabled` are services whose profile is not active.
pub(crate) fn consistent(project: &Node, disabled: &Map, report: &mut Report) {
    let Some(project) = project.as_map() else { return };
    let empty = Map::default();
    let section = |key: &str| project.get(key).and_then(Node::as_map).unwrap_or(&empty);
    let services = section("services");
    // What could not be read may be what is missing: say the first fault only.
    let doubt =
        [codes::WRONG_TYPE, codes::EXTENDS, codes::EXTENDS_CYCLE, codes::NO_FILE, codes::CANNOT_MERGE];
    let doubt = report.items.iter().any(|d| doubt.contains(&d.code));
    let mut names: BTreeMap<&str, &Place> = BTreeMap::new();
    for (name, entry) in services.iter() {
        let Some(map) = entry.node.as_map() else {
            if !doubt {
                no_image(name, &entry.at, report);
            }
            continue;
        };
        if !doubt && ["image", "build", "provider"].iter().all(|key| map.get(key).is_none()) {
            no_image(name, &entry.at, report);
        }
        let service = Service { name, map, report };
        service.check(&section, services, disabled);
        values::check(name, map, services, report);
        if let Some(node) = map.get("container_name")
            && let Some(container) = node.as_text()
            && let Some(first) = names.insert(container, &node.place)
        {
            let message = format!("two containers are named `{container}`");
            report.push(
                Diagnostic::error(codes::CONTRADICTION, &node.place, message)
                    .label(first, "the other")
                    .help("leave the names to docker compose, or give each its own"),
            );
        }
    }
    for (kind, keys) in
        [("secrets", &["file", "environment"][..]), ("configs", &["file", "environment", "content"])]
    {
        for (name, entry) in section(kind).iter() {
            source(&format!("{kind}.{name}"), entry, keys, report);
        }
    }
    for (name, entry) in section("volumes").iter() {
        external(&format!("volumes.{name}"), &entry.node, report);
    }
    cycles::check(services, report);
}

struct Service<'s> {
    name: &'s str,
    map: &'s Map,
    report: &'s mut Report,
}

fn no_image(name: &str, at: &Place, report: &mut Report) {
    report.push(
        Diagnostic::error(codes::NO_IMAGE, at, format!("`{name}` has neither an image nor a build"))
            .help("say its `image`, or how to `build` it"),
    );
}

impl Service<'_> {
    fn check<'p>(self, section: &dyn Fn(&str) -> &'p Map, services: &Map, disabled: &Map) {
        let Service { name, map, report } = self;
        let both = |a: &[&str], b: &[&str], report: &mut Report| {
            let down = |path: &[&str]| {
                let first = map.get(path.first()?)?;
                path[1..].iter().try_fold(first, |node, key| node.get(key))
            };
            if let (Some(one), Some(other)) = (down(a), down(b)) {
                let (a, b) = (a.join("."), b.join("."));
                report.push(
                    Diagnostic::error(
                        codes::CONTRADICTION,
                        &other.place,
                        format!("`{name}` has `{a}` and `{b}`"),
                    )
                    .label(&one.place, "and here")
                    .help("keep one of them"),
                );
            }
        };
        both(&["network_mode"], &["networks"], report);
        both(&["build", "dockerfile_inline"], &["build", "dockerfile"], report);
        equal(name, map, report);
        let names = |key: &str| map.get(key).and_then(Node::as_map).into_iter().flat_map(Map::iter);
        for (network, entry) in names("networks") {
            known("network", network, &entry.at, section("networks"), name, report);
        }
        for (model, entry) in names("models") {
            known("model", model, &entry.at, section("models"), name, report);
        }
        for (kind, word) in [("secrets", "secret"), ("configs", "config")] {
            for item in map.get(kind).and_then(Node::as_list).unwrap_or_default() {
                if let Some(source) = item.get("source").and_then(Node::as_text) {
                    known(word, source, &item.place, section(kind), name, report);
                }
            }
        }
        let build = map.get("build").and_then(|b| b.get("secrets")).and_then(Node::as_list);
        for item in build.unwrap_or_default() {
            if let Some(source) = item.get("source").and_then(Node::as_text) {
                known("secret", source, &item.place, section("secrets"), name, report);
            }
        }
        for mount in map.get("volumes").and_then(Node::as_list).unwrap_or_default() {
            let part = |key: &str| mount.get(key).and_then(Node::as_text);
            match (part("type"), part("source")) {
                (Some("volume"), Some(source)) => {
                    known("volume", source, &mount.place, section("volumes"), name, report);
                }
                (Some("bind"), None) => report.push(
                    Diagnostic::error(
                        codes::MISSING,
                        &mount.place,
                        format!("a bind mount of `{name}` has no source"),
                    )
                    .help("say its `source`, a path on the host"),
                ),
                _ => {}
            }
            if part("target").is_none() {
                report.push(
                    Diagnostic::error(
                        codes::MISSING,
                        &mount.place,
                        format!("a mount of `{name}` has no target"),
                    )
                    .help("say its `target`, a path in the container"),
                );
            }
        }
        for (other, entry) in names("depends_on") {
            let optional = entry.node.get("required").is_some_and(|r| r.value == Value::Bool(false));
            if services.contains(other) || optional {
                continue;
            }
            let mut diagnostic = Diagnostic::error(
                codes::UNDEFINED,
                &entry.at,
                format!("`{name}` depends on `{other}`, and there is no such service"),
            );
            diagnostic = match disabled.entry(other) {
                Some(there) => diagnostic
                    .label(&there.at, "its profile is not active")
                    .help("activate the profile, or write `required: false` if it may be missing"),
                None => diagnostic.help("describe it, or leave it out").suggest(other, candidates(services)),
            };
            report.push(diagnostic);
        }
    }
}

/// Values said twice must be equal.
fn equal(name: &str, map: &Map, report: &mut Report) {
    let deploy = map.get("deploy");
    for (key, path) in [
        ("scale", &["replicas"][..]),
        ("cpus", &["resources", "limits", "cpus"]),
        ("mem_limit", &["resources", "limits", "memory"]),
        ("mem_reservation", &["resources", "reservations", "memory"]),
        ("pids_limit", &["resources", "limits", "pids"]),
    ] {
        let other = deploy.and_then(|d| path.iter().try_fold(d, |node, key| node.get(key)));
        if let (Some(a), Some(b)) = (map.get(key), other)
            && a.scalar_text() != b.scalar_text()
        {
            let message = format!("`{name}` has another `{key}` than `deploy.{}`", path.join("."));
            report.push(
                Diagnostic::error(codes::CONTRADICTION, &a.place, message)
                    .label(&b.place, "and here")
                    .help("keep one of them"),
            );
        }
    }
    let copies = map.get("scale").or_else(|| deploy?.get("replicas"));
    if let (Some(copies), Some(container)) = (copies, map.get("container_name"))
        && matches!(copies.value, Value::Int(n) if n > 1)
    {
        let message = format!("`{name}` has several copies and one `container_name`");
        report.push(
            Diagnostic::error(codes::CONTRADICTION, &container.place, message)
                .label(&copies.place, "several copies")
                .help("leave the name out: each copy gets its own"),
        );
    }
}

fn known(kind: &str, name: &str, place: &Place, there: &Map, service: &str, report: &mut Report) {
    if there.contains(name) {
        return;
    }
    report.push(
        Diagnostic::error(
            codes::UNDEFINED,
            place,
            format!("`{service}` uses the {kind} `{name}`, which nothing describes"),
        )
        .help(format!("describe it at the top level, under `{kind}s`"))
        .suggest(name, candidates(there)),
    );
}

/// Where a secret's or config's content comes from: one place.
fn source(path: &str, entry: &crate::node::Entry, keys: &[&str], report: &mut Report) {
    external(path, &entry.node, report);
    let said: Vec<&&str> = keys.iter().filter(|key| entry.node.get(key).is_some()).collect();
    let elsewhere = ["external", "driver"].iter().any(|key| entry.node.get(key).is_some());
    let words = keys.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ");
    if said.len() > 1 {
        report.push(
            Diagnostic::error(
                codes::CONTRADICTION,
                &entry.at,
                format!("`{path}` has more than one of {words}"),
            )
            .help("keep one of them"),
        );
    } else if said.is_empty() && !elsewhere {
        report.push(
            Diagnostic::error(codes::MISSING, &entry.at, format!("`{path}` has none of {words}"))
                .help("say where its content comes from, or that it is `external: true`"),
        );
    }
}

/// What is made elsewhere has a name here and nothing else.
fn external(path: &str, node: &Node, report: &mut Report) {
    if node.get("external").is_none() {
        return;
    }
    for (key, entry) in node.as_map().into_iter().flat_map(Map::iter) {
        if !matches!(key, "name" | "external") && !crate::schema::is_extension(key) {
            report.push(
                Diagnostic::error(
                    codes::CONTRADICTION,
                    &entry.at,
                    format!("`{path}` is external and has `{key}`"),
                )
                .help("what is made elsewhere has only a `name` here"),
            );
        }
    }
}
