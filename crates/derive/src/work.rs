//! What derivation knows while it goes on, and small questions every part asks.

use crate::fleet::{DriftWatch, Firewall, Host, Resolver, Segment, Ssh, Timers, TunnelLink};
use crate::graph::Graph;
use crate::lock::Lock;
use crate::place::Placed;
use artifact::Why;
use diag::{Diagnostic, Place, Report};
use model::{GroupId, HostId, ServiceId, SiteId, UplinkKind};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Derivation in progress.
pub(crate) struct Work<'a> {
    pub model: &'a model::Fleet,
    pub old: &'a Lock,
    pub lock: Lock,
    pub report: Report,
    pub unsupported: Vec<Diagnostic>,
    pub timers: Timers,
    pub name: String,
    pub domain: String,
    pub groups: BTreeMap<String, BTreeSet<HostId>>,
    pub segments: BTreeMap<String, Segment>,
    pub hosts: BTreeMap<HostId, Host>,
    pub ground: BTreeMap<HostId, Ground>,
    pub links: Vec<TunnelLink>,
    pub graph: Graph,
    pub placed: BTreeMap<ServiceId, Placed>,
}

/// Where a host stands in the network.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ground {
    /// LAN segments it is on: segment and interface.
    pub lans: Vec<(String, String)>,
    /// The router of its site's LAN, when that is another host.
    pub gateway: Option<HostId>,
    /// Its own uplinks.
    pub uplinks: Vec<OwnUplink>,
    /// Its addresses inside tunnels.
    pub tunnel_addresses: Vec<IpAddr>,
    /// Its addresses on LANs.
    pub lan_addresses: Vec<IpAddr>,
    /// Addresses on `lo`.
    pub lo_addresses: Vec<IpAddr>,
}

/// An uplink as seen from the host that holds it.
#[derive(Clone, Debug)]
pub(crate) struct OwnUplink {
    pub iface: String,
    pub segment: String,
    pub kind: UplinkKind,
    /// Public addresses that are known.
    pub public: Vec<IpAddr>,
    /// IPv4 and IPv6 can leave by it.
    pub families: (bool, bool),
    pub place: Place,
}

impl<'a> Work<'a> {
    pub fn new(model: &'a model::Fleet, old: &'a Lock, timers: Option<Timers>) -> Self {
        let name = model.name.as_ref().map_or_else(|| "fleet".to_owned(), |n| n.value.clone());
        let domain = model.domain.as_ref().map_or_else(|| format!("{name}.internal"), |d| d.value.clone());
        let mut work = Work {
            model,
            old,
            lock: Lock::default(),
            report: Report::new(),
            unsupported: Vec::new(),
            timers: timers.unwrap_or_else(|| timers_of(model)),
            name,
            domain,
            groups: BTreeMap::new(),
            segments: BTreeMap::new(),
            hosts: BTreeMap::new(),
            ground: BTreeMap::new(),
            links: Vec::new(),
            graph: Graph::default(),
            placed: BTreeMap::new(),
        };
        work.groups = groups(model);
        for (id, host) in &model.hosts {
            work.ground.insert(id.clone(), Ground::default());
            let fqdn = match &host.site {
                Some(site) => format!("{id}.{}.{}", site.value, work.domain),
                None => format!("{id}.{}", work.domain),
            };
            work.hosts.insert(id.clone(), blank_host(id, host, fqdn));
        }
        work
    }

    /// The hosts a name stands for: a host, a group or an environment's members.
    pub fn host_set(&self, name: &str) -> Option<BTreeSet<HostId>> {
        let name = name.split_once('/').map_or(name, |(_, name)| name);
        if let Some((id, _)) = self.model.hosts.get_key_value(name) {
            return Some(BTreeSet::from([id.clone()]));
        }
        if let Some(hosts) = self.groups.get(name) {
            return Some(hosts.clone());
        }
        let environment = self.model.environments.get(name)?;
        let members = environment.members.iter().map(|m| &m.value);
        Some(members.filter(|m| self.model.hosts.contains_key(*m)).cloned().collect())
    }

    /// The hosts of a `HostSet`, each with the place that names it. Unknown names are reported.
    pub fn hosts_of(&mut self, set: &model::HostSet) -> BTreeMap<HostId, Place> {
        let mut out = BTreeMap::new();
        for name in &set.names {
            match self.host_set(name) {
                Some(hosts) => {
                    for host in hosts {
                        out.entry(host).or_insert_with(|| name.place.clone());
                    }
                }
                None => self.dangling(&name.place, &name.value),
            }
        }
        out
    }

    /// Reports a name that refers to nothing.
    pub fn dangling(&mut self, place: &Place, name: &str) {
        self.report.push(
            Diagnostic::error(crate::codes::DANGLING, place, format!("`{name}` refers to nothing"))
                .help("`fleetwright check` says what could be meant"),
        );
    }

    /// Says that something is described and not rendered yet.
    pub fn not_yet(&mut self, place: &Place, what: impl std::fmt::Display) {
        self.unsupported.push(Diagnostic::note(
            crate::codes::UNSUPPORTED,
            place,
            format!("not supported yet: {what}"),
        ));
    }

    /// The host being built.
    pub fn host(&mut self, id: &HostId) -> Option<&mut Host> {
        self.hosts.get_mut(id)
    }

    /// The router of a site.
    pub fn router_of(&self, site: &SiteId) -> Option<&'a HostId> {
        self.model.sites.get(site).and_then(|s| s.router.as_ref()).map(|r| &r.value)
    }

    /// The site a host is at.
    pub fn site_of(&self, host: &HostId) -> Option<&'a SiteId> {
        self.model.hosts.get(host).and_then(|h| h.site.as_ref()).map(|s| &s.value)
    }
}

fn blank_host(id: &HostId, host: &model::Host, fqdn: String) -> Host {
    Host {
        id: id.clone(),
        site: host.site.as_ref().map(|s| s.value.clone()),
        fqdn,
        addresses: Vec::new(),
        ssh: written_ssh(host),
        reach: None,
        interfaces: Vec::new(),
        routes: Vec::new(),
        rules: Vec::new(),
        wireguard: Vec::new(),
        forwarding: false,
        sysctls: BTreeMap::new(),
        firewall: Firewall::default(),
        bgp: None,
        resolver: Resolver {
            listen: Vec::new(),
            upstream: Vec::new(),
            why: Why::new(&Place::builtin("resolver"), "every host resolves the fleet's names"),
        },
        instances: Vec::new(),
        people: Vec::new(),
        overrides: host
            .r#override
            .iter()
            .map(|(engine, text)| (engine.to_string(), (text.value.clone(), text.place.clone())))
            .collect(),
        manage: host
            .manage
            .iter()
            .map(|(engine, stage)| (engine.to_string(), (stage_of(stage.value), stage.place.clone())))
            .collect(),
        drift: host.drift.as_ref().map(|d| DriftWatch {
            every_s: d.watch.value.ms / 1000,
            why: Why::new(&d.watch.place, format!("{id} looks every {} for changes by hand", d.watch.value)),
        }),
        place: host.place.clone(),
    }
}

fn stage_of(written: model::Stage) -> artifact::Stage {
    match written {
        model::Stage::Observe => artifact::Stage::Observe,
        model::Stage::Shadow => artifact::Stage::Shadow,
        model::Stage::Manage => artifact::Stage::Manage,
    }
}

fn written_ssh(host: &model::Host) -> Ssh {
    let Some(ssh) = &host.ssh else { return Ssh::default() };
    let text = |value: &Option<model::Sp<String>>| value.as_ref().map(|v| v.value.clone());
    Ssh {
        address: text(&ssh.address),
        port: ssh.port.as_ref().map(|p| p.value),
        user: text(&ssh.user),
        jump: text(&ssh.jump),
    }
}

/// Members of every group, nested ones included; `all` holds every host.
fn groups(model: &model::Fleet) -> BTreeMap<String, BTreeSet<HostId>> {
    let mut direct: BTreeMap<&GroupId, BTreeSet<HostId>> = BTreeMap::new();
    for (id, group) in &model.groups {
        let hosts = group.hosts.iter().map(|h| h.value.clone()).filter(|h| model.hosts.contains_key(h));
        direct.insert(id, hosts.collect());
    }
    for (id, host) in &model.hosts {
        for group in &host.groups {
            direct.entry(&group.value).or_default().insert(id.clone());
        }
    }
    let mut out = BTreeMap::new();
    for id in direct.keys() {
        let mut seen = BTreeSet::new();
        let mut todo = vec![*id];
        let mut hosts = BTreeSet::new();
        while let Some(id) = todo.pop() {
            if !seen.insert(id) {
                continue;
            }
            hosts.extend(direct.get(id).into_iter().flatten().cloned());
            todo.extend(model.groups.get(id).into_iter().flat_map(|g| &g.groups).map(|g| &g.value));
        }
        out.insert(id.to_string(), hosts);
    }
    out.insert("all".to_owned(), model.hosts.keys().cloned().collect());
    out
}

/// Timers as the fleet writes them, stock ones otherwise.
fn timers_of(model: &model::Fleet) -> Timers {
    let mut timers = Timers::default();
    if let Some(alerts) = &model.alerts {
        timers.site_down_ms = alerts.site_down.map_or(timers.site_down_ms, |d| d.ms);
        timers.host_down_ms = alerts.host_down.map_or(timers.host_down_ms, |d| d.ms);
        timers.service_down_ms = alerts.service_down.map_or(timers.service_down_ms, |d| d.ms);
    }
    timers
}
