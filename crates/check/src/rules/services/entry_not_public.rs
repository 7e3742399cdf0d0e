//! An entry by a site that cannot be reached from the internet.

use crate::codes;
use crate::facts::{Facts, public_uplinks, uplink_kind};
use crate::rule::Findings;
use diag::Diagnostic;
use model::{SiteId, Sp, UplinkKind};

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let exposures = facts.services.iter().flat_map(|s| &s.service.expose).flat_map(|e| &e.entry);
    let ingresses = facts.services.iter().filter_map(|s| s.service.ingress.as_ref()).flat_map(|i| &i.entry);
    let announces = !facts.announced().is_empty();
    for entry in exposures.chain(ingresses) {
        if !announces {
            judge(facts, entry, out);
        }
    }
}

fn judge(facts: &Facts<'_>, entry: &Sp<SiteId>, out: &mut Findings) {
    let Some(site) = facts.fleet.sites.get(&entry.value) else { return };
    let own = facts.at_site.get(entry.as_str()).into_iter().flatten().any(|host| {
        let uplink = facts.fleet.hosts.get(*host).and_then(|h| h.uplink.as_ref());
        uplink.is_some_and(|u| uplink_kind(u) == UplinkKind::Public)
    });
    if own || public_uplinks(site).next().is_some() {
        return;
    }
    let known = facts.fleet.sites.iter().filter(|(_, s)| public_uplinks(s).next().is_some());
    let names: Vec<&str> = known.map(|(id, _)| id.as_str()).collect();
    let diagnostic = Diagnostic::error(
        codes::ENTRY_NOT_PUBLIC,
        &entry.place,
        format!("nobody comes in by site `{}`: it has no public address", entry.value),
    )
    .label(&site.place, "the site");
    out.push(match names.as_slice() {
        [] => diagnostic.help("no site has a public uplink"),
        _ => diagnostic.help(format!("sites that have one: {}", names.join(", "))),
    });
}
