//! What is not a session: the router's id, what is originated, RPKI servers, and all that is made anyway.

use super::parse::{Body, Stmt};
use super::{Router, address, head, scope};
use crate::Input;
use crate::ledger::{Id, Ledger};
use crate::names;
use crate::yaml::{Map, Yaml};
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};

/// What of the routers is the whole fleet's: `bgp.yaml`.
#[derive(Debug, Default)]
pub(super) struct Fleet {
    /// The fleet says something of BGP already: its file is not written anew.
    said: bool,
    asn: Option<u32>,
    originate: BTreeMap<String, (IpNet, BTreeSet<String>)>,
    rpki: BTreeSet<String>,
}

impl Fleet {
    pub(super) fn of(input: &Input<'_>) -> Self {
        let Some(bgp) = input.fleet.and_then(|f| f.bgp.as_ref()) else { return Fleet::default() };
        let originate = bgp.originate.iter().map(|(name, o)| {
            (name.as_str().to_owned(), (o.prefix.value, o.at.names.iter().map(|n| n.value.clone()).collect()))
        });
        Fleet { said: true, asn: Some(bgp.asn.value), originate: originate.collect(), rpki: BTreeSet::new() }
    }

    /// Says what the fleet's AS is, when it is not said yet.
    pub(super) fn is_in(&mut self, asn: Option<u32>) {
        self.asn = self.asn.or(asn);
    }

    /// Whether an AS number is the fleet's.
    pub(super) fn is_ours(&self, asn: u32) -> bool {
        self.asn == Some(asn)
    }

    /// Originated prefixes that a filter names, where it does not name all.
    pub(super) fn announced(&self, words: &[String]) -> Vec<String> {
        let named: BTreeSet<IpNet> =
            words.iter().filter_map(|w| w.trim_end_matches('-').parse().ok()).collect();
        let found: Vec<String> = self
            .originate
            .iter()
            .filter(|(_, (net, _))| named.contains(net))
            .map(|(name, _)| name.clone())
            .collect();
        if found.len() == self.originate.len() { Vec::new() } else { found }
    }

    /// The file; `None` when there is nothing to write, or the fleet has one.
    pub(super) fn map(&self) -> Option<Map> {
        let asn = self.asn.filter(|_| !self.said)?;
        let (mut map, mut originate) = (Map::new(), Map::new());
        map.set("asn", asn);
        for (name, (prefix, hosts)) in &self.originate {
            let mut one = Map::new();
            one.set("prefix", prefix.to_string());
            one.set("at", Yaml::one_or_list(hosts.iter().map(String::as_str)));
            originate.set(name.as_str(), one);
        }
        map.unless_empty("originate", originate);
        map.unless_empty("rpki", Yaml::one_or_list(self.rpki.iter().map(String::as_str)));
        Some(map)
    }

    fn originates(&mut self, protocol: &str, prefix: IpNet, host: &str) -> Result<(), &'static str> {
        if self.asn.is_none() {
            return Err("nothing says which AS originates it");
        }
        if let Some((_, hosts)) = self.originate.values_mut().find(|(net, _)| *net == prefix) {
            if self.said {
                return if hosts.contains(host) {
                    Ok(())
                } else {
                    Err("the fleet originates it from other hosts")
                };
            }
            hosts.insert(host.to_owned());
            return Ok(());
        }
        if self.said {
            return Err("the fleet's `bgp.yaml` does not originate it: add it there");
        }
        let mut taken: BTreeSet<String> = self.originate.keys().cloned().collect();
        let wanted = names::name(protocol).unwrap_or_else(|| "originate".to_owned());
        let name = names::unique(&wanted, &mut taken);
        self.originate.insert(name, (prefix, BTreeSet::from([host.to_owned()])));
        Ok(())
    }
}

/// Everything at the top of the file that is no session.
pub(super) fn statements(router: &Router<'_>, fleet: &mut Fleet, bgp: &mut Map, ledger: &mut Ledger) {
    let whole = [
        ("device", "interfaces are looked at on every router"),
        ("direct", "interfaces' routes are known on every router"),
        (
            "kernel",
            "what BGP learnt goes into the kernel on every router, defaults into a table of their own where it has an uplink; nothing else of the kernel's is changed",
        ),
        ("bfd", "it runs where a neighbour says `bfd: yes`"),
    ];
    for (stmt, id) in router.stmts.iter().zip(&router.ids) {
        let id = *id;
        match (stmt.word(0), stmt.word(1)) {
            ("router", "id") => match router.scope.value(stmt.word(2)).parse::<Ipv4Addr>() {
                Ok(ip) => {
                    bgp.set("router-id", ip.to_string());
                    ledger.carried(id, ip.to_string());
                }
                Err(_) => ledger.note(id, "a router's id is written, or derived from its addresses"),
            },
            ("log", _) => ledger.note(id, "BIRD logs to syslog"),
            ("define", _) => ledger.note(id, "its value is put in where the name is used"),
            ("include", _) => ledger.note(id, "what it names is read when it is among the files given"),
            ("filter" | "function", _) => {
                ledger.note(id, "the model makes its filters from roles; code of one's own goes into `override: {bird: …}`");
            }
            ("template", _) => ledger.note(id, "what it says is in each session that is made from it"),
            (_, "table") => ledger.note(id, "tables are made where they are needed"),
            ("protocol", "static") => routes(router, fleet, stmt, id, ledger),
            ("protocol", "rpki") => rpki(router, fleet, stmt, id, ledger),
            ("protocol", kind) => {
                if let Some((_, why)) = whole.iter().find(|(k, _)| *k == kind) {
                    ledger.note(id, *why);
                }
            }
            _ => {}
        }
    }
}

/// `route PREFIX unreachable` is what a router originates; a route by a next hop is a host's own.
fn routes(router: &Router<'_>, fleet: &mut Fleet, stmt: &Stmt, whole: Id, ledger: &mut Ledger) {
    let name = scope::name(stmt);
    let plain = if name == "static" { "originate" } else { name };
    for route in stmt.inside() {
        let id = ledger.read(&route.place, route.last, head(route));
        if !route.is(&["route"]) {
            ledger.note(id, "originated prefixes are in the tables of their family with BIRD's preference");
            continue;
        }
        let kept =
            matches!(router.scope.value(route.word(2)), "unreachable" | "blackhole" | "reject" | "prohibit");
        match router.scope.value(route.word(1)).parse::<IpNet>() {
            Ok(prefix) if kept && prefix.prefix_len() > 0 => {
                match fleet.originates(plain, prefix.trunc(), router.host) {
                    Ok(()) if fleet.said => ledger.note(id, "the fleet says so already"),
                    Ok(()) => ledger.carried(id, prefix.trunc().to_string()),
                    Err(why) => ledger.note(id, why),
                }
                if let Body::Code(_) = route.body {
                    ledger.note(id, "what is put on the route: `communities` of `originate` are sent with it");
                }
            }
            Ok(prefix) if prefix.prefix_len() == 0 => {
                ledger.note(id, "hosts inside get a default from a border by itself; its own is its uplink's gateway");
            }
            Ok(_) => ledger.note(id, "routes by a next hop are derived, and are networkd's: a network, a tunnel or an uplink says where it is"),
            Err(_) => {}
        }
    }
    ledger.note(whole, "its routes are told of one by one");
}

/// The servers that say which origins are valid.
fn rpki(router: &Router<'_>, fleet: &mut Fleet, stmt: &Stmt, whole: Id, ledger: &mut Ledger) {
    for part in stmt.inside() {
        let id = ledger.read(&part.place, part.last, head(part));
        if !part.is(&["remote"]) {
            let why = match part.word(0) {
                "roa4" | "roa6" => "both tables of ROAs are filled",
                "retry" | "refresh" | "expire" => "a server that was lost is tried again after 10 s",
                "port" => "the port is written with the server",
                "transport" => "servers are asked over plain TCP",
                _ => "the model has no word for it",
            };
            ledger.note(id, why);
            continue;
        }
        let port_of = |s: &Stmt| {
            let at = s.words.iter().position(|w| w == "port")?;
            s.words.get(at + 1).and_then(|w| router.scope.value(w).parse::<u16>().ok())
        };
        // RFC 8210: 323; a `port` of its own statement says otherwise.
        let own = stmt.inside().iter().find(|s| s.is(&["port"])).and_then(port_of);
        let port = port_of(part).or(own).unwrap_or(323);
        match address(router.scope.value(part.word(1))) {
            Some(ip) => {
                let server = SocketAddr::new(ip, port).to_string();
                if fleet.said {
                    ledger.note(id, format!("see that the fleet's `rpki` has {server}"));
                } else if fleet.asn.is_none() {
                    ledger.note(id, "nothing says which AS asks it");
                } else {
                    ledger.carried(id, server.clone());
                    fleet.rpki.insert(server);
                }
            }
            None => {
                ledger.note(id, "a server is an address and a port, or the name of a service of the fleet")
            }
        }
    }
    ledger.note(whole, "routes that RPKI says are invalid are refused from everybody outside");
}
