//! Raw text for an engine, which the rules cannot read.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let hosts = facts.fleet.hosts.iter();
    let of_hosts =
        hosts.flat_map(|(id, h)| h.r#override.iter().map(move |raw| (format!("host `{id}`"), raw)));
    let of_services = facts
        .services
        .iter()
        .flat_map(|s| s.service.r#override.iter().map(move |raw| (format!("service `{}`", s.name), raw)));
    for (of, (engine, text)) in of_hosts.chain(of_services) {
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
