//! A service that nothing says where to run.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for svc in &facts.services {
        let empty = match &svc.service.on {
            Some(model::Placement::Names(names) | model::Placement::Each(names)) => names.is_empty(),
            Some(model::Placement::Any(_) | model::Placement::Needs(_)) => false,
            None => svc.service.environment.is_none(),
        };
        if empty {
            out.push(
                Diagnostic::error(
                    codes::NO_PLACEMENT,
                    &svc.service.place,
                    format!("nothing says where service `{}` runs", svc.name),
                )
                .help("write `on:` with a host or group, or what it needs: `on: {needs: {cpu: 2}}`"),
            );
        }
    }
}
