//! Translation of incoming packets, bound by hand to no interface or to a wrong one.

use crate::codes;
use crate::facts::{Facts, Kind};
use crate::rule::Findings;
use diag::Diagnostic;
use model::Audience;
use std::collections::BTreeSet;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let edges = facts.edges();
    for exposed in facts.exposures.iter().filter(|e| e.audience == Audience::Internet) {
        let Some(device) = exposed.expose.r#override.as_ref().and_then(|o| o.dnat_interface.as_ref()) else {
            continue;
        };
        let entries = facts.entries_of(exposed, &edges);
        let hosts: Vec<&str> = entries.iter().map(|e| e.host.as_str()).collect();
        let mut devices: BTreeSet<&str> = BTreeSet::new();
        for entry in &entries {
            let host = facts.fleet.hosts.get(entry.host);
            let own = host.and_then(|h| h.uplink.as_ref());
            let shared = host.and_then(|h| facts.site_of(h)).and_then(|(_, s)| s.uplink.as_ref());
            for uplink in own.into_iter().chain(shared.iter().flat_map(|u| u.0.values())) {
                devices.insert(uplink.device.as_ref().map_or("wan", |d| d.as_str()));
            }
        }
        let why = if device.value == "any" {
            "bound to no interface, it catches what the LAN sends to these ports too".to_owned()
        } else if devices.is_empty() || devices.contains(device.as_str()) {
            continue;
        } else {
            let list: Vec<&str> = devices.into_iter().collect();
            format!("`{}` is not the interface of an uplink ({})", device.value, list.join(", "))
        };
        let service = facts.services.get(exposed.service).map_or("", |s| s.name);
        out.about(
            Kind::Service,
            service,
            Diagnostic::error(
                codes::DNAT_INTERFACE,
                &device.place,
                format!("{} breaks at the DNAT on {}: {why}", exposed.title(facts), hosts.join(", ")),
            )
            .label(exposed.place(), "the exposure")
            .help("leave the override out: the DNAT is bound to the uplink"),
        );
    }
}
