//! Where the internet comes in: the hosts with public addresses, and which of them leads to a service.

use crate::codes;
use crate::entries::Inlet;
use crate::graph::{Class, Step};
use crate::peers::reach;
use crate::work::Work;
use diag::Diagnostic;
use model::{HostId, SiteId, Sp};

/// The hosts at which clients come in.
pub(crate) fn edges(work: &mut Work<'_>, inlet: &Inlet<'_>) -> Option<Vec<HostId>> {
    if !inlet.sites.is_empty() {
        let mut out = Vec::new();
        for site in &inlet.sites {
            let found: Vec<HostId> = holders(work, Some(&site.value))
                .into_iter()
                .filter(|h| leads(work, h, inlet.host).is_some())
                .collect();
            if found.is_empty() {
                no_way(work, inlet, Some(site));
                return None;
            }
            out.extend(found.into_iter().take(1));
        }
        return Some(out);
    }
    if let Some(own) = reach(work, inlet.host).first() {
        return Some(vec![own.holder.clone()]);
    }
    let all: Vec<HostId> =
        holders(work, None).into_iter().filter(|h| leads(work, h, inlet.host).is_some()).collect();
    match all.as_slice() {
        [one] => Some(vec![one.clone()]),
        [] => {
            no_way(work, inlet, None);
            None
        }
        several => {
            let names: Vec<&str> = several.iter().map(HostId::as_str).collect();
            work.report.push(
                Diagnostic::error(
                    codes::NO_WAY_IN,
                    &inlet.why.place,
                    format!(
                        "{} could come in from the internet at {}; which one is meant is open",
                        inlet.service,
                        names.join(" or ")
                    ),
                )
                .help("write `entry` with the site's name"),
            );
            None
        }
    }
}

/// Hosts that hold a public address (at a site).
fn holders(work: &Work<'_>, site: Option<&SiteId>) -> Vec<HostId> {
    let at = |id: &HostId| site.is_none_or(|s| work.site_of(id) == Some(s));
    let public = |id: &&HostId| {
        at(id) && work.ground.get(*id).is_some_and(|g| g.uplinks.iter().any(|u| !u.public.is_empty()))
    };
    work.ground.keys().filter(public).cloned().collect()
}

/// The tunnel steps from a holder of a public address to a host, and the router of its LAN when that comes last.
pub(crate) fn leads(work: &Work<'_>, edge: &HostId, host: &HostId) -> Option<(Vec<Step>, Option<HostId>)> {
    if edge == host {
        return Some((Vec::new(), None));
    }
    let ground = work.ground.get(host)?;
    if ground.gateway.as_ref() == Some(edge) {
        return Some((Vec::new(), Some(edge.clone())));
    }
    if let Some(steps) = work.graph.path(edge, host, Class::Exposures) {
        return Some((steps, None));
    }
    let router = ground.gateway.clone()?;
    let steps = work.graph.path(edge, &router, Class::Exposures)?;
    Some((steps, Some(router)))
}

fn no_way(work: &mut Work<'_>, inlet: &Inlet<'_>, site: Option<&Sp<SiteId>>) {
    let host = inlet.host;
    let here = work.site_of(host).cloned();
    let own = here.as_ref().and_then(|s| work.model.sites.get(s));
    let kind = work
        .ground
        .get(host)
        .and_then(|g| g.gateway.as_ref().and_then(|r| work.ground.get(r)).or(Some(g)))
        .and_then(|g| g.uplinks.first())
        .map_or("has no uplink", |u| match u.kind {
            model::UplinkKind::Public => "has a public uplink without a written address",
            model::UplinkKind::Cgnat => "is behind CGNAT",
            model::UplinkKind::DoubleNat => "is behind two NATs",
            model::UplinkKind::None => "has no way out",
        });
    let at = here.map_or_else(String::new, |s| format!(" at {s}"));
    let lack = match site {
        Some(site) if holders(work, Some(&site.value)).is_empty() => {
            format!("{} holds no public address", site.value)
        }
        Some(site) => format!("no tunnel that carries exposures leads from {} to it", site.value),
        None if holders(work, None).is_empty() => "no site has a public address".to_owned(),
        None => "no tunnel that carries exposures leads to it from a site with a public address".to_owned(),
    };
    let place = site.map_or(&inlet.why.place, |s| &s.place);
    let mut diagnostic = Diagnostic::error(
        codes::NO_WAY_IN,
        place,
        format!("{} has no way in from the internet: {host}{at} {kind}, and {lack}", inlet.service),
    )
    .help("add a tunnel between this site's router and one with a public address, or expose it `to: lan`");
    if let Some(uplink) = own.and_then(|s| s.uplink.as_ref()).and_then(|u| u.0.values().next()) {
        diagnostic = diagnostic.label(&uplink.place, "its uplink");
    }
    work.report.push(diagnostic);
}
