//! Raw text for an engine that nothing would read.

use crate::codes;
use crate::facts::{Facts, engines};
use crate::rule::Findings;
use diag::Diagnostic;
use model::{Label, Sp};
use std::collections::BTreeMap;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for (id, host) in &facts.fleet.hosts {
        unknown(&host.r#override, engines::OF_HOST, &format!("host `{id}`"), out);
    }
    for svc in &facts.services {
        let engines = engines::of_service(svc);
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
