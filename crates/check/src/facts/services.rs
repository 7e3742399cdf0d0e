//! Services with their modules, ports and places, as far as they can be known before placement.

use super::Facts;
use diag::Place;
use model::{
    HostId, Layer, Module, Placement, PlacementNeeds, PortChoice, Provides, Service, Variant, Variants,
};
use std::collections::{BTreeMap, BTreeSet};

/// A service. Those that profiles bring are services like any other by the time they are here.
#[derive(Clone, Debug)]
pub struct Svc<'a> {
    /// Its name.
    pub name: &'a str,
    /// As written.
    pub service: &'a Service,
    /// Its module, when it is described.
    pub module: Option<&'a Module>,
    /// Where it may run.
    pub hosts: BTreeSet<&'a HostId>,
    /// It runs on every one of `hosts`.
    pub certain: bool,
    /// Its layer and where that is written.
    pub layer: Option<(Layer, &'a Place)>,
    /// How it runs.
    pub variant: Option<(Variant, &'a Place)>,
}

/// Ports by name: the port, where it is written, and what is spoken on it.
pub type Ports<'a> = BTreeMap<&'a str, (&'a PortChoice, &'a Place, Option<&'a str>)>;

impl<'a> Svc<'a> {
    /// Its ports: the module's, replaced and added to by its own.
    pub fn ports(&self) -> Ports<'a> {
        let mut ports = Ports::new();
        for (name, port) in self.module.iter().flat_map(|m| &m.ports) {
            let spoken = port.protocol.as_deref();
            ports.insert(name.as_str(), (&port.port.port.value, &port.port.port.place, spoken));
        }
        for (name, port) in &self.service.ports {
            let spoken = ports.get(name.as_str()).and_then(|(_, _, spoken)| *spoken);
            ports.insert(name.as_str(), (&port.port.value, &port.port.place, spoken));
        }
        ports
    }

    /// The port meant when none is named: the module's main one, or the only one.
    pub fn main_port(&self) -> Option<&'a str> {
        if let Some(main) = self.module.and_then(|m| m.main.as_ref()) {
            return Some(main.as_str());
        }
        let ports = self.ports();
        match ports.len() {
            1 => ports.keys().next().copied(),
            _ => None,
        }
    }

    /// True when its module is this to the fleet.
    pub fn provides(&self, what: Provides) -> bool {
        self.module.is_some_and(|m| m.provides.iter().any(|p| p.value == what))
    }

    /// It takes requests for other services, on a port or over a connection it opens itself.
    pub fn is_ingress(&self) -> bool {
        self.service.ingress.is_some()
            || self.provides(Provides::Ingress)
            || self.provides(Provides::Connector)
    }

    /// It has an address of its own instead of its host's (a system container, a scheduled job). Other
    /// containers share their host's.
    pub fn is_apart(&self) -> bool {
        matches!(self.variant, Some((Variant::Incus | Variant::Nomad, _)))
    }
}

/// The variants a module has, the default first.
pub fn variants(variants: &Variants) -> Vec<Variant> {
    let has = [
        (Variant::Native, variants.native.is_some()),
        (Variant::Container, variants.container.is_some()),
        (Variant::Incus, variants.incus.is_some()),
        (Variant::Nomad, variants.nomad.is_some()),
    ];
    has.into_iter().filter(|(_, has)| *has).map(|(variant, _)| variant).collect()
}

/// Every service of the fleet.
pub fn services<'a>(facts: &Facts<'a>) -> Vec<Svc<'a>> {
    let one = |(id, service): (&'a model::ServiceId, &'a Service)| {
        let (hosts, certain) = placed(facts, service);
        let module = facts.fleet.modules.get(&service.module.value);
        let layer = service
            .layer
            .as_ref()
            .map(|layer| (layer.value, &layer.place))
            .or_else(|| module.and_then(|m| m.layer.map(|layer| (layer, &service.module.place))));
        let variant = service.variant.as_ref().map(|variant| (variant.value, &variant.place)).or_else(|| {
            let first = module.and_then(|m| variants(&m.variants).first().copied());
            first.map(|variant| (variant, &service.module.place))
        });
        Svc { name: id.as_str(), service, module, hosts, certain, layer, variant }
    };
    facts.fleet.services.iter().map(one).collect()
}

/// Where a service may run, and whether it runs on all of these hosts.
fn placed<'a>(facts: &Facts<'a>, service: &'a Service) -> (BTreeSet<&'a HostId>, bool) {
    let named = |names: &[model::Sp<String>]| names.iter().flat_map(|n| facts.hosts_named(n)).collect();
    match &service.on {
        Some(Placement::Names(names) | Placement::Each(names)) => (named(names), true),
        Some(Placement::Any(any)) => {
            let hosts: BTreeSet<&HostId> = named(std::slice::from_ref(&any.any));
            let copies = any.copies.as_ref().map_or(1, |c| c.value as usize);
            let certain = copies >= hosts.len();
            (hosts, certain)
        }
        Some(Placement::Needs(needs)) => {
            let hosts: BTreeSet<&HostId> =
                facts.fleet.hosts.iter().filter(|(_, h)| fits(facts, h, needs)).map(|(id, _)| id).collect();
            let certain = hosts.len() <= 1;
            (hosts, certain)
        }
        None => match &service.environment {
            Some(environment) => {
                let hosts = facts.inhabitants.get(environment.as_str()).cloned().unwrap_or_default();
                let certain = hosts.len() <= 1;
                (hosts, certain)
            }
            None => (BTreeSet::new(), false),
        },
    }
}

/// True when the host by itself has what is needed; `near` is left to placement.
fn fits(facts: &Facts<'_>, host: &model::Host, needs: &PlacementNeeds) -> bool {
    let capacity = host.capacity.as_ref();
    let cpu = needs.cpu.is_none_or(|n| capacity.and_then(|c| c.cpu).is_some_and(|has| has >= n));
    let memory = needs.memory.is_none_or(|n| capacity.and_then(|c| c.memory).is_some_and(|has| has >= n));
    let storage = needs
        .storage
        .iter()
        .all(|(name, n)| capacity.and_then(|c| c.volumes.get(name)).is_some_and(|has| has >= n));
    let site = needs.site.as_ref().is_none_or(|s| facts.site_of(host).is_some_and(|(id, _)| *id == s.value));
    cpu && memory && storage && site
}
