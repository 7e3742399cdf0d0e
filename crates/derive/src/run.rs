//! The order in which things are derived.

use crate::fleet::{Acme, Fleet, Site, Timers};
use crate::lock::Lock;
use crate::work::Work;
use crate::{
    bgp, codes, edges, exposures, firewall, hosts, instances, ipam, names, peers, place, segments, tunnels,
    unsupported, watch,
};
use diag::{Diagnostic, Place, Report};
use model::{HostId, SiteId};
use std::collections::BTreeMap;

/// What may be set from outside.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Timers instead of the fleet's own (a twin shortens them).
    pub timers: Option<Timers>,
}

/// What derivation gives.
#[derive(Clone, Debug)]
pub struct Derived {
    /// The fleet with every choice made; `None` when the report has errors.
    pub fleet: Option<Fleet>,
    /// The whole new lock, also when there are errors (then it must not be written).
    pub lock: Lock,
    /// What there is to say.
    pub report: Report,
}

/// A WireGuard interface without a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyWant {
    /// The host.
    pub host: HostId,
    /// The interface.
    pub iface: String,
    /// Name of the secret that will hold the private key.
    pub secret: String,
}

/// Makes every choice. Errors are reported together; interfaces whose public key is not in the lock get an
/// empty one and a note.
pub fn derive(model: &model::Fleet, lock: &Lock, options: &Options) -> Derived {
    let mut work = Work::new(model, lock, options.timers.clone());
    let mut fleet = run(&mut work);
    let missing: Vec<KeyWant> = keyless(&work);
    if let Some(first) = missing.first() {
        let names: Vec<String> = missing.iter().map(|k| format!("{} of {}", k.iface, k.host)).collect();
        work.report.push(
            Diagnostic::note(
                codes::NO_KEY,
                &work.hosts[&first.host].place,
                format!("the lock has no public key for {}", names.join(", ")),
            )
            .help("run `fleetwright lock`"),
        );
    }
    work.report.sort();
    let failed = work.report.has_errors();
    if !failed {
        fleet.hosts = std::mem::take(&mut work.hosts);
    }
    Derived { fleet: (!failed).then_some(fleet), lock: work.lock, report: work.report }
}

fn run(work: &mut Work<'_>) -> Fleet {
    segments::segments(work);
    ipam::addresses(work);
    place::place(work);
    instances::instances(work);
    tunnels::tunnels(work);
    peers::peers(work);
    hosts::addresses(work);
    let mut allowed = peers::inside(work);
    let mut found = exposures::exposures(work, &mut allowed);
    peers::finish(work, allowed);
    let mut all_edges = std::mem::take(&mut found.edges);
    all_edges.extend(bgp::bgp(work));
    all_edges.extend(edges::needs(work));
    let watchers = watch::watchers(work, &mut all_edges);
    let allows = firewall::firewalls(work);
    let inside_names = names::inside(work, &found.exposures);
    let public_names = names::public(work, &found.exposures);
    hosts::people(work);
    hosts::resolvers(work);
    unsupported::unsupported(work);
    let certificates = work.model.certificates.as_ref();
    let sign_in = work.model.auth.as_ref().and_then(|a| a.gate.as_ref()).and_then(|gate| {
        found.exposures.iter().find(|e| e.service == gate.value).and_then(|e| e.name.clone())
    });
    Fleet {
        name: work.name.clone(),
        domain: work.domain.clone(),
        timers: work.timers.clone(),
        sites: sites(work),
        segments: work.segments.clone(),
        hosts: BTreeMap::new(),
        links: work.links.clone(),
        exposures: found.exposures,
        edges: all_edges,
        zones: firewall::zones(work),
        allows,
        names: inside_names,
        public_names,
        watchers,
        acme: Acme {
            email: certificates.and_then(|c| c.email.clone()),
            directory: certificates.and_then(|c| c.directory.clone()),
            place: certificates.map(|c| c.place.clone()),
        },
        receivers: work.model.alerts.iter().flat_map(|a| a.receivers.clone()).collect(),
        sign_in,
        unsupported: {
            let mut report = Report { items: std::mem::take(&mut work.unsupported) };
            report.sort();
            report.items
        },
    }
}

fn sites(work: &Work<'_>) -> BTreeMap<SiteId, Site> {
    let site = |id: &SiteId, site: &model::Site| Site {
        id: id.clone(),
        lan: site.lan.as_ref().map(|_| id.to_string()),
        router: site.router.as_ref().map(|r| r.value.clone()),
        uplinks: site.uplink.iter().flat_map(|u| u.0.keys()).map(|l| format!("uplink-{id}-{l}")).collect(),
        hosts: work.model.hosts.keys().filter(|h| work.site_of(h) == Some(id)).cloned().collect(),
        place: site.place.clone(),
    };
    work.model.sites.iter().map(|(id, s)| (id.clone(), site(id, s))).collect()
}

fn keyless(work: &Work<'_>) -> Vec<KeyWant> {
    let interfaces = work.hosts.values().flat_map(|h| h.wireguard.iter().map(move |w| (h, w)));
    interfaces
        .filter(|(_, w)| w.public_key.is_empty())
        .map(|(h, w)| KeyWant { host: h.id.clone(), iface: w.name.clone(), secret: w.private_key.clone() })
        .collect()
}

/// WireGuard interfaces of the model without a key in the lock.
pub fn wanted_keys(model: &model::Fleet, lock: &Lock) -> Vec<KeyWant> {
    let mut work = Work::new(model, lock, None);
    segments::segments(&mut work);
    ipam::addresses(&mut work);
    tunnels::tunnels(&mut work);
    keyless(&work)
}

/// How a lock differs from what the model needs; empty when it is up to date.
pub fn stale(model: &model::Fleet, lock: &Lock) -> Report {
    let derived = derive(model, lock, &Options::default());
    let mut report = Report::new();
    let place = Place::file(crate::lock::FILE);
    let (old, new) = (lock.choices(), derived.lock.choices());
    let mut say = |message: String| {
        report.push(Diagnostic::error(codes::STALE_LOCK, &place, message).help("run `fleetwright lock`"));
    };
    for (path, value) in &new {
        match old.get(path) {
            Some(before) if before == value => {}
            Some(before) => say(format!("{path} is {before} in the lock; the sources need {value}")),
            None => say(format!("{path} is not in the lock; it would be {value}")),
        }
    }
    for path in old.keys().filter(|p| !new.contains_key(*p)) {
        say(format!("{path} is in the lock and nothing uses it any more"));
    }
    for want in wanted_keys(model, lock) {
        say(format!("keys/{}/{} is not in the lock", want.host, want.iface));
    }
    report
}
