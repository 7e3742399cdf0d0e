//! Which hosts every service runs on, and why.

use crate::alloc;
use crate::codes;
use crate::work::Work;
use artifact::Why;
use diag::{Diagnostic, Place};
use model::{AnyOf, HostId, Label, Placement, PlacementNeeds, Service, ServiceId, Variant};
use std::collections::{BTreeMap, BTreeSet};

/// A service with its hosts.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub service: Service,
    pub hosts: BTreeMap<HostId, Why>,
    /// Something about it is not supported yet: no instances, and nothing that hangs on it is an error.
    pub left_out: bool,
}

/// What is left of a host's capacity.
#[derive(Clone, Debug, Default)]
struct Room {
    cpu: Option<u64>,
    memory: Option<u64>,
    storage: BTreeMap<Label, u64>,
}

/// Places all services: those that say where, then those that leave it open.
pub(crate) fn place(work: &mut Work<'_>) {
    let mut room = rooms(work);
    let mut open: Vec<(ServiceId, Service)> = Vec::new();
    let model = work.model;
    for (id, service) in &model.services {
        let fixed = match &service.on {
            Some(Placement::Names(names) | Placement::Each(names)) => Some(named(work, id, names)),
            None => Some(single(work, id, service)),
            Some(Placement::Any(_) | Placement::Needs(_)) => None,
        };
        match fixed {
            Some(hosts) => {
                use_room(&mut room, service, hosts.keys());
                let mut placed = Placed { service: service.clone(), hosts, left_out: false };
                left_out(work, id, &mut placed);
                work.placed.insert(id.clone(), placed);
            }
            None => open.push((id.clone(), service.clone())),
        }
    }
    // What stays where it was takes its room first, so that a new service never drives an old one away.
    let (kept, new): (Vec<_>, Vec<_>) =
        open.into_iter().partition(|(id, _)| work.old.placement.contains_key(id));
    for (id, service) in chain_near(kept).into_iter().chain(chain_near(new)) {
        let hosts = match &service.on {
            Some(Placement::Any(any)) => any_of(work, &id, any),
            Some(Placement::Needs(needs)) => by_needs(work, &id, needs, &room, &service),
            _ => BTreeMap::new(),
        };
        use_room(&mut room, &service, hosts.keys());
        if !hosts.is_empty() {
            work.lock.placement.insert(id.clone(), hosts.keys().cloned().collect());
        }
        let mut placed = Placed { service, hosts, left_out: false };
        left_out(work, &id, &mut placed);
        work.placed.insert(id, placed);
    }
}

/// Services near others come after them.
fn chain_near(mut services: Vec<(ServiceId, Service)>) -> Vec<(ServiceId, Service)> {
    let near = |s: &Service| match &s.on {
        Some(Placement::Needs(needs)) => needs.near.as_ref().map(|n| n.value.clone()),
        _ => None,
    };
    let mut out: Vec<(ServiceId, Service)> = Vec::new();
    while !services.is_empty() {
        let waiting: BTreeSet<ServiceId> = services.iter().map(|(id, _)| id.clone()).collect();
        let ready = services.iter().position(|(_, s)| near(s).is_none_or(|n| !waiting.contains(&n)));
        // A circle of `near` is broken at its first.
        out.push(services.remove(ready.unwrap_or(0)));
    }
    out
}

/// Says once what about a service's way of running nothing renders yet.
fn left_out(work: &mut Work<'_>, id: &ServiceId, placed: &mut Placed) {
    let service = placed.service.clone();
    let Some(module) = work.model.modules.get(&service.module.value) else {
        work.dangling(&service.module.place, service.module.as_str());
        placed.left_out = true;
        return;
    };
    let (variant, place) = variant(&service, module);
    if matches!(variant, Variant::Incus | Variant::Nomad) {
        work.not_yet(&place, format_args!("service {id} as {}", variant.word()));
        placed.left_out = true;
    }
    if let Some(environment) = service.environment.as_ref()
        && work.model.environments.get(&environment.value).is_some_and(|e| e.engine.is_some())
    {
        work.not_yet(&environment.place, format_args!("service {id} in environment {}", environment.value));
        placed.left_out = true;
    }
}

/// How a service runs, and where that is said.
pub(crate) fn variant(service: &Service, module: &model::Module) -> (Variant, Place) {
    if let Some(written) = &service.variant {
        return (written.value, written.place.clone());
    }
    let variants = &module.variants;
    let first = if variants.native.is_some() {
        Variant::Native
    } else if variants.container.is_some() {
        Variant::Container
    } else if variants.incus.is_some() {
        Variant::Incus
    } else {
        Variant::Nomad
    };
    (first, service.place.clone())
}

fn named(work: &mut Work<'_>, id: &ServiceId, names: &[model::Sp<String>]) -> BTreeMap<HostId, Why> {
    let mut out = BTreeMap::new();
    for name in names {
        match work.host_set(name) {
            Some(hosts) => {
                for host in hosts {
                    let reason = if host.as_str() == name.value {
                        format!("{id} is placed on {host}")
                    } else {
                        format!("{id} is placed on every host of {}, {host} among them", name.value)
                    };
                    out.entry(host).or_insert_with(|| Why::new(&name.place, reason));
                }
            }
            None => work.dangling(&name.place, &name.value),
        }
    }
    if out.is_empty() && !names.is_empty() && !work.report.has_errors() {
        no_place(work, id, &names[0].place, "the groups it names have no hosts".to_owned());
    }
    out
}

/// A service that does not say where: the fleet's only host.
fn single(work: &mut Work<'_>, id: &ServiceId, service: &Service) -> BTreeMap<HostId, Why> {
    let mut hosts = work.model.hosts.keys();
    if let (Some(host), None) = (hosts.next(), hosts.next()) {
        return BTreeMap::from([(
            host.clone(),
            Why::new(&service.place, format!("{host} is the only host")),
        )]);
    }
    no_place(
        work,
        id,
        &service.place,
        "it does not say where it runs, and the fleet has several hosts".to_owned(),
    );
    BTreeMap::new()
}

fn no_place(work: &mut Work<'_>, id: &ServiceId, place: &Place, why: String) {
    work.report.push(
        Diagnostic::error(codes::NO_PLACE, place, format!("service {id} has no host: {why}"))
            .help("write `on`: a host, a group, `{any: GROUP}` or `{needs: {…}}`"),
    );
}

/// Some hosts of a group: those in the lock that still fit, then by rendezvous hashing (the hosts where
/// the hash of service and host is highest), so that a host that joins takes over only what falls to it.
fn any_of(work: &mut Work<'_>, id: &ServiceId, any: &AnyOf) -> BTreeMap<HostId, Why> {
    let Some(candidates) = work.host_set(&any.any) else {
        work.dangling(&any.any.place, &any.any.value);
        return BTreeMap::new();
    };
    let copies = any.copies.as_ref().map_or(1, |c| c.value) as usize;
    let by_site = any.spread.as_ref().is_some_and(|s| s.value == "site");
    let mut order: Vec<HostId> = work
        .old
        .placement
        .get(id)
        .into_iter()
        .flatten()
        .filter(|h| candidates.contains(*h))
        .cloned()
        .collect();
    let mut rest: Vec<HostId> = candidates.iter().filter(|h| !order.contains(h)).cloned().collect();
    rest.sort_by_key(|h| std::cmp::Reverse(alloc::hash(&format!("{id} {h}"))));
    order.extend(rest);
    let mut sites = BTreeSet::new();
    let mut chosen: BTreeMap<HostId, Why> = BTreeMap::new();
    for host in order {
        if chosen.len() == copies {
            break;
        }
        let site = work.site_of(&host).map_or_else(|| host.to_string(), ToString::to_string);
        if by_site && !sites.insert(site) {
            continue;
        }
        let reason = format!("{host} was chosen among {} of {}", candidates.len(), any.any.value);
        chosen.insert(host, Why::new(&any.any.place, reason));
    }
    if chosen.len() < copies {
        let what = if by_site { "sites with a host" } else { "hosts" };
        let message = format!("{} has {} {what}, {copies} copies are wanted", any.any.value, chosen.len());
        no_place(work, id, &any.any.place, message);
    }
    chosen
}

/// The host that has what the service needs; the one in the lock if it still has, else the one with the
/// most cores left.
fn by_needs(
    work: &mut Work<'_>,
    id: &ServiceId,
    needs: &PlacementNeeds,
    room: &BTreeMap<HostId, Room>,
    service: &Service,
) -> BTreeMap<HostId, Why> {
    let near: Option<BTreeSet<String>> = needs.near.as_ref().map(|near| {
        let hosts = work.placed.get(&near.value).map(|p| p.hosts.keys().cloned().collect::<Vec<_>>());
        let hosts = hosts.unwrap_or_default();
        hosts.iter().filter_map(|h| work.site_of(h)).map(ToString::to_string).collect()
    });
    let mut fitting: Vec<(HostId, String)> = Vec::new();
    let mut refused: Vec<String> = Vec::new();
    for host in work.model.hosts.keys() {
        let left = room.get(host).cloned().unwrap_or_default();
        match fit(work, host, needs, &left, near.as_ref()) {
            Ok(reason) => fitting.push((host.clone(), reason)),
            Err(lack) => refused.push(format!("{host} {lack}")),
        }
    }
    let kept = work.old.placement.get(id).into_iter().flatten();
    let kept = kept.filter_map(|h| fitting.iter().find(|(f, _)| f == h)).next();
    let left = |h: &HostId| room.get(h).and_then(|r| r.cpu).unwrap_or(0);
    let best =
        kept.or_else(|| fitting.iter().max_by(|(a, _), (b, _)| left(a).cmp(&left(b)).then_with(|| b.cmp(a))));
    match best {
        Some((host, reason)) => {
            let why = Why::new(&needs.place, format!("{host} {reason}"));
            BTreeMap::from([(host.clone(), why)])
        }
        None => {
            no_place(work, id, &service.place, format!("no host has what it needs: {}", refused.join("; ")));
            BTreeMap::new()
        }
    }
}

/// Why a host fits, or what it lacks.
fn fit(
    work: &Work<'_>,
    host: &HostId,
    needs: &PlacementNeeds,
    left: &Room,
    near: Option<&BTreeSet<String>>,
) -> Result<String, String> {
    let mut has = Vec::new();
    if let Some(cpu) = needs.cpu {
        match left.cpu {
            Some(free) if free >= u64::from(cpu) => has.push(format!("{free} cores of the {cpu} needed")),
            Some(free) => return Err(format!("has {free} cores left")),
            None => return Err("does not say its cores".to_owned()),
        }
    }
    if let Some(memory) = needs.memory {
        match left.memory {
            Some(free) if free >= memory.0 => has.push(format!("{} MiB of memory", free >> 20)),
            Some(free) => return Err(format!("has {} MiB of memory left", free >> 20)),
            None => return Err("does not say its memory".to_owned()),
        }
    }
    for (name, size) in &needs.storage {
        match left.storage.get(name) {
            Some(free) if *free >= size.0 => has.push(format!("room on {name}")),
            Some(free) => return Err(format!("has {} GB left on {name}", free / 1_000_000_000)),
            None => return Err(format!("has no storage {name}")),
        }
    }
    let site = work.site_of(host).map(ToString::to_string);
    if let Some(wanted) = &needs.site {
        if site.as_deref() != Some(wanted.as_str()) {
            return Err(format!("is not at {}", wanted.value));
        }
        has.push(format!("its place at {}", wanted.value));
    }
    if let (Some(sites), Some(service)) = (near, &needs.near) {
        if !site.as_ref().is_some_and(|s| sites.contains(s)) {
            return Err(format!("is not at the site of {}", service.value));
        }
        has.push(format!("its place beside {}", service.value));
    }
    Ok(if has.is_empty() {
        "has what is needed: nothing".to_owned()
    } else {
        format!("has {}", has.join(", "))
    })
}

fn rooms(work: &Work<'_>) -> BTreeMap<HostId, Room> {
    let room = |host: &model::Host| {
        host.capacity.as_ref().map_or_else(Room::default, |c| Room {
            cpu: c.cpu.map(u64::from),
            memory: c.memory.map(|m| m.0),
            storage: c.volumes.iter().map(|(name, size)| (name.clone(), size.0)).collect(),
        })
    };
    work.model.hosts.iter().map(|(id, host)| (id.clone(), room(host))).collect()
}

/// Takes a service's limits and volumes from its hosts. Needs are what must be there, not what is used
/// up; only `limits` and volumes with a size are.
fn use_room<'h>(
    room: &mut BTreeMap<HostId, Room>,
    service: &Service,
    hosts: impl Iterator<Item = &'h HostId>,
) {
    for host in hosts {
        let Some(room) = room.get_mut(host) else { continue };
        if let Some(limits) = &service.limits {
            room.cpu = room.cpu.map(|c| c.saturating_sub(u64::from(limits.cpu.unwrap_or(0))));
            room.memory = room.memory.map(|m| m.saturating_sub(limits.memory.map_or(0, |b| b.0)));
        }
        for volume in service.volumes.values() {
            if let (Some(storage), Some(size)) = (&volume.storage, volume.size)
                && let Some(left) = room.storage.get_mut(storage)
            {
                *left = left.saturating_sub(size.0);
            }
        }
    }
}
