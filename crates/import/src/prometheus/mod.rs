//! Prometheus: what is scraped as services of modules, and alerts where the model has them.

mod config;
mod normal;
mod services;
mod value;

use crate::known::Known;
use crate::ledger::{Ledger, Told};
use crate::yaml::{Map, text};
use crate::{Engine, Imported, Input, names};
use config::{File, Rule};
use std::collections::BTreeMap;

/// The engine.
pub const ENGINE: Engine = Engine {
    name: "prometheus",
    lies: &["/etc/prometheus/"],
    reads: |path| [".yml", ".yaml", ".json", ".rules"].iter().any(|end| path.ends_with(end)),
    read: |input| read(input).0,
    normal: normal::normal,
    compared: |engine, path| engine == "prometheus" && (path.ends_with(".yml") || path.ends_with(".yaml")),
};

/// The files to the model, and what became of each of their keys.
pub fn read(input: &Input<'_>) -> (Imported, Vec<Told>) {
    let (mut out, mut ledger) = (Imported::default(), Ledger::default());
    let mut by_host: BTreeMap<String, (File, Vec<String>)> = BTreeMap::new();
    for file in crate::ledger::readable(input, ENGINE.reads, &mut out) {
        let Some(host) = names::host(input, &file.path) else {
            out.fault(names::no_host(file, "watch/prometheus.yml"));
            continue;
        };
        let one = config::read(&file.path, &file.text, &mut ledger, &mut out.report);
        let (all, paths) = by_host.entry(host).or_default();
        paths.push(file.path.clone());
        all.targets.extend(one.targets);
        all.alertmanagers.extend(one.alertmanagers);
        all.other.extend(one.other);
        all.rules.extend(one.rules);
        all.receivers.extend(one.receivers);
    }
    let mut services = services::Services::default();
    let (mut alerts, mut federation) = (Map::new(), Vec::new());
    for (host, (file, _)) in &by_host {
        let known = Known { fleet: input.fleet, own: host };
        services.own(&known, file);
        for target in &file.targets {
            services.target(&known, target, &mut federation, &mut ledger);
        }
        for (address, id) in &file.alertmanagers {
            services.alertmanager(&known, address, *id, &mut ledger);
        }
        for (key, value, id) in &file.other {
            ledger.note(*id, other(key, value));
        }
        alert_times(input, &file.rules, &mut alerts, &mut ledger);
        receivers(input, file, &mut alerts, &mut ledger);
    }
    ledger.settle();
    let paths: Vec<String> = by_host.into_values().flat_map(|(_, paths)| paths).collect();
    let comments = ledger.comments(&paths);
    services.files(&paths.join(", "), &comments, &mut out);
    if !alerts.is_empty() {
        out.file("alerts.yaml", text(&format!("From {}.", paths.join(", ")), &alerts));
    }
    if !federation.is_empty() {
        out.file("federation.yaml", federation.concat());
    }
    out.files.sort_by(|a, b| a.path.cmp(&b.path));
    let told = ledger.close(&mut out);
    (out, told)
}

/// Why a key has no place in the model.
fn other(key: &str, value: &str) -> String {
    let short = key.rsplit('.').next().unwrap_or(key);
    let why = match short {
        "scrape_interval" | "evaluation_interval" if normal::duration(value) == Some(15_000) => {
            "so it is everywhere: every 15 s"
        }
        "scrape_interval" | "evaluation_interval" => "the fleet is scraped and judged every 15 s",
        "scrape_timeout" if normal::duration(value) == Some(10_000) => "so it is everywhere: 10 s",
        "scrape_timeout" => "a scrape has 10 s",
        "external_labels" => "a watcher's own label is `watcher: SERVICE/HOST`",
        "rule_files" => "what it names is read when it is among the files given",
        "job_name" => "a job has its service's name",
        "labels" => "a target has the labels `host`, `site` and `service`",
        "metrics_path" | "params" | "scheme" => "a module says where its metrics are",
        "relabel_configs" if value.contains("__param_target") => {
            "so a prober is asked: pings and probes of hosts, tunnels and exposed names are derived"
        }
        "relabel_configs" | "metric_relabel_configs" => "what is scraped is kept as it comes",
        "file_sd_configs" => "its targets are read when the file it names is among the files given",
        "basic_auth" | "authorization" | "bearer_token" | "bearer_token_file" | "oauth2" | "tls_config" => {
            "metrics are scraped inside the fleet, without sign-in"
        }
        "remote_write" | "remote_read" => {
            "samples are kept where they are scraped; another store scrapes by `federation`"
        }
        "modules" => "a prober pings by IPv4 and IPv6; its modules are made",
        "route" | "inhibit_rules" | "templates" => "who is told of what, and what is inhibited, is derived",
        _ if short.ends_with("_sd_configs") => {
            "targets are the fleet's own services: nothing has to be discovered"
        }
        _ => "the model has no word for it",
    };
    why.to_owned()
}

/// How long a fault must last, where a rule says it of what the model alerts on as well.
fn alert_times(input: &Input<'_>, rules: &[Rule], alerts: &mut Map, ledger: &mut Ledger) {
    const OWN: &str = "the model makes the alerts on hosts, sites, uplinks, tunnels, sessions and services by itself; others have no place in it yet";
    for rule in rules {
        let Some(name) = &rule.alert else {
            ledger.note(rule.id, "the model records nothing beside what is scraped");
            continue;
        };
        let about = match subject(&rule.expr) {
            Some(about) if input.fleet.is_none_or(|f| f.alerts.is_none()) => about,
            Some(about) => {
                ledger.note(rule.id, format!("{OWN}; the fleet's `alerts` says how long (`{about}`)"));
                continue;
            }
            None => {
                ledger.note(rule.id, OWN);
                continue;
            }
        };
        let wait = rule.wait.as_deref().and_then(normal::duration).unwrap_or(0);
        let written = format!("{}s", wait / 1000);
        if wait == 0 || wait % 1000 != 0 {
            ledger.note(rule.id, format!("the model alerts on this by itself ({about}), and not at once"));
        } else if let Some(crate::yaml::Yaml::Word(other)) =
            alerts.get(about).filter(|w| **w != written.as_str().into())
        {
            let why = format!("the model has one time for all of these ({about}): {other} is written");
            ledger.note(rule.id, why);
        } else {
            alerts.set(about, written.as_str());
            ledger.carried(rule.id, format!("{about}: {written}"));
            ledger.note(
                rule.id,
                format!("its time is taken as `{about}`; name ({name}), labels and texts are the model's"),
            );
        }
    }
}

/// What of the model's own alerts an expression is about.
fn subject(expr: &str) -> Option<&'static str> {
    let expr = expr.replace(' ', "");
    let rest = expr.strip_prefix("up").or_else(|| expr.strip_prefix("absent(up"))?;
    let matcher = rest.strip_prefix('{').and_then(|r| r.split_once('}')).map_or("", |(inside, _)| inside);
    if !(expr.ends_with("==0") || expr.starts_with("absent(")) {
        return None;
    }
    Some(if matcher.contains("node") { "host-down" } else { "service-down" })
}

fn receivers(input: &Input<'_>, file: &File, alerts: &mut Map, ledger: &mut Ledger) {
    for (name, kind, value, id) in &file.receivers {
        let Some(label) = names::name(name) else { continue };
        if input.fleet.is_some_and(|f| f.alerts.as_ref().is_some_and(|a| !a.receivers.is_empty())) {
            ledger.note(*id, "the fleet has its receivers");
            continue;
        }
        let Some(receiver) = alerts.inner("receivers").and_then(|r| r.inner(&label)) else { continue };
        if receiver.has(kind) {
            ledger.note(*id, format!("a receiver has one {kind}: {value} is left out"));
        } else {
            receiver.set(*kind, value.as_str());
            ledger.carried(*id, value.as_str());
        }
    }
}
