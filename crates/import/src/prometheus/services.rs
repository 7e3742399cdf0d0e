//! Targets as services: a module by its port and path, hosts by address or name.

use super::config::{File, Target};
use crate::Imported;
use crate::known::Known;
use crate::ledger::{Id, Ledger};
use crate::names;
use crate::yaml::{Map, Yaml, text};
use model::{Module, ModuleId, PortChoice};
use std::collections::{BTreeMap, BTreeSet};

/// Services that the files tell of and the fleet does not have.
#[derive(Debug, Default)]
pub(super) struct Services {
    /// By name: the module, the hosts, and ports that are not the module's.
    made: BTreeMap<String, Made>,
}

#[derive(Debug)]
struct Made {
    module: String,
    hosts: BTreeSet<String>,
    /// A port's name and number.
    port: Option<(String, u16)>,
}

/// Where a module serves its metrics: the port's name, its number, the path.
fn metrics(module: &Module) -> Option<(&str, u16, &str)> {
    let at = module.metrics.as_ref()?;
    let PortChoice::Fixed(port) = &module.ports.get(&at.port)?.port.port.value else { return None };
    Some((at.port.as_str(), port.port, at.path.as_deref().unwrap_or("/metrics")))
}

/// Whether a job is called after a module: `node`, `node_exporter` and `node-exporter` are.
fn called(job: &str, module: &str) -> bool {
    let Some(job) = names::name(job) else { return false };
    job == module
        || module.strip_prefix(&job).is_some_and(|rest| rest == "-exporter")
        || job.strip_suffix("-exporter") == Some(module)
}

/// The module that answers at a port and path: one called as the job is before all others.
fn module_of<'a>(known: &Known<'a>, target: &Target, port: u16) -> Option<(&'a ModuleId, &'a Module)> {
    let fits = |m: &Module| metrics(m).is_some_and(|(_, p, path)| p == port && path == target.path);
    let named = known.modules().find(|(id, m)| {
        called(&target.job, id.as_str()) && metrics(m).is_some_and(|(_, _, path)| path == target.path)
    });
    named.or_else(|| {
        let mut all = known.modules().filter(|(_, m)| fits(m));
        let first = all.next();
        first.filter(|_| all.next().is_none())
    })
}

impl Services {
    /// The Prometheus the files are of.
    pub(super) fn own(&mut self, known: &Known<'_>, file: &File) {
        let scrapes =
            !file.targets.is_empty() || file.other.iter().any(|(key, _, _)| key.starts_with("global"));
        if scrapes && known.has_host(known.own) && known.service("prometheus", known.own).is_none() {
            self.add("prometheus", "prometheus", known.own, None);
        }
    }

    fn add(&mut self, name: &str, module: &str, host: &str, port: Option<(String, u16)>) -> String {
        let fits = |m: &Made| m.module == module && m.port == port;
        let mut found = name.to_owned();
        let mut n = 2_u32;
        while self.made.get(&found).is_some_and(|m| !fits(m)) {
            found = format!("{name}-{n}");
            n += 1;
        }
        let made = self.made.entry(found.clone()).or_insert_with(|| Made {
            module: module.to_owned(),
            hosts: BTreeSet::new(),
            port,
        });
        made.hosts.insert(host.to_owned());
        found
    }

    pub(super) fn target(
        &mut self,
        known: &Known<'_>,
        target: &Target,
        federation: &mut Vec<String>,
        ledger: &mut Ledger,
    ) {
        let Some((at, port)) = target.address() else {
            ledger.note(target.id, "a service's metrics are on a port its module names");
            return;
        };
        let Some(host) = self.host(known, target, at) else {
            ledger.note(
                target.id,
                format!("no host of the fleet is {at}: describe it in `hosts/`, and import again"),
            );
            return;
        };
        if target.through.is_some() {
            self.prober(known, target, &host, port, ledger);
            return;
        }
        if target.path.starts_with("/federate") {
            self.federation(known, target, &host, federation, ledger);
            return;
        }
        let Some((module, definition)) = module_of(known, target, port) else {
            ledger.note(
                target.id,
                format!("nothing says what answers on port {port} of {host}: describe the service with a module whose `metrics` are there"),
            );
            return;
        };
        if let Some(service) = known.service(module.as_str(), &host) {
            ledger.note(
                target.id,
                format!("the fleet has it: service `{service}` is scraped because its module has metrics"),
            );
            return;
        }
        let own =
            metrics(definition).filter(|(_, p, _)| *p != port).map(|(name, _, _)| (name.to_owned(), port));
        let name = names::name(&target.job).unwrap_or_else(|| module.as_str().to_owned());
        let clash = known.fleet.is_some_and(|f| f.services.contains_key(&model::ServiceId::new(&name)));
        let name = if clash { format!("{name}-{}", module.as_str()) } else { name };
        let name = self.add(&name, module.as_str(), &host, own);
        ledger.carried(target.id, host.clone());
        ledger.note(
            target.id,
            format!("it becomes service `{name}`, of which only the module and the host are known from here"),
        );
    }

    /// By address or name, else by the labels people put on targets.
    fn host(&self, known: &Known<'_>, target: &Target, at: &str) -> Option<String> {
        if let Some(host) = known.host(at) {
            return known.has_host(&host).then_some(host);
        }
        if target.through.is_some() {
            return None;
        }
        let labels = ["host", "hostname", "instance", "node", "nodename"];
        let named = labels.iter().filter_map(|l| target.labels.iter().find(|(k, _)| k == l));
        let mut hosts = named.filter_map(|(_, value)| known.host(value.split(':').next().unwrap_or(value)));
        hosts.find(|h| known.has_host(h))
    }

    fn prober(&mut self, known: &Known<'_>, target: &Target, host: &str, port: u16, ledger: &mut Ledger) {
        const MODULE: &str = "blackbox-exporter";
        let definition = known.modules().find(|(id, _)| id.as_str() == MODULE);
        let own = definition.and_then(|(_, m)| metrics(m)).filter(|(_, p, _)| *p != port);
        if known.service(MODULE, host).is_none() {
            self.add("prober", MODULE, host, own.map(|(name, _, _)| (name.to_owned(), port)));
            ledger.carried(target.id, MODULE);
        }
        ledger.note(target.id, "pings and probes of hosts, tunnels and exposed names are derived; others have no place in the model");
    }

    fn federation(
        &mut self,
        known: &Known<'_>,
        target: &Target,
        host: &str,
        federation: &mut Vec<String>,
        ledger: &mut Ledger,
    ) {
        const MODULE: &str = "prometheus";
        let from = known
            .service(MODULE, host)
            .map_or_else(|| self.add("prometheus", MODULE, host, None), |s| s.as_str().to_owned());
        let by = known
            .service(MODULE, known.own)
            .map_or_else(|| self.add("prometheus", MODULE, known.own, None), |s| s.as_str().to_owned());
        if from == by {
            let why =
                format!("both are service `{from}` of the fleet; federation is between two: name them apart");
            ledger.note(target.id, why);
        } else {
            let line = format!("- {{from: {from}, by: {by}}}\n");
            ledger.carried(target.id, format!("from: {from}, by: {by}"));
            if !federation.contains(&line) {
                federation.push(line);
            }
        }
    }

    pub(super) fn alertmanager(&mut self, known: &Known<'_>, address: &str, id: Id, ledger: &mut Ledger) {
        const MODULE: &str = "alertmanager";
        let (at, port) = address.rsplit_once(':').unwrap_or((address, "9093"));
        match known.host(at).filter(|h| known.has_host(h)) {
            None => ledger.note(
                id,
                format!("{address}: no host of the fleet is {at}: describe it in `hosts/`, and import again"),
            ),
            Some(host) => match known.service(MODULE, &host) {
                Some(service) => {
                    ledger.note(id, format!("the fleet has it: `{service}` is told by every metrics service"))
                }
                None => {
                    let own = port.parse().ok().filter(|p| *p != 9093).map(|p| ("web".to_owned(), p));
                    self.add("alerts", MODULE, &host, own);
                    ledger.carried(id, host);
                }
            },
        }
    }

    /// A file for each service.
    pub(super) fn files(&self, from: &str, comments: &[String], out: &mut Imported) {
        for (n, (name, made)) in self.made.iter().enumerate() {
            let mut map = Map::new();
            map.set("module", made.module.as_str());
            map.set("on", Yaml::one_or_list(made.hosts.iter().map(String::as_str)));
            if let Some((port, number)) = &made.port {
                let mut ports = Map::new();
                ports.set(port.as_str(), *number);
                map.set("ports", ports);
            }
            for line in comments.iter().filter(|_| n == 0) {
                map.comment(None, line);
            }
            out.file(format!("services/{name}.yaml"), text(&format!("From {from}."), &map));
        }
    }
}
