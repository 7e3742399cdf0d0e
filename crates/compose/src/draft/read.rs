//! A settled service as a draft.

use super::types::{
    Attachment, Build, Condition, Dependency, Device, FileMount, Health, Limits, Mount, MountKind, Port,
    Restart, Said, Service, SharedFile, Volume,
};
use crate::node::{Entry, Map, Node, Value};
use crate::quantity;
use diag::Place;
use std::collections::BTreeMap;

/// The draft of a service.
pub(super) fn service(name: &str, place: &Place, map: &Map) -> Service {
    let flag = |key: &str| said(map.get(key)?, |n| Some(n.value == Value::Bool(true)));
    let text = |key: &str| said(map.get(key)?, |n| n.as_text().map(str::to_owned));
    let words = |key: &str| said(map.get(key)?, |n| n.as_list().map(|_| strings(Some(n))));
    Service {
        name: name.to_owned(),
        place: place.clone(),
        image: text("image"),
        build: map.get("build").and_then(|n| said(n, build)),
        command: words("command"),
        entrypoint: words("entrypoint"),
        env: entries(map, "environment")
            .map(|(key, e)| (key.to_owned(), of(&e.node, e.node.as_text().map(str::to_owned))))
            .collect(),
        ports: items(map, "ports", port),
        expose: texts(map, "expose"),
        mounts: mounts(map),
        networks: entries(map, "networks")
            .map(|(key, e)| (key.to_owned(), of(&e.node, attachment(&e.node))))
            .collect(),
        network_mode: text("network_mode"),
        health: map.get("healthcheck").and_then(|n| said(n, health)),
        restart: map.get("restart").and_then(|n| said(n, restart)),
        user: text("user"),
        working_dir: text("working_dir"),
        read_only: flag("read_only"),
        privileged: flag("privileged"),
        cap_add: texts(map, "cap_add"),
        cap_drop: texts(map, "cap_drop"),
        labels: pairs(map, "labels"),
        needs: entries(map, "depends_on")
            .map(|(key, e)| (key.to_owned(), of(&e.node, dependency(&e.node))))
            .collect(),
        links: texts(map, "links"),
        container_name: text("container_name"),
        devices: items(map, "devices", device),
        init: flag("init"),
        security_opt: texts(map, "security_opt"),
        shm_size: map.get("shm_size").and_then(|n| said(n, |n| n.as_text()?.parse().ok())),
        stop_signal: text("stop_signal"),
        stop_grace: map
            .get("stop_grace_period")
            .and_then(|n| said(n, |n| quantity::nanoseconds(n.as_text()?))),
        secrets: items(map, "secrets", |n| file(n, "/run/secrets/")),
        configs: items(map, "configs", |n| file(n, "/")),
        limits: limits(map),
        copies: map
            .get("scale")
            .or_else(|| map.get("deploy")?.get("replicas"))
            .and_then(|n| said(n, |n| whole(Some(n)))),
        sysctls: pairs(map, "sysctls"),
        extra_hosts: texts(map, "extra_hosts"),
        profiles: strings(map.get("profiles")),
    }
}

/// Where the bytes of a secret or config are.
pub(super) fn shared_file(entry: &Entry) -> Said<SharedFile> {
    let node = &entry.node;
    let value = SharedFile {
        file: part(node, "file"),
        environment: part(node, "environment"),
        content: part(node, "content"),
        external: node.get("external").is_some(),
    };
    Said { value, place: entry.at.clone() }
}

/// The draft of a volume.
pub(super) fn volume(entry: &Entry) -> Volume {
    let text = |key: &str| entry.node.get(key).and_then(Node::as_text).map(str::to_owned);
    Volume {
        place: entry.at.clone(),
        name: text("name").unwrap_or_default(),
        external: entry.node.get("external").is_some(),
        driver: text("driver"),
    }
}

fn of<T>(node: &Node, value: T) -> Said<T> {
    Said { value, place: node.place.clone() }
}

fn said<T>(node: &Node, read: impl FnOnce(&Node) -> Option<T>) -> Option<Said<T>> {
    read(node).map(|value| of(node, value))
}

fn entries<'m>(map: &'m Map, key: &str) -> impl Iterator<Item = (&'m str, &'m Entry)> {
    map.get(key).and_then(Node::as_map).into_iter().flat_map(Map::iter)
}

fn items<T>(map: &Map, key: &str, read: impl Fn(&Node) -> Option<T>) -> Vec<Said<T>> {
    let items = map.get(key).and_then(Node::as_list).unwrap_or_default();
    items.iter().filter_map(|item| said(item, &read)).collect()
}

fn texts(map: &Map, key: &str) -> Vec<Said<String>> {
    items(map, key, |n| n.as_text().map(str::to_owned))
}

fn pairs(map: &Map, key: &str) -> BTreeMap<String, Said<String>> {
    entries(map, key)
        .filter_map(|(key, e)| Some((key.to_owned(), said(&e.node, |n| n.as_text().map(str::to_owned))?)))
        .collect()
}

fn strings(node: Option<&Node>) -> Vec<String> {
    let items = node.and_then(Node::as_list).unwrap_or_default();
    items.iter().filter_map(|item| item.as_text().map(str::to_owned)).collect()
}

fn part(node: &Node, key: &str) -> Option<String> {
    node.get(key).and_then(Node::as_text).map(str::to_owned)
}

fn whole(node: Option<&Node>) -> Option<u64> {
    match node.map(|n| &n.value) {
        Some(Value::Int(i)) => u64::try_from(*i).ok(),
        _ => None,
    }
}

fn build(node: &Node) -> Option<Build> {
    Some(Build {
        context: part(node, "context").unwrap_or_default(),
        dockerfile: part(node, "dockerfile"),
        target: part(node, "target"),
    })
}

fn port(node: &Node) -> Option<Port> {
    Some(Port {
        address: part(node, "host_ip"),
        published: part(node, "published"),
        target: whole(node.get("target")).and_then(|t| u16::try_from(t).ok())?,
        protocol: part(node, "protocol").unwrap_or_else(|| "tcp".to_owned()),
        name: part(node, "name"),
    })
}

fn device(node: &Node) -> Option<Device> {
    let source = part(node, "source")?;
    Some(Device {
        target: part(node, "target").unwrap_or_else(|| source.clone()),
        permissions: part(node, "permissions").unwrap_or_else(|| "rwm".to_owned()),
        source,
    })
}

/// Options of a mount of memory, as mount(8) has them.
fn memory(node: &Node) -> Option<String> {
    let tmpfs = node.get("tmpfs")?;
    let size = part(tmpfs, "size").map(|size| format!("size={size}"));
    let mode = whole(tmpfs.get("mode")).map(|mode| format!("mode={mode:o}"));
    let all: Vec<String> = size.into_iter().chain(mode).collect();
    (!all.is_empty()).then(|| all.join(","))
}

fn mounts(map: &Map) -> Vec<Said<Mount>> {
    let mut all = items(map, "volumes", |node| {
        let kind = match part(node, "type").as_deref() {
            Some("bind") => MountKind::Bind,
            Some("volume") => MountKind::Volume,
            Some("tmpfs") => MountKind::Tmpfs,
            _ => MountKind::Other,
        };
        Some(Mount {
            kind,
            source: part(node, "source"),
            target: part(node, "target")?,
            read_only: node.get("read_only").is_some(),
            options: memory(node),
        })
    });
    all.extend(items(map, "tmpfs", |node| {
        let text = node.as_text()?;
        let (target, options) = match text.split_once(':') {
            Some((target, options)) => (target, Some(options.to_owned())),
            None => (text, None),
        };
        let target = target.to_owned();
        Some(Mount { kind: MountKind::Tmpfs, source: None, target, read_only: false, options })
    }));
    all
}

fn attachment(node: &Node) -> Attachment {
    Attachment {
        aliases: strings(node.get("aliases")),
        ipv4: part(node, "ipv4_address"),
        ipv6: part(node, "ipv6_address"),
    }
}

fn health(node: &Node) -> Option<Health> {
    let duration = |key: &str| part(node, key).and_then(|text| quantity::nanoseconds(&text));
    let test = strings(node.get("test"));
    Some(Health {
        disabled: node.get("disable").is_some() || test.first().is_some_and(|word| word == "NONE"),
        test,
        interval: duration("interval"),
        timeout: duration("timeout"),
        retries: whole(node.get("retries")),
        start_period: duration("start_period"),
    })
}

fn restart(node: &Node) -> Option<Restart> {
    let text = node.as_text()?;
    Some(match text.split_once(':').unwrap_or((text, "")) {
        ("always", _) => Restart::Always,
        ("unless-stopped", _) => Restart::UnlessStopped,
        ("on-failure", times) => Restart::OnFailure(times.parse().ok()),
        _ => Restart::No,
    })
}

fn dependency(node: &Node) -> Dependency {
    let is = |key: &str, default: bool| match node.get(key).map(|n| &n.value) {
        Some(Value::Bool(b)) => *b,
        _ => default,
    };
    Dependency {
        condition: match part(node, "condition").as_deref() {
            Some("service_healthy") => Condition::Healthy,
            Some("service_completed_successfully") => Condition::Completed,
            _ => Condition::Started,
        },
        required: is("required", true),
        restart: is("restart", false),
    }
}

fn file(node: &Node, folder: &str) -> Option<FileMount> {
    let source = part(node, "source")?;
    let target = match part(node, "target") {
        None => format!("{folder}{source}"),
        // A bare name is one in the usual folder.
        Some(target) if target.starts_with('/') => target,
        Some(target) => format!("{folder}{target}"),
    };
    let owned = node.get("uid").is_some() || node.get("gid").is_some();
    Some(FileMount { target, mode: part(node, "mode"), source, owned })
}

fn limits(map: &Map) -> Limits {
    let deploy = map.get("deploy").and_then(|d| d.at(&["resources", "limits"]));
    let find = |own: &str, there: &str| map.get(own).or_else(|| deploy?.get(there));
    let number = |n: &Node| match &n.value {
        Value::Int(i) => Some(*i as f64),
        Value::Float(f) => Some(*f),
        _ => None,
    };
    Limits {
        cpus: find("cpus", "cpus").and_then(|n| said(n, number)),
        memory: find("mem_limit", "memory").and_then(|n| said(n, |n| n.as_text()?.parse().ok())),
    }
}
