//! A site with an uplink that no host holds.

use crate::codes;
use crate::facts::{Facts, uplink_kind};
use crate::rule::Findings;
use diag::Diagnostic;
use model::UplinkKind;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for (id, site) in &facts.fleet.sites {
        let has_uplink =
            site.uplink.iter().flat_map(|u| u.0.values()).any(|u| uplink_kind(u) != UplinkKind::None);
        if site.router.is_some() || !has_uplink {
            continue;
        }
        let hosts = facts.at_site.get(id.as_str()).map(Vec::as_slice).unwrap_or_default();
        if !hosts.is_empty() {
            let names: Vec<&str> = hosts.iter().take(4).map(|h| h.as_str()).collect();
            out.push(
                Diagnostic::error(
                    codes::SITE_WITHOUT_ROUTER,
                    &site.place,
                    format!("site `{id}` has an uplink, but no host is its router"),
                )
                .help(format!("write `router:` with one of its hosts, for example {}", names.join(", "))),
            );
        }
    }
}
