//! Those who measure: what each metrics service scrapes and pings, and what it alerts on.

use crate::codes;
use crate::edges::{address, connect};
use crate::fleet::{
    Alert, Component, DriftSeen, Edge, EdgeKind, Host, Instance, Ping, Scrape, Signal, Watcher,
};
use crate::hierarchy;
use crate::peers::reach;
use crate::watch_alerts::alerts;
use crate::ways::{self, Way};
use crate::work::Work;
use artifact::Why;
use diag::Diagnostic;
use model::{HostId, Proto, Provides, ServiceId};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// The job under which hosts' own metrics are scraped.
pub(crate) const NODE: &str = "node";

/// What a watcher can know, while its alerts are made.
pub(crate) struct View<'w, 'a> {
    pub work: &'w Work<'a>,
    pub host: HostId,
    pub service: ServiceId,
    pub pings: BTreeMap<String, Ping>,
    pub scrapes: Vec<Scrape>,
    /// Names of pings of addresses outside the fleet.
    pub outside: Vec<String>,
}

/// One watcher for each instance that scrapes metrics.
pub(crate) fn watchers(work: &mut Work<'_>, edges: &mut Vec<Edge>) -> Vec<Watcher> {
    let found: Vec<(HostId, ServiceId)> =
        instances(work, Provides::Metrics).into_iter().map(|(h, i)| (h, i.service)).collect();
    let mut out = Vec::new();
    for (host, service) in found {
        let scrapes = scrapes(work, edges, &host, &service);
        let alertmanagers = alertmanagers(work, edges, &host, &service);
        let prober = prober(work, &host, &service);
        let mut view = View {
            work,
            host: host.clone(),
            service: service.clone(),
            pings: BTreeMap::new(),
            scrapes,
            outside: Vec::new(),
        };
        if prober.is_some() {
            pings(&mut view);
        }
        let (mut alerts, unseen): (Vec<Alert>, Vec<Diagnostic>) = alerts(&view);
        let View { pings, scrapes, .. } = view;
        hierarchy::order(&mut alerts, &pings, &scrapes);
        let drift = drift(work, &scrapes);
        let used: BTreeSet<&String> = alerts.iter().flat_map(|a| names(&a.signal)).collect();
        let pings: Vec<Ping> = pings.values().filter(|p| used.contains(&p.name)).cloned().collect();
        for diagnostic in unseen {
            work.report.push(diagnostic);
        }
        out.push(Watcher { host, service, scrapes, pings, prober, alertmanagers, alerts, drift });
    }
    out
}

/// Hosts that look for drift by themselves and whose own metrics are scraped.
fn drift(work: &Work<'_>, scrapes: &[Scrape]) -> Vec<DriftSeen> {
    let nodes: BTreeMap<&HostId, &Scrape> =
        scrapes.iter().filter(|s| s.job == NODE).map(|s| (&s.host, s)).collect();
    let seen = |(id, host): (&HostId, &Host)| {
        let (watch, node) = (host.drift.as_ref()?, nodes.get(id)?);
        let why = Why::new(&watch.why.place, format!("{id} tells what was changed by hand on it"));
        Some(DriftSeen { host: id.clone(), every_s: watch.every_s, job: node.job.clone(), why })
    };
    work.hosts.iter().filter_map(seen).collect()
}

/// The pings a signal looks at.
fn names(signal: &Signal) -> Vec<&String> {
    match signal {
        Signal::PingsLost(lost) => lost.iter().collect(),
        Signal::PingsLostWhile { lost, alive } => lost.iter().chain(alive).collect(),
        Signal::UnitDown { .. } | Signal::ScrapeLost { .. } => Vec::new(),
    }
}

/// Instances that provide something.
fn instances(work: &Work<'_>, provides: Provides) -> Vec<(HostId, Instance)> {
    let all = work.hosts.iter().flat_map(|(id, h)| h.instances.iter().map(move |i| (id, i)));
    all.filter(|(_, i)| i.provides.contains(&provides)).map(|(id, i)| (id.clone(), i.clone())).collect()
}

/// Every instance with metrics; the way to each is opened.
fn scrapes(work: &mut Work<'_>, edges: &mut Vec<Edge>, from: &HostId, by: &ServiceId) -> Vec<Scrape> {
    let mut targets: Vec<(HostId, Instance)> = Vec::new();
    for (id, host) in &work.hosts {
        targets.extend(
            host.instances.iter().filter(|i| i.definition.metrics.is_some()).map(|i| (id.clone(), i.clone())),
        );
    }
    let mut out = Vec::new();
    for (to, instance) in targets {
        let Some(at) = &instance.definition.metrics else { continue };
        let Some(port) = instance.ports.get(&at.port).map(|p| p.number) else { continue };
        let why = Why::new(&instance.place, format!("{by} scrapes {}", instance.service));
        edges.extend(connect(
            work,
            EdgeKind::Scrape,
            from,
            Some(by),
            &to,
            Some(&instance.service),
            (Proto::Tcp, port),
            &why,
        ));
        let Some(ip) = address(work, from, &to, instance.listen) else { continue };
        let node = instance.provides.contains(&Provides::HostMetrics);
        let mut depends =
            ways::way(work, from, &to, ip).map(|w| depends(work, from, &to, &w)).unwrap_or_default();
        depends.push(Component::Service(instance.service.clone(), to.clone()));
        depends.sort();
        out.push(Scrape {
            job: if node { NODE.to_owned() } else { instance.service.to_string() },
            host: to,
            service: instance.service.clone(),
            address: ip,
            port,
            path: at.path.clone().unwrap_or_else(|| "/metrics".to_owned()),
            depends,
            why,
        });
    }
    out
}

fn alertmanagers(
    work: &mut Work<'_>,
    edges: &mut Vec<Edge>,
    from: &HostId,
    by: &ServiceId,
) -> Vec<(HostId, IpAddr, u16)> {
    let mut out = Vec::new();
    for (to, instance) in instances(work, Provides::Alerts) {
        let Some(port) = instance.main.as_ref().and_then(|m| instance.ports.get(m)).map(|p| p.number) else {
            continue;
        };
        let why = Why::new(&instance.place, format!("{by} sends alerts to {}", instance.service));
        edges.extend(connect(
            work,
            EdgeKind::Alerts,
            from,
            Some(by),
            &to,
            Some(&instance.service),
            (Proto::Tcp, port),
            &why,
        ));
        if let Some(ip) = address(work, from, &to, instance.listen) {
            out.push((to, ip, port));
        }
    }
    if out.is_empty() {
        dead(
            work,
            by,
            format!("{by} on {from} has no alertmanager to send alerts to, so nobody is told"),
            "place a service of module `alertmanager`",
        );
    }
    out
}

/// The prober on the same host.
fn prober(work: &mut Work<'_>, host: &HostId, by: &ServiceId) -> Option<(IpAddr, u16)> {
    let beside = instances(work, Provides::Prober).into_iter().find(|(h, _)| h == host);
    let found = beside.and_then(|(h, i)| {
        let port = i.ports.get(i.main.as_ref()?)?.number;
        Some((address(work, host, &h, i.listen)?, port))
    });
    if found.is_none() {
        dead(
            work,
            by,
            format!(
                "no prober runs beside {by} on {host}: hosts, sites, tunnels and uplinks that go away raise no alert"
            ),
            "place a service of module `blackbox-exporter` on the same host",
        );
    }
    found
}

fn dead(work: &mut Work<'_>, service: &ServiceId, message: String, help: &str) {
    let place = work.placed.get(service).map(|p| p.service.place.clone());
    if let Some(place) = place {
        work.report.push(Diagnostic::warning(codes::DEAD_ALERT, &place, message).help(help));
    }
}

/// What a way needs to carry packets, there and back.
pub(crate) fn depends(work: &Work<'_>, from: &HostId, to: &HostId, way: &Way) -> Vec<Component> {
    let mut out: Vec<Component> = Vec::new();
    let host = |id: &HostId, out: &mut Vec<Component>| {
        if id == from {
            return;
        }
        out.push(Component::Host(id.clone()));
        if let Some(site) = work.site_of(id)
            && work.site_of(from) != Some(site)
        {
            out.push(Component::Site(site.clone()));
        }
    };
    host(to, &mut out);
    for forward in &way.forwards {
        host(&forward.host, &mut out);
    }
    for step in &way.steps {
        let link = &work.links[step.link];
        let [(a, _), (b, _)] = &link.ends;
        out.push(Component::Tunnel(link.tunnel.clone(), a.clone(), b.clone()));
        for end in [a, b] {
            host(end, &mut out);
        }
        if !on_one_lan(work, a, b) {
            for end in [a, b] {
                out.extend(uplink(work, end, &mut |h, out| host(h, out)));
            }
        }
    }
    if way.internet {
        for end in [from, to] {
            out.extend(uplink(work, end, &mut |h, out| host(h, out)));
        }
    }
    out.sort();
    out.dedup();
    out
}

fn on_one_lan(work: &Work<'_>, a: &HostId, b: &HostId) -> bool {
    let lans = |h: &HostId| work.ground.get(h).map(|g| g.lans.clone()).unwrap_or_default();
    lans(a).iter().any(|(s, _)| lans(b).iter().any(|(o, _)| o == s))
}

/// The uplink a host's packets to the internet take, and the router that holds it.
fn uplink(
    work: &Work<'_>,
    end: &HostId,
    host: &mut dyn FnMut(&HostId, &mut Vec<Component>),
) -> Vec<Component> {
    let mut out = Vec::new();
    let Some((holder, segment)) = way_out(work, end) else { return out };
    out.push(Component::Uplink(segment));
    if holder != *end {
        host(&holder, &mut out);
    }
    out
}

/// Who holds the uplink of a host, and its segment.
pub(crate) fn way_out(work: &Work<'_>, end: &HostId) -> Option<(HostId, String)> {
    let ground = work.ground.get(end)?;
    let holder = if ground.uplinks.is_empty() { ground.gateway.clone()? } else { end.clone() };
    let segment = work.ground.get(&holder)?.uplinks.first()?.segment.clone();
    Some((holder, segment))
}

/// Pings of every other host: at its fleet address, at its public one, at its end of tunnels; and of
/// addresses outside.
fn pings(view: &mut View<'_, '_>) {
    let work = view.work;
    let from = view.host.clone();
    let others: Vec<&HostId> = work.hosts.keys().filter(|h| **h != from).collect();
    for to in others {
        let place = &work.hosts[to].place;
        let reached = ways::to_host(work, &from, to);
        if let Some((ip, way)) = reached.first() {
            let why = Why::new(place, format!("{} sees whether {to} answers", view.service));
            add(
                view,
                format!("host-{to}"),
                *ip,
                Component::Host(to.clone()),
                depends(work, &from, to, way),
                why,
            );
        }
        let inside = reached.first().is_some_and(|(_, w)| !w.internet);
        if inside && !on_one_lan(work, &from, to) {
            let public = reach(work, to).into_iter().filter(|r| r.holder == *to).map(|r| r.address);
            let usable = public.filter_map(|ip| Some((ip, ways::over_internet(work, &from, to, ip)?)));
            if let Some((ip, way)) = usable.into_iter().next() {
                let (_, segment) = way_out(work, to).unwrap_or_else(|| (to.clone(), String::new()));
                let why =
                    Why::new(place, format!("{} sees whether {to} answers from the internet", view.service));
                add(
                    view,
                    format!("public-{to}"),
                    ip,
                    Component::Uplink(segment),
                    depends(work, &from, to, &way),
                    why,
                );
            }
        }
    }
    tunnel_pings(view);
    outside_pings(view);
}

fn add(
    view: &mut View<'_, '_>,
    name: String,
    address: IpAddr,
    component: Component,
    depends: Vec<Component>,
    why: Why,
) {
    view.pings.insert(name.clone(), Ping { name, address, component, depends, why });
}

/// The far ends of links that are the last step of a way from here.
fn tunnel_pings(view: &mut View<'_, '_>) {
    let work = view.work;
    let from = view.host.clone();
    for (n, link) in work.links.iter().enumerate() {
        for side in 0..2 {
            let far = &link.ends[side].0;
            let mut addresses = link.addresses[side].clone();
            addresses.sort_by_key(|ip| ip.is_ipv6());
            let found = addresses.into_iter().find_map(|ip| {
                let way = ways::way(work, &from, far, ip)?;
                (way.steps.last().is_some_and(|s| s.link == n)).then_some((ip, way))
            });
            let Some((ip, way)) = found else { continue };
            let [(a, _), (b, _)] = &link.ends;
            let component = Component::Tunnel(link.tunnel.clone(), a.clone(), b.clone());
            let why = Why::new(
                &link.place,
                format!("{} sees whether {} carries packets to {far}", view.service, link.tunnel),
            );
            let name = format!("tunnel-{}-{far}", link.tunnel);
            add(view, name, ip, component, depends(work, &from, far, &way), why);
            break;
        }
    }
}

/// Addresses of others, to tell a fault of the own uplink from one far away: the resolvers.
fn outside_pings(view: &mut View<'_, '_>) {
    let work = view.work;
    let from = view.host.clone();
    let Some((_, segment)) = way_out(work, &from) else { return };
    let (v4, v6) = crate::peers::families(work, &from);
    let (upstream, why) = crate::hosts::upstream(work);
    let usable = upstream.into_iter().filter(|ip| if ip.is_ipv4() { v4 } else { v6 }).take(2);
    let way = Way { internet: true, ..Way::default() };
    for (n, ip) in usable.enumerate() {
        let name = format!("outside-{}", n + 1);
        let why = Why::new(&why.place, format!("{} sees whether the internet answers", view.service));
        add(
            view,
            name.clone(),
            ip,
            Component::Uplink(segment.clone()),
            depends(work, &from, &from, &way),
            why,
        );
        view.outside.push(name);
    }
}
