//! What a configuration means: sessions by the neighbour's address, routes by prefix, everything else by protocol.

use super::parse::{Body, Stmt, parse};
use super::scope::{Scope, name};
use crate::{ImportFile, Normal};
use diag::Report;
use std::net::IpAddr;

/// Words that are values, not parts of an option's name.
const VALUES: [&str; 19] = [
    "all",
    "none",
    "filter",
    "where",
    "on",
    "off",
    "yes",
    "no",
    "self",
    "disable",
    "restart",
    "block",
    "warn",
    "customer",
    "provider",
    "peer",
    "rs_client",
    "rs_server",
    "syslog",
];

pub(super) fn normal(files: &[ImportFile]) -> Normal {
    let all: Vec<Stmt> = files.iter().flat_map(|f| parse(&f.path, &f.text, &mut Report::new())).collect();
    let scope = Scope::of(&all);
    let mut out = Normal::new();
    for stmt in &all {
        match (stmt.word(0), stmt.word(1)) {
            // They are where they are used.
            ("define" | "template" | "filter" | "include" | "", _) => {}
            ("function", name) => {
                let mut words = scope.values(stmt.words.iter().skip(2).map(String::as_str));
                words.extend(code(&scope, stmt));
                out.insert(format!("function {name}"), shown(&words));
            }
            ("protocol", kind) => protocol(&scope, stmt, kind, &mut out),
            _ => option(&scope, stmt, "", &mut out),
        }
    }
    out
}

fn protocol(scope: &Scope<'_>, stmt: &Stmt, kind: &str, out: &mut Normal) {
    let options = scope.options(stmt);
    let part = |first: &str| options.iter().find(|s| s.is(&[first]));
    let remote = part("neighbor").or(part("remote")).and_then(|s| {
        s.words.iter().skip(1).map(|w| scope.value(w)).find(|w| w.trim_matches('"').parse::<IpAddr>().is_ok())
    });
    let about = match kind {
        "bgp" | "rpki" => match remote.and_then(|w| w.trim_matches('"').parse::<IpAddr>().ok()) {
            Some(ip) => format!("{kind} {ip}"),
            None => format!("{kind} {}", name(stmt)),
        },
        // One of its kind, whatever its name.
        "device" | "direct" | "bfd" | "static" => kind.to_owned(),
        "kernel" => {
            let family = if part("ipv6").is_some() { "ipv6" } else { "ipv4" };
            let table = part("kernel").map_or("main", |s| scope.value(s.word(2)));
            format!("kernel {family} {table}")
        }
        _ => format!("{kind} {}", name(stmt)),
    };
    out.insert(about.clone(), "yes".to_owned());
    for stmt in &options {
        // What a protocol is called and described as changes nothing.
        if stmt.is(&["local"]) && !stmt.is(&["local", "role"]) {
            local(scope, stmt, &about, out);
        } else if !stmt.is(&["description"]) {
            option(scope, stmt, &format!("{about} / "), out);
        }
    }
    if kind == "bgp" {
        for (key, value) in BGP {
            out.entry(format!("{about} / {key}")).or_insert_with(|| value.to_owned());
        }
        if part("multihop").is_none() {
            out.entry(format!("{about} / direct")).or_insert_with(|| "yes".to_owned());
        }
    }
}

/// What BIRD does where a session says nothing (BIRD 2.0, user's guide, 6.3.3).
const BGP: [(&str, &str); 4] = [
    ("connect delay time", "5"),
    ("connect retry time", "120"),
    ("error wait time", "60 , 300"),
    ("hold time", "240"),
];

/// `local 192.0.2.1 as 64500` is `local as 64500` and an address.
fn local(scope: &Scope<'_>, stmt: &Stmt, about: &str, out: &mut Normal) {
    let words = scope.values(stmt.words.iter().skip(1).map(String::as_str));
    let asn = words.iter().position(|w| w == "as").and_then(|at| words.get(at + 1));
    if let Some(asn) = asn {
        out.insert(format!("{about} / local as"), asn.clone());
    }
    if let Some(ip) = words.iter().find_map(|w| w.parse::<IpAddr>().ok()) {
        out.insert(format!("{about} / local address"), ip.to_string());
    }
}

/// An option by its name; a later one of the same name takes its place.
fn option(scope: &Scope<'_>, stmt: &Stmt, before: &str, out: &mut Normal) {
    let words = scope.values(stmt.words.iter().map(String::as_str));
    if words.first().is_some_and(|w| w == "password") {
        out.insert(format!("{before}password"), "one".to_owned());
        return;
    }
    if words.first().is_some_and(|w| w == "route") {
        let rest = shown(words.get(2..).unwrap_or_default());
        let with = shown(&code(scope, stmt));
        out.insert(
            format!("{before}route {}", words.get(1).map_or("", String::as_str)),
            format!("{rest} {with}").trim().to_owned(),
        );
        return;
    }
    let is_name =
        |w: &&String| w.chars().all(|c| c.is_ascii_alphabetic() || c == '_') && !VALUES.contains(&w.as_str());
    let split = words.iter().take_while(is_name).count();
    // A channel is its family, also without a block.
    let (key, value) = words.split_at(split.max(1).min(words.len()));
    let key = format!("{before}{}", key.join(" "));
    match &stmt.body {
        Body::Stmts(inside) => {
            out.insert(key.clone(), join(value, "yes"));
            for stmt in inside {
                option(scope, stmt, &format!("{key} / "), out);
            }
        }
        Body::None | Body::Code(_) => {
            let run = scope.code(stmt).map(|words| shown(&words));
            let value = match run {
                Some(code) if words.iter().any(|w| w == "where") => code,
                Some(code) => format!("filter {code}"),
                None => join(value, "yes"),
            };
            let value = match value.as_str() {
                "on" => "yes".to_owned(),
                "off" => "no".to_owned(),
                _ => value,
            };
            out.insert(key, value);
        }
    }
}

fn join(words: &[String], nothing: &str) -> String {
    if words.is_empty() { nothing.to_owned() } else { shown(words) }
}

/// Words as a text; the members of a set `[ a, b ]` have no order.
fn shown(words: &[String]) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut set: Option<Vec<Vec<&str>>> = None;
    // `10.0.0.0/8{16,24}` is one member.
    let mut lengths = false;
    for word in words {
        lengths = (lengths || word == "{") && word != "}";
        match (word.as_str(), &mut set) {
            ("[", None) => set = Some(vec![Vec::new()]),
            ("]", Some(members)) => {
                let mut members: Vec<String> = members.iter().map(|m| m.join(" ")).collect();
                members.sort();
                out.push(format!("[ {} ]", members.join(", ")));
                set = None;
            }
            (",", Some(members)) if !lengths => members.push(Vec::new()),
            (word, Some(members)) => members.last_mut().into_iter().for_each(|m| m.push(word)),
            (word, None) => out.push(word.to_owned()),
        }
    }
    if let Some(open) = set {
        out.push(format!("[ {}", open.concat().join(" ")));
    }
    out.join(" ")
}

fn code(scope: &Scope<'_>, stmt: &Stmt) -> Vec<String> {
    match &stmt.body {
        Body::Code(words) => scope.values(words.iter().map(String::as_str)),
        Body::None | Body::Stmts(_) => Vec::new(),
    }
}
