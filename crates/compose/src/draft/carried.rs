//! What Fleetwright's model cannot say of a service. Its containers run under a systemd unit on their host's
//! network (model: `records/service.rs`, `records/container.rs`; render: `service/container.rs`).

use super::types::{Condition, Restart, Service};
use crate::codes;
use crate::node::{Entry, Map, Node, Value};
use crate::schema::is_extension;
use diag::{Diagnostic, Place};

/// How much hangs on a part that is not carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// The service runs without it.
    Light,
    /// Without it the service has more rights, other data or no way to work: someone has to say that this is meant.
    Heavy,
}

/// A part of a project the model cannot say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotCarried {
    /// Which: `services.web.cap_add`.
    pub what: String,
    /// The service it is of; `None` for what services share.
    pub service: Option<String>,
    /// Where it stands.
    pub place: Place,
    /// Why not, or what the model says in its place; a sentence without a full stop.
    pub why: String,
    /// How much hangs on it.
    pub weight: Weight,
    /// The fleet's secret that takes its place; nothing is lost where the fleet says how it comes to be.
    pub secret: Option<String>,
}

impl NotCarried {
    pub(crate) fn of(service: &str, key: &str, place: &Place, weight: Weight, why: &str) -> NotCarried {
        NotCarried {
            what: format!("services.{service}.{key}"),
            service: Some(service.to_owned()),
            place: place.clone(),
            why: why.to_owned(),
            weight,
            secret: None,
        }
    }

    /// For people: a note, or an error when someone has to say that it is meant.
    pub fn diagnostic(&self) -> Diagnostic {
        let (what, why) = (&self.what, &self.why);
        match self.weight {
            Weight::Light => Diagnostic::note(
                codes::NOT_CARRIED,
                &self.place,
                format!("`{what}` is not carried over: {why}"),
            ),
            Weight::Heavy => {
                let short = what.strip_prefix("services.").unwrap_or(what);
                Diagnostic::error(codes::LEFT_OUT, &self.place, format!("`{what}` would be left out: {why}"))
                    .help(format!("change it, or write `without: {short}` beside `files` when it is meant"))
            }
        }
    }

    /// True when a text of `without` means it: `web.privileged`, `privileged`, `networks`, `networks.front`.
    pub fn is_meant_by(&self, said: &str) -> bool {
        let starts =
            |path: &str| path.strip_prefix(said).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        match &self.service {
            Some(service) => {
                let key = self.what.strip_prefix(&format!("services.{service}.")).unwrap_or(&self.what);
                starts(key) || (said.len() > service.len() && starts(&format!("{service}.{key}")))
            }
            None => starts(&self.what),
        }
    }
}

/// Keys that are read into the draft and that the model can say, at least in part.
const CARRIED: &[&str] = &[
    "cap_add",
    "cap_drop",
    "command",
    "configs",
    "container_name",
    "cpus",
    "depends_on",
    "deploy",
    "devices",
    "entrypoint",
    "environment",
    "expose",
    "extra_hosts",
    "healthcheck",
    "image",
    "init",
    "labels",
    "links",
    "mem_limit",
    "network_mode",
    "networks",
    "ports",
    "profiles",
    "pull_policy",
    "read_only",
    "restart",
    "scale",
    "secrets",
    "security_opt",
    "shm_size",
    "stop_grace_period",
    "stop_signal",
    "tmpfs",
    "user",
    "volumes",
    "working_dir",
];

/// Why the model does not say these.
const REASONS: &[(&str, &str)] = &[
    ("build", "the model runs images and builds none: push the image, and name it"),
    ("dns", "a container asks its host's resolver"),
    ("dns_opt", "a container asks its host's resolver"),
    ("dns_search", "a container asks its host's resolver"),
    ("hostname", "a container has its host's name"),
    ("logging", "a unit logs to its host's journal"),
    ("platform", "an image is taken for its host's platform"),
    ("ulimits", "limits are the unit's: write them in `override: {systemd: …}`"),
];

/// As [`REASONS`], for what a service may not work without, or would have more rights without.
const HEAVY: &[(&str, &str)] = &[
    ("cgroup", "a container has a control group of its own"),
    ("device_cgroup_rules", "name the devices under `devices`"),
    ("gpus", "name the devices under `devices`"),
    ("group_add", "a container has the groups its user has in the image"),
    ("ipc", "a container has namespaces of its own, the network apart"),
    ("pid", "a container has namespaces of its own, the network apart"),
    ("post_start", "nothing runs beside a container's own program"),
    ("pre_stop", "nothing runs beside a container's own program"),
    ("privileged", "a container never has its host's rights; give it `cap_add` and `devices`"),
    ("runtime", "a container runs with podman's own runtime"),
    ("sysctls", "kernel parameters are the host's"),
    ("userns_mode", "a container has its host's users"),
    ("uts", "a container has namespaces of its own, the network apart"),
    ("volumes_from", "name the volumes under `volumes`"),
];

/// What of a service is not carried. Mounts, secrets and configs are judged where they are made
/// (`model/mounts.rs`): it depends on what the files are.
pub(super) fn service(service: &Service, map: &Map, out: &mut Vec<NotCarried>) {
    let name = &service.name;
    for (key, entry) in map.iter() {
        // Keys that start with `x-` mean nothing to docker compose either.
        if CARRIED.contains(&key) || is_extension(key) {
            continue;
        }
        let of = |list: &'static [(&str, &str)]| list.iter().find(|(k, _)| *k == key).map(|(_, why)| *why);
        let (weight, why) = match (of(HEAVY), of(REASONS)) {
            (Some(why), _) => (Weight::Heavy, why),
            (None, why) => (Weight::Light, why.unwrap_or("the model has no word for it")),
        };
        out.push(NotCarried::of(name, key, &entry.at, weight, why));
    }
    let mut add = |key: &str, place: &Place, weight: Weight, why: &str| {
        out.push(NotCarried::of(name, key, place, weight, why));
    };
    run(service, &mut add);
    if let Some(policy) = map.get("pull_policy").filter(|policy| policy.as_text() != Some("missing")) {
        add("pull_policy", &policy.place, Weight::Light, "an image is pulled when it is not on the host");
    }
    ports(service, &mut add);
    networks(service, &mut add);
    needs(service, &mut add);
    health(service, map, &mut add);
    for (label, said) in &service.labels {
        let why = "a label of the model has the characters a-z, 0-9 and -; names and proxies are `expose`";
        if model::ids::name_fault(label).is_some() {
            add(&format!("labels.{label}"), &said.place, Weight::Light, why);
        }
    }
    deploy(map.get("deploy"), &mut add);
}

type Add<'a> = dyn FnMut(&str, &Place, Weight, &str) + 'a;

fn run(service: &Service, add: &mut Add<'_>) {
    if let Some(command) = service.command.as_ref().filter(|c| c.value.is_empty()) {
        add("command", &command.place, Weight::Heavy, "an empty one cannot take the image's away");
    }
    if let Some(entrypoint) = service.entrypoint.as_ref().filter(|e| e.value.is_empty()) {
        add("entrypoint", &entrypoint.place, Weight::Heavy, "an empty one cannot take the image's away");
    }
    for (variable, said) in service.env.iter().filter(|(_, said)| said.value.is_none()) {
        let why = "it had no value when the files were read";
        add(&format!("environment.{variable}"), &said.place, Weight::Light, why);
    }
    for option in &service.security_opt {
        if !matches!(option.value.as_str(), "no-new-privileges" | "no-new-privileges:true") {
            add("security_opt", &option.place, Weight::Heavy, "a container has podman's default profile");
        }
    }
    for device in service.devices.iter().filter(|d| !d.value.source.starts_with('/')) {
        add("devices", &device.place, Weight::Heavy, "a device is a path of the host");
    }
    if let Some(cpus) = service.limits.cpus.as_ref().filter(|cpus| cpus.value.fract() != 0.0) {
        add("cpus", &cpus.place, Weight::Light, "cores are counted whole, so it is rounded up");
    }
    if let Some(restart) = &service.restart
        && matches!(restart.value, Restart::OnFailure(Some(_)))
    {
        add("restart", &restart.place, Weight::Light, "the number of tries is systemd's");
    }
    if let Some(copies) = service.copies.as_ref().filter(|copies| copies.value != 1) {
        let (weight, why) = match copies.value {
            0 => (
                Weight::Heavy,
                "a service of the fleet runs; none of it does while its profile is not active",
            ),
            _ => (Weight::Light, "copies are on different hosts: `on: {any: GROUP, copies: N}`"),
        };
        add("scale", &copies.place, weight, why);
    }
}

fn ports(service: &Service, add: &mut Add<'_>) {
    for port in &service.ports {
        let target = port.value.target;
        let key = format!("ports.{target}/{}", port.value.protocol);
        if port.value.published.as_deref().is_some_and(|p| p != target.to_string()) {
            let why = "a container is on its host's network: it listens on the port itself";
            add(&key, &port.place, Weight::Light, why);
        }
        if port.value.address.as_deref().is_some_and(|a| !matches!(a, "" | "0.0.0.0" | "::")) {
            let why = "who reaches a port is said by `expose`, `needs` and policies, not by an address";
            add(&key, &port.place, Weight::Light, why);
        }
        if port.value.protocol == "sctp" {
            add(&key, &port.place, Weight::Heavy, "a port of the model is tcp or udp");
        }
    }
}

fn networks(service: &Service, add: &mut Add<'_>) {
    if let Some(mode) = &service.network_mode {
        match mode.value.as_str() {
            "host" | "bridge" | "default" => {}
            _ => add("network_mode", &mode.place, Weight::Heavy, "a container is on its host's network"),
        }
    }
    for (network, on) in &service.networks {
        if on.value.ipv4.is_some() || on.value.ipv6.is_some() {
            let why = "a container has its host's addresses";
            add(&format!("networks.{network}"), &on.place, Weight::Light, why);
        }
    }
}

fn needs(service: &Service, add: &mut Add<'_>) {
    for (other, need) in &service.needs {
        let (weight, why) = match need.value.condition {
            Condition::Completed => (Weight::Heavy, "a need is a service that runs on, not one that ends"),
            _ if !need.value.required => (Weight::Light, "a need is always required"),
            Condition::Healthy => (Weight::Light, "a start waits for the other's start, not for its health"),
            Condition::Started => continue,
        };
        add(&format!("depends_on.{other}"), &need.place, weight, why);
    }
}

fn health(service: &Service, map: &Map, add: &mut Add<'_>) {
    let Some(health) = &service.health else { return };
    if health.value.disabled {
        add("healthcheck.disable", &health.place, Weight::Light, "an image's own check is not run");
    }
    for (key, entry) in map.get("healthcheck").and_then(Node::as_map).into_iter().flat_map(Map::iter) {
        if matches!(key, "retries" | "start_period" | "start_interval") {
            let why = "a check has `every` and `timeout`";
            add(&format!("healthcheck.{key}"), &entry.at, Weight::Light, why);
        }
    }
}

/// Of `deploy`, the limits of cores and memory and the number of copies are carried.
fn deploy(node: Option<&Node>, add: &mut Add<'_>) {
    for (key, entry) in node.and_then(Node::as_map).into_iter().flat_map(Map::iter) {
        match key {
            "replicas" => {}
            "resources" => {
                for (kind, inside) in entry.node.as_map().into_iter().flat_map(Map::iter) {
                    for (what, limit) in inside.node.as_map().into_iter().flat_map(Map::iter) {
                        let (weight, why) = match (kind, what) {
                            ("limits", "cpus" | "memory") => continue,
                            (_, "devices") => (Weight::Heavy, "name the devices under `devices`"),
                            _ => (Weight::Light, "a service has limits of cores and memory"),
                        };
                        add(&format!("deploy.resources.{kind}.{what}"), &limit.at, weight, why);
                    }
                }
            }
            _ => {
                let why = "how a change goes through the fleet is said by its rollout";
                add(&format!("deploy.{key}"), &entry.at, Weight::Light, why);
            }
        }
    }
}

/// What of a shared thing is not carried.
pub(super) fn shared(kind: &str, name: &str, entry: &Entry, out: &mut Vec<NotCarried>) {
    let mut add = |key: &str, place: &Place, weight: Weight, why: &str| {
        let what = if key.is_empty() { format!("{kind}.{name}") } else { format!("{kind}.{name}.{key}") };
        let why = why.to_owned();
        out.push(NotCarried { what, service: None, place: place.clone(), why, weight, secret: None });
    };
    match kind {
        // The network every service is on by itself.
        "networks" if name == "default" && entry.node.as_map().is_none_or(|m| m.len() <= 1) => {}
        "networks" => {
            let why = "containers are on their host's network, where policies say who reaches whom";
            add("", &entry.at, Weight::Light, why);
        }
        "models" => add("", &entry.at, Weight::Heavy, "the model has no word for it"),
        _ => {
            for (key, said) in entry.node.as_map().into_iter().flat_map(Map::iter) {
                let (weight, why) = match key {
                    "name" | "labels" => continue,
                    "driver" if said.node.as_text() == Some("local") => continue,
                    "external" if said.node.value == Value::Bool(true) => {
                        (Weight::Heavy, "a volume of the model is its service's own: /srv/SERVICE/VOLUME")
                    }
                    _ => (Weight::Heavy, "a volume of the model has a size, a storage and snapshots"),
                };
                add(key, &said.at, weight, why);
            }
        }
    }
}
