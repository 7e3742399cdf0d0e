//! Copies spread over something that is neither hosts nor sites, or over too few sites.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;
use model::{HostId, Placement};
use std::collections::BTreeSet;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for svc in &facts.services {
        let Some(Placement::Any(any)) = &svc.service.on else { continue };
        let Some(spread) = &any.spread else { continue };
        let error = |message| Diagnostic::error(codes::BAD_SPREAD, &spread.place, message);
        match spread.as_str() {
            "host" => {}
            "site" => {
                let site = |id: &&&HostId| facts.fleet.hosts.get(**id).and_then(|h| h.site.as_ref());
                let sites: BTreeSet<_> =
                    svc.hosts.iter().filter_map(|id| site(&id)).map(|s| &s.value).collect();
                let copies = any.copies.as_ref().map_or(1, |c| c.value as usize);
                if !svc.hosts.is_empty() && sites.len() < copies {
                    out.push(error(format!(
                        "{copies} copies of `{}` cannot each be at another site: the hosts of `{}` are at {}",
                        svc.name,
                        any.any.value,
                        sites.len()
                    )));
                }
            }
            other => out.push(
                error(format!("copies are spread over `host` or `site`, not `{other}`"))
                    .suggest(other, ["host", "site"]),
            ),
        }
    }
}
