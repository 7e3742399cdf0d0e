//! Values of a service that no single key shows to be wrong, and those that docker compose takes and docker itself
//! refuses when the service is started.

use crate::canonical::{is_address, is_protocol, port_range};
use crate::codes;
use crate::node::{Entry, Map, Node, Value};
use diag::{Diagnostic, Place, Report};
use std::collections::BTreeMap;

/// Checks a settled service.
pub(super) fn check(name: &str, service: &Map, services: &Map, report: &mut Report) {
    ports(name, service, report);
    words(name, service, report);
    numbers(name, service, report);
    mounts(name, service, report);
    devices(name, service, report);
    watch(name, service, report);
    if let Some(build) = service.get("build") {
        platforms(name, service, build, report);
        contexts(name, build, services, report);
    }
}

fn items<'m>(map: &'m Map, key: &str) -> &'m [Node] {
    map.get(key).and_then(Node::as_list).unwrap_or_default()
}

fn part<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    node.get(key).and_then(Node::as_text)
}

fn wrong(place: &Place, message: String, help: &str, report: &mut Report) {
    report.push(Diagnostic::error(codes::WRONG_VALUE, place, message).help(help));
}

/// The long form of ports, and `expose`.
fn ports(name: &str, service: &Map, report: &mut Report) {
    for port in items(service, "ports") {
        let target = port.get("target").map(|n| &n.value);
        if let Some(Value::Int(target)) = target
            && !(1..=65_535).contains(target)
        {
            let message = format!("a port of `{name}` has the target {target}");
            wrong(&port.place, message, "ports go from 1 to 65535", report);
        }
        if let Some(why) = part(port, "published").and_then(|text| port_range(text).err()) {
            let message = format!("a port of `{name}` is published as what it cannot be: {why}");
            wrong(&port.place, message, "write a port, or a range such as `8000-8010`", report);
        }
        if let Some(address) = part(port, "host_ip").filter(|address| !is_address(address)) {
            let message = format!("`{address}` is no address to publish a port of `{name}` on");
            wrong(&port.place, message, "write an address of the host, without brackets", report);
        }
        if let Some(protocol) = part(port, "protocol").filter(|protocol| !is_protocol(protocol)) {
            let message = format!("`{protocol}` of a port of `{name}` is not tcp, udp or sctp");
            wrong(&port.place, message, "write one of them, in small letters", report);
        }
    }
    for item in items(service, "expose") {
        let Some(text) = item.as_text() else { continue };
        let (range, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        if port_range(range).is_err() || !is_protocol(protocol) {
            let message = format!("`{name}` exposes `{text}`, which is no port");
            wrong(&item.place, message, "write `80`, `53/udp` or `3000-3005`", report);
        }
    }
}

/// Words that the specification lists and that are texts for docker compose.
fn words(name: &str, service: &Map, report: &mut Report) {
    if let Some(restart) = service.get("restart")
        && let Some(text) = restart.as_text()
    {
        let tries = text.strip_prefix("on-failure:").map(|tries| tries.parse::<u32>().is_ok());
        if !matches!(text, "no" | "always" | "unless-stopped" | "on-failure") && tries != Some(true) {
            let message = format!("`{name}` is restarted `{text}`, which docker does not know");
            let help = "write \"no\", always, unless-stopped, on-failure or on-failure:TRIES";
            wrong(&restart.place, message, help, report);
        }
    }
    if let Some(policy) = service.get("pull_policy")
        && let Some(text) = policy.as_text()
    {
        let known = ["always", "never", "build", "if_not_present", "missing", "refresh", "daily", "weekly"];
        if !known.contains(&text) && !text.starts_with("every_") {
            let message = format!("`{text}` is no way to pull the image of `{name}`");
            wrong(
                &policy.place,
                message,
                "write always, missing, never, build, daily, weekly or every_TIME",
                report,
            );
        }
    }
}

/// Numbers with an end.
fn numbers(name: &str, service: &Map, report: &mut Report) {
    for (key, least, most) in [("cpu_percent", 0.0, 100.0), ("oom_score_adj", -1000.0, 1000.0)] {
        let Some(node) = service.get(key) else { continue };
        let number = match &node.value {
            Value::Int(int) => *int as f64,
            Value::Float(float) => *float,
            _ => continue,
        };
        if !(least..=most).contains(&number) {
            let message = format!("`{key}` of `{name}` is {number}");
            wrong(&node.place, message, &format!("it goes from {least} to {most}"), report);
        }
    }
}

/// What is mounted nowhere, and two things in one place of the container.
fn mounts(name: &str, service: &Map, report: &mut Report) {
    let mut there: BTreeMap<&str, &Place> = BTreeMap::new();
    let memory = items(service, "tmpfs").iter().filter_map(|item| {
        let path = item.as_text()?.split(':').next()?;
        Some((path, &item.place))
    });
    let files = ["volumes", "configs", "secrets"].into_iter().flat_map(|key| items(service, key));
    let files = files.filter_map(|item| Some((part(item, "target")?, &item.place)));
    for mount in items(service, "volumes") {
        if let Some(target) = part(mount, "target").filter(|target| !target.starts_with('/')) {
            let message =
                format!("a mount of `{name}` has the target `{target}`, which does not start with `/`");
            let help = "write a whole path; in `a:/b` docker compose takes one letter for a drive of Windows";
            wrong(&mount.place, message, help, report);
        }
    }
    for (target, place) in memory.chain(files) {
        if let Some(first) = there.insert(target, place) {
            let message = format!("two things are mounted on `{target}` in `{name}`");
            report.push(
                Diagnostic::error(codes::CONTRADICTION, place, message)
                    .label(first, "the other")
                    .help("keep one of them"),
            );
        }
    }
}

/// Devices by number or by name.
fn devices(name: &str, service: &Map, report: &mut Report) {
    let reserved = service.get("deploy").and_then(|d| d.at(&["resources", "reservations", "devices"]));
    let reserved = reserved.and_then(Node::as_list).unwrap_or_default();
    for request in reserved.iter().chain(items(service, "gpus")) {
        if let (Some(count), Some(ids)) = (request.get("count"), request.get("device_ids")) {
            let message = format!("`{name}` asks for devices by `count` and by `device_ids`");
            report.push(
                Diagnostic::error(codes::CONTRADICTION, &ids.place, message)
                    .label(&count.place, "and here")
                    .help("keep one of them"),
            );
        }
    }
}

fn watch(name: &str, service: &Map, report: &mut Report) {
    let watches = service.get("develop").and_then(|d| d.get("watch")).and_then(Node::as_list);
    for watch in watches.unwrap_or_default() {
        let synced = part(watch, "action").is_some_and(|action| !matches!(action, "rebuild" | "restart"));
        if synced && part(watch, "target").is_none() {
            let message = format!("a watch of `{name}` has no `target`");
            report.push(
                Diagnostic::error(codes::MISSING, &watch.place, message)
                    .help("say its `target`, a path in the container"),
            );
        }
    }
}

/// An image that is built for platforms is built for the one it runs on.
fn platforms(name: &str, service: &Map, build: &Node, report: &mut Report) {
    let Some(platform) = service.get("platform") else { return };
    let Some(built) = build.get("platforms").and_then(Node::as_list) else { return };
    if !built.iter().any(|b| b.same(platform)) {
        let message = format!("`{name}` runs on a platform its image is not built for");
        report.push(
            Diagnostic::error(codes::CONTRADICTION, &platform.place, message)
                .help("name it under `build.platforms` too"),
        );
    }
}

/// Contexts that are another service's image.
fn contexts(name: &str, build: &Node, services: &Map, report: &mut Report) {
    let fault = |entry: &Entry, message: String| {
        Diagnostic::error(codes::UNDEFINED, &entry.node.place, message).help("name a service that is built")
    };
    let contexts = build.get("additional_contexts").and_then(Node::as_map);
    for (_, entry) in contexts.into_iter().flat_map(Map::iter) {
        let Some(other) = entry.node.as_text().and_then(|text| text.strip_prefix("service:")) else {
            continue;
        };
        let diagnostic = match services.get(other) {
            Some(service) if service.get("build").is_some() => continue,
            Some(_) => fault(entry, format!("`{name}` is built from `{other}`, which has no `build`")),
            None => fault(entry, format!("`{name}` is built from `{other}`, and there is no such service"))
                .suggest(other, super::candidates(services)),
        };
        report.push(diagnostic);
    }
}
