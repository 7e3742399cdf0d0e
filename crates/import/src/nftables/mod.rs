//! nftables: rules of a host to policies, port mappings and raw text. `nft list ruleset` and `nft -j list ruleset`
//! are read as files are.

mod json;
mod model;
mod normal;
mod parse;
mod rule;
mod token;
mod words;

use crate::known::Known;
use crate::ledger::{Ledger, Told};
use crate::yaml::text;
use crate::{Engine, ImportFile, Imported, Input, names};
use diag::Report;
use parse::Ruleset;
use std::collections::BTreeMap;

/// The engine.
pub const ENGINE: Engine = Engine {
    name: "nftables",
    lies: &["/etc/nftables.conf", "/etc/nftables.d/", "/etc/nftables/"],
    reads: |_| true,
    read: |input| read(input).0,
    normal: normal::normal,
    compared: |engine, path| engine == "nftables" && path.ends_with(".nft"),
};

/// A file in whichever form it is.
fn parse(file: &ImportFile, ledger: &mut Ledger, out: &mut Ruleset, report: &mut Report) {
    if file.text.trim_start().starts_with('{') {
        json::parse(&file.path, &file.text, ledger, out, report);
    } else {
        parse::parse(&file.path, &file.text, ledger, out, report);
    }
}

/// The files to the model, and what became of each of their rules.
pub fn read(input: &Input<'_>) -> (Imported, Vec<Told>) {
    let (mut out, mut ledger) = (Imported::default(), Ledger::default());
    let mut by_host: BTreeMap<String, (Ruleset, Vec<String>)> = BTreeMap::new();
    for file in input.files {
        match names::host(input, &file.path) {
            Some(host) => {
                let (rules, paths) = by_host.entry(host).or_default();
                parse(file, &mut ledger, rules, &mut out.report);
                paths.push(file.path.clone());
            }
            None => {
                out.fault(names::no_host(file, "gate/nftables.conf"));
            }
        }
    }
    let mut made = Vec::new();
    for (host, (rules, paths)) in by_host {
        let known = Known { fleet: input.fleet, own: &host };
        let found = model::read(&known, &rules, &mut ledger);
        made.push((host, found, paths));
    }
    ledger.settle();
    for (host, found, paths) in made {
        let from = format!("From {}.", paths.join(", "));
        let mut comments = ledger.comments(&paths).into_iter();
        if let Some(mut map) = found.policy() {
            comments.by_ref().for_each(|line| {
                map.comment(None, line);
            });
            out.file(format!("policies/{host}-nftables.yaml"), text(&from, &map));
        }
        if let Some(mut map) = found.host() {
            comments.for_each(|line| {
                map.comment(None, line);
            });
            out.file(format!("hosts/{host}.yaml"), text(&from, &map));
        }
    }
    out.files.sort_by(|a, b| a.path.cmp(&b.path));
    let told = ledger.close(&mut out);
    (out, told)
}
