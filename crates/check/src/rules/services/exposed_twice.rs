//! One name for two exposures, or for an exposure and a host.

use crate::codes;
use crate::facts::{Exposed, Facts, Way};
use crate::rule::Findings;
use diag::{Diagnostic, Place};
use std::collections::BTreeMap;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let mut first: BTreeMap<(&str, Option<&str>), &Exposed<'_>> = BTreeMap::new();
    for exposed in &facts.exposures {
        let Some(name) = &exposed.name else { continue };
        // Requests by HTTP share two ports; anything else has a port of its own below the name.
        let port = match exposed.way {
            Way::Direct => exposed.expose.port.as_ref().map(|p| p.as_str()),
            Way::Ingress(_) | Way::NoIngress => None,
        };
        match first.get(&(name.as_str(), port)) {
            Some(other) => out.push(
                Diagnostic::error(
                    codes::EXPOSED_TWICE,
                    exposed.place(),
                    format!("`{name}` leads to {} already", service(facts, other)),
                )
                .label(other.place(), "first used here"),
            ),
            None => {
                first.insert((name, port), exposed);
            }
        }
    }
    let hosts = host_names(facts);
    for exposed in &facts.exposures {
        if let Some(name) = &exposed.name
            && let Some(place) = hosts.get(name)
        {
            let message = format!("`{name}` is the name of a host already");
            out.push(
                Diagnostic::error(codes::EXPOSED_TWICE, exposed.place(), message).label(place, "the host"),
            );
        }
    }
}

fn service(facts: &Facts<'_>, exposed: &Exposed<'_>) -> String {
    facts.services.get(exposed.service).map_or_else(String::new, |s| format!("service `{}`", s.name))
}

/// `HOST.SITE.DOMAIN`, or `HOST.DOMAIN` for hosts at no site.
fn host_names<'a>(facts: &Facts<'a>) -> BTreeMap<String, &'a Place> {
    let Some(domain) = &facts.fleet.domain else { return BTreeMap::new() };
    let hosts = facts.fleet.hosts.iter();
    hosts
        .map(|(id, host)| match &host.site {
            Some(site) => (format!("{id}.{}.{}", site.value, domain.value), &host.place),
            None => (format!("{id}.{}", domain.value), &host.place),
        })
        .collect()
}
