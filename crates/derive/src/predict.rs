//! What the alerting must say when one component is broken: the signals of every watcher simulated on the
//! derived fleet, inhibition included. Drills compare what is seen with it.

use crate::fleet::{Alert, Component, Fleet, Host, SegmentKind, Signal, Watcher};
use model::{HostId, Provides};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;

/// The alerts that are active and not inhibited at each Alertmanager that still works, by its host, when one
/// component is broken. An Alertmanager hears every watcher that can still reach it.
pub fn predict(fleet: &Fleet, broken: &Component) -> BTreeMap<HostId, BTreeSet<(&'static str, Component)>> {
    let mut heard: BTreeMap<HostId, Vec<&Alert>> = BTreeMap::new();
    let listeners: BTreeSet<(&HostId, IpAddr)> =
        fleet.watchers.iter().flat_map(|w| &w.alertmanagers).map(|(host, ip, _)| (host, *ip)).collect();
    for (host, _) in &listeners {
        if alive(fleet, host, Provides::Alerts, broken) {
            heard.entry((*host).clone()).or_default();
        }
    }
    for watcher in &fleet.watchers {
        if !alive(fleet, &watcher.host, Provides::Metrics, broken) {
            continue;
        }
        let fired: Vec<&Alert> = watcher.alerts.iter().filter(|a| fires(fleet, watcher, &a.signal, broken)).collect();
        for (host, ip, _) in &watcher.alertmanagers {
            if reaches(fleet, &watcher.host, *ip, broken)
                && let Some(all) = heard.get_mut(host)
            {
                all.extend(&fired);
            }
        }
    }
    heard
        .into_iter()
        .map(|(host, alerts)| {
            let down: BTreeSet<&Component> = alerts.iter().map(|a| &a.component).collect();
            let loud = alerts
                .iter()
                .filter(|a| !a.behind.iter().any(|b| down.contains(b)))
                .map(|a| (a.name, a.component.clone()))
                .collect();
            (host, loud)
        })
        .collect()
}

/// True when the instance of this kind on a host works while the component is broken.
fn alive(fleet: &Fleet, host: &HostId, kind: Provides, broken: &Component) -> bool {
    let Some(known) = fleet.hosts.get(host) else { return false };
    let own = known.instances.iter().find(|i| i.provides.contains(&kind));
    match broken {
        Component::Host(h) => h != host,
        Component::Service(service, h) => !(h == host && own.is_some_and(|i| i.service == *service)),
        Component::Site(site) => known.site.as_ref() != Some(site),
        Component::Uplink(_) | Component::Tunnel(..) | Component::Session(..) => true,
    }
}

fn fires(fleet: &Fleet, watcher: &Watcher, signal: &Signal, broken: &Component) -> bool {
    let probing = alive(fleet, &watcher.host, Provides::Prober, broken);
    let lost = |name: &String| {
        watcher
            .pings
            .iter()
            .find(|p| p.name == *name)
            .is_some_and(|p| !reaches(fleet, &watcher.host, p.address, broken))
    };
    match signal {
        Signal::PingsLost(names) => probing && !names.is_empty() && names.iter().all(lost),
        Signal::PingsLostWhile { lost: gone, alive } => {
            probing && !gone.is_empty() && gone.iter().all(lost) && !alive.iter().any(lost)
        }
        Signal::UnitDown { host, unit } => {
            let dead = |h: &Host| {
                h.instances.iter().any(|i| i.unit == *unit && *broken == Component::Service(i.service.clone(), h.id.clone()))
            };
            let told = watcher.scrapes.iter().any(|s| {
                s.host == *host
                    && serves(fleet, host, &s.service, Provides::HostMetrics)
                    && scraped(fleet, watcher, s.address, &s.service, host, broken)
            });
            told && fleet.hosts.get(host).is_some_and(dead)
        }
        Signal::ScrapeLost { job, host } => watcher
            .scrapes
            .iter()
            .any(|s| s.job == *job && s.host == *host && !scraped(fleet, watcher, s.address, &s.service, host, broken)),
    }
}

fn serves(fleet: &Fleet, host: &HostId, service: &model::ServiceId, kind: Provides) -> bool {
    let instances = fleet.hosts.get(host).into_iter().flat_map(|h| &h.instances);
    instances.into_iter().any(|i| i.service == *service && i.provides.contains(&kind))
}

fn scraped(
    fleet: &Fleet,
    watcher: &Watcher,
    address: IpAddr,
    service: &model::ServiceId,
    host: &HostId,
    broken: &Component,
) -> bool {
    *broken != Component::Service(service.clone(), host.clone()) && reaches(fleet, &watcher.host, address, broken)
}

/// True when packets from a host reach an address while the component is broken.
fn reaches(fleet: &Fleet, from: &HostId, address: IpAddr, broken: &Component) -> bool {
    match path(fleet, from, address) {
        Some(parts) => !parts.contains(broken) && !parts.iter().any(|p| within(fleet, p, broken)),
        None => false,
    }
}

/// A broken site takes its hosts with it.
fn within(fleet: &Fleet, part: &Component, broken: &Component) -> bool {
    match (part, broken) {
        (Component::Host(host), Component::Site(site)) => {
            fleet.hosts.get(host).is_some_and(|h| h.site.as_ref() == Some(site))
        }
        _ => false,
    }
}

/// The components that packets from a host to an address pass, the far host included; `None` when there is
/// no way.
pub(crate) fn path(fleet: &Fleet, from: &HostId, address: IpAddr) -> Option<BTreeSet<Component>> {
    let start = fleet.hosts.get(from)?;
    let owner = fleet.hosts.values().find(|h| holds(h, address));
    if owner.is_some_and(|o| o.id == *from) {
        return Some(BTreeSet::new());
    }
    let public = owner.and_then(|o| uplinks(fleet, o).into_iter().find(|(_, ips)| ips.contains(&address)));
    if let Some(owner) = owner
        && public.is_none()
        && let Some(parts) = inside(fleet, start, owner)
    {
        return Some(parts);
    }
    // By the internet: out by the own site's uplink, in by the owner's.
    let (mut parts, _) = way_out(fleet, start)?;
    if let (Some(owner), Some((segment, _))) = (owner, public) {
        parts.insert(Component::Uplink(segment));
        parts.insert(Component::Host(owner.id.clone()));
    }
    Some(parts)
}

fn holds(host: &Host, address: IpAddr) -> bool {
    let plain = host.interfaces.iter().flat_map(|i| &i.addresses);
    let wg = host.wireguard.iter().flat_map(|w| &w.addresses);
    plain.chain(wg).any(|(net, _)| net.addr() == address)
}

/// A host's own uplinks: segment and addresses.
fn uplinks(fleet: &Fleet, host: &Host) -> Vec<(String, Vec<IpAddr>)> {
    host.interfaces
        .iter()
        .filter_map(|i| i.segment.as_ref().map(|s| (s, i)))
        .filter(|(s, _)| fleet.segments.get(*s).is_some_and(|s| matches!(s.kind, SegmentKind::Uplink(_))))
        .map(|(s, i)| (s.clone(), i.addresses.iter().map(|(a, _)| a.addr()).collect()))
        .collect()
}

/// The way from a host to the internet, and the host that holds the uplink.
fn way_out<'f>(fleet: &'f Fleet, host: &'f Host) -> Option<(BTreeSet<Component>, &'f Host)> {
    if let Some((segment, _)) = uplinks(fleet, host).into_iter().next() {
        return Some((BTreeSet::from([Component::Uplink(segment)]), host));
    }
    let router = fleet.sites.get(host.site.as_ref()?)?.router.as_ref()?;
    let router = fleet.hosts.get(router)?;
    let (segment, _) = uplinks(fleet, router).into_iter().next()?;
    Some((BTreeSet::from([Component::Host(router.id.clone()), Component::Uplink(segment)]), router))
}

/// The shortest way between two hosts over LANs and tunnels; only hosts that forward stand in between.
fn inside(fleet: &Fleet, from: &Host, to: &Host) -> Option<BTreeSet<Component>> {
    let mut before: BTreeMap<&HostId, (&HostId, Option<usize>)> = BTreeMap::new();
    let mut queue = VecDeque::from([&from.id]);
    while let Some(here) = queue.pop_front() {
        if *here == to.id {
            break;
        }
        let host = fleet.hosts.get(here)?;
        if here != &from.id && !host.forwarding {
            continue;
        }
        let lan = |h: &Host| -> BTreeSet<String> {
            let on = h.interfaces.iter().filter_map(|i| i.segment.clone());
            on.filter(|s| fleet.segments.get(s).is_some_and(|s| s.kind == SegmentKind::Lan)).collect()
        };
        let mine = lan(host);
        let near = fleet.hosts.values().filter(|h| !lan(h).is_disjoint(&mine)).map(|h| (&h.id, None));
        let far = fleet.links.iter().enumerate().filter_map(|(n, link)| {
            let [(a, _), (b, _)] = &link.ends;
            if a == here {
                Some((b, Some(n)))
            } else if b == here {
                Some((a, Some(n)))
            } else {
                None
            }
        });
        for (next, link) in near.chain(far) {
            if next != &from.id && !before.contains_key(next) {
                before.insert(next, (here, link));
                queue.push_back(next);
            }
        }
    }
    let mut parts = BTreeSet::new();
    let mut here = &to.id;
    while here != &from.id {
        let (previous, link) = before.get(here)?;
        parts.insert(Component::Host(here.clone()));
        if let Some(link) = link.and_then(|n| fleet.links.get(n)) {
            let [(a, _), (b, _)] = &link.ends;
            parts.insert(Component::Tunnel(link.tunnel.clone(), a.clone(), b.clone()));
            for end in [a, b] {
                if let Some((out, holder)) = fleet.hosts.get(end).and_then(|h| way_out(fleet, h)) {
                    parts.extend(out);
                    if holder.id != from.id {
                        parts.insert(Component::Host(holder.id.clone()));
                    }
                }
            }
        }
        here = previous;
    }
    parts.remove(&Component::Host(from.id.clone()));
    Some(parts)
}
