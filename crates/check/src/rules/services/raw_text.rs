//! Raw text for an engine, which the rules cannot read.

use crate::codes;
use crate::facts::{Facts, engines};
use crate::rule::Findings;
use diag::Diagnostic;
use model::{Label, Sp};
use std::collections::BTreeMap;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for (id, host) in &facts.fleet.hosts {
        unchecked(&host.r#override, engines::OF_HOST, &format!("host `{id}`"), out);
    }
    for svc in &facts.services {
        unchecked(
            &svc.service.r#override,
            &engines::of_service(svc),
            &format!("service `{}`", svc.name),
            out,
        );
    }
}

fn unchecked(raw: &BTreeMap<Label, Sp<String>>, engines: &[&str], of: &str, out: &mut Findings) {
    for (engine, text) in raw.iter().filter(|(engine, _)| engines.contains(&engine.as_str())) {
        out.push(
            Diagnostic::warning(
                codes::RAW_TEXT,
                &text.place,
                format!("raw text for `{engine}` of {of} is not checked here"),
            )
            .help("the engine checks how it is written; only the twin shows what it does"),
        );
    }
}
