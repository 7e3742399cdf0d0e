//! Every "A talks to B": needs, mounts, scraping, alerts. Each opens exactly one port on the way.

use crate::codes;
use crate::fleet::{Edge, EdgeKind, ResolvedExport, ResolvedMount, ResolvedNeed, Traffic};
use crate::instances;
use crate::openings::{self, Parts, nets, rule};
use crate::place::Placed;
use crate::ways;
use crate::work::Work;
use artifact::Why;
use diag::Diagnostic;
use ipnet::IpNet;
use model::{HostId, Label, Need, Proto, ServiceId};
use std::net::{IpAddr, Ipv4Addr};

/// The address by which one host speaks to a service of another.
pub(crate) fn address(work: &Work<'_>, from: &HostId, to: &HostId, listen: Option<IpAddr>) -> Option<IpAddr> {
    if from == to {
        let wild = listen.is_none_or(|l| l.is_unspecified());
        return Some(if wild { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { listen? });
    }
    ways::to_host(work, from, to).into_iter().map(|(ip, _)| ip).next()
}

/// Where a service's copies are, as seen from a host: on the same host first, then at the same site.
pub(crate) fn service_targets(
    work: &Work<'_>,
    from: &HostId,
    service: &ServiceId,
    port: Option<&Label>,
) -> Vec<(HostId, IpAddr, u16)> {
    let Some(placed) = work.placed.get(service) else { return Vec::new() };
    let mut hosts: Vec<&HostId> = placed.hosts.keys().collect();
    let site = work.site_of(from);
    hosts.sort_by_key(|h| (*h != from, site.is_none() || work.site_of(h) != site));
    let mut out = Vec::new();
    for host in hosts {
        let Some(instance) = instances::find(work, host, service) else { continue };
        let label = port.or(instance.main.as_ref());
        let Some(number) = label.and_then(|l| instance.ports.get(l)).map(|p| p.number) else { continue };
        if let Some(ip) = address(work, from, host, instance.listen) {
            out.push((host.clone(), ip, number));
        }
    }
    out
}

/// An edge between two hosts: opens the port at the far end and on every host that forwards. `None` on
/// the same host, and when there is no way (which is reported).
#[allow(clippy::too_many_arguments)]
pub(crate) fn connect(
    work: &mut Work<'_>,
    kind: EdgeKind,
    from: &HostId,
    from_service: Option<&ServiceId>,
    to: &HostId,
    to_service: Option<&ServiceId>,
    (proto, port): (Proto, u16),
    why: &Why,
) -> Option<Edge> {
    if from == to {
        return None;
    }
    let found = ways::to_host(work, from, to);
    if found.is_empty() {
        no_way(work, why, from, to);
        return None;
    }
    let traffic = Traffic::Ports(proto, vec![port]);
    for (ip, way) in &found {
        let sources = nets(ways::sources(work, from, way, ip.is_ipv4()));
        let base = rule(traffic.clone(), why).from(sources.iter().copied()).to([IpNet::from(*ip)]);
        openings::input(work, to, base.clone());
        for forward in &way.forwards {
            let through = base.clone().iif([forward.iif.clone()]).oif([forward.oif.clone()]);
            openings::forward(work, &forward.host, through);
        }
    }
    Some(Edge {
        kind,
        from: from.clone(),
        from_service: from_service.cloned(),
        to: to.clone(),
        to_service: to_service.cloned(),
        addresses: found.into_iter().map(|(ip, _)| ip).collect(),
        proto,
        port,
        why: why.clone(),
    })
}

/// Reports that two hosts which must talk have no way to each other.
pub(crate) fn no_way(work: &mut Work<'_>, why: &Why, from: &HostId, to: &HostId) {
    let (a, b) = (work.hosts[from].place.clone(), work.hosts[to].place.clone());
    work.report.push(
        Diagnostic::error(
            codes::NO_WAY,
            &why.place,
            format!("{from} has no way to {to}, and {}", why.reason),
        )
        .label(&a, format!("{from} is here"))
        .label(&b, format!("{to} is here"))
        .help("join their sites by a tunnel that carries `lan`, or the hosts by one that carries `services`"),
    );
}

/// Resolves what services need and mount.
pub(crate) fn needs(work: &mut Work<'_>) -> Vec<Edge> {
    let mut edges = Vec::new();
    let placed: Vec<(ServiceId, Placed)> =
        work.placed.iter().map(|(id, p)| (id.clone(), p.clone())).collect();
    for (id, placed) in placed.iter().filter(|(_, p)| !p.left_out) {
        let module = work.model.modules.get(&placed.service.module.value);
        let mut needs: Vec<&Need> = placed.service.needs.iter().collect();
        needs.extend(module.into_iter().flat_map(|m| &m.needs));
        for need in needs {
            let Some(target) = needed(work, need) else { continue };
            for host in placed.hosts.keys() {
                one_need(work, &mut edges, id, host, need, &target);
            }
        }
        for host in placed.hosts.keys() {
            mounts(work, &mut edges, id, host, placed);
        }
    }
    exports(work);
    edges
}

/// The service a need means: by name, or the only one of a module of that name.
fn needed(work: &mut Work<'_>, need: &Need) -> Option<ServiceId> {
    if work.placed.contains_key(&need.service.value) {
        return Some(need.service.value.clone());
    }
    let name = need.service.as_str();
    let mut of_module =
        work.placed.iter().filter(|(_, p)| p.service.module.as_str() == name).map(|(id, _)| id.clone());
    match (of_module.next(), of_module.next()) {
        (Some(one), None) => Some(one),
        (Some(one), Some(other)) => {
            work.report.push(
                Diagnostic::error(
                    codes::UNCLEAR_NEED,
                    &need.service.place,
                    format!("`{name}` could be {one} or {other}; both are of that module"),
                )
                .help("name the service that is meant"),
            );
            None
        }
        (None, _) => {
            work.dangling(&need.service.place, name);
            None
        }
    }
}

fn one_need(
    work: &mut Work<'_>,
    edges: &mut Vec<Edge>,
    id: &ServiceId,
    host: &HostId,
    need: &Need,
    target: &ServiceId,
) {
    if work.placed.get(target).is_none_or(|p| p.left_out) {
        return;
    }
    let label = need.port.as_ref().map(|p| &p.value);
    let targets = service_targets(work, host, target, label);
    let why = Why::new(&need.place, format!("{id} needs {target}"));
    let far: Vec<HostId> = work.placed[target].hosts.keys().cloned().collect();
    for to in &far {
        let instance = instances::find(work, to, target);
        let port =
            instance.and_then(|i| i.ports.get(label.or(i.main.as_ref())?)).map(|p| (p.proto, p.number));
        match port {
            Some(port) => {
                edges.extend(connect(work, EdgeKind::Needs, host, Some(id), to, Some(target), port, &why))
            }
            None => {
                if let Some(label) = &need.port {
                    work.dangling(&label.place, label.as_str());
                }
            }
        }
    }
    let resolved = ResolvedNeed { service: target.clone(), targets, place: need.place.clone() };
    let instances = work.hosts.get_mut(host).into_iter().flat_map(|h| &mut h.instances);
    for instance in instances.filter(|i| i.service == *id) {
        if !instance.needs.iter().any(|n| n.service == *target && n.place == resolved.place) {
            instance.needs.push(resolved.clone());
        }
    }
}

/// `/media: media-share/media`: the folder `media` of the service `media-share`.
fn mounts(work: &mut Work<'_>, edges: &mut Vec<Edge>, id: &ServiceId, host: &HostId, placed: &Placed) {
    for (at, what) in &placed.service.mounts {
        let Some((service, export)) = what.split_once('/') else {
            work.dangling(&what.place, &what.value);
            continue;
        };
        let target = ServiceId::new(service);
        let described = work
            .placed
            .get(&target)
            .map(|p| (p.service.exports.get(export).cloned(), p.hosts.clone(), p.left_out));
        let Some((Some(export), hosts, left_out)) = described else {
            work.dangling(&what.place, &what.value);
            continue;
        };
        if left_out {
            continue;
        }
        let why = Why::new(&what.place, format!("{id} mounts {} from {target}", what.value));
        let Some(far) = hosts.keys().next() else { continue };
        let instance = instances::find(work, far, &target);
        let port = instance
            .and_then(|i| i.ports.get(i.main.as_ref()?))
            .map_or((Proto::Tcp, 2049), |p| (p.proto, p.number));
        edges.extend(connect(work, EdgeKind::Mount, host, Some(id), far, Some(&target), port, &why));
        let Some(ip) = address(work, host, far, None) else { continue };
        let mount = ResolvedMount {
            at: at.0.clone(),
            service: target,
            host: far.clone(),
            address: ip,
            path: export.path.clone(),
            read_only: export.read_only.unwrap_or(false),
            why,
        };
        let instances = work.hosts.get_mut(host).into_iter().flat_map(|h| &mut h.instances);
        for instance in instances.filter(|i| i.service == *id) {
            instance.mounts.push(mount.clone());
        }
    }
}

/// Folders others mount, with the addresses that may.
fn exports(work: &mut Work<'_>) {
    let placed: Vec<(ServiceId, Placed)> =
        work.placed.iter().map(|(id, p)| (id.clone(), p.clone())).collect();
    for (id, placed) in placed.iter().filter(|(_, p)| !p.left_out) {
        for (name, export) in &placed.service.exports {
            for host in placed.hosts.keys() {
                let mut clients: Vec<IpAddr> = Vec::new();
                for to in &export.to {
                    let users =
                        work.placed.get(&to.value).map(|p| p.hosts.keys().cloned().collect::<Vec<_>>());
                    for user in users.unwrap_or_default() {
                        for (ip, way) in ways::to_host(work, &user, host) {
                            clients.extend(ways::sources(work, &user, &way, ip.is_ipv4()));
                        }
                    }
                }
                clients.sort_unstable();
                clients.dedup();
                let made = ResolvedExport {
                    name: name.clone(),
                    path: export.path.clone(),
                    clients,
                    read_only: export.read_only.unwrap_or(false),
                    why: Why::new(&export.place, format!("{id} lets others mount {name}")),
                };
                let instances = work.hosts.get_mut(host).into_iter().flat_map(|h| &mut h.instances);
                for instance in instances.filter(|i| i.service == *id) {
                    instance.exports.push(made.clone());
                }
            }
        }
    }
}
