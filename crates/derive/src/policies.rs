//! What policies allow between zones, hosts, groups and networks, and the administrator's door.

use crate::codes;
use crate::fleet::{SegmentKind, Traffic, ZoneAllow};
use crate::openings::{self, Parts, family, nets, rule};
use crate::ways;
use crate::work::Work;
use artifact::Why;
use diag::{Diagnostic, Place};
use ipnet::IpNet;
use model::{HostId, Proto, Sp};
use std::collections::BTreeSet;

/// One side of an `allow`.
#[derive(Clone, Debug, Default)]
struct Side {
    hosts: BTreeSet<HostId>,
    /// Prefixes; ignored when `any`.
    nets: Vec<IpNet>,
    any: bool,
    /// From or to the internet as well.
    internet: bool,
}

/// Opens what policies allow. SSH is open inside the fleet unless a policy speaks of it.
pub(crate) fn policies(work: &mut Work<'_>) -> Vec<ZoneAllow> {
    let model = work.model;
    let mut allows = Vec::new();
    let mut ssh = false;
    for (name, policy) in &model.policies {
        for allow in &policy.allow {
            let from = sides(work, &allow.from);
            let to = sides(work, &allow.to);
            let (Some(from), Some(to)) = (from, to) else { continue };
            let why = Why::new(&allow.place, format!("policy {name} allows it"));
            for traffic in ports(work, &allow.ports) {
                ssh |= matches!(&traffic, Traffic::Ports(Proto::Tcp, ports) if ports.contains(&22));
                open(work, &from, &to, &traffic, &why);
                let (from, to) = (from.hosts.clone(), to.hosts.clone());
                allows.push(ZoneAllow { from, to, traffic, why: why.clone() });
            }
        }
    }
    if !ssh {
        allows.push(door(work));
    }
    allows
}

/// The administrator's door: SSH from LANs and tunnels to every host. A host that nothing inside leads to
/// keeps it open, and so does, on its uplink, one that stands on no LAN: it is dialled there before there are
/// tunnels, and an apply that shut that door would undo itself. `ssh: {jump: …}` says that it is dialled from
/// inside.
fn door(work: &mut Work<'_>) -> ZoneAllow {
    let why = Why::new(&Place::builtin("ssh"), "no policy speaks of ssh: it is open inside the fleet");
    let all: BTreeSet<HostId> = work.hosts.keys().cloned().collect();
    let inside = Side { nets: ways::inside_prefixes(work), ..Side::default() };
    let traffic = Traffic::Ports(Proto::Tcp, vec![22]);
    let everywhere = Side { hosts: all.clone(), nets: inside.nets.clone(), ..Side::default() };
    open(work, &inside, &everywhere, &traffic, &why);
    for id in &all {
        let ground = &work.ground[id];
        if ground.lans.is_empty() && ground.tunnel_addresses.is_empty() {
            let why = Why::new(&Place::builtin("ssh"), "nothing inside the fleet leads here: ssh stays open");
            openings::input(work, id, rule(traffic.clone(), &why));
        } else if !on_lan(work, id) && work.hosts[id].ssh.jump.is_none() {
            let uplinks: Vec<String> = ground.uplinks.iter().map(|u| u.iface.clone()).collect();
            if !uplinks.is_empty() {
                let why =
                    Why::new(&Place::builtin("ssh"), "it stands on no LAN: ssh stays open at its uplink");
                openings::input(work, id, rule(traffic.clone(), &why).iif(uplinks));
            }
        }
    }
    let reached = all
        .iter()
        .filter(|h| !work.ground[*h].lans.is_empty() || !work.ground[*h].tunnel_addresses.is_empty());
    let reached: BTreeSet<HostId> = reached.cloned().collect();
    ZoneAllow { from: reached.clone(), to: reached, traffic, why }
}

fn on_lan(work: &Work<'_>, id: &HostId) -> bool {
    let lan = |s: &String| work.segments.get(s).is_some_and(|s| s.kind == SegmentKind::Lan);
    work.ground[id].lans.iter().any(|(s, _)| lan(s))
}

/// Input on the targets, and forward on all hosts between.
fn open(work: &mut Work<'_>, from: &Side, to: &Side, traffic: &Traffic, why: &Why) {
    for v4 in [true, false] {
        let sources = family(&from.nets, v4);
        if sources.is_empty() && !from.any && !from.internet {
            continue;
        }
        let sources = if from.any || from.internet { Vec::new() } else { sources };
        for id in &to.hosts {
            let mut open = rule(traffic.clone(), why).from(sources.iter().copied());
            if from.internet && !from.any {
                open = open.iif(crate::announced::outside_ifaces(work, id));
                if open.iif.is_empty() {
                    continue;
                }
            }
            if !v4 && sources.is_empty() {
                continue;
            }
            openings::input(work, id, open);
        }
        let targets = family(&to.nets, v4);
        if targets.is_empty() && !to.any {
            continue;
        }
        let routers: Vec<HostId> =
            work.hosts.values().filter(|h| h.forwarding).map(|h| h.id.clone()).collect();
        for id in &routers {
            let inside = ways::inside_ifaces(work, id);
            let mut iif = inside.clone();
            if from.internet || from.any {
                iif.extend(crate::announced::outside_ifaces(work, id));
            }
            if inside.is_empty() || (iif.len() < 2 && inside.len() < 2) {
                continue;
            }
            let targets = if to.any { Vec::new() } else { targets.clone() };
            let through = rule(traffic.clone(), why).iif(iif).oif(inside);
            openings::forward(work, id, through.from(sources.iter().copied()).to(targets));
        }
    }
}

fn sides(work: &mut Work<'_>, words: &[Sp<String>]) -> Option<Side> {
    let mut out = Side::default();
    let mut whole = true;
    for word in words {
        whole &= side(work, word, &mut out);
    }
    whole.then_some(out)
}

fn side(work: &mut Work<'_>, word: &Sp<String>, out: &mut Side) -> bool {
    match word.split_once('/') {
        None if word.value == "any" => {
            out.any = true;
            out.hosts.extend(work.hosts.keys().cloned());
        }
        None if word.value == "internet" => out.internet = true,
        Some(("zone" | "zones", name)) => {
            let segments: Vec<(String, Vec<IpNet>)> = work
                .segments
                .values()
                .filter(|s| s.zone.as_str() == name)
                .map(|s| (s.name.clone(), s.prefixes.clone()))
                .collect();
            out.nets.extend(segments.iter().flat_map(|(_, p)| p.iter().copied()));
            let zones = crate::firewall::zones(work);
            let hosts = zones.get(name).cloned().unwrap_or_default();
            if name == "fleet" {
                out.nets.extend(nets(
                    hosts.iter().filter_map(|h| work.hosts.get(h)).flat_map(|h| h.addresses.clone()),
                ));
            }
            out.hosts.extend(hosts);
        }
        Some(("network" | "networks" | "site" | "sites", name)) => {
            let Some(segment) = work.segments.get(name) else { return unknown(work, word) };
            out.nets.extend(segment.prefixes.iter().copied());
            let on = |g: &crate::work::Ground| g.lans.iter().any(|(s, _)| s == name);
            out.hosts.extend(work.ground.iter().filter(|(_, g)| on(g)).map(|(id, _)| id.clone()));
        }
        _ => {
            let Some(hosts) = work.host_set(word) else { return unknown(work, word) };
            for host in hosts {
                out.nets.extend(nets(ways::candidates(work, &host)));
                out.hosts.insert(host);
            }
        }
    }
    true
}

fn unknown(work: &mut Work<'_>, word: &Sp<String>) -> bool {
    work.dangling(&word.place, &word.value);
    false
}

fn ports(work: &mut Work<'_>, words: &[Sp<String>]) -> Vec<Traffic> {
    if words.is_empty() {
        return vec![Traffic::Any];
    }
    let mut out = Vec::new();
    for word in words {
        match word.as_str() {
            "any" => out.push(Traffic::Any),
            "icmp" => out.push(Traffic::Icmp),
            name => match model::NAMED_PORTS.iter().find(|(n, _)| *n == name) {
                Some((_, ports)) => out.extend(crate::entries::traffic(ports)),
                None => match port(name) {
                    Some((proto, port)) => out.push(Traffic::Ports(proto, vec![port])),
                    None => work.report.push(
                        Diagnostic::error(codes::DANGLING, &word.place, format!("`{name}` is no port")).help(
                            "write `tcp/9090`, `udp/53`, `icmp`, `any` or a well-known name such as `ssh`",
                        ),
                    ),
                },
            },
        }
    }
    out
}

fn port(text: &str) -> Option<(Proto, u16)> {
    let (proto, number) = text.split_once('/').unwrap_or(("tcp", text));
    let proto = match proto {
        "tcp" => Proto::Tcp,
        "udp" => Proto::Udp,
        _ => return None,
    };
    Some((proto, number.parse().ok().filter(|p| *p > 0)?))
}
