//! A name that has a meaning of its own, or that two things share where each is a segment.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let fleet = facts.fleet;
    for (id, network) in &fleet.networks {
        let error = |message| Diagnostic::error(codes::NAME_TAKEN, &network.place, message);
        if let Some(site) = fleet.sites.get(id.as_str()) {
            out.push(
                error(format!("network `{id}` has the name of a site, whose LAN has that name already"))
                    .label(&site.place, "the site")
                    .help("give the network another name"),
            );
        }
        if ["any", "internet"].contains(&id.as_str()) {
            out.push(
                error(format!("`{id}` means something else in policies"))
                    .help("give the network another name"),
            );
        }
    }
    if let Some(all) = fleet.groups.get("all")
        && (!all.hosts.is_empty() || !all.groups.is_empty())
    {
        out.push(
            Diagnostic::error(codes::NAME_TAKEN, &all.place, "group `all` holds every host by itself")
                .help("leave its hosts out, or give the group another name"),
        );
    }
}
