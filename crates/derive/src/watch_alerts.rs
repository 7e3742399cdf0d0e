//! What a watcher alerts on, and by which signs.

use crate::codes;
use crate::fleet::{Alert, Component, Scrape, SegmentKind, Signal};
use crate::watch::{NODE, View, way_out};
use artifact::Why;
use diag::Diagnostic;
use model::{HostId, Provides, ServiceId, UplinkKind};
use std::collections::{BTreeMap, BTreeSet};

/// All alerts of a watcher without their hierarchy, and what it cannot see.
pub(crate) fn alerts(view: &View<'_, '_>) -> (Vec<Alert>, Vec<Diagnostic>) {
    let mut out = Vec::new();
    sites(view, &mut out);
    uplinks(view, &mut out);
    tunnels(view, &mut out);
    hosts(view, &mut out);
    let unseen = services(view, &mut out);
    (out, unseen)
}

fn alert(name: &'static str, component: Component, signal: Signal, for_ms: u64, why: Why) -> Alert {
    Alert { name, component, signal, for_ms, behind: Vec::new(), why }
}

/// Names of the pings that tell about a host.
fn of_host(view: &View<'_, '_>, host: &HostId) -> Vec<String> {
    let names = [format!("host-{host}"), format!("public-{host}")];
    names.into_iter().filter(|n| view.pings.contains_key(n)).collect()
}

/// Other sites with several hosts: all of them away. A site of one host fails as that host.
fn sites(view: &View<'_, '_>, out: &mut Vec<Alert>) {
    let work = view.work;
    let mut members: BTreeMap<_, Vec<&HostId>> = BTreeMap::new();
    for host in work.hosts.keys() {
        if let Some(site) = work.site_of(host) {
            members.entry(site).or_default().push(host);
        }
    }
    for (site, hosts) in members {
        if work.site_of(&view.host) == Some(site) || hosts.len() < 2 {
            continue;
        }
        let lost: Vec<String> = hosts.iter().flat_map(|h| of_host(view, h)).collect();
        // A host that is seen by nothing could be well while all others are away.
        if hosts.iter().any(|h| of_host(view, h).is_empty()) {
            continue;
        }
        let Some(described) = work.model.sites.get(site) else { continue };
        let why = Why::new(&described.place, format!("all hosts at {site} are away"));
        out.push(alert(
            "SiteDown",
            Component::Site(site.clone()),
            Signal::PingsLost(lost),
            work.timers.site_down_ms,
            why,
        ));
    }
}

/// The own uplink: nothing outside answers. Public uplinks of other sites: their address does not answer
/// while the internet does. A rented host and its uplink are one.
fn uplinks(view: &View<'_, '_>, out: &mut Vec<Alert>) {
    let work = view.work;
    if view.outside.is_empty() {
        return;
    }
    let own = way_out(work, &view.host).map(|(_, s)| s);
    let mut push = |segment: &String, signal: Signal, reason: String| {
        if let Some(found) = work.segments.get(segment) {
            let why = Why::new(&found.place, reason);
            out.push(alert(
                "UplinkDown",
                Component::Uplink(segment.clone()),
                signal,
                work.timers.site_down_ms,
                why,
            ));
        }
    };
    if let Some(own) = &own {
        push(own, Signal::PingsLost(view.outside.clone()), format!("nothing outside answers by {own}"));
    }
    for site in work.model.sites.values() {
        let Some(router) = site.router.as_ref().map(|r| &r.value) else { continue };
        let name = format!("public-{router}");
        let Some((_, segment)) = way_out(work, router).filter(|(_, s)| Some(s) != own.as_ref()) else {
            continue;
        };
        let public =
            work.segments.get(&segment).is_some_and(|s| s.kind == SegmentKind::Uplink(UplinkKind::Public));
        if public && view.pings.contains_key(&name) {
            let signal = Signal::PingsLostWhile { lost: vec![name], alive: view.outside.clone() };
            push(
                &segment,
                signal,
                format!("{router}'s public address does not answer, and the internet does"),
            );
        }
    }
}

/// Links of tunnels: the far end does not answer inside, and does outside where it can be asked there.
fn tunnels(view: &View<'_, '_>, out: &mut Vec<Alert>) {
    let work = view.work;
    for link in &work.links {
        let [(a, _), (b, _)] = &link.ends;
        let found = [a, b].into_iter().find_map(|far| {
            let name = format!("tunnel-{}-{far}", link.tunnel);
            let ping = view.pings.get(&name)?;
            let component = Component::Tunnel(link.tunnel.clone(), a.clone(), b.clone());
            (ping.component == component).then_some((name, far, component))
        });
        let Some((name, far, component)) = found else { continue };
        let public = format!("public-{far}");
        let signal = if view.pings.contains_key(&public) {
            Signal::PingsLostWhile { lost: vec![name], alive: vec![public] }
        } else {
            Signal::PingsLost(vec![name])
        };
        let why = Why::new(&link.place, format!("{far} does not answer through tunnel {}", link.tunnel));
        out.push(alert("TunnelDown", component, signal, work.timers.site_down_ms, why));
    }
}

fn hosts(view: &View<'_, '_>, out: &mut Vec<Alert>) {
    for (id, host) in &view.work.hosts {
        let lost = of_host(view, id);
        if *id == view.host || lost.is_empty() {
            continue;
        }
        let why = Why::new(&host.place, format!("{id} does not answer"));
        let for_ms = view.work.timers.host_down_ms;
        out.push(alert("HostDown", Component::Host(id.clone()), Signal::PingsLost(lost), for_ms, why));
    }
}

/// Copies of services, by the state of their units as their hosts' metrics tell it.
fn services(view: &View<'_, '_>, out: &mut Vec<Alert>) -> Vec<Diagnostic> {
    let work = view.work;
    let mut unseen: BTreeSet<&HostId> = BTreeSet::new();
    let nodes: BTreeMap<&HostId, &Scrape> =
        view.scrapes.iter().filter(|s| s.job == NODE).map(|s| (&s.host, s)).collect();
    let scraped: BTreeMap<(&HostId, &ServiceId), &Scrape> =
        view.scrapes.iter().map(|s| ((&s.host, &s.service), s)).collect();
    for (id, host) in &work.hosts {
        let node = nodes.get(id);
        for instance in &host.instances {
            let own = *id == view.host && instance.service == view.service;
            if own {
                continue;
            }
            let metrics = scraped.get(&(id, &instance.service));
            let is_node = instance.provides.contains(&Provides::HostMetrics);
            let signal = match (node, metrics) {
                (Some(node), _) if is_node => Signal::ScrapeLost { job: node.job.clone(), host: id.clone() },
                (Some(_), _) => Signal::UnitDown { host: id.clone(), unit: instance.unit.clone() },
                (None, Some(scrape)) => Signal::ScrapeLost { job: scrape.job.clone(), host: id.clone() },
                (None, None) => {
                    unseen.insert(id);
                    continue;
                }
            };
            let why = Why::new(&instance.place, format!("{} on {id} is not running", instance.service));
            let component = Component::Service(instance.service.clone(), id.clone());
            out.push(alert("ServiceDown", component, signal, work.timers.service_down_ms, why));
        }
    }
    let say = |id: &&HostId| {
        let host = &work.hosts[*id];
        let message = format!(
            "{} cannot see whether services on {id} run: nothing there serves the host's metrics",
            view.service
        );
        Diagnostic::warning(codes::DEAD_ALERT, &host.place, message)
            .help("place a service of module `node-exporter` on `{each: all}`")
    };
    unseen.iter().map(say).collect()
}
