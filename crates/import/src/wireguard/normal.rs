//! What WireGuard files mean: peers by public key, whatever the interface is called.

use super::parse::{self, Config, Endpoint};
use crate::ledger::Ledger;
use crate::{ImportFile, Imported, Normal};
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};

/// MTU where none is written: what `wg-quick` finds on a path of 1500 bytes.
const MTU: u16 = 1420;

/// The interface's own facts stand under the lowest public key of its peers: its name may change.
pub(super) fn normal(files: &[ImportFile]) -> Normal {
    let mut out = Normal::new();
    let addresses = networkd(files);
    for file in files.iter().filter(|f| !f.path.ends_with(".network")) {
        let config = parse::parse(&file.path, &file.text, &mut Ledger::default(), &mut Imported::default());
        one(&config, &addresses, &mut out);
    }
    out
}

fn one(config: &Config, networkd: &BTreeMap<String, BTreeSet<IpNet>>, out: &mut Normal) {
    let keys = config.peers.iter().filter_map(|p| p.key.as_ref());
    let Some(first) = keys.map(|k| k.value.as_str()).min() else { return };
    let mut say = |key: String, value: Option<String>| {
        let Some(value) = value else { return };
        // Commands run in their order.
        let all = out.entry(key).or_default();
        if !all.is_empty() {
            all.push_str("; ");
        }
        all.push_str(&value);
    };
    let own = |key: &str| format!("interface to {first} / {key}");
    say(own("public key"), config.public.clone());
    say(own("port"), config.port.as_ref().map(|p| p.value.to_string()));
    say(own("mtu"), Some(config.mtu.as_ref().map_or(MTU, |m| m.value).to_string()));
    let mut addresses: BTreeSet<IpNet> = config.addresses.iter().map(|a| a.value).collect();
    addresses.extend(networkd.get(&config.name).into_iter().flatten());
    say(own("addresses"), joined(&addresses));
    for (key, said) in &config.other {
        say(own(&key.to_ascii_lowercase()), Some(said.value.clone()));
    }
    for peer in &config.peers {
        let Some(key) = &peer.key else { continue };
        let about = |what: &str| format!("peer {} / {what}", key.value);
        let allowed: BTreeSet<IpNet> = peer.allowed.iter().map(|a| a.value.trunc()).collect();
        say(about("allowed-ips"), Some(joined(&allowed).unwrap_or_default()));
        let endpoint = peer.endpoint.as_ref().map(|e| match &e.value {
            Endpoint::Address(address) => address.to_string(),
            Endpoint::Name(name, port) => format!("{}:{port}", name.to_ascii_lowercase()),
        });
        say(about("endpoint"), endpoint);
        let keepalive = peer.keepalive.as_ref().filter(|k| k.value > 0);
        say(about("keepalive"), keepalive.map(|k| k.value.to_string()));
        say(about("preshared key"), peer.preshared.map(|_| "one".to_owned()));
    }
}

fn joined(nets: &BTreeSet<IpNet>) -> Option<String> {
    let all: Vec<String> = nets.iter().map(ToString::to_string).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

/// Addresses of `systemd.network` files by interface: rendered tunnels have theirs there.
fn networkd(files: &[ImportFile]) -> BTreeMap<String, BTreeSet<IpNet>> {
    let mut out: BTreeMap<String, BTreeSet<IpNet>> = BTreeMap::new();
    for file in files.iter().filter(|f| f.path.ends_with(".network")) {
        let (mut section, mut name, mut found) = ("", "", BTreeSet::new());
        for line in file.text.lines().map(str::trim) {
            match (line.split_once('='), section) {
                _ if line.starts_with('[') => section = line,
                (Some(("Name", value)), "[Match]") => name = value.trim(),
                (Some(("Address", value)), "[Network]" | "[Address]") => {
                    found.extend(value.trim().parse::<IpNet>())
                }
                _ => {}
            }
        }
        if !found.is_empty() {
            out.entry(name.to_owned()).or_default().extend(found);
        }
    }
    out
}
