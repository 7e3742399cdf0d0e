//! What runs besides units and can be told: the packet filter, addresses, WireGuard peers, BIRD's protocols.
//! Written down when a generation is confirmed, and held against what is then, later, only when somebody
//! asks. Texts are made so that they differ only when somebody changed something: no counters, handles,
//! times, learned endpoints, leases or keys.

use crate::run;
use crate::system::System;
use artifact::FlatDesired;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::Duration;

/// One question to an engine.
const ANSWER: Duration = Duration::from_secs(5);
/// Where a packet filter's rules lie: ours, and Debian's own.
const NFT: [&str; 2] = ["/etc/fleetwright/nftables.nft", "/etc/nftables"];
/// The fleet's own table.
const TABLE: [&str; 4] = ["-s", "list", "table", "inet"];

/// Everything that can be told on this host, of the engines the generation has.
pub fn look(system: &System, desired: &FlatDesired) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    let mut add = |name: &str, text: Option<String>| {
        if let Some(text) = text {
            out.insert(name.to_owned(), text);
        }
    };
    let has = |prefix: &str| desired.files.keys().any(|p| p.starts_with(prefix));
    if NFT.iter().any(|p| has(p)) {
        let args: Vec<&str> = TABLE.into_iter().chain(["fleetwright"]).collect();
        add("nft", ask(system, "nft", &args).map(|t| nft(&t)));
    }
    let interfaces = interfaces(system, desired);
    if !interfaces.is_empty() {
        add("addresses", ask(system, "ip", &["-j", "addr"]).and_then(|t| addresses(&t, &interfaces)));
    }
    if has("/etc/wireguard/") || has("/etc/systemd/network/") {
        let dump = ask(system, "wg", &["show", "all", "dump"]);
        add("wireguard", dump.map(|t| wireguard(&t)).filter(|t| !t.is_empty()));
    }
    if has("/etc/bird/") {
        add("bird", ask(system, "birdc", &["show", "protocols"]).map(|t| bird(&t)));
    }
    out
}

/// What a command says; `None` where it is missing or fails.
fn ask(system: &System, program: &str, args: &[&str]) -> Option<String> {
    let path = system.program(program);
    if !path.is_absolute() {
        return None;
    }
    let mut command = Command::new(path);
    command.args(args).env("LC_ALL", "C.UTF-8").current_dir("/");
    run::whole(&mut command, ANSWER).ok().filter(|said| said.code == 0).map(|said| said.text)
}

/// The table as text; elements of sets that fill themselves are left out.
fn nft(text: &str) -> String {
    let mut out = String::new();
    let mut own = false;
    let mut inside = false;
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.starts_with("set ") || trimmed.starts_with("map ") {
            own = false;
        }
        if trimmed.starts_with("flags ") || trimmed.starts_with("timeout ") {
            own |= trimmed.contains("dynamic") || trimmed.contains("timeout");
        }
        inside |= own && trimmed.starts_with("elements = {");
        if !inside {
            out.push_str(line.trim_end());
            out.push('\n');
        }
        inside &= !trimmed.ends_with('}');
    }
    out
}

/// Names of the interfaces that the fleet's network files speak of.
fn interfaces(system: &System, desired: &FlatDesired) -> BTreeSet<String> {
    let files = desired.files.keys().filter(|p| p.starts_with("/etc/systemd/network/"));
    let texts = files.filter_map(|p| std::fs::read_to_string(system.real(p)).ok());
    let mut names = BTreeSet::new();
    for text in texts {
        let named = text.lines().filter_map(|l| l.trim().strip_prefix("Name="));
        names.extend(
            named.flat_map(str::split_whitespace).filter(|n| !n.contains(['*', '!', '['])).map(str::to_owned),
        );
    }
    names
}

/// One line an interface that is there: its addresses, without leases and link-local ones.
fn addresses(json: &str, wanted: &BTreeSet<String>) -> Option<String> {
    let links: Vec<Value> = serde_json::from_str(json).ok()?;
    let mut lines = BTreeSet::new();
    for link in links {
        let name = link.get("ifname").and_then(Value::as_str).unwrap_or_default();
        if !wanted.contains(name) {
            continue;
        }
        let all = link.get("addr_info").and_then(Value::as_array).cloned().unwrap_or_default();
        let fixed = |a: &&Value| {
            a.get("dynamic").and_then(Value::as_bool) != Some(true)
                && a.get("protocol").and_then(Value::as_str) != Some("kernel_ll")
                && !(a.get("scope").and_then(Value::as_str) == Some("link")
                    && a.get("family").and_then(Value::as_str) == Some("inet6"))
        };
        let shown = |a: &Value| {
            let local = a.get("local").and_then(Value::as_str)?;
            Some(format!("{local}/{}", a.get("prefixlen").and_then(Value::as_u64)?))
        };
        let addresses: BTreeSet<String> = all.iter().filter(fixed).filter_map(shown).collect();
        let addresses: Vec<String> = addresses.into_iter().collect();
        lines.insert(format!("{name}: {}\n", addresses.join(" ")));
    }
    Some(lines.into_iter().collect())
}

/// `wg show all dump` without private keys, preshared keys, endpoints and counters.
fn wireguard(dump: &str) -> String {
    let mut lines = BTreeSet::new();
    for line in dump.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        match fields.as_slice() {
            [name, _, public, port, mark] => {
                lines.insert(format!("{name}: key {public} port {port} mark {mark}\n"));
            }
            [name, public, shared, _, allowed, _, _, _, keepalive] => {
                let allowed: BTreeSet<&str> = allowed.split(',').collect();
                let allowed: Vec<&str> = allowed.into_iter().collect();
                let shared = if *shared == "(none)" { "no" } else { "a" };
                lines.insert(format!(
                    "{name}: peer {public} allowed {} keepalive {keepalive} {shared} preshared key\n",
                    allowed.join(",")
                ));
            }
            _ => {}
        }
    }
    lines.into_iter().collect()
}

/// Name, kind and table of each protocol, and whether somebody switched it off. Whether a session is
/// established is health, not drift.
fn bird(text: &str) -> String {
    let mut lines = BTreeSet::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [name, kind, table, state, ..] = fields.as_slice() else { continue };
        if *name == "Name" || *name == "BIRD" || name.starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        let off = if *state == "down" { " off" } else { "" };
        lines.insert(format!("{name} {kind} {table}{off}\n"));
    }
    lines.into_iter().collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_table_is_told_without_what_fills_itself() {
        let text = "table inet fleetwright {\n\tset bans {\n\t\ttype ipv4_addr\n\t\tflags dynamic,timeout\n\
                    \t\telements = { 1.2.3.4 timeout 1h,\n\t\t\t     5.6.7.8 }\n\t}\n\
                    \tset admins {\n\t\ttype ipv4_addr\n\t\telements = { 10.0.0.1 }\n\t}\n}\n";
        let shown = nft(text);
        assert!(!shown.contains("1.2.3.4") && !shown.contains("5.6.7.8"), "{shown}");
        assert!(shown.contains("10.0.0.1") && shown.ends_with("\t}\n}\n"), "{shown}");
    }

    #[test]
    fn wireguard_is_told_without_keys_that_are_secret() {
        let dump = "wg0\tPRIVATE\tPUBLIC\t51820\toff\n\
                    wg0\tPEER\tSHARED\t192.0.2.1:7\t10.0.0.2/32,10.0.0.1/32\t1700000000\t5\t6\t25\n";
        let shown = wireguard(dump);
        let peer = "wg0: peer PEER allowed 10.0.0.1/32,10.0.0.2/32 keepalive 25 a preshared key\n";
        assert_eq!(shown, format!("wg0: key PUBLIC port 51820 mark off\n{peer}"));
    }

    #[test]
    fn addresses_are_those_that_were_given() {
        let json = r#"[{"ifname":"lan","addr_info":[
            {"family":"inet","local":"10.0.0.1","prefixlen":24,"scope":"global"},
            {"family":"inet","local":"10.9.0.7","prefixlen":24,"scope":"global","dynamic":true},
            {"family":"inet6","local":"fe80::1","prefixlen":64,"scope":"link"}]},
            {"ifname":"veth0","addr_info":[]}]"#;
        assert_eq!(addresses(json, &["lan".to_owned()].into()).unwrap(), "lan: 10.0.0.1/24\n");
    }

    #[test]
    fn bird_is_told_by_what_is_configured() {
        let text = "BIRD 2.17 ready.\nName       Proto      Table      State  Since         Info\n\
                    kernel4    Kernel     master4    up     10:00:00.000  \n\
                    wro        BGP        ---        start  10:00:01.000  Active\n\
                    old        BGP        ---        down   10:00:01.000  \n";
        assert_eq!(bird(text), "kernel4 Kernel master4\nold BGP --- off\nwro BGP ---\n");
    }
}
