//! Names: of hosts, of services, of exposures; inside the fleet and in the public zone.

use crate::fleet::{Exposure, HopKind, Name};
use crate::work::Work;
use artifact::Why;
use diag::Place;
use model::{Audience, NodeKind};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Names inside the fleet: `HOST.SITE.DOMAIN` with its reverse, names of exposures at their inside
/// addresses, `SERVICE.svc.DOMAIN` for what others need.
pub(crate) fn inside(work: &Work<'_>, exposures: &[Exposure]) -> Vec<Name> {
    let mut out: BTreeMap<String, Name> = BTreeMap::new();
    for host in work.hosts.values() {
        let why = Why::new(&host.place, format!("name of {}", host.id));
        add(&mut out, &host.fqdn, &host.addresses, true, &why);
    }
    for exposure in exposures {
        if let Some(name) = &exposure.name {
            let why = Why::new(&exposure.place, format!("{} from inside", exposure.why.reason));
            add(&mut out, name, &exposure.inside, false, &why);
        }
    }
    for host in work.hosts.values() {
        for need in host.instances.iter().flat_map(|i| &i.needs) {
            let name = format!("{}.svc.{}", need.service, work.domain);
            let why = Why::new(&need.place, format!("others need {}", need.service));
            let hosts = work.placed.get(&need.service).into_iter().flat_map(|p| p.hosts.keys());
            let addresses: Vec<IpAddr> =
                hosts.filter_map(|h| work.hosts.get(h)).flat_map(|h| h.addresses.clone()).collect();
            add(&mut out, &name, &addresses, false, &why);
        }
    }
    out.into_values().filter(|n| !n.addresses.is_empty()).collect()
}

/// Records of the public zone: exposures at the public addresses of their entries (or what is written by
/// hand), and what `dns.records` adds.
pub(crate) fn public(work: &mut Work<'_>, exposures: &[Exposure]) -> Vec<Name> {
    let mut out: BTreeMap<String, Name> = BTreeMap::new();
    for exposure in exposures.iter().filter(|e| e.audience == Audience::Internet) {
        let Some(name) = &exposure.name else { continue };
        for hop in exposure.entries.iter().flat_map(|e| &e.hops) {
            if let HopKind::Dns(addresses) = &hop.what {
                add(&mut out, name, addresses, false, &exposure.why);
            }
        }
    }
    let model = work.model;
    for (name, record) in model.dns.iter().flat_map(|d| &d.records) {
        let mut values: Vec<(&str, &Place)> = Vec::new();
        match &record.0.kind {
            NodeKind::Scalar { text, .. } => values.push((text, &record.0.place)),
            NodeKind::List(items) => {
                values.extend(items.iter().filter_map(|i| i.text().map(|t| (t, &i.place))))
            }
            NodeKind::Null | NodeKind::Map(_) => {}
        }
        let addresses: Vec<IpAddr> = values.iter().filter_map(|(t, _)| t.parse().ok()).collect();
        if addresses.len() != values.len() || values.is_empty() {
            work.not_yet(&record.0.place, format_args!("public record {name} that is no address"));
            continue;
        }
        let full = crate::exposures::full_name(work, name);
        add(&mut out, &full, &addresses, false, &Why::new(&record.0.place, "record written by hand"));
    }
    out.into_values().collect()
}

fn add(out: &mut BTreeMap<String, Name>, name: &str, addresses: &[IpAddr], reverse: bool, why: &Why) {
    let entry = out.entry(name.to_owned()).or_insert_with(|| Name {
        name: name.to_owned(),
        addresses: Vec::new(),
        reverse,
        why: why.clone(),
    });
    for ip in addresses {
        if !entry.addresses.contains(ip) {
            entry.addresses.push(*ip);
        }
    }
}
