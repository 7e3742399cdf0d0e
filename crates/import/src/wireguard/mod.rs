//! WireGuard: `wg` and `wg-quick` files to tunnels, and what they tell of hosts and sites.

mod ends;
mod hosts;
mod normal;
mod parse;
mod tunnel;

use crate::ledger::{Ledger, Told};
use crate::{Engine, Imported, Input, codes, names};
use diag::Diagnostic;
use parse::Config;
use std::collections::BTreeSet;
use tunnel::Tunnel;

/// The engine.
pub const ENGINE: Engine = Engine {
    name: "wireguard",
    lies: &["/etc/wireguard/"],
    reads: |path| path.ends_with(".conf"),
    read: |input| read(input).0,
    normal: normal::normal,
    compared: |engine, path| {
        engine == "wireguard" || (engine == "networkd" && path.contains("wg-") && path.ends_with(".network"))
    },
};

/// The files to the model, and what became of each of their lines.
pub fn read(input: &Input<'_>) -> (Imported, Vec<Told>) {
    let (mut out, mut ledger) = (Imported::default(), Ledger::default());
    let mut configs: Vec<Config> = Vec::new();
    let mut hosts: Vec<String> = Vec::new();
    for file in crate::ledger::readable(input, ENGINE.reads, &mut out) {
        let config = parse::parse(&file.path, &file.text, &mut ledger, &mut out);
        let host = names::host(input, &file.path);
        match host {
            Some(host) => {
                configs.push(config);
                hosts.push(host);
            }
            None => {
                out.fault(names::no_host(file, "kyiv-gw/wg0.conf"));
            }
        }
    }
    if out.report.has_errors() {
        return (out, ledger.close(&mut Imported::default()));
    }
    let mut taken: BTreeSet<String> =
        input.fleet.iter().flat_map(|f| f.tunnels.keys().map(|t| t.as_str().to_owned())).collect();
    let mut done = BTreeSet::new();
    let mut made = Vec::new();
    for group in ends::groups(&configs, &hosts) {
        let Some(tunnel) = Tunnel::of(&configs, &group, &mut taken) else {
            let place = group.place(&configs);
            out.fault(Diagnostic::warning(
                codes::WG_MISSING,
                &place,
                "the interface has no peers: no tunnel is made of it",
            ));
            continue;
        };
        let map = tunnel.map(&mut ledger);
        tunnel.choices(&mut out.lock, &mut ledger);
        tunnel.hosts(input, &mut ledger, &mut out, &mut done);
        for end in group.ends.values() {
            if let Some(config) = end.config.and_then(|n| configs.get(n)) {
                rest(config, &end.host, &tunnel.name, &mut ledger);
            }
        }
        let own = group.ends.values().filter_map(|e| e.config).filter_map(|n| configs.get(n));
        let from: Vec<String> = own.map(|c| c.place.file.to_string()).collect();
        made.push((tunnel.name, map, from));
    }
    ledger.settle();
    for (name, mut map, mut from) in made {
        from.sort();
        for line in ledger.comments(&from) {
            map.comment(None, line);
        }
        out.file(
            format!("tunnels/{name}.yaml"),
            crate::yaml::text(&format!("From {}.", from.join(", ")), &map),
        );
    }
    out.files.sort_by(|a, b| a.path.cmp(&b.path));
    let told = ledger.close(&mut out);
    (out, told)
}

/// What no tunnel has: keys, hooks, resolvers, tables.
fn rest(config: &Config, host: &str, tunnel: &str, ledger: &mut Ledger) {
    if let Some(id) = config.private {
        ledger.note(
            id,
            format!(
                "a key is never written into the model: `fleetwright secrets set wireguard/{host}/wg-{tunnel}` keeps it, or a new one is made and every peer has to learn it"
            ),
        );
    }
    for peer in &config.peers {
        if let Some(id) = peer.preshared {
            ledger.note(id, "tunnels have no preshared keys; both ends must go without it at once");
        }
    }
    if let Some(table) = &config.table {
        match table.value.as_str() {
            "off" => ledger.note(table.id, "always so here: routes are networkd's"),
            "auto" => ledger.note(table.id, "routes follow from what the tunnel carries, and are networkd's"),
            _ => ledger.note(table.id, "routes are in the main table; policy routes are derived"),
        }
    }
    for (key, said) in &config.other {
        let why = match *key {
            "DNS" => "a host's resolver is its site's, or `dns: {upstream: …}`",
            "FwMark" => "packets of tunnels carry no mark; policy routes are derived",
            "SaveConfig" => "the model is the truth: what was changed by hand is shown by `fleetwright plan`",
            _ if said.value.contains("iptables") || said.value.contains("nft") => {
                "packet filter and translation are derived: openings from `needs`, `expose` and `policies/`, masquerading from the site's uplink"
            }
            _ if said.value.contains("sysctl") || said.value.contains("ip_forward") => {
                "forwarding is derived for hosts that route"
            }
            _ if said.value.contains("ip route")
                || said.value.contains("ip rule")
                || said.value.contains("ip -") =>
            {
                "routes are derived, and are networkd's"
            }
            _ => "no command runs when a tunnel comes up; write a unit for what it does",
        };
        ledger.note(said.id, why);
    }
}
