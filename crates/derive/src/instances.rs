//! Copies of services on hosts: unit, ports, parameters, volumes, health.

use crate::alloc;
use crate::codes;
use crate::fleet::{Instance, InstanceHealth, InstancePort};
use crate::place::{Placed, variant};
use crate::work::Work;
use artifact::Why;
use diag::{Diagnostic, Place};
use model::{
    HostId, Label, Module, ModuleId, NodeKind, ParamType, PortChoice, Proto, Service, ServiceId, Variant,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Makes the instances of all placed services.
pub(crate) fn instances(work: &mut Work<'_>) {
    let mut definitions: BTreeMap<ModuleId, Arc<Module>> = BTreeMap::new();
    dynamic_ports(work);
    let placed: Vec<(ServiceId, Placed)> =
        work.placed.iter().map(|(id, p)| (id.clone(), p.clone())).collect();
    for (id, placed) in &placed {
        if placed.left_out {
            continue;
        }
        let module_id = &placed.service.module.value;
        let Some(module) = work.model.modules.get(module_id) else { continue };
        let definition = definitions.entry(module_id.clone()).or_insert_with(|| Arc::new(module.clone()));
        let made = instance(work, id, &placed.service, definition);
        for (host, why) in &placed.hosts {
            let mut copy = made.clone();
            copy.why = why.clone();
            if let Some(host) = work.hosts.get_mut(host) {
                host.instances.push(copy);
            } else {
                work.dangling(&why.place, host.as_str());
            }
        }
    }
    conflicts(work);
}

fn instance(work: &Work<'_>, id: &ServiceId, service: &Service, definition: &Arc<Module>) -> Instance {
    let module: &Module = definition;
    let (variant, _) = variant(service, module);
    let ports = ports(work, id, service, module);
    let main = main_port(module, &ports);
    let container = module.variants.container.as_ref().filter(|_| variant == Variant::Container);
    let mut env: BTreeMap<String, model::EnvValue> = BTreeMap::new();
    env.extend(container.into_iter().flat_map(|c| &c.env).map(|(k, v)| (k.clone(), v.clone())));
    env.extend(service.env.iter().map(|(k, v)| (k.clone(), v.clone())));
    let image =
        container.and_then(|c| service.image.as_ref().map(|i| i.value.clone()).or_else(|| c.image.clone()));
    let limits = service.limits.as_ref();
    Instance {
        service: id.clone(),
        module: service.module.value.clone(),
        definition: definition.clone(),
        provides: module.provides.iter().map(|p| p.value).collect(),
        variant,
        unit: unit(id, module, variant),
        health: health(service, module, main.as_ref(), &ports),
        ports,
        main,
        listen: service.listen.as_ref().map(|l| l.value),
        params: params(service, module),
        env,
        volumes: volumes(id, service, module, variant),
        seen: seen(service, module),
        image,
        container: service.container.clone(),
        needs: Vec::new(),
        mounts: Vec::new(),
        exports: Vec::new(),
        limits: (limits.and_then(|l| l.cpu), limits.and_then(|l| l.memory).map(|m| m.0)),
        overrides: service
            .r#override
            .iter()
            .map(|(engine, text)| (engine.to_string(), (text.value.clone(), text.place.clone())))
            .collect(),
        why: Why::new(&service.place, format!("service {id}")),
        place: service.place.clone(),
    }
}

fn unit(id: &ServiceId, module: &Module, variant: Variant) -> String {
    let native = module.variants.native.as_ref().filter(|_| variant == Variant::Native);
    match native.and_then(|n| n.unit.as_deref()) {
        Some(unit) if unit.contains('.') => unit.to_owned(),
        Some(unit) => format!("{unit}.service"),
        None => format!("{id}.service"),
    }
}

/// Ports by name with the module's defaults; dynamic ones as the lock has them.
fn ports(
    work: &Work<'_>,
    id: &ServiceId,
    service: &Service,
    module: &Module,
) -> BTreeMap<Label, InstancePort> {
    let mut out = BTreeMap::new();
    let chosen = work.lock.ports.get(id);
    let number = |name: &Label, choice: &PortChoice| match choice {
        PortChoice::Fixed(spec) => Some((spec.proto, spec.port)),
        PortChoice::Dynamic => chosen.and_then(|c| c.get(name)).map(|n| (Proto::Tcp, *n)),
    };
    for (name, port) in &module.ports {
        let choice = service.ports.get(name).map_or(&port.port.port.value, |p| &p.port.value);
        if let Some((proto, number)) = number(name, choice) {
            let protocol = port.protocol.clone().unwrap_or_else(|| guess(proto, name));
            out.insert(name.clone(), InstancePort { proto, number, protocol });
        }
    }
    for (name, port) in &service.ports {
        if module.ports.contains_key(name) {
            continue;
        }
        if let Some((proto, number)) = number(name, &port.port.value) {
            out.insert(name.clone(), InstancePort { proto, number, protocol: guess(proto, name) });
        }
    }
    out
}

/// What a port speaks when nothing says it: HTTP, but for UDP and a port called `https`.
fn guess(proto: Proto, name: &Label) -> String {
    match (proto, name.as_str()) {
        (Proto::Udp, _) => "udp",
        (Proto::Tcp, "https") => "https",
        (Proto::Tcp, _) => "http",
    }
    .to_owned()
}

fn main_port(module: &Module, ports: &BTreeMap<Label, InstancePort>) -> Option<Label> {
    if let Some(main) = &module.main {
        return Some(main.value.clone());
    }
    let named = |name: &str| ports.keys().find(|l| l.as_str() == name);
    named("web").or_else(|| named("http")).or_else(|| ports.keys().next()).cloned()
}

/// Numbers for `dynamic` ports: unique in the fleet, near the hash of service and name.
fn dynamic_ports(work: &mut Work<'_>) {
    let range: Vec<u16> = work.model.pools.iter().flat_map(|p| &p.ports).map(|p| p.value).collect();
    let (first, last) = match range.as_slice() {
        [first, .., last] => (*first, *last),
        _ => (20000, 32000),
    };
    let mut wanted: Vec<(ServiceId, Label, Place)> = Vec::new();
    let mut taken: BTreeSet<u16> = BTreeSet::new();
    for (id, placed) in &work.placed {
        let module = work.model.modules.get(&placed.service.module.value);
        let from_module = module.into_iter().flat_map(|m| &m.ports).map(|(n, p)| (n, &p.port));
        let own = placed.service.ports.iter();
        let all: BTreeMap<&Label, &model::Port> = from_module.chain(own).collect();
        for (name, port) in all {
            match &port.port.value {
                PortChoice::Dynamic => wanted.push((id.clone(), name.clone(), port.port.place.clone())),
                PortChoice::Fixed(spec) => {
                    taken.insert(spec.port);
                }
            }
        }
    }
    let old = |work: &Work<'_>, id: &ServiceId, name: &Label| {
        let port = work.old.ports.get(id).and_then(|p| p.get(name)).copied();
        port.filter(|p| (first..=last).contains(p))
    };
    let mut open = Vec::new();
    for (id, name, place) in wanted {
        match old(work, &id, &name) {
            Some(port) if taken.insert(port) => {
                work.lock.ports.entry(id).or_default().insert(name, port);
            }
            _ => open.push((id, name, place)),
        }
    }
    for (id, name, place) in open {
        match alloc::port(&format!("{id} {name}"), first, last, &taken) {
            Some(port) => {
                taken.insert(port);
                work.lock.ports.entry(id).or_default().insert(name, port);
            }
            None => work.report.push(Diagnostic::error(
                codes::EXHAUSTED,
                &place,
                format!("no port between {first} and {last} is left for {name} of {id}"),
            )),
        }
    }
}

/// Two instances of one host with the same unit, or listening on the same port of the same address.
fn conflicts(work: &mut Work<'_>) {
    let mut found = Vec::new();
    for (id, host) in &work.hosts {
        let mut units: BTreeMap<&str, &Instance> = BTreeMap::new();
        let mut ports: BTreeMap<(Proto, u16), Vec<(&Instance, &Label)>> = BTreeMap::new();
        for instance in &host.instances {
            if let Some(other) = units.insert(&instance.unit, instance) {
                found.push(clash(
                    instance,
                    other,
                    format!(
                        "{} and {} would both be {} on {id}",
                        instance.service, other.service, instance.unit
                    ),
                ));
            }
            for (name, port) in &instance.ports {
                let others = ports.entry((port.proto, port.number)).or_default();
                for (other, other_name) in others.iter() {
                    let apart = matches!((instance.listen, other.listen), (Some(a), Some(b)) if a != b);
                    if !apart {
                        let what = format!(
                            "port {name} of {} and port {other_name} of {} are both {}/{} on {id}",
                            instance.service,
                            other.service,
                            port.proto.word(),
                            port.number
                        );
                        found.push(clash(instance, other, what));
                    }
                }
                others.push((instance, name));
            }
        }
    }
    for diagnostic in found {
        work.report.push(diagnostic);
    }
}

fn clash(one: &Instance, other: &Instance, what: String) -> Diagnostic {
    Diagnostic::error(codes::PORT_TAKEN, &one.place, what)
        .label(&other.place, format!("{} is described here", other.service))
        .label(&one.why.place, format!("{} is placed here", one.service))
        .label(&other.why.place, format!("{} is placed here", other.service))
        .help("give one of them another port (`ports: {NAME: dynamic}`), another `listen` address or another host")
}

/// Parameters as text: scalars as written, lists one item a line, `any` as JSON.
fn params(service: &Service, module: &Module) -> BTreeMap<Label, String> {
    let mut out = BTreeMap::new();
    for (name, param) in &module.params {
        let value = service.config.get(name).or(param.default.as_ref());
        let Some(value) = value else { continue };
        let text = match param.r#type {
            ParamType::Any => json(&value.0.kind).to_string(),
            _ => plain(&value.0.kind),
        };
        out.insert(name.clone(), text);
    }
    out
}

fn plain(kind: &NodeKind) -> String {
    match kind {
        NodeKind::Null => String::new(),
        NodeKind::Scalar { text, .. } => text.clone(),
        NodeKind::List(items) => items.iter().map(|i| plain(&i.kind)).collect::<Vec<_>>().join("\n"),
        NodeKind::Map(_) => json(kind).to_string(),
    }
}

/// A raw tree as JSON; unquoted numbers and words of truth become such.
fn json(kind: &NodeKind) -> serde_json::Value {
    use serde_json::Value;
    match kind {
        NodeKind::Null => Value::Null,
        NodeKind::Scalar { text, quoted: false } => match text.as_str() {
            "yes" | "true" => Value::Bool(true),
            "no" | "false" => Value::Bool(false),
            text => text.parse::<u64>().map_or_else(|_| Value::from(text), Value::from),
        },
        NodeKind::Scalar { text, .. } => Value::from(text.as_str()),
        NodeKind::List(items) => Value::Array(items.iter().map(|i| json(&i.kind)).collect()),
        NodeKind::Map(entries) => {
            Value::Object(entries.iter().map(|(k, v)| (k.text.clone(), json(&v.kind))).collect())
        }
    }
}

/// Where a volume lies on the host: for native services where they look for it, for containers
/// `/srv/SERVICE/VOLUME`, unless the path they see is one of the host's own (`/srv/…`).
fn volumes(id: &ServiceId, service: &Service, module: &Module, variant: Variant) -> BTreeMap<Label, String> {
    let names: BTreeSet<&Label> = module.volumes.keys().chain(service.volumes.keys()).collect();
    let path = |name: &Label| {
        let own = service.volumes.get(name).and_then(|v| v.path.clone());
        own.or_else(|| module.volumes.get(name).and_then(|v| v.path.clone()))
    };
    let mut out = BTreeMap::new();
    for name in names {
        let seen = path(name).filter(|p| variant == Variant::Native || p.starts_with("/srv/"));
        out.insert(name.clone(), seen.unwrap_or_else(|| format!("/srv/{id}/{name}")));
    }
    out
}

/// Where a service looks for its volumes: by its own word, else by its module's.
fn seen(service: &Service, module: &Module) -> BTreeMap<Label, String> {
    let all = module.volumes.iter().chain(&service.volumes);
    all.filter_map(|(name, volume)| Some((name.clone(), volume.path.clone()?))).collect()
}

fn health(
    service: &Service,
    module: &Module,
    main: Option<&Label>,
    ports: &BTreeMap<Label, InstancePort>,
) -> Option<InstanceHealth> {
    let check = service.health.as_ref().or(module.health.as_ref())?;
    let main = main.and_then(|m| ports.get(m)).filter(|p| p.proto == Proto::Tcp);
    let main = main.or_else(|| ports.values().find(|p| p.proto == Proto::Tcp)).map(|p| p.number);
    if let Some(path) = &check.http {
        let http = ports.values().find(|p| p.protocol == "http" && Some(p.number) == main);
        let http = http.or_else(|| ports.values().find(|p| p.protocol == "http")).map(|p| p.number);
        return http.or(main).map(|port| InstanceHealth::Http(port, path.clone()));
    }
    if let Some(name) = &check.tcp {
        return ports.get(name).map(|p| InstanceHealth::Tcp(p.number));
    }
    if let Some(script) = &check.script {
        return Some(InstanceHealth::Script(script.clone()));
    }
    main.map(InstanceHealth::Tcp)
}

/// The instance of a service on a host.
pub(crate) fn find<'w>(work: &'w Work<'_>, host: &HostId, service: &ServiceId) -> Option<&'w Instance> {
    work.hosts.get(host)?.instances.iter().find(|i| i.service == *service)
}
