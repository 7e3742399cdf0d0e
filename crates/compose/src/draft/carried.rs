//! What Fleetwright's model cannot say of a service. Its containers run under a systemd unit on their host's
//! network (model: `records/service.rs`, `records/module.rs`; render: `service/container.rs`).

use super::types::{Condition, MountKind, Restart, Service};
use crate::codes;
use crate::node::{Entry, Map, Node, Value};
use crate::schema::is_extension;
use diag::{Diagnostic, Place};

/// A part of a project the model cannot say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotCarried {
    /// Which: `services.web.cap_add`.
    pub what: String,
    /// Where it stands.
    pub place: Place,
    /// Why not, or what the model says in its place; a sentence without a full stop.
    pub why: String,
}

impl NotCarried {
    /// As a note for people.
    pub fn diagnostic(&self) -> Diagnostic {
        Diagnostic::note(
            codes::NOT_CARRIED,
            &self.place,
            format!("`{}` is not carried over: {}", self.what, self.why),
        )
    }
}

/// Keys that are read into the draft and that the model can say, at least in part.
const CARRIED: &[&str] = &[
    "command",
    "container_name",
    "cpus",
    "depends_on",
    "deploy",
    "entrypoint",
    "environment",
    "expose",
    "healthcheck",
    "image",
    "labels",
    "links",
    "mem_limit",
    "network_mode",
    "networks",
    "ports",
    "profiles",
    "pull_policy",
    "restart",
    "scale",
    "tmpfs",
    "volumes",
];

/// Why the model does not say these.
const REASONS: &[(&str, &str)] = &[
    ("build", "the model runs images and builds none: push the image, and name it"),
    ("cap_add", "a container gets podman's default capabilities"),
    ("cap_drop", "a container gets podman's default capabilities"),
    ("configs", "a module's `files` are of its native variant; a container mounts volumes only"),
    ("devices", "a container gets no devices"),
    ("dns", "a container asks its host's resolver"),
    ("dns_opt", "a container asks its host's resolver"),
    ("dns_search", "a container asks its host's resolver"),
    ("extra_hosts", "names are served by the fleet's resolvers"),
    ("gpus", "a container gets no devices"),
    ("group_add", "a container runs as its image says"),
    ("hostname", "a container has its host's name"),
    ("init", "podman runs the image's own first process"),
    ("ipc", "a container has namespaces of its own, the network apart"),
    ("logging", "a unit logs to its host's journal"),
    ("pid", "a container has namespaces of its own, the network apart"),
    ("platform", "an image is taken for its host's platform"),
    ("privileged", "a container never has its host's rights"),
    ("read_only", "a container's own file system can be written"),
    ("secrets", "a secret is given as a variable (`NAME: secret/…`), not as a file"),
    ("security_opt", "a container has podman's default profile"),
    ("stop_grace_period", "a container has ten seconds to stop"),
    ("stop_signal", "a container is stopped with its image's signal"),
    ("sysctls", "kernel parameters are the host's"),
    ("ulimits", "limits are the unit's: write them in `override: {systemd: …}`"),
    ("user", "a container runs as its image says"),
    ("volumes_from", "a volume belongs to one service"),
    ("working_dir", "a container starts in its image's folder"),
];

/// What of a service is not carried.
pub(super) fn service(service: &Service, map: &Map, out: &mut Vec<NotCarried>) {
    let name = &service.name;
    for (key, entry) in map.iter() {
        extension(&format!("services.{name}."), key, entry, out);
        if CARRIED.contains(&key) || is_extension(key) {
            continue;
        }
        let why =
            REASONS.iter().find(|(k, _)| *k == key).map_or("the model has no word for it", |(_, why)| why);
        out.push(not(format!("services.{name}.{key}"), &entry.at, why));
    }
    let mut add =
        |key: &str, place: &Place, why: &str| out.push(not(format!("services.{name}.{key}"), place, why));
    if let Some(entrypoint) = &service.entrypoint {
        add("entrypoint", &entrypoint.place, "arguments follow the image's own entrypoint");
    }
    if let Some(container) = map.entry("container_name")
        && container.node.as_text() != Some(name)
    {
        add("container_name", &container.at, "a container has its service's name");
    }
    for link in map.get("links").and_then(Node::as_list).unwrap_or_default() {
        if let Some((other, alias)) = link.as_text().and_then(|text| text.split_once(':'))
            && other != alias
        {
            add(&format!("links.{other}"), &link.place, "a service is reached by its own name");
        }
    }
    if let Some(policy) = map.get("pull_policy").filter(|policy| policy.as_text() != Some("missing")) {
        add("pull_policy", &policy.place, "an image is pulled when it is not on the host");
    }
    for (variable, said) in service.env.iter().filter(|(_, said)| said.value.is_none()) {
        add(&format!("environment.{variable}"), &said.place, "it had no value when the files were read");
    }
    for port in &service.ports {
        let target = port.value.target;
        let key = format!("ports.{target}/{}", port.value.protocol);
        if port.value.published.as_deref().is_some_and(|p| p != target.to_string()) {
            add(&key, &port.place, "a container is on its host's network: it listens on the port itself");
        }
        if port.value.protocol == "sctp" {
            add(&key, &port.place, "a port of the model is tcp or udp");
        }
    }
    for mount in &service.mounts {
        let key = format!("volumes.{}", mount.value.target);
        let why = match mount.value.kind {
            MountKind::Volume if mount.value.source.is_some() && !mount.value.read_only => continue,
            MountKind::Volume if mount.value.read_only => "a service can write its volumes",
            MountKind::Volume => "a volume of the model has a name",
            MountKind::Bind => {
                "paths of the host are exported by a service and mounted from it, or are a volume"
            }
            MountKind::Tmpfs => "memory is not mounted",
            MountKind::Other => "only volumes and exports are mounted",
        };
        add(&key, &mount.place, why);
    }
    networks(service, &mut add);
    needs(service, &mut add);
    health(service, map, &mut add);
    if let Some(restart) = &service.restart {
        match restart.value {
            Restart::No => add("restart", &restart.place, "a unit is started again when it fails"),
            Restart::OnFailure(Some(_)) => add("restart", &restart.place, "the number of tries is systemd's"),
            Restart::Always | Restart::UnlessStopped | Restart::OnFailure(None) => {}
        }
    }
    for (label, said) in &service.labels {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if !label.chars().all(plain) {
            add(
                &format!("labels.{label}"),
                &said.place,
                "a label of the model has the characters a-z, 0-9 and -",
            );
        }
    }
    if let Some(cpus) = &service.limits.cpus
        && cpus.value.fract() != 0.0
    {
        add("cpus", &cpus.place, "cores are counted whole");
    }
    if let Some(copies) = service.copies.as_ref().filter(|copies| copies.value != 1) {
        add("scale", &copies.place, "copies are on different hosts: `on: {any: GROUP, copies: N}`");
    }
    deploy(map.get("deploy"), &mut add);
}

fn networks(service: &Service, add: &mut dyn FnMut(&str, &Place, &str)) {
    if let Some(mode) = service.network_mode.as_ref().filter(|mode| mode.value != "host") {
        add("network_mode", &mode.place, "a container is on its host's network");
    }
    for (network, on) in &service.networks {
        let plain = on.value.aliases.is_empty() && on.value.ipv4.is_none() && on.value.ipv6.is_none();
        if network != "default" || !plain {
            let why = "a container is on its host's network; who may reach it is said by policies";
            add(&format!("networks.{network}"), &on.place, why);
        }
    }
}

fn needs(service: &Service, add: &mut dyn FnMut(&str, &Place, &str)) {
    for (other, need) in &service.needs {
        let why = match need.value.condition {
            _ if !need.value.required => "a need is always required",
            Condition::Completed => "a need is a service that runs on, not one that ends",
            Condition::Healthy => "a need says who talks to whom; the order of a start is the layers'",
            Condition::Started => continue,
        };
        add(&format!("depends_on.{other}"), &need.place, why);
    }
}

fn health(service: &Service, map: &Map, add: &mut dyn FnMut(&str, &Place, &str)) {
    let Some(health) = &service.health else { return };
    if health.value.disabled {
        add("healthcheck.disable", &health.place, "an image's own check is not run");
    }
    for (key, entry) in map.get("healthcheck").and_then(Node::as_map).into_iter().flat_map(Map::iter) {
        if matches!(key, "retries" | "start_period" | "start_interval") {
            add(&format!("healthcheck.{key}"), &entry.at, "a check has `every` and `timeout`");
        }
    }
}

/// Of `deploy`, the limits of cores and memory and the number of copies are carried.
fn deploy(node: Option<&Node>, add: &mut dyn FnMut(&str, &Place, &str)) {
    for (key, entry) in node.and_then(Node::as_map).into_iter().flat_map(Map::iter) {
        match key {
            "replicas" => {}
            "resources" => {
                for (kind, inside) in entry.node.as_map().into_iter().flat_map(Map::iter) {
                    for (what, limit) in inside.node.as_map().into_iter().flat_map(Map::iter) {
                        if kind != "limits" || !matches!(what, "cpus" | "memory") {
                            let path = format!("deploy.resources.{kind}.{what}");
                            add(&path, &limit.at, "a service has limits of cores and memory");
                        }
                    }
                }
            }
            _ => add(
                &format!("deploy.{key}"),
                &entry.at,
                "how a change goes through the fleet is said by its rollout",
            ),
        }
    }
}

/// What of a shared thing is not carried.
pub(super) fn shared(kind: &str, name: &str, entry: &Entry, out: &mut Vec<NotCarried>) {
    let why = match kind {
        // The network every service is on by itself.
        "networks" if name == "default" && entry.node.as_map().is_none_or(|m| m.len() <= 1) => return,
        "networks" => "containers are on their host's network; the fleet's networks are its own",
        "secrets" => "the fleet keeps its secrets itself: `fleetwright secrets set`",
        "configs" => "files are a module's",
        "models" => "the model has no word for it",
        _ => {
            for (key, said) in entry.node.as_map().into_iter().flat_map(Map::iter) {
                let why = match key {
                    "name" => continue,
                    "external" if said.node.value == Value::Bool(true) => {
                        "a volume of the model is its service's"
                    }
                    "driver" if said.node.as_text() == Some("local") => continue,
                    _ => "a volume of the model has a size, a storage and snapshots",
                };
                out.push(not(format!("{kind}.{name}.{key}"), &said.at, why));
            }
            return;
        }
    };
    out.push(not(format!("{kind}.{name}"), &entry.at, why));
}

/// A key that starts with `x-`.
pub(super) fn extension(path: &str, key: &str, entry: &Entry, out: &mut Vec<NotCarried>) {
    if is_extension(key) {
        out.push(not(format!("{path}{key}"), &entry.at, "keys that start with `x-` are for other programs"));
    }
}

fn not(what: String, place: &Place, why: &str) -> NotCarried {
    NotCarried { what, place: place.clone(), why: why.to_owned() }
}
