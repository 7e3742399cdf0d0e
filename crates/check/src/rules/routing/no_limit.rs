//! A session that would take any number of prefixes.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;
use model::BgpRole;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for (id, host) in &facts.fleet.hosts {
        for (name, neighbour) in host.bgp.iter().flat_map(|b| &b.neighbours) {
            // A provider sends everything there is; the others what is theirs.
            let asked = matches!(neighbour.role.value, BgpRole::Peer | BgpRole::RsClient | BgpRole::Provider);
            if asked && neighbour.limit.is_none() {
                out.push(
                    Diagnostic::warning(
                        codes::NO_LIMIT,
                        &neighbour.place,
                        format!("neighbour `{name}` of `{id}` may send any number of prefixes"),
                    )
                    .help("write `limit:`, a little above what it announces (RFC 7454 §8)"),
                );
            }
            if let Some(limit) = neighbour.limit.as_ref().filter(|l| l.value == 0) {
                let message =
                    format!("neighbour `{name}` of `{id}` may send nothing: the session would shut at once");
                out.push(
                    Diagnostic::error(codes::NO_LIMIT, &limit.place, message).help("write a limit above 0"),
                );
            }
        }
    }
}
