//! Caddy: sites that lead to a service as its exposures, other sites as raw text of the proxy.

mod expose;
mod normal;
mod parse;
mod services;
mod sites;

use crate::known::Known;
use crate::ledger::{Ledger, Told};
use crate::yaml::{Map, Yaml, text};
use crate::{Engine, Imported, Input, names};
use parse::Directive;
use services::Out;
use std::collections::BTreeMap;

/// The engine.
pub const ENGINE: Engine = Engine {
    name: "caddy",
    lies: &["/etc/caddy/"],
    reads: |_| true,
    read: |input| read(input).0,
    normal: normal::normal,
    compared: |engine, path| engine == "caddy" && path.ends_with("Caddyfile"),
};

/// The files to the model, and what became of each of their directives.
pub fn read(input: &Input<'_>) -> (Imported, Vec<Told>) {
    let (mut out, mut ledger) = (Imported::default(), Ledger::default());
    let mut by_host: BTreeMap<String, (Vec<Directive>, Vec<String>)> = BTreeMap::new();
    for file in input.files {
        match names::host(input, &file.path) {
            Some(host) => {
                let (all, paths) = by_host.entry(host).or_default();
                all.extend(parse::parse(&file.path, &file.text, &mut out.report));
                paths.push(file.path.clone());
            }
            None => {
                out.fault(names::no_host(file, "gate/Caddyfile"));
            }
        }
    }
    let mut made = Vec::new();
    for (host, (top, paths)) in by_host {
        let known = Known { fleet: input.fleet, own: &host };
        let file = sites::read(top, &mut ledger);
        let found = services::read(&known, &file, &mut ledger);
        let proxy = known.service("caddy", &host).map(|s| s.as_str().to_owned());
        made.push((host, found, paths, proxy));
    }
    ledger.settle();
    for (host, found, paths, proxy) in made {
        files(&host, &found, &paths, proxy, &ledger, &mut out);
    }
    out.files.sort_by(|a, b| a.path.cmp(&b.path));
    let told = ledger.close(&mut out);
    (out, told)
}

fn files(
    host: &str,
    found: &Out,
    paths: &[String],
    proxy: Option<String>,
    ledger: &Ledger,
    out: &mut Imported,
) {
    let from = format!("From {}.", paths.join(", "));
    for (name, module) in &found.modules {
        out.file(format!("modules/{name}.yaml"), text(&from, module));
    }
    if !found.certificates.is_empty() {
        out.file("certificates.yaml", text(&from, &found.certificates));
    }
    for (name, made) in &found.services {
        let mut map = Map::new();
        if let Some(module) = &made.module {
            map.set("module", module.as_str());
            map.set("on", Yaml::one_or_list(made.hosts.iter().map(String::as_str)));
        }
        map.unless_empty("expose", Yaml::one_or_list(made.expose.iter().cloned()));
        if !made.raw.is_empty() {
            let mut inner = Map::new();
            inner.set("caddy", made.raw.join("\n") + "\n");
            map.set("override", inner);
        }
        out.file(format!("services/{name}.yaml"), text(&from, &map));
    }
    let mut map = Map::new();
    if proxy.is_none() {
        map.set("module", "caddy").set("on", host);
    }
    if !found.raw.is_empty() {
        let mut inner = Map::new();
        inner.set("caddy", found.raw.join("\n\n") + "\n");
        map.set("override", inner);
    }
    if !map.is_empty() {
        for line in ledger.comments(paths) {
            map.comment(None, line);
        }
        let name = proxy.unwrap_or_else(|| "ingress".to_owned());
        out.file(format!("services/{name}.yaml"), text(&from, &map));
    }
}
