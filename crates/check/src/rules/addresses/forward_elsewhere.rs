//! A port mapping to a host that is not on the router's LAN.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for (id, host) in &facts.fleet.hosts {
        for (name, mapping) in host.router.iter().flat_map(|r| &r.forward) {
            let Some(target) = facts.fleet.hosts.get(&mapping.to.value) else { continue };
            let same = matches!((&host.site, &target.site), (Some(a), Some(b)) if a.value == b.value);
            if !same {
                out.push(
                    Diagnostic::error(
                        codes::FORWARD_ELSEWHERE,
                        &mapping.to.place,
                        format!(
                            "mapping `{name}` of `{id}` leads to `{}`, which is at another site",
                            mapping.to.value
                        ),
                    )
                    .label(&target.place, "the host")
                    .help("expose the service instead: its way in follows tunnels"),
                );
            }
        }
    }
}
