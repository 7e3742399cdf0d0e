//! `fleet.lock`: every choice the tool made, so that nothing renumbers. JSON with sorted keys, committed.

use crate::codes;
use diag::{Diagnostic, Place};
use ipnet::IpNet;
use model::{HostId, Label, ServiceId, TunnelId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

/// Name of the lock's file in a fleet's folder.
pub const FILE: &str = "fleet.lock";

/// Version of the format this tool writes and the highest it reads.
const VERSION: u32 = 1;

/// The choices. Only what was chosen is in it, never what is declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// Version of the format.
    pub version: u32,
    /// Allocated addresses by segment and host.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub addresses: BTreeMap<String, BTreeMap<HostId, Vec<IpAddr>>>,
    /// Tunnels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tunnels: BTreeMap<TunnelId, TunnelLock>,
    /// Dynamic ports by service and name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ports: BTreeMap<ServiceId, BTreeMap<Label, u16>>,
    /// Marks and routing tables by host and interface; mark and table have the same number.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub marks: BTreeMap<HostId, BTreeMap<String, u32>>,
    /// WireGuard public keys (base64) by host and interface.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<HostId, BTreeMap<String, String>>,
    /// Sub-prefixes of originated prefixes by host.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub shares: BTreeMap<Label, BTreeMap<HostId, IpNet>>,
    /// Hosts of services that leave the choice open.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub placement: BTreeMap<ServiceId, Vec<HostId>>,
    /// BGP router IDs of hosts without an IPv4 address.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub router_ids: BTreeMap<HostId, Ipv4Addr>,
}

/// Choices about a tunnel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TunnelLock {
    /// Networks, when none is declared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub network: Vec<IpNet>,
    /// Addresses of ends.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ends: BTreeMap<HostId, Vec<IpAddr>>,
    /// Numbers of links (`a b`), for tunnels with a link of its own for each pair.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub links: BTreeMap<String, u32>,
    /// UDP ports by host and interface.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ports: BTreeMap<HostId, BTreeMap<String, u16>>,
}

impl Default for Lock {
    fn default() -> Self {
        Lock {
            version: VERSION,
            addresses: BTreeMap::new(),
            tunnels: BTreeMap::new(),
            ports: BTreeMap::new(),
            marks: BTreeMap::new(),
            keys: BTreeMap::new(),
            shares: BTreeMap::new(),
            placement: BTreeMap::new(),
            router_ids: BTreeMap::new(),
        }
    }
}

impl Lock {
    /// Reads a lock. An empty text is an empty lock.
    ///
    /// # Errors
    /// [`codes::BAD_LOCK`] with the place in the text, or when a newer tool wrote it.
    pub fn parse(text: &str) -> Result<Lock, Diagnostic> {
        if text.trim().is_empty() {
            return Ok(Lock::default());
        }
        let lock: Lock = serde_json::from_str(text).map_err(|e| {
            let line = u32::try_from(e.line()).unwrap_or(u32::MAX);
            let column = u32::try_from(e.column()).unwrap_or(u32::MAX);
            Diagnostic::error(codes::BAD_LOCK, &Place::new(FILE, line.max(1), column.max(1)), e.to_string())
                .help("take the committed version back, or remove the file and run `fleetwright lock`; then addresses, ports and keys are chosen anew")
        })?;
        if lock.version > VERSION {
            return Err(Diagnostic::error(
                codes::BAD_LOCK,
                &Place::new(FILE, 1, 1),
                format!("the lock has format {}, this tool knows up to {VERSION}", lock.version),
            )
            .help("a newer fleetwright wrote it; use that one"));
        }
        Ok(lock)
    }

    /// The text: JSON, keys sorted, two blanks a level, newline at the end.
    pub fn to_text(&self) -> String {
        // Maps with string keys and plain values cannot fail to serialize.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The public key of an interface.
    pub fn key(&self, host: &HostId, iface: &str) -> Option<&str> {
        self.keys.get(host).and_then(|k| k.get(iface)).map(String::as_str)
    }

    /// Puts the public key of an interface in.
    pub fn set_key(&mut self, host: &HostId, iface: &str, public: &str) {
        self.keys.entry(host.clone()).or_default().insert(iface.to_owned(), public.to_owned());
    }

    /// Every choice as a path and its value, for comparing.
    pub(crate) fn choices(&self) -> BTreeMap<String, String> {
        let mut out = BTreeMap::new();
        if let Ok(value) = serde_json::to_value(self) {
            flatten(&value, String::new(), &mut out);
        }
        out
    }
}

fn flatten(value: &serde_json::Value, path: String, out: &mut BTreeMap<String, String>) {
    match value {
        serde_json::Value::Object(map) => {
            for (key, value) in map {
                let path = if path.is_empty() { key.clone() } else { format!("{path}/{key}") };
                flatten(value, path, out);
            }
        }
        serde_json::Value::Array(items) => {
            let items: Vec<String> = items.iter().map(plain).collect();
            out.insert(path, items.join(", "));
        }
        other => {
            out.insert(path, plain(other));
        }
    }
}

fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
