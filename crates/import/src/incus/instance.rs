//! Instances.

use super::network::Known;
use super::{texts, word};
use crate::yaml::{Map, Yaml, text};
use crate::{Imported, codes, names};
use diag::Diagnostic;
use py::{Node, Value};
use std::collections::BTreeSet;
use std::net::IpAddr;

pub(super) fn read(
    node: &Node,
    environment: &str,
    known: &Known,
    taken: &mut BTreeSet<String>,
    out: &mut Imported,
) {
    let name = word(node, "name").unwrap_or_default();
    let Some(own) = names::name(&name) else {
        out.note(&node.place, format!("instance {name}"), "its name is no name here: rename it first");
        return;
    };
    if !taken.insert(own.clone()) {
        let message = format!("two instances are called {own}");
        out.fault(
            Diagnostic::error(codes::COLLISION, &node.place, message)
                .help("import one project at a time, each with `--host` for its environment"),
        );
        return;
    }
    let mut map = Map::new();
    map.set("environment", environment);
    map.unless_empty("interfaces", interfaces(&own, node, known, out));
    let (capacity, config) = settings(&own, node, out);
    map.unless_empty("capacity", capacity);
    let mut machine = Map::new();
    machine.set("engine", "incus");
    machine.maybe("image", image(node));
    machine.unless_empty("config", config);
    map.set("machine", machine);
    let head = if own == name { String::new() } else { format!("`{name}` in Incus.") };
    out.file(format!("hosts/{own}.yaml"), text(&head, &map));
}

fn image(node: &Node) -> Option<String> {
    let config = texts(node, "config");
    let of = |wanted: &str| config.iter().find(|(key, ..)| key == wanted).map(|(_, value, _)| value.as_str());
    let (os, release) = (of("image.os")?, of("image.release")?);
    let variant =
        of("image.variant").filter(|v| *v != "default").map(|v| format!("/{v}")).unwrap_or_default();
    Some(format!("images:{}/{release}{variant}", os.to_lowercase()))
}

/// What it may use, and the other settings it has of its own.
fn settings(own: &str, node: &Node, out: &mut Imported) -> (Map, Map) {
    let (mut capacity, mut config) = (Map::new(), Map::new());
    for (key, value, place) in texts(node, "config") {
        match key.as_str() {
            "limits.cpu" if value.parse::<u32>().is_ok() => drop(capacity.set("cpu", value)),
            "limits.memory" if is_size(&value) => drop(capacity.set("memory", value)),
            _ if key.starts_with("volatile.") || key.starts_with("image.") => {}
            _ if key.starts_with("user.")
                || key.starts_with("cloud-init.")
                || key.starts_with("environment.") =>
            {
                out.note(&place.place, format!("{own}: {key}"), "it may hold secrets and is only read at first boot, or by programs inside: it stays in Incus");
            }
            _ => {
                let label = key.replace('.', "-");
                if model::ids::name_fault(&label).is_none() && !config.has(&label) {
                    config.set(label, Yaml::Text(value));
                } else {
                    out.note(
                        &place.place,
                        format!("{own}: {key}"),
                        "its name is no name here: it stays in Incus",
                    );
                }
            }
        }
    }
    if let Some(profiles) = node.get("profiles").and_then(Node::items) {
        for profile in
            profiles.iter().filter(|p| p.as_scalar().and_then(Value::as_str).is_some_and(|p| p != "default"))
        {
            let name = profile.as_scalar().and_then(Value::as_str).unwrap_or_default();
            out.note(
                &profile.place,
                format!("{own}: profile {name}"),
                "settings of profiles stay in Incus; its devices are carried",
            );
        }
    }
    (capacity, config)
}

/// Network devices on managed networks, with the addresses they are given or have.
fn interfaces(own: &str, node: &Node, known: &Known, out: &mut Imported) -> Map {
    let mut all = Map::new();
    let devices = node.get("expanded_devices").or_else(|| node.get("devices")).and_then(Node::entries);
    for device in devices.unwrap_or_default() {
        let Some(name) = device.key.as_str() else { continue };
        match word(&device.node, "type").as_deref() {
            Some("nic") => {}
            // The root disk is every instance's.
            Some("disk") if word(&device.node, "path").as_deref() == Some("/") => continue,
            other => {
                let why = "devices that are no network stay in Incus";
                out.note(&device.place, format!("{own}: {} {name}", other.unwrap_or("device")), why);
                continue;
            }
        }
        let name = word(&device.node, "name").unwrap_or_else(|| name.to_owned());
        if model::ids::name_fault(&name).is_some() {
            out.note(&device.place, format!("{own}: {name}"), "its name is no name here");
            continue;
        }
        let network = word(&device.node, "network").or_else(|| word(&device.node, "parent"));
        let found = network.as_ref().and_then(|n| known.get(n));
        let Some((network, nets)) = found else {
            let why =
                format!("its network {} is not among those imported", network.as_deref().unwrap_or("(none)"));
            out.note(&device.place, format!("{own}: {name}"), why);
            continue;
        };
        let mut map = Map::new();
        map.set("network", network);
        for address in addresses(node, &device.node, &name) {
            let family = if address.is_ipv4() { "ipv4" } else { "ipv6" };
            if !map.has(family) && nets.iter().any(|net| net.contains(&address)) {
                map.set(family, address.to_string());
            }
        }
        map.maybe("mac", mac(node, &device.node, &name));
        all.set(name, map);
    }
    all
}

/// Addresses that are given to a device, else those it has now: `ipv6.address` where it is written, then of its state.
fn addresses(node: &Node, device: &Node, name: &str) -> Vec<IpAddr> {
    let written =
        ["ipv4.address", "ipv6.address"].into_iter().filter_map(|key| word(device, key)?.parse().ok());
    let state = node.get("state").and_then(|s| s.get("network")).and_then(|n| n.get(name));
    let listed = state.and_then(|s| s.get("addresses")).and_then(Node::items).unwrap_or_default();
    let global = listed.iter().filter(|a| word(a, "scope").as_deref() == Some("global"));
    written.chain(global.filter_map(|a| word(a, "address")?.parse().ok())).collect()
}

fn mac(node: &Node, device: &Node, name: &str) -> Option<String> {
    let kept = format!("volatile.{name}.hwaddr");
    word(device, "hwaddr")
        .or_else(|| texts(node, "config").into_iter().find(|(key, ..)| *key == kept).map(|(_, v, _)| v))
}

/// A size as the model takes it: `4GiB`, `512MB`.
fn is_size(text: &str) -> bool {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    unit.len() < text.len() && matches!(unit, "B" | "kB" | "KiB" | "MB" | "MiB" | "GB" | "GiB" | "TB" | "TiB")
}
