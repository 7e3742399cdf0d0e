//! Ports, addresses and interfaces in the words of a policy.

use super::rule::Meaning;
use crate::known::Known;
use ipnet::IpNet;
use model::{Fleet, HostId};
use std::collections::BTreeSet;

/// Ports as policies write them; `None` where they cannot.
pub(super) fn ports(read: &Meaning) -> Option<BTreeSet<String>> {
    let mut out = BTreeSet::new();
    for (kind, ports) in &read.ports {
        for port in ports {
            let (first, last) = port.split_once('-').unwrap_or((port, port));
            let (first, last): (u16, u16) = (first.parse().ok()?, last.parse().ok()?);
            // A policy has a line for each; a long range is better said otherwise.
            if last < first || last - first > 15 || !matches!(kind.as_str(), "tcp" | "udp") {
                return None;
            }
            out.extend((first..=last).map(|p| format!("{kind}/{p}")));
        }
    }
    if read.icmp {
        out.insert("icmp".to_owned());
    }
    if out.is_empty() && read.protocols.is_empty() {
        out.insert("any".to_owned());
    }
    (!out.is_empty() && read.protocols.is_empty()).then_some(out)
}

/// Where packets come from, in the words of a policy: by address before interface.
pub(super) fn sources(known: &Known<'_>, read: &Meaning) -> Result<Vec<String>, String> {
    if !read.from.is_empty() {
        return read.from.iter().map(|net| word_of(known, net)).collect();
    }
    if !read.iif.is_empty() {
        return read.iif.iter().map(|name| side_of(known, name)).collect();
    }
    Ok(vec!["any".to_owned()])
}

/// A prefix as the fleet calls it.
pub(super) fn word_of(known: &Known<'_>, net: &IpNet) -> Result<String, String> {
    if net.prefix_len() == net.max_prefix_len() {
        let host = known.host(&net.addr().to_string()).filter(|h| known.has_host(h));
        return host
            .map(|h| format!("host/{h}"))
            .ok_or_else(|| format!("no host of the fleet is {}: describe it", net.addr()));
    }
    let Some(fleet) = known.fleet else {
        return Err(format!("nothing says what {net} is: describe its site or network"));
    };
    let is = |v4: Option<ipnet::Ipv4Net>, v6: Option<ipnet::Ipv6Net>| {
        v4.map(IpNet::V4) == Some(net.trunc()) || v6.map(IpNet::V6) == Some(net.trunc())
    };
    let lan = fleet.sites.iter().find(|(_, s)| {
        s.lan.as_ref().is_some_and(|l| is(l.ipv4.as_ref().map(|n| n.value), l.ipv6.as_ref().map(|n| n.value)))
    });
    let network = fleet
        .networks
        .iter()
        .find(|(_, n)| is(n.ipv4.as_ref().map(|n| n.value), n.ipv6.as_ref().map(|n| n.value)));
    match (lan, network) {
        (Some((site, _)), _) => Ok(format!("site/{site}")),
        (None, Some((network, _))) => Ok(format!("network/{network}")),
        (None, None) => Err(format!("no site or network of the fleet is {net}: describe it in `networks/`")),
    }
}

/// What an interface of the host leads to.
pub(super) fn side_of(known: &Known<'_>, name: &str) -> Result<String, String> {
    let unknown = || {
        format!("nothing says where interface `{name}` leads: it is none of the fleet's for {}", known.own)
    };
    let (Some(fleet), id) = (known.fleet, HostId::new(known.own)) else { return Err(unknown()) };
    let host = fleet.hosts.get(&id).ok_or_else(unknown)?;
    if let Some((_, interface)) = host.interfaces.iter().find(|(label, _)| label.as_str() == name) {
        return interface.network.as_ref().map(|n| format!("network/{}", n.value)).ok_or_else(unknown);
    }
    if is_wan(fleet, &id, name) {
        return Ok("internet".to_owned());
    }
    let site = host.site.as_ref().and_then(|s| fleet.sites.get_key_value(&s.value));
    let lan = site.and_then(|(id, s)| Some((id, s.lan.as_ref()?)));
    let own = host.router.as_ref().and_then(|r| r.lan.as_deref());
    match lan {
        Some((site, lan))
            if own.or(lan.device.as_ref().map(|d| d.value.as_str())).unwrap_or("lan") == name =>
        {
            Ok(format!("site/{site}"))
        }
        _ => Err(unknown()),
    }
}

/// Whether an interface is the host's way out.
pub(super) fn is_wan(fleet: &Fleet, id: &HostId, name: &str) -> bool {
    let Some(host) = fleet.hosts.get(id) else { return false };
    let site = host.site.as_ref().and_then(|s| fleet.sites.get(&s.value));
    let routes = site.is_some_and(|s| s.router.as_ref().is_some_and(|r| r.value == *id));
    let uplinks = host
        .uplink
        .iter()
        .chain(site.iter().filter(|_| routes).filter_map(|s| s.uplink.as_ref()).flat_map(|u| u.0.values()));
    let mut devices = uplinks.map(|u| u.device.as_ref().map_or("wan", |d| d.value.as_str()));
    let own = host.router.as_ref().and_then(|r| r.wan.as_deref());
    own == Some(name) || devices.any(|d| d == name)
}
