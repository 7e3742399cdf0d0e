//! A module that needs another, of which the fleet has no service or several.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for svc in &facts.services {
        for need in svc.module.iter().flat_map(|m| &m.needs) {
            let wanted = need.service.as_str();
            let of = |s: &&crate::facts::Svc<'_>| s.service.module.as_str() == wanted;
            let found: Vec<&str> = facts.services.iter().filter(of).map(|s| s.name).collect();
            let named = svc.service.needs.iter().any(|n| found.contains(&n.service.as_str()));
            let error = |message| Diagnostic::error(codes::MODULE_NEEDS, &svc.service.module.place, message);
            let module = &svc.service.module.value;
            match found.as_slice() {
                [_] => {}
                [] => out.push(
                    error(format!(
                        "module `{module}` needs a service of module `{wanted}`, and there is none"
                    ))
                    .help(format!("add one: `module: {wanted}`")),
                ),
                several if !named => out.push(
                    error(format!(
                        "module `{module}` needs a service of module `{wanted}`, and there are several"
                    ))
                    .help(format!("name one in `needs`: {}", several.join(", "))),
                ),
                _ => {}
            }
        }
    }
}
