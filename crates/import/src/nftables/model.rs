//! Rules as what policies, routers and services say; the rest of `input` as raw text.

use super::parse::{Chain, Rule, Ruleset};
use super::rule::{Meaning, Verdict, meaning};
use super::words::{is_wan, ports, side_of, sources, word_of};
use crate::known::Known;
use crate::ledger::Ledger;
use crate::names;
use crate::yaml::{Map, Yaml};
use model::HostId;
use std::collections::{BTreeMap, BTreeSet};

/// What a host's rules become.
#[derive(Debug, Default)]
pub(super) struct Out {
    /// From and to, in the words of a policy, with the ports.
    allow: BTreeMap<(Vec<String>, String), BTreeSet<String>>,
    /// Port mappings of a router, by name.
    forward: BTreeMap<String, Map>,
    /// Lines at the head of `input`.
    raw: Vec<String>,
}

impl Out {
    /// The policy's file; `None` when nothing is allowed beyond what is derived.
    pub(super) fn policy(&self) -> Option<Map> {
        let one = |((from, to), ports): (&(Vec<String>, String), &BTreeSet<String>)| {
            let mut map = Map::new();
            map.set("from", Yaml::one_or_list(from.iter().map(String::as_str))).set("to", to.as_str());
            map.set("ports", Yaml::List(ports.iter().map(|p| p.as_str().into()).collect()));
            Yaml::Map(map)
        };
        let all: Vec<Yaml> = self.allow.iter().map(one).collect();
        let mut map = Map::new();
        map.set("allow", Yaml::List(all));
        (!self.allow.is_empty()).then_some(map)
    }

    /// What is added to the host's file.
    pub(super) fn host(&self) -> Option<Map> {
        let mut map = Map::new();
        if !self.forward.is_empty() {
            let (mut router, mut forward) = (Map::new(), Map::new());
            for (name, mapping) in &self.forward {
                forward.set(name.as_str(), mapping.clone());
            }
            router.set("forward", forward);
            map.set("router", router);
        }
        if !self.raw.is_empty() {
            let mut inner = Map::new();
            inner.set("nftables", self.raw.join("\n") + "\n");
            map.set("override", inner);
        }
        (!map.is_empty()).then_some(map)
    }
}

/// Reads all rules of a host.
pub(super) fn read(known: &Known<'_>, rules: &Ruleset, ledger: &mut Ledger) -> Out {
    let mut out = Out::default();
    for chain in &rules.chains {
        for id in &chain.head {
            let why = match (chain.hook.as_str(), chain.policy.as_str()) {
                ("input" | "forward", "drop") if chain.kind == "filter" => {
                    "so it is on every host: what nothing allows is dropped"
                }
                ("input" | "forward", _) if chain.kind == "filter" => {
                    "every host drops what nothing allows: see that all that is used is allowed"
                }
                _ => "chains are made where they are needed",
            };
            ledger.note(*id, why);
        }
        for rule in &chain.rules {
            let read = meaning(&rule.words);
            match (chain.hook.as_str(), chain.kind.as_str()) {
                ("input", "filter") => input(known, chain, rule, &read, &mut out, ledger),
                ("forward", "filter") => forward(known, rule, &read, &mut out, ledger),
                ("prerouting", "nat") => dnat(known, rule, &read, &mut out, ledger),
                ("postrouting", "nat") => {
                    ledger.note(rule.id, "sources are translated where a site's uplink is left, and nowhere else");
                }
                ("output", _) => ledger.note(rule.id, "what a host sends itself is not filtered"),
                ("", _) => ledger.note(rule.id, "a chain of one's own, which other rules jump to: rules are derived one by one, without chains"),
                _ => ledger.note(rule.id, "marks, priorities and untracked packets follow from tunnels, uplinks and announced prefixes"),
            }
        }
    }
    for (name, _, id) in &rules.sets {
        let why = if name.starts_with("set") {
            "a policy names zones, networks and hosts; a list of addresses is a network or a group"
        } else {
            "maps have no place in the model"
        };
        ledger.note(*id, why);
    }
    for (what, id) in &rules.other {
        let why = match *what {
            "define" => "its value is put in where the name is used",
            "flush" => "a whole table is replaced at once, others are left alone",
            "include" => "what it names is read when it is among the files given",
            "table" | "chain" => "its rules are told of one by one",
            _ => "the model has no word for it",
        };
        ledger.note(*id, why);
    }
    out
}

/// What every host's rules have anyhow.
fn everywhere(read: &Meaning) -> Option<&'static str> {
    let bare = read.other.is_empty() && read.from.is_empty() && read.to.is_empty();
    let plain = bare && read.iif.is_empty() && read.oif.is_empty();
    let no_ports = read.ports.is_empty() && read.protocols.is_empty();
    let known = |s: &String| matches!(s.as_str(), "established" | "related");
    match read.verdict {
        Verdict::Accept
            if plain
                && no_ports
                && !read.icmp
                && !read.states.is_empty()
                && read.states.iter().all(known) =>
        {
            Some("answers are let through on every host, first of all")
        }
        Verdict::Accept if bare && no_ports && read.iif == ["lo"] && read.oif.is_empty() => {
            Some("a host talks to itself on every host")
        }
        Verdict::Accept if plain && no_ports && read.icmp => {
            Some("ICMP is let in on every host, as far as it is needed")
        }
        Verdict::Drop if plain && no_ports && read.states.iter().all(|s| s == "invalid") => {
            Some("what nothing allows is dropped on every host; packets of no connection are among it")
        }
        Verdict::Reject if plain && no_ports => {
            Some("those inside are told at once that they may not, those outside learn nothing")
        }
        Verdict::None if plain && no_ports && read.aside => Some("rules are not counted or logged"),
        _ => None,
    }
}

fn input(known: &Known<'_>, chain: &Chain, rule: &Rule, read: &Meaning, out: &mut Out, ledger: &mut Ledger) {
    if let Some(why) = everywhere(read) {
        ledger.note(rule.id, why);
        return;
    }
    let new = read.states.iter().all(|s| s == "new");
    let said = read.other.is_empty() && read.oif.is_empty() && new && read.verdict == Verdict::Accept;
    if said {
        if is_ssh(read) {
            ledger.note(rule.id, "SSH is open from LANs and tunnels on every host, at the uplink of one on no LAN; a policy that names `ssh` says it for the whole fleet, so it is yours to write");
            return;
        }
        match (sources(known, read), ports(read)) {
            (Ok(from), Some(ports)) => {
                let to = format!("host/{}", known.own);
                for port in &ports {
                    ledger.carried(rule.id, port.as_str());
                }
                out.allow.entry((from, to)).or_default().extend(ports);
                aside(read, rule, ledger);
                return;
            }
            (Err(why), _) => ledger.note(rule.id, why),
            (Ok(_), None) => {}
        }
    }
    let words = rule.words.join(" ");
    let alone =
        !words.contains(['@', '$']) && !matches!(read.verdict, Verdict::Jump(_)) && !words.contains("vmap");
    if alone && matches!(chain.family.as_str(), "inet") {
        let line = raw(&rule.words);
        // In a block of YAML it stands as it is.
        ledger.carried(rule.id, line.clone());
        ledger.note(
            rule.id,
            "kept as raw text: it comes before all other rules of `input`, in the order of the file",
        );
        out.raw.push(line);
    } else if alone {
        ledger.note(
            rule.id,
            format!(
                "the rules of a host are in one table of both families (inet); this one is of `{}`",
                chain.family
            ),
        );
    } else {
        ledger.note(rule.id, "it needs a set, a map or a chain of its own, and raw text holds rules only");
    }
}

/// The rule as `nft` takes it: texts in quotes again.
fn raw(words: &[String]) -> String {
    let quoted = |w: &String| match w.strip_prefix('"') {
        Some(text) => format!("\"{text}\""),
        None => w.clone(),
    };
    words.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

fn aside(read: &Meaning, rule: &Rule, ledger: &mut Ledger) {
    if read.aside {
        ledger.note(rule.id, "counters, logs and remarks are left out");
    }
}

fn is_ssh(read: &Meaning) -> bool {
    read.ports.iter().any(|(kind, ports)| kind == "tcp" && ports.iter().any(|p| p == "22"))
}

fn forward(known: &Known<'_>, rule: &Rule, read: &Meaning, out: &mut Out, ledger: &mut Ledger) {
    if let Some(why) = everywhere(read) {
        ledger.note(rule.id, why);
        return;
    }
    let new = read.states.iter().all(|s| s == "new");
    if !read.other.is_empty() || read.verdict != Verdict::Accept || !new {
        let why = if read.other.iter().any(|w| w.contains("dnat")) {
            "what a port mapping leads to is let through"
        } else {
            "what passes a router follows from exposures, needs, tunnels and policies; raw text is of `input` only"
        };
        ledger.note(rule.id, why);
        return;
    }
    let leads_out =
        known.fleet.is_some_and(|f| read.oif.iter().any(|o| is_wan(f, &HostId::new(known.own), o)));
    if leads_out && read.ports.is_empty() {
        ledger.note(rule.id, "a router lets its LAN out to the internet");
        return;
    }
    let to: Result<Vec<String>, String> = if read.to.is_empty() {
        read.oif.iter().map(|name| side_of(known, name)).collect()
    } else {
        read.to.iter().map(|net| word_of(known, net)).collect()
    };
    match (sources(known, read), to, ports(read)) {
        (Ok(from), Ok(to), Some(ports)) if !to.is_empty() => {
            for to in to {
                ledger.carried(rule.id, to.clone());
                out.allow.entry((from.clone(), to)).or_default().extend(ports.iter().cloned());
            }
            aside(read, rule, ledger);
        }
        (Err(why), _, _) | (_, Err(why), _) => ledger.note(rule.id, why),
        _ => ledger.note(rule.id, "a policy has single ports, and names what it leads to"),
    }
}

/// A port of the uplink that leads to a host of the LAN.
fn dnat(known: &Known<'_>, rule: &Rule, read: &Meaning, out: &mut Out, ledger: &mut Ledger) {
    let Verdict::Dnat(Some(ip), to_port) = &read.verdict else {
        ledger.note(rule.id, "only ports that lead to a host of the LAN are mapped (`router: {forward: …}`)");
        return;
    };
    let Some(host) = known.host(&ip.to_string()).filter(|h| known.has_host(h)) else {
        ledger.note(
            rule.id,
            format!("no host of the fleet is {ip}: describe it in `hosts/`, and import again"),
        );
        return;
    };
    let ports = ports(read).filter(|p| !p.contains("any") && !p.contains("icmp"));
    let (Some(ports), true) = (ports, read.other.is_empty() && read.from.is_empty()) else {
        ledger.note(
            rule.id,
            "a mapping is of single ports, from everywhere; for chosen sources, `expose` has `from`",
        );
        return;
    };
    for port in ports {
        let wanted = names::name(&format!("{host}-{}", port.replace('/', "-")))
            .unwrap_or_else(|| "mapping".to_owned());
        let mut map = Map::new();
        map.set("port", port.as_str()).set("to", host.as_str()).maybe("to-port", *to_port);
        ledger.carried(rule.id, port.as_str());
        out.forward.insert(wanted, map);
    }
    aside(read, rule, ledger);
}
