//! What `ipaddr` can be asked.

use super::{Net, address, shown};
use crate::error::{Fault, Res};
use crate::value::V;

/// Whether the value was written as an address alone or with a prefix.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Address,
    Network,
}

fn not_a_network() -> Box<Fault> {
    Fault::failed("Not a network address")
}

fn number(n: u128) -> Res<V> {
    i128::try_from(n).map(V::Int).map_err(|_| crate::ops::too_big())
}

fn text(t: String) -> Res<V> {
    Ok(V::from(t))
}

/// The value as a network: its text as far as it was changed, and its form.
fn read(value: &V, version: Option<u8>) -> Option<(Net, String, Form)> {
    let given = match value {
        V::Str(text) | V::Safe(text) => text.to_string(),
        V::Int(n) => n.to_string(),
        _ => return None,
    };
    if !given.is_empty() && given.bytes().all(|b| b.is_ascii_digit()) {
        let n: u128 = given.parse().ok()?;
        let net = match version {
            Some(6) => Net::new(6, n, 128),
            _ => Net::new(4, n, 32).or_else(|| Net::new(6, n, 128)),
        }?;
        return Some((net, net.text(), Form::Address));
    }
    if let Some(net) = Net::parse(&given) {
        let form = if given.matches('/').count() == 1 { Form::Network } else { Form::Address };
        return Some((net, given, form));
    }
    let (address, prefix) = given.split_once('/')?;
    let n: u128 = address.trim().parse().ok()?;
    let prefix: u8 = prefix.trim().parse().ok()?;
    let net = Net::new(4, n, prefix).or_else(|| Net::new(6, n, prefix))?;
    Some((net, net.text(), Form::Network))
}

const KNOWN: [&str; 51] = [
    "",
    "6to4",
    "address",
    "address/prefix",
    "bool",
    "broadcast",
    "cidr",
    "cidr_lookup",
    "first_usable",
    "gateway",
    "gw",
    "host",
    "host/prefix",
    "hostmask",
    "hostnet",
    "int",
    "ip",
    "ip/prefix",
    "ip_netmask",
    "ipv4",
    "ipv6",
    "last_usable",
    "link-local",
    "lo",
    "loopback",
    "multicast",
    "net",
    "next_usable",
    "netmask",
    "network",
    "network_id",
    "network/prefix",
    "network_netmask",
    "network_wildcard",
    "peer",
    "prefix",
    "previous_usable",
    "private",
    "public",
    "range_usable",
    "revdns",
    "router",
    "size",
    "size_usable",
    "subnet",
    "type",
    "unicast",
    "v4",
    "v6",
    "version",
    "wildcard",
];

/// `ipaddr(value, query, version)` of one value.
pub(super) fn one(value: &V, query: &str, version: Option<u8>, alias: &str) -> Res<V> {
    if let V::Undefined(u) = value {
        return Err(u.fault());
    }
    if !value.truth()? || matches!(value, V::Bool(true)) {
        return Ok(V::Bool(false));
    }
    let Some((net, given, form)) = read(value, version) else { return Ok(V::Bool(false)) };
    if version.is_some_and(|v| v != net.version) {
        return Ok(V::Bool(false));
    }
    let known = query == "wrap" || KNOWN.contains(&query);
    let digits = !query.is_empty() && query.bytes().all(|b| b.is_ascii_digit());
    if !known
        && !digits
        && let Some((inside, _, _)) = read(&V::from(query), None)
    {
        let inside = Net { address: inside.first(), ..inside };
        return Ok(if inside.holds(&net) { V::from(given) } else { V::None });
    }
    if known {
        return ask(&net, query, &given, form);
    }
    if crate::text::number::parse_float(query).is_none() {
        return Err(Fault::failed(format!("{alias}: unknown filter type: {query}")));
    }
    nth(&net, query, form)
}

/// The address at an index, with the network's prefix.
fn nth(net: &Net, query: &str, form: Form) -> Res<V> {
    let most = net.size_less_one();
    if most == 0 {
        return text(if form == Form::Address { net.ip() } else { net.text() });
    }
    let index = crate::text::number::parse_int(query, 10).ok().and_then(|n| at(net, n));
    Ok(index.map_or(V::Bool(false), |a| V::from(format!("{}/{}", net.show(a), net.prefix))))
}

/// The address at an index; those below 0 count from the end.
pub(super) fn at(net: &Net, index: i128) -> Option<u128> {
    let most = net.size_less_one();
    let steps = index.unsigned_abs();
    if index < 0 {
        (steps - 1 <= most).then(|| net.last() - (steps - 1))
    } else {
        (steps <= most).then(|| net.first() + steps)
    }
}

/// First and last address a host may have.
fn usable(net: &Net) -> (u128, u128) {
    if net.size_less_one() == 1 { (net.first(), net.last()) } else { (net.first() + 1, net.last() - 1) }
}

fn ask(net: &Net, query: &str, given: &str, form: Form) -> Res<V> {
    let more = net.size_less_one();
    let keep = |yes: bool| Ok(if yes { V::from(given) } else { V::None });
    let with_prefix = || format!("{}/{}", net.ip(), net.prefix);
    match query {
        "" => text(if form == Form::Address { net.ip() } else { net.text() }),
        "bool" => Ok(V::Bool(true)),
        "cidr" => text(net.text()),
        // These are known by name and fail there.
        "cidr_lookup" | "v4" | "v6" => Err(Fault::failed(format!("`ipaddr('{query}')` cannot be asked"))
            .with_help("ipv4, ipv6, or the network itself")),
        "netmask" => text(net.show(net.netmask())),
        "hostmask" | "wildcard" => text(net.show(net.hostmask())),
        "network" | "network_id" => text(net.show(net.first())),
        "subnet" | "network/prefix" => text(net.cidr()),
        "network_netmask" => text(format!("{} {}", net.show(net.first()), net.show(net.netmask()))),
        "network_wildcard" => text(format!("{} {}", net.show(net.first()), net.show(net.hostmask()))),
        "prefix" => Ok(V::Int(i128::from(net.prefix))),
        "version" => Ok(V::Int(i128::from(net.version))),
        "size" => more.checked_add(1).map_or_else(|| Err(crate::ops::too_big()), number),
        "size_usable" => match more {
            0 => Ok(V::Int(0)),
            1 => Ok(V::Int(2)),
            n => number(n - 1),
        },
        "type" => Ok(V::from(if more == 0 || !net.is_network() { "address" } else { "network" })),
        "broadcast" => {
            if more > 1 {
                text(net.show(net.last()))
            } else {
                Ok(V::None)
            }
        }
        "address" | "ip" => {
            let kept = more <= 1 || !net.is_network() || net.version == 6;
            Ok(if kept { V::from(net.ip()) } else { V::None })
        }
        "host" => {
            let kept = more <= 1 || !net.is_network();
            Ok(if kept { V::from(with_prefix()) } else { V::None })
        }
        "address/prefix" | "gateway" | "gw" | "host/prefix" | "hostnet" | "router" => {
            if more > 1 && (net.is_network() || net.address == net.last()) {
                return Ok(V::Bool(false));
            }
            text(with_prefix())
        }
        "ip/prefix" | "ip_netmask" => {
            if more == 0 || (more > 1 && net.is_network()) {
                return Ok(V::None);
            }
            text(if query == "ip/prefix" {
                with_prefix()
            } else {
                format!("{} {}", net.ip(), net.show(net.netmask()))
            })
        }
        "net" => Ok(if more > 0 && net.is_network() { V::from(net.cidr()) } else { V::None }),
        "int" => match form {
            Form::Address => number(net.address),
            Form::Network => text(format!("{}/{}", net.address, net.prefix)),
        },
        "ipv4" => Ok(if net.version == 4 { V::from(given) } else { to_v4(net) }),
        "ipv6" => Ok(if net.version == 6 { V::from(given) } else { to_v6(net) }),
        "link-local" => keep(net.is_link_local()),
        "lo" | "loopback" => keep(net.is_loopback()),
        "multicast" => keep(net.is_multicast()),
        "unicast" => keep(!net.is_multicast()),
        "private" => keep(!net.is_global()),
        "public" => keep(!net.is_multicast() && net.is_global() && !net.is_loopback() && !net.is_mask()),
        "revdns" => text(reverse(net)),
        "wrap" => match (net.version, form) {
            (4, _) => keep(true),
            (_, Form::Address) => text(format!("[{}]", net.ip())),
            (_, Form::Network) => text(format!("[{}]/{}", net.ip(), net.prefix)),
        },
        "6to4" => six_to_four(net, given, form),
        _ if form == Form::Address => Err(not_a_network()),
        "peer" => peer(net),
        "first_usable" => Ok(match more {
            0 => V::None,
            1 => V::from(net.show(net.first())),
            _ => V::from(net.show(net.first() + 1)),
        }),
        _ if more == 0 => Ok(V::None),
        "last_usable" => text(net.show(usable(net).1)),
        "range_usable" => {
            let (first, last) = usable(net);
            text(format!("{}-{}", net.show(first), net.show(last)))
        }
        _ => {
            let (first, last) = usable(net);
            let next =
                if query == "next_usable" { net.address.checked_add(1) } else { net.address.checked_sub(1) };
            let next = next.ok_or_else(|| Fault::failed("there is no such address"))?;
            Ok(if (first..=last).contains(&next) { V::from(net.show(next)) } else { V::None })
        }
    }
}

fn to_v4(net: &Net) -> V {
    let mapped = net.address >> 32 == 0xffff || net.address >> 32 == 0;
    if !mapped || net.prefix < 96 {
        return V::Bool(false);
    }
    V::from(format!("{}/{}", shown(4, net.address & 0xffff_ffff), net.prefix - 96))
}

fn to_v6(net: &Net) -> V {
    V::from(format!("{}/{}", shown(6, net.address | (0xffff << 32)), net.prefix + 96))
}

fn reverse(net: &Net) -> String {
    if net.version == 4 {
        let mut parts: Vec<String> = net.ip().split('.').map(str::to_owned).collect();
        parts.reverse();
        return format!("{}.in-addr.arpa.", parts.join("."));
    }
    let digits: Vec<String> = format!("{:032x}", net.address).chars().rev().map(String::from).collect();
    format!("{}.ip6.arpa.", digits.join("."))
}

fn peer(net: &Net) -> Res<V> {
    match net.size_less_one() {
        1 => text(net.show(net.address ^ 1)),
        3 => match net.address % 4 {
            0 => Err(Fault::failed("Network address of /30 has no peer")),
            3 => Err(Fault::failed("Broadcast address of /30 has no peer")),
            _ => text(net.show(net.address ^ 3)),
        },
        _ => Err(Fault::failed("Not a point-to-point network")),
    }
}

fn six_to_four(net: &Net, given: &str, form: Form) -> Res<V> {
    if net.version == 4 {
        let neither = net.is_global() && (net.is_multicast() || net.is_mask());
        if neither || (net.size_less_one() > 0 && net.is_network()) {
            return Ok(V::Bool(false));
        }
        let b = u32::try_from(net.address).unwrap_or(0).to_be_bytes();
        return text(format!("2002:{:02x}{:02x}:{:02x}{:02x}::1/48", b[0], b[1], b[2], b[3]));
    }
    let inside = net.address >> 112 == 0x2002;
    let asked = form == Form::Address || !net.is_network();
    Ok(if inside && asked { V::from(given) } else { V::Bool(false) })
}

/// An address alone, for `ipmath`.
pub(super) fn ip_of(text: &str) -> Option<(u8, u128)> {
    if text.contains('/') { Net::parse(text).map(|n| (n.version, n.address)) } else { address(text) }
}
