//! Raw text for an engine that nothing would read.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;
use model::{Label, Sp};
use std::collections::BTreeMap;

/// Engines that take raw text of a host.
const OF_HOST: &[&str] = &["bird", "networkd", "nftables", "sysctl"];
/// Engines that take raw text of a service, beside the one that renders its own module.
const OF_SERVICE: &[&str] = &["caddy", "systemd"];

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for (id, host) in &facts.fleet.hosts {
        unknown(&host.r#override, OF_HOST, &format!("host `{id}`"), out);
    }
    for svc in &facts.services {
        let own = svc.module.and_then(|m| m.variants.native.as_ref()).and_then(|n| n.engine.as_deref());
        let engines: Vec<&str> = OF_SERVICE.iter().copied().chain(own).collect();
        unknown(&svc.service.r#override, &engines, &format!("service `{}`", svc.name), out);
    }
}

fn unknown(raw: &BTreeMap<Label, Sp<String>>, engines: &[&str], of: &str, out: &mut Findings) {
    for (engine, text) in raw {
        if !engines.contains(&engine.as_str()) {
            let diagnostic = Diagnostic::error(
                codes::UNKNOWN_ENGINE,
                &text.place,
                format!("no engine named `{engine}` reads raw text of {of}"),
            );
            out.push(match diag::nearest(engine.as_str(), engines.iter().copied()) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic.help(format!("engines that do: {}", engines.join(", "))),
            });
        }
    }
}
