//! The packet filter: one table, replaced as a whole.

use crate::codes;
use crate::cx::Cx;
use crate::out::{HEADER, Out, Rights};
use crate::prefixes::{Families, set};
use artifact::{Text, Why};
use derive::fleet::{Dnat, Firewall, Masquerade, ReturnPath, Rule, Traffic};
use diag::Diagnostic;
use engine::nftables::{DAEMON, FILE, TABLE, UNIT, UNIT_FILE, checked, seen};
use ipnet::IpNet;
use std::net::IpAddr;

/// Errors of flows, echo, and what IPv6 needs to find neighbours and routers (RFC 4890).
const ICMP4: &str =
    "icmp type { destination-unreachable, echo-request, time-exceeded, parameter-problem } accept";
const ICMP6: &str = "icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem, \
                     echo-request } accept";
const ICMP6_LINK: &str = "icmpv6 type { mld-listener-query, nd-router-solicit, nd-router-advert, \
                          nd-neighbor-solicit, nd-neighbor-advert } accept";

pub(crate) fn render(cx: &Cx<'_>, out: &mut Out<'_>) {
    let why = cx.because("packets nothing allows are dropped");
    let mut text = Text::new();
    text.line(format!("#!/usr/sbin/nft -f\n{HEADER}"), &why);
    text.line(format!("table {TABLE}\ndelete table {TABLE}\ntable {TABLE} {{"), &why);
    let firewall = &cx.host.firewall;
    input(cx, firewall, &why, &mut text, out);
    forward(cx, firewall, &why, &mut text, out);
    untracked(firewall, &mut text);
    marks(firewall, &mut text);
    clamp(firewall, &mut text);
    dnat(firewall, &mut text, out);
    masquerade(firewall, &mut text);
    text.line("}", &why);
    out.dir("/etc/fleetwright", (0o755, "root", "root"), false, &why);
    out.file(DAEMON.engine, FILE, Rights(0o640, "root", "root"), text, &why);
    let mut unit = Text::new();
    unit.line(HEADER, &why).line(UNIT, &why);
    out.file(DAEMON.engine, UNIT_FILE, crate::out::PUBLIC, unit, &why);
    out.daemon(&DAEMON, &[FILE], &[UNIT_FILE], &why);
    out.check(checked());
    out.health(seen(&why));
}

fn chain(text: &mut Text, name: &str, kind: &str, why: &Why) {
    text.line(format!("\n\tchain {name} {{\n\t\t{kind}"), why);
}

fn end(text: &mut Text, why: &Why) {
    text.line("\t}", why);
}

fn input(cx: &Cx<'_>, firewall: &Firewall, why: &Why, text: &mut Text, out: &mut Out<'_>) {
    chain(text, "input", "type filter hook input priority filter; policy drop;", why);
    // First of all rules, also before established flows: raw text may cut what runs.
    if let Some((raw, why)) = out.raw("nftables") {
        for line in raw.trim_end().lines() {
            text.line(format!("\t\t{line}"), &why);
        }
    }
    text.line("\t\tct state { established, related } accept\n\t\tiifname \"lo\" accept", why);
    text.line(format!("\t\t{ICMP4}\n\t\t{ICMP6}\n\t\t{ICMP6_LINK}"), why);
    for interface in &cx.host.interfaces {
        if interface.dhcp4 {
            let from = format!("\t\tiifname \"{}\" udp sport 67 udp dport 68 accept", interface.name);
            text.line(from, &interface.why);
        }
        if interface.accept_ra {
            let from = format!("\t\tiifname \"{}\" udp sport 547 udp dport 546 accept", interface.name);
            text.line(from, &interface.why);
        }
    }
    for rule in &firewall.input {
        one_rule(rule, text, out);
    }
    reject(firewall, why, text);
    end(text, why);
}

fn forward(cx: &Cx<'_>, firewall: &Firewall, why: &Why, text: &mut Text, out: &mut Out<'_>) {
    chain(text, "forward", "type filter hook forward priority filter; policy drop;", why);
    if cx.host.forwarding {
        text.line("\t\tct state { established, related } accept", why);
        text.line(format!("\t\t{ICMP4}\n\t\t{ICMP6}"), why);
        for rule in &firewall.forward {
            one_rule(rule, text, out);
        }
        reject(firewall, why, text);
    }
    end(text, why);
}

/// Those inside learn at once that they may not; those outside learn nothing.
fn reject(firewall: &Firewall, why: &Why, text: &mut Text) {
    if !firewall.inside.is_empty() {
        let names = names("iifname", &firewall.inside);
        text.line(format!("\t\t{names}reject with icmpx admin-prohibited"), why);
    }
}

/// `iifname "a" ` or `iifname { "a", "b" } `; nothing for any interface.
fn names(key: &str, interfaces: &[String]) -> String {
    match interfaces {
        [] => String::new(),
        [one] => format!("{key} \"{one}\" "),
        many => {
            let quoted: Vec<String> = many.iter().map(|i| format!("\"{i}\"")).collect();
            format!("{key} {{ {} }} ", quoted.join(", "))
        }
    }
}

/// The address part of a rule, once a family; `None` when the two sides have no family in common.
fn addresses(from: &[IpNet], to: &[IpNet]) -> Option<Vec<String>> {
    let (sources, targets) = (Families::of(from), Families::of(to));
    if sources.is_empty() && targets.is_empty() {
        return Some(vec![String::new()]);
    }
    let side = |key: &str, any: bool, nets: &[String]| -> Option<String> {
        match (any, nets.is_empty()) {
            (true, _) => Some(String::new()),
            (false, true) => None,
            (false, false) => Some(format!("{key} {} ", set(nets))),
        }
    };
    let texts = |nets: &dyn Fn(&Families) -> Vec<String>| (nets(&sources), nets(&targets));
    let (s4, t4) = texts(&|f| f.v4.iter().map(ToString::to_string).collect());
    let (s6, t6) = texts(&|f| f.v6.iter().map(ToString::to_string).collect());
    let (any_from, any_to) = (from.is_empty(), to.is_empty());
    let mut out = Vec::new();
    for (word, s, t) in [("ip", s4, t4), ("ip6", s6, t6)] {
        let from = side(&format!("{word} saddr"), any_from, &s);
        let to = side(&format!("{word} daddr"), any_to, &t);
        if let (Some(from), Some(to)) = (from, to) {
            out.push(format!("{from}{to}"));
        }
    }
    (!out.is_empty()).then_some(out)
}

fn one_rule(rule: &Rule, text: &mut Text, out: &mut Out<'_>) {
    let interfaces = names("iifname", &rule.iif) + &names("oifname", &rule.oif);
    let Some(addresses) = addresses(&rule.from, &rule.to) else {
        out.say(Diagnostic::error(
            codes::NEVER_MATCHES,
            &rule.why.place,
            format!(
                "a packet filter rule ({}) has sources and targets of different families",
                rule.why.reason
            ),
        ));
        return;
    };
    let Some(what) = traffic(&rule.traffic) else {
        out.say(Diagnostic::error(
            codes::CANNOT_SAY,
            &rule.why.place,
            format!("nftables knows no IP protocol like this: {:?}", rule.traffic),
        ));
        return;
    };
    for addresses in &addresses {
        for what in &what {
            text.line(format!("\t\t{interfaces}{addresses}{what}accept"), &rule.why);
        }
    }
}

fn traffic(traffic: &Traffic) -> Option<Vec<String>> {
    Some(match traffic {
        Traffic::Any => vec![String::new()],
        Traffic::Icmp => vec!["meta l4proto { icmp, ipv6-icmp } ".to_owned()],
        Traffic::Ports(proto, ports) if ports.is_empty() => vec![format!("meta l4proto {} ", proto.word())],
        Traffic::Ports(proto, ports) => {
            let mut ports = ports.clone();
            ports.sort_unstable();
            ports.dedup();
            vec![format!("{} dport {} ", proto.word(), set(&ports))]
        }
        Traffic::Protocol(name) => vec![format!("meta l4proto {} ", protocol(name)?)],
        Traffic::Dnat => vec!["ct status dnat ".to_owned()],
    })
}

/// IP protocol numbers (IANA): /etc/protocols may be missing on a small host.
fn protocol(name: &str) -> Option<u8> {
    Some(match name {
        "icmp" => 1,
        "igmp" => 2,
        "ipip" | "ipencap" => 4,
        "tcp" => 6,
        "udp" => 17,
        "gre" => 47,
        "esp" => 50,
        "ah" => 51,
        "icmpv6" | "ipv6-icmp" => 58,
        "ospf" => 89,
        "pim" => 103,
        "vrrp" => 112,
        "l2tp" => 115,
        "sctp" => 132,
        other => other.parse().ok()?,
    })
}

/// Transit packets of these prefixes are not tracked. Packets to the host itself are: it sees both
/// directions of those.
fn untracked(firewall: &Firewall, text: &mut Text) {
    let Some((_, why)) = firewall.untracked.first() else { return };
    chain(text, "untracked", "type filter hook prerouting priority raw; policy accept;", why);
    for (net, why) in &firewall.untracked {
        let word = if matches!(net, IpNet::V4(_)) { "ip" } else { "ip6" };
        text.line(format!("\t\t{word} saddr {net} fib daddr type != local notrack"), why);
        text.line(format!("\t\t{word} daddr {net} fib daddr type != local notrack"), why);
    }
    end(text, why);
}

/// Answers of connections that came in by an interface carry its mark; a policy rule sends them back there.
fn marks(firewall: &Firewall, text: &mut Text) {
    let Some(ReturnPath { why, .. }) = firewall.returns.first() else { return };
    chain(text, "mark_in", "type filter hook prerouting priority mangle; policy accept;", why);
    for path in &firewall.returns {
        let ReturnPath { iif, mark, except, why } = path;
        let except = Families::of(except);
        for (word, nets) in [
            ("ip", except.v4.iter().map(ToString::to_string).collect::<Vec<_>>()),
            ("ip6", except.v6.iter().map(ToString::to_string).collect()),
        ] {
            let family = if word == "ip" { "ipv4" } else { "ipv6" };
            let from = if nets.is_empty() {
                format!("meta nfproto {family} ")
            } else {
                format!("{word} saddr != {} ", set(&nets))
            };
            text.line(format!("\t\tiifname \"{iif}\" ct state new {from}ct mark set {mark:#x}"), why);
        }
    }
    restore(firewall, text);
    end(text, why);
    chain(text, "mark_out", "type route hook output priority mangle; policy accept;", why);
    restore(firewall, text);
    end(text, why);
}

fn restore(firewall: &Firewall, text: &mut Text) {
    for ReturnPath { mark, why, .. } in &firewall.returns {
        text.line(format!("\t\tct direction reply ct mark {mark:#x} meta mark set {mark:#x}"), why);
    }
}

fn clamp(firewall: &Firewall, text: &mut Text) {
    let Some((_, why)) = firewall.clamp_mss.first() else { return };
    chain(text, "clamp_mss", "type filter hook forward priority mangle; policy accept;", why);
    for (oif, why) in &firewall.clamp_mss {
        text.line(format!("\t\toifname \"{oif}\" tcp flags syn tcp option maxseg size set rt mtu"), why);
    }
    end(text, why);
}

fn dnat(firewall: &Firewall, text: &mut Text, out: &mut Out<'_>) {
    let Some(Dnat { why, .. }) = firewall.dnat.first() else { return };
    chain(text, "dnat_in", "type nat hook prerouting priority dstnat; policy accept;", why);
    for rule in &firewall.dnat {
        let v4 = rule.target.is_ipv4();
        let sources = Families::of(&rule.from);
        let matching = if v4 { !sources.v4.is_empty() } else { !sources.v6.is_empty() };
        if rule.to.is_some_and(|to| to.is_ipv4() != v4) || (!rule.from.is_empty() && !matching) {
            out.say(Diagnostic::error(
                codes::NEVER_MATCHES,
                &rule.why.place,
                format!("DNAT of port {} to {} mixes address families", rule.port, rule.target),
            ));
            continue;
        }
        let (word, family) = if v4 { ("ip", "ipv4") } else { ("ip6", "ipv6") };
        let iif = rule.iif.as_ref().map_or_else(String::new, |i| format!("iifname \"{i}\" "));
        let to = match rule.to {
            Some(to) => format!("{word} daddr {to} "),
            None => format!("meta nfproto {family} "),
        };
        let from = match (rule.from.is_empty(), v4) {
            (true, _) => String::new(),
            (false, true) => format!("ip saddr {} ", set(&sources.v4)),
            (false, false) => format!("ip6 saddr {} ", set(&sources.v6)),
        };
        let target = match rule.target {
            IpAddr::V4(ip) => format!("{ip}:{}", rule.target_port),
            IpAddr::V6(ip) => format!("[{ip}]:{}", rule.target_port),
        };
        let proto = rule.proto.word();
        text.line(
            format!("\t\t{iif}{to}{from}{proto} dport {} dnat {word} to {target}", rule.port),
            &rule.why,
        );
    }
    end(text, why);
}

fn masquerade(firewall: &Firewall, text: &mut Text) {
    let Some(Masquerade { why, .. }) = firewall.masquerade.first() else { return };
    chain(text, "snat_out", "type nat hook postrouting priority srcnat; policy accept;", why);
    for Masquerade { oif, from, why } in &firewall.masquerade {
        for from in addresses(from, &[]).unwrap_or_default() {
            text.line(format!("\t\toifname \"{oif}\" {from}masquerade"), why);
        }
    }
    end(text, why);
}
