//! What engines say of what they run, as texts that differ only when somebody changed something: no counters,
//! handles, times, learned endpoints, leases or keys. Read again by `engine::running`.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The table as text; elements of sets that fill themselves are left out.
pub(crate) fn nft(text: &str) -> String {
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

/// One line an interface that is up: its addresses, without leases and link-local ones.
pub(crate) fn addresses(json: &str, wanted: &BTreeSet<String>) -> Option<String> {
    let links: Vec<Value> = serde_json::from_str(json).ok()?;
    let mut lines = BTreeSet::new();
    for link in links {
        let name = link.get("ifname").and_then(Value::as_str).unwrap_or_default();
        if !wanted.contains(name) || !is_up(&link) {
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

/// A cable that is out, or an interface that was set down, takes addresses with it: an outage, and no drift.
fn is_up(link: &Value) -> bool {
    let flags = link.get("flags").and_then(Value::as_array);
    flags.is_none_or(|flags| ["UP", "LOWER_UP"].iter().all(|f| flags.iter().any(|is| is.as_str() == Some(f))))
}

/// `wg show all dump` of some interfaces, without private keys, preshared keys, endpoints and counters, and without
/// the port of those that have any.
pub(crate) fn wireguard(dump: &str, wanted: &BTreeMap<String, bool>) -> String {
    let mut lines = BTreeSet::new();
    for line in dump.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let Some(has_port) = fields.first().and_then(|name| wanted.get(*name)) else { continue };
        match fields.as_slice() {
            [name, _, public, port, mark] => {
                let port = if *has_port { port } else { "any" };
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
/// established is health, not drift; so is one that BIRD shut by itself, for too many routes say.
pub(crate) fn bird(text: &str) -> String {
    let mut lines = BTreeSet::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [name, kind, table, state, rest @ ..] = fields.as_slice() else { continue };
        if *name == "Name" || *name == "BIRD" || name.starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        let by_itself = matches!(rest, [_, "Automatic", ..]);
        let off = if *state == "down" && !by_itself { " off" } else { "" };
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
        let shown = wireguard(dump, &[("wg0".to_owned(), true)].into());
        let peer = "wg0: peer PEER allowed 10.0.0.1/32,10.0.0.2/32 keepalive 25 a preshared key\n";
        assert_eq!(wireguard(dump, &BTreeMap::new()), "");
        let any = wireguard(dump, &[("wg0".to_owned(), false)].into());
        assert_eq!(any, shown.replace("port 51820", "port any"));
        assert_eq!(shown, format!("wg0: key PUBLIC port 51820 mark off\n{peer}"));
    }

    #[test]
    fn addresses_are_those_that_were_given() {
        let json = r#"[{"ifname":"lan","addr_info":[
            {"family":"inet","local":"10.0.0.1","prefixlen":24,"scope":"global"},
            {"family":"inet","local":"10.9.0.7","prefixlen":24,"scope":"global","dynamic":true},
            {"family":"inet6","local":"fe80::1","prefixlen":64,"scope":"link"}]},
            {"ifname":"out","flags":["NO-CARRIER","UP"],"addr_info":[]},
            {"ifname":"veth0","flags":["UP","LOWER_UP"],"addr_info":[]}]"#;
        let wanted = ["lan", "out", "veth0"].map(str::to_owned).into();
        assert_eq!(addresses(json, &wanted).unwrap(), "lan: 10.0.0.1/24\nveth0: \n");
    }

    #[test]
    fn bird_is_told_by_what_is_configured() {
        let text = "BIRD 2.17 ready.\nName       Proto      Table      State  Since         Info\n\
                    kernel4    Kernel     master4    up     10:00:00.000  \n\
                    wro        BGP        ---        start  10:00:01.000  Active\n\
                    old        BGP        ---        down   10:00:01.000  \n\
                    many       BGP        ---        down   10:00:01.000  Automatic shutdown: Route limit exceeded\n";
        let lines = ["kernel4 Kernel master4", "many BGP ---", "old BGP --- off", "wro BGP ---"];
        assert_eq!(bird(text).lines().collect::<Vec<_>>(), lines);
    }
}
