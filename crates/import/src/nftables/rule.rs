//! A rule's words as what it matches and what it does.

use ipnet::IpNet;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// What a rule matches and does, as far as the model has words for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Meaning {
    pub iif: Vec<String>,
    pub oif: Vec<String>,
    pub from: Vec<IpNet>,
    pub to: Vec<IpNet>,
    /// Protocol and ports: `tcp`, `22`; ranges as they stand.
    pub ports: Vec<(String, Vec<String>)>,
    pub states: BTreeSet<String>,
    /// ICMP of either family, of whatever type.
    pub icmp: bool,
    /// Protocols without ports.
    pub protocols: Vec<String>,
    /// It counts, logs or has a remark: that changes nothing of what passes.
    pub aside: bool,
    pub verdict: Verdict,
    /// Words that none of the above takes: limits, sets by name, negations, marks.
    pub other: Vec<String>,
}

/// What happens to a packet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Verdict {
    #[default]
    None,
    Accept,
    Drop,
    Reject,
    Jump(String),
    /// To an address and, where it is written, a port.
    Dnat(Option<IpAddr>, Option<u16>),
    /// Sources are translated.
    Snat,
}

/// Words in one way of writing them: names without quotes, sets in order, services by number, what changes nothing
/// left out.
pub(super) fn plain(words: &[String]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut words = words.iter().map(String::as_str).peekable();
    while let Some(word) = words.next() {
        match word {
            "counter" => {
                // `counter packets 1 bytes 2`, as a listing has it.
                while words
                    .next_if(|w| matches!(*w, "packets" | "bytes") || w.parse::<u64>().is_ok())
                    .is_some()
                {}
            }
            "comment" | "handle" => {
                words.next();
            }
            "==" => {}
            "type"
                if out.last().is_some_and(|w| matches!(w.as_str(), "icmpx" | "icmp" | "icmpv6"))
                    && out.iter().any(|w| w == "reject") => {}
            "meta" if words.peek().is_some_and(|w| matches!(*w, "iifname" | "oifname" | "iif" | "oif")) => {}
            "iif" => out.push("iifname".to_owned()),
            "oif" => out.push("oifname".to_owned()),
            "{" => {
                let mut members: Vec<String> = Vec::new();
                let mut open: Vec<&str> = Vec::new();
                let mut deep = 0_usize;
                for word in words.by_ref() {
                    match word {
                        "{" => deep += 1,
                        "}" if deep == 0 => break,
                        "}" => deep -= 1,
                        "," if deep == 0 => {
                            members.push(open.join(" "));
                            open.clear();
                            continue;
                        }
                        _ => {}
                    }
                    open.push(word);
                }
                members.push(open.join(" "));
                push_set(&mut out, members);
            }
            _ => {
                let word = value(word);
                // `established,related` is a set without braces.
                if words.peek() == Some(&",") {
                    let mut members = vec![word];
                    while words.next_if(|w| *w == ",").is_some() {
                        members.extend(words.next().map(value));
                    }
                    push_set(&mut out, members);
                } else {
                    out.push(word);
                }
            }
        }
    }
    out
}

fn push_set(out: &mut Vec<String>, members: Vec<String>) {
    let mut members: Vec<String> = members
        .iter()
        .map(|m| m.split(' ').map(value).collect::<Vec<_>>().join(" "))
        .filter(|m| !m.is_empty())
        .collect();
    members.sort();
    members.dedup();
    if let [one] = members.as_slice() {
        out.push(one.clone());
    } else {
        out.push(format!("{{{}}}", members.join(", ")));
    }
}

/// Names of services as numbers: `nft list ruleset` may write either.
fn value(word: &str) -> String {
    const SERVICES: [(&str, &str); 14] = [
        ("ssh", "22"),
        ("domain", "53"),
        ("http", "80"),
        ("https", "443"),
        ("ntp", "123"),
        ("bootps", "67"),
        ("bootpc", "68"),
        ("smtp", "25"),
        ("submission", "587"),
        ("imaps", "993"),
        ("mdns", "5353"),
        ("nfs", "2049"),
        ("postgresql", "5432"),
        ("bgp", "179"),
    ];
    let word = word.strip_prefix('"').unwrap_or(word);
    SERVICES.iter().find(|(name, _)| *name == word).map_or_else(|| word.to_owned(), |(_, n)| (*n).to_owned())
}

/// The members of a set, or the one value.
fn members(word: &str) -> Vec<String> {
    match word.strip_prefix('{').and_then(|w| w.strip_suffix('}')) {
        Some(inside) => inside.split(", ").map(str::to_owned).collect(),
        None => vec![word.to_owned()],
    }
}

/// Reads a rule; what it cannot say is in `other`.
pub(super) fn meaning(words: &[String]) -> Meaning {
    let aside = words.iter().any(|w| matches!(w.as_str(), "counter" | "comment" | "log"));
    let words = plain(words);
    let mut out = Meaning { aside, ..Meaning::default() };
    let mut rest = words.as_slice();
    while let Some((word, behind)) = rest.split_first() {
        let one = |n: usize| behind.get(n).map_or("", String::as_str);
        let listed = |n: usize| behind.get(n).map(|w| members(w)).unwrap_or_default();
        let (taken, fits) = match word.as_str() {
            "iifname" => (1, names(&mut out.iif, listed(0))),
            "oifname" => (1, names(&mut out.oif, listed(0))),
            "ip" | "ip6" if one(0) == "saddr" => (2, nets(&mut out.from, &listed(1))),
            "ip" | "ip6" if one(0) == "daddr" => (2, nets(&mut out.to, &listed(1))),
            "ip" if one(0) == "protocol" => (2, protocols(&mut out, listed(1))),
            "ip6" if one(0) == "nexthdr" => (2, protocols(&mut out, listed(1))),
            "meta" if one(0) == "l4proto" => (2, protocols(&mut out, listed(1))),
            "meta" if one(0) == "nfproto" => (2, true),
            "tcp" | "udp" | "th" if one(0) == "dport" => {
                let kinds =
                    if word == "th" { std::mem::take(&mut out.protocols) } else { vec![word.clone()] };
                let ports = listed(1);
                let fits = !kinds.is_empty()
                    && ports.iter().all(|p| p.chars().all(|c| c.is_ascii_digit() || c == '-'));
                out.ports.extend(kinds.into_iter().map(|k| (k, ports.clone())));
                (2, fits)
            }
            "ct" if one(0) == "state" && one(1) != "vmap" => {
                out.states.extend(listed(1));
                (2, !one(1).contains(':') && one(1) != "!=")
            }
            "icmp" | "icmpv6" if one(0) == "type" => {
                out.icmp = true;
                (2, true)
            }
            "log" => {
                // Up to the verdict: prefix, level, group and their values.
                let end = behind.iter().position(|w| {
                    matches!(w.as_str(), "accept" | "drop" | "reject" | "return" | "jump" | "goto")
                });
                (end.unwrap_or(behind.len()), true)
            }
            "accept" => (0, verdict(&mut out, Verdict::Accept)),
            "drop" => (0, verdict(&mut out, Verdict::Drop)),
            "reject" => (behind.len(), verdict(&mut out, Verdict::Reject)),
            "jump" | "goto" => (1, verdict(&mut out, Verdict::Jump(one(0).to_owned()))),
            "masquerade" => (behind.len(), verdict(&mut out, Verdict::Snat)),
            "snat" => (behind.len(), verdict(&mut out, Verdict::Snat)),
            "dnat" => {
                let target = behind
                    .iter()
                    .find(|w| !matches!(w.as_str(), "ip" | "ip6" | "to"))
                    .map_or("", String::as_str);
                let (ip, port) = target_of(target);
                (behind.len(), verdict(&mut out, Verdict::Dnat(ip, port)) && ip.is_some())
            }
            _ => (0, false),
        };
        let taken = taken.min(behind.len());
        if !fits {
            out.other.push(words_of(word, &behind[..taken]));
        }
        rest = &behind[taken..];
    }
    out
}

fn words_of(first: &str, more: &[String]) -> String {
    std::iter::once(first).chain(more.iter().map(String::as_str)).collect::<Vec<_>>().join(" ")
}

fn verdict(out: &mut Meaning, verdict: Verdict) -> bool {
    let first = out.verdict == Verdict::None;
    out.verdict = verdict;
    first
}

fn names(out: &mut Vec<String>, found: Vec<String>) -> bool {
    let fits = found.iter().all(|n| n != "!=" && !n.contains(['*', '@', ':']));
    out.extend(found);
    fits
}

fn nets(out: &mut Vec<IpNet>, found: &[String]) -> bool {
    let read = |t: &String| t.parse::<IpNet>().ok().or_else(|| t.parse::<IpAddr>().ok().map(IpNet::from));
    let all: Option<Vec<IpNet>> = found.iter().map(read).collect();
    let fits = all.is_some();
    out.extend(all.unwrap_or_default());
    fits
}

fn protocols(out: &mut Meaning, found: Vec<String>) -> bool {
    for name in found {
        match name.as_str() {
            "icmp" | "icmpv6" | "ipv6-icmp" | "1" | "58" => out.icmp = true,
            _ => out.protocols.push(name),
        }
    }
    !out.protocols.iter().any(|p| p == "!=")
}

/// `192.0.2.1:443`, `[2001:db8::1]:443`, or without a port.
fn target_of(text: &str) -> (Option<IpAddr>, Option<u16>) {
    if let Ok(socket) = text.parse::<std::net::SocketAddr>() {
        return (Some(socket.ip()), Some(socket.port()));
    }
    (text.trim_matches(['[', ']']).parse().ok(), None)
}
