//! A router that is not at its site.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for (id, site) in &facts.fleet.sites {
        let Some(router) = &site.router else { continue };
        let Some(host) = facts.fleet.hosts.get(&router.value) else { continue };
        let diagnostic = match &host.site {
            Some(at) if at.value == *id => continue,
            Some(at) => Diagnostic::error(
                codes::ROUTER_ELSEWHERE,
                &router.place,
                format!("`{}` cannot route for site `{id}`: it is at site `{}`", router.value, at.value),
            )
            .label(&at.place, "its site"),
            None => Diagnostic::error(
                codes::ROUTER_ELSEWHERE,
                &router.place,
                format!("`{}` cannot route for site `{id}`: it is at no site", router.value),
            )
            .label(&host.place, "the host")
            .help(format!("write `site: {id}` in the host")),
        };
        out.push(diagnostic);
    }
}
