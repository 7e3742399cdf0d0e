//! What is known about a thing, as key, value and origin.

use artifact::Why;
use derive::fleet::{Fleet, HopKind, Host};
use diag::Place;
use model::{Node, NodeKind};
use serde::Serialize;

/// One value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What it is, `expose.host` or `firewall input`.
    pub key: String,
    /// The value.
    pub value: String,
    /// Where it came from.
    pub place: Place,
    /// Why it was derived; `None` when it is written.
    pub reason: Option<String>,
}

impl Fact {
    fn derived(key: impl Into<String>, value: impl Into<String>, why: &Why) -> Self {
        Fact {
            key: key.into(),
            value: value.into(),
            place: why.place.clone(),
            reason: Some(why.reason.to_string()),
        }
    }
}

/// Every `KIND/NAME` that is written.
pub fn things(tree: &Node) -> Vec<String> {
    let NodeKind::Map(kinds) = &tree.kind else { return Vec::new() };
    let mut all = Vec::new();
    for (kind, node) in kinds {
        if let (true, NodeKind::Map(things)) =
            (source::folder::KINDS.contains(&kind.text.as_str()), &node.kind)
        {
            all.extend(things.iter().map(|(name, _)| format!("{}/{}", kind.text, name.text)));
        }
    }
    all
}

/// What is written about a thing, profiles put in.
pub fn written(tree: &Node, kind: &str, name: &str) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let Some(node) = tree.get(kind).and_then(|k| k.get(name)) {
        walk(node, "", &mut facts);
    }
    facts
}

fn walk(node: &Node, key: &str, facts: &mut Vec<Fact>) {
    let mut say = |value: String| {
        facts.push(Fact { key: key.to_owned(), value, place: node.place.clone(), reason: None });
    };
    match &node.kind {
        NodeKind::Null => {}
        NodeKind::Scalar { text, .. } => say(one_line(text)),
        NodeKind::List(items) if items.iter().all(|i| i.text().is_some()) => {
            say(items.iter().filter_map(Node::text).collect::<Vec<_>>().join(", "));
        }
        NodeKind::List(items) => {
            for (i, item) in items.iter().enumerate() {
                walk(item, &format!("{key}[{}]", i + 1), facts);
            }
        }
        NodeKind::Map(entries) => {
            for (k, value) in entries {
                let key = if key.is_empty() { k.text.clone() } else { format!("{key}.{}", k.text) };
                walk(value, &key, facts);
            }
        }
    }
}

fn one_line(text: &str) -> String {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    match lines.count() {
        0 => first.to_owned(),
        more => format!("{first} (and {more} more lines)"),
    }
}

/// What was derived about a thing.
pub fn derived(fleet: &Fleet, kind: &str, name: &str) -> Vec<Fact> {
    match kind {
        "hosts" => fleet.hosts.get(name).map(host).unwrap_or_default(),
        "services" => service(fleet, name),
        "tunnels" => tunnel(fleet, name),
        "sites" => site(fleet, name),
        _ => Vec::new(),
    }
}

fn host(host: &Host) -> Vec<Fact> {
    let mut facts = Vec::new();
    for interface in &host.interfaces {
        for (address, why) in &interface.addresses {
            facts.push(Fact::derived(format!("address on {}", interface.name), address.to_string(), why));
        }
        for (gateway, why) in &interface.gateways {
            facts.push(Fact::derived(format!("gateway on {}", interface.name), gateway.to_string(), why));
        }
    }
    for wg in &host.wireguard {
        let listens = wg.listen_port.map_or("connects only".to_owned(), |p| format!("listens on udp/{p}"));
        facts.push(Fact::derived(&wg.name, listens, &wg.why));
        for (address, why) in &wg.addresses {
            facts.push(Fact::derived(format!("address on {}", wg.name), address.to_string(), why));
        }
        for peer in &wg.peers {
            for (prefix, why) in &peer.allowed_ips {
                facts.push(Fact::derived(format!("{} from {}", wg.name, peer.host), prefix.to_string(), why));
            }
        }
    }
    for route in &host.routes {
        let table = route.table.map_or(String::new(), |t| format!(" table {t}"));
        facts.push(Fact::derived("route", format!("{} by {}{table}", route.to, route.dev), &route.why));
    }
    for instance in &host.instances {
        facts.push(Fact::derived("runs", format!("{} ({})", instance.service, instance.unit), &instance.why));
    }
    facts
}

fn service(fleet: &Fleet, name: &str) -> Vec<Fact> {
    let mut facts = Vec::new();
    for host in fleet.hosts.values() {
        for instance in host.instances.iter().filter(|i| i.service.as_str() == name) {
            facts.push(Fact::derived("on", host.id.to_string(), &instance.why));
            facts.push(Fact::derived(
                "unit",
                format!("{} ({})", instance.unit, instance.variant.word()),
                &instance.why,
            ));
            for (label, port) in &instance.ports {
                let text = format!("{}/{} {}", port.proto.word(), port.number, port.protocol);
                facts.push(Fact::derived(format!("port {label}"), text, &instance.why));
            }
            for (param, value) in &instance.params {
                facts.push(Fact::derived(format!("config.{param}"), one_line(value), &instance.why));
            }
        }
    }
    for exposure in fleet.exposures.iter().filter(|e| e.service.as_str() == name) {
        let reached =
            exposure.name.clone().unwrap_or_else(|| format!("{}/{}", exposure.proto.word(), exposure.port));
        facts.push(Fact::derived(
            "reached as",
            format!("{reached} from {}", exposure.audience.word()),
            &exposure.why,
        ));
        for entry in &exposure.entries {
            for hop in &entry.hops {
                facts.push(Fact::derived(
                    format!("way in by {}", entry.edge),
                    hop_text(&hop.what, hop.host.as_str()),
                    &hop.why,
                ));
            }
        }
    }
    for edge in &fleet.edges {
        let is = |s: &Option<model::ServiceId>| s.as_ref().is_some_and(|s| s.as_str() == name);
        if is(&edge.to_service) {
            let from =
                edge.from_service.as_ref().map_or(edge.from.to_string(), |s| format!("{s} on {}", edge.from));
            facts.push(Fact::derived(
                "open to",
                format!("{from}, {}/{}", edge.proto.word(), edge.port),
                &edge.why,
            ));
        }
    }
    facts
}

fn hop_text(hop: &HopKind, host: &str) -> String {
    let list = |all: &[std::net::IpAddr]| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match hop {
        HopKind::Dns(addresses) => format!("DNS points at {}", list(addresses)),
        HopKind::Announce(prefix) => format!("{host} announces {prefix}"),
        HopKind::Dnat(address) => format!("{host} translates to {address}"),
        HopKind::Tunnel(tunnel, to) => format!("tunnel {tunnel} from {host} to {to}"),
        HopKind::Lan(segment) => format!("over {segment}"),
        HopKind::Listen(address, port) => format!("{host} listens on {address} port {port}"),
        HopKind::Backend(address, port) => format!("{host} passes on to {address} port {port}"),
        HopKind::Return(tunnel) => format!("answers go back by tunnel {tunnel}"),
    }
}

fn tunnel(fleet: &Fleet, name: &str) -> Vec<Fact> {
    let mut facts = Vec::new();
    for host in fleet.hosts.values() {
        for wg in host.wireguard.iter().filter(|w| w.tunnel.as_str() == name) {
            let end = &host.id;
            let listens =
                wg.listen_port.map_or("connects only".to_owned(), |p| format!("listens on udp/{p}"));
            facts.push(Fact::derived(format!("{end} {}", wg.name), listens, &wg.why));
            for (address, why) in &wg.addresses {
                facts.push(Fact::derived(format!("{end} address"), address.to_string(), why));
            }
            for peer in &wg.peers {
                for (prefix, why) in &peer.allowed_ips {
                    facts.push(Fact::derived(
                        format!("{end} takes from {}", peer.host),
                        prefix.to_string(),
                        why,
                    ));
                }
            }
        }
    }
    facts
}

fn site(fleet: &Fleet, name: &str) -> Vec<Fact> {
    let mut facts = Vec::new();
    let Some(site) = fleet.sites.get(name) else { return facts };
    for id in &site.hosts {
        if let Some(host) = fleet.hosts.get(id) {
            let addresses = host.addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            facts.push(Fact {
                key: "host".into(),
                value: format!("{id} {addresses}"),
                place: host.place.clone(),
                reason: None,
            });
        }
    }
    facts
}
