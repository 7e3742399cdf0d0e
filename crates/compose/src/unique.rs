//! Lists whose entries have a key: a later entry takes the place of the earlier one with the same key (Compose
//! Specification, "Unique resources"; compose-go, `override/uncity.go`).

use crate::canonical::volume_target;
use crate::node::{Node, Value};
use crate::path::{Path, matches};
use std::collections::HashMap;

/// What an entry's key is.
#[derive(Clone, Copy)]
enum Key {
    /// What stands before `=`.
    Name,
    /// The whole scalar.
    Whole,
    /// The target of a mount.
    Mount,
    /// The target of a device.
    Device,
    /// The target of a secret or config; `/` and this folder before the name of one that has none.
    File(&'static str),
    /// Address, published port, target and protocol.
    Port,
    /// The file's path.
    EnvFile,
}

static KEYS: &[(&[&str], Key)] = &[
    (&["networks", "*", "labels"], Key::Name),
    (&["networks", "*", "ipam", "options"], Key::Name),
    (&["services", "*", "annotations"], Key::Name),
    (&["services", "*", "build", "args"], Key::Name),
    (&["services", "*", "build", "additional_contexts"], Key::Name),
    (&["services", "*", "build", "tags"], Key::Name),
    (&["services", "*", "build", "labels"], Key::Name),
    (&["services", "*", "cap_add"], Key::Name),
    (&["services", "*", "cap_drop"], Key::Name),
    (&["services", "*", "configs"], Key::File("")),
    (&["services", "*", "deploy", "labels"], Key::Name),
    (&["services", "*", "devices"], Key::Device),
    (&["services", "*", "dns"], Key::Name),
    (&["services", "*", "dns_opt"], Key::Name),
    (&["services", "*", "dns_search"], Key::Name),
    (&["services", "*", "env_file"], Key::EnvFile),
    (&["services", "*", "environment"], Key::Name),
    (&["services", "*", "expose"], Key::Whole),
    (&["services", "*", "labels"], Key::Name),
    (&["services", "*", "links"], Key::Name),
    (&["services", "*", "networks", "*", "aliases"], Key::Name),
    (&["services", "*", "networks", "*", "link_local_ips"], Key::Name),
    (&["services", "*", "ports"], Key::Port),
    (&["services", "*", "profiles"], Key::Name),
    (&["services", "*", "secrets"], Key::File("/run/secrets")),
    (&["services", "*", "sysctls"], Key::Name),
    (&["services", "*", "tmpfs"], Key::Name),
    (&["services", "*", "volumes"], Key::Mount),
];

/// Holds every such list of the tree to its keys.
pub(crate) fn unique(node: &mut Node, path: &mut Path) {
    match &mut node.value {
        Value::Map(map) => {
            for (key, entry) in map.iter_mut() {
                path.push(key.to_owned());
                unique(&mut entry.node, path);
                path.pop();
            }
        }
        Value::List(items) => {
            if let Some((_, key)) = KEYS.iter().find(|(pattern, _)| matches(path, pattern)) {
                *items = last_of_each(std::mem::take(items), *key);
            }
        }
        _ => {}
    }
}

fn last_of_each(items: Vec<Node>, key: Key) -> Vec<Node> {
    let mut out: Vec<Node> = Vec::with_capacity(items.len());
    let mut seen: HashMap<String, usize> = HashMap::new();
    for item in items {
        match key.of(&item) {
            // What has no key was said to be wrong, and stays.
            None => out.push(item),
            Some(key) => match seen.get(&key) {
                Some(at) => out[*at] = item,
                None => {
                    seen.insert(key, out.len());
                    out.push(item);
                }
            },
        }
    }
    out
}

impl Key {
    fn of(self, node: &Node) -> Option<String> {
        let scalar = node.scalar_text();
        let part = |key: &str| node.get(key).and_then(Node::scalar_text);
        match self {
            Key::Name => scalar.map(|t| t.split('=').next().unwrap_or_default().to_owned()),
            Key::Whole => scalar,
            Key::EnvFile => scalar.or_else(|| part("path")),
            Key::Mount => match scalar {
                Some(text) => volume_target(&text),
                None => part("target").map(|t| crate::path::clean(&t)),
            },
            Key::Device => match scalar {
                Some(text) => text.split(':').nth(1).or(text.split(':').next()).map(str::to_owned),
                None => part("target").or_else(|| part("source")),
            },
            Key::File(folder) => {
                match scalar.or_else(|| if part("target").is_some() { None } else { part("source") }) {
                    Some(name) => Some(format!("{folder}/{name}")),
                    None => part("target"),
                }
            }
            Key::Port => match scalar {
                Some(text) => Some(text),
                None => {
                    let target = part("target")?;
                    let address = part("host_ip").unwrap_or_else(|| "0.0.0.0".to_owned());
                    let protocol = part("protocol").unwrap_or_else(|| "tcp".to_owned());
                    let published = part("published").unwrap_or_default();
                    Some(format!("{address}|{published}|{target}/{protocol}"))
                }
            },
        }
    }
}
