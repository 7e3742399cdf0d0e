//! A service that listens on its own host only, though others are to reach it.

use crate::codes;
use crate::facts::{Exposed, Facts, Kind, Svc, Way};
use crate::rule::Findings;
use diag::{Diagnostic, Place};

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for (index, svc) in facts.services.iter().enumerate() {
        let Some(listen) = svc.service.listen.as_ref().filter(|l| l.is_loopback()) else { continue };
        let Some((what, place)) = reached_by(facts, index, svc) else { continue };
        out.about(
            Kind::Service,
            svc.name,
            Diagnostic::error(
                codes::LISTENS_ON_LOOPBACK,
                &listen.place,
                format!("`{}` listens on {} only, so {what}", svc.name, listen.value),
            )
            .label(place, "needed here")
            .help("leave `listen` out: the firewall lets in only what is declared"),
        );
    }
}

/// The first thing that has to reach the service from another host.
fn reached_by<'a>(facts: &'a Facts<'_>, index: usize, svc: &Svc<'_>) -> Option<(String, &'a Place)> {
    let breaks = |e: &Exposed<'_>| format!("{} breaks at it", e.title(facts));
    for exposed in &facts.exposures {
        let breaks = match &exposed.way {
            // What takes requests for others is where clients arrive.
            Way::Ingress(ingresses) if ingresses.contains(&index) => breaks(exposed),
            Way::Direct if exposed.service == index => breaks(exposed),
            Way::Ingress(ingresses) if exposed.service == index => {
                let mut all = ingresses.iter().filter_map(|i| facts.services.get(*i));
                let Some(away) = all.find(|ingress| !together(ingress, svc)) else { continue };
                format!("`{}`, which takes its requests on another host, cannot pass them on", away.name)
            }
            Way::Ingress(_) | Way::Direct | Way::NoIngress => continue,
        };
        return Some((breaks, exposed.place()));
    }
    facts.services.iter().find_map(|other| {
        let need = other.service.needs.iter().find(|n| n.service.as_str() == svc.name)?;
        let message = format!("`{}` cannot reach it from another host", other.name);
        (!together(other, svc)).then_some((message, &need.service.place))
    })
}

/// True when every copy of the one runs beside a copy of the other.
fn together(user: &Svc<'_>, used: &Svc<'_>) -> bool {
    user.hosts.is_subset(&used.hosts) && used.certain
}
