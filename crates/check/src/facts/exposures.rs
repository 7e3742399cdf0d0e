//! Exposures: each with its full name, who may use it and what takes its requests.

use super::{Facts, Svc};
use model::{Audience, Auth, Expose, HostId, PortChoice, Proto};
use std::collections::BTreeSet;

/// What takes the requests of an exposure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// One of these services that take requests for others (indices).
    Ingress(Vec<usize>),
    /// It would go through one, but there is none.
    NoIngress,
    /// The service itself.
    Direct,
}

/// A name or port others reach.
#[derive(Clone, Debug)]
pub struct Exposed<'a> {
    /// The service (index).
    pub service: usize,
    /// As written.
    pub expose: &'a Expose,
    /// Full name, when it has one and the domain is known.
    pub name: Option<String>,
    /// From where.
    pub audience: Audience,
    /// Sign-in as written, or as it follows from the fleet's gate; `None` where nothing says it.
    pub auth: Option<Auth>,
    /// What takes its requests.
    pub way: Way,
}

impl<'a> Exposed<'a> {
    /// It, in words.
    pub fn title(&self, facts: &Facts<'a>) -> String {
        let service = facts.services.get(self.service).map_or("", |s| s.name);
        match (&self.name, &self.expose.host, &self.expose.port) {
            (Some(name), _, _) => format!("`{name}` of service `{service}`"),
            (None, Some(host), _) => format!("`{}` of service `{service}`", host.value),
            (None, None, Some(port)) => format!("port `{}` of service `{service}`", port.value),
            (None, None, None) => format!("service `{service}`"),
        }
    }

    /// Where it is written.
    pub fn place(&self) -> &'a diag::Place {
        self.expose.host.as_ref().map_or(&self.expose.place, |h| &h.place)
    }

    /// Hosts that may take its requests from clients.
    pub fn targets(&self, facts: &Facts<'a>) -> BTreeSet<&'a HostId> {
        let of = |index: &usize| facts.services.get(*index).map(|s| s.hosts.clone()).unwrap_or_default();
        match &self.way {
            Way::Ingress(all) => all.iter().flat_map(of).collect(),
            Way::Direct => of(&self.service),
            Way::NoIngress => BTreeSet::new(),
        }
    }
}

/// The port of a service that an exposure leads to: number, and what is spoken on it.
fn port_of<'a>(svc: &Svc<'a>, expose: &Expose) -> Option<(&'a PortChoice, Option<&'a str>)> {
    let name = expose.port.as_ref().map(|p| p.as_str()).or(svc.main_port())?;
    svc.ports().get(name).map(|(port, _, spoken)| (*port, *spoken))
}

/// True when clients speak HTTP through a proxy to it: it has a name, and its port is not plain TCP or UDP.
fn is_http(svc: &Svc<'_>, expose: &Expose) -> bool {
    if expose.host.is_none() {
        return false;
    }
    match port_of(svc, expose) {
        Some((_, Some("tcp" | "udp"))) => false,
        Some((PortChoice::Fixed(port), _)) => port.proto == Proto::Tcp,
        Some((PortChoice::Dynamic, _)) | None => true,
    }
}

/// Every exposure.
pub fn exposures<'a>(facts: &Facts<'a>) -> Vec<Exposed<'a>> {
    let fleet = facts.fleet;
    let gate = fleet.auth.as_ref().is_some_and(|a| a.gate.is_some());
    let ingresses: Vec<usize> =
        (0..facts.services.len()).filter(|i| facts.services[*i].is_ingress()).collect();
    let mut all = Vec::new();
    for (index, svc) in facts.services.iter().enumerate() {
        for expose in &svc.service.expose {
            let audience = expose.to.as_ref().map_or(Audience::Internet, |to| to.value);
            let http = is_http(svc, expose);
            let auth = match &expose.auth {
                Some(auth) => Some(auth.value.clone()),
                None if audience == Audience::Internet && http && gate => Some(Auth::Sso),
                None => None,
            };
            let way = match (http, ingresses.is_empty()) {
                (false, _) => Way::Direct,
                (true, true) => Way::NoIngress,
                (true, false) if svc.is_ingress() => Way::Ingress(vec![index]),
                (true, false) => Way::Ingress(ingresses.clone()),
            };
            let name = expose.host.as_ref().and_then(|host| match &fleet.domain {
                _ if host.contains('.') => Some(host.value.clone()),
                Some(domain) => Some(format!("{}.{}", host.value, domain.value)),
                None => None,
            });
            all.push(Exposed { service: index, expose, name, audience, auth, way });
        }
    }
    all
}
