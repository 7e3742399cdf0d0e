//! A setting of an exposure or a health check that nothing would ever look at.

use crate::codes;
use crate::facts::{Exposed, Facts, Way};
use crate::rule::Findings;
use diag::{Diagnostic, Place};
use model::{Audience, Variant};

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for exposed in &facts.exposures {
        let mut useless = |place: &Place, key: &str, why: &str| {
            let message = format!("`{key}` has no effect on {}: {why}", exposed.title(facts));
            out.push(
                Diagnostic::error(codes::USELESS_SETTING, place, message).help(format!("leave `{key}` out")),
            );
        };
        outside_only(exposed, &mut useless);
        if exposed.way == Way::Direct {
            http_only(exposed, &mut useless);
        }
        for (path, rule) in &exposed.expose.paths {
            if rule.auth.is_none() && rule.groups.is_empty() {
                useless(
                    &rule.place,
                    &format!("paths.{}", path.0),
                    "it says neither who signs in nor who may",
                );
            }
        }
    }
    for svc in &facts.services {
        if let Some(ingress) = &svc.service.ingress
            && svc.module.is_some()
            && !svc.provides(model::Provides::Ingress)
        {
            out.push(
                Diagnostic::error(
                    codes::USELESS_SETTING,
                    &ingress.place,
                    format!(
                        "`ingress` has no effect on service `{}`: its module takes no requests for others",
                        svc.name
                    ),
                )
                .label(&svc.service.module.place, "its module"),
            );
        }
        if let Some(container) = &svc.service.container
            && let Some((variant, place)) = svc.variant
            && variant != Variant::Container
        {
            let (name, word) = (svc.name, variant.word());
            let message = format!("`container` has no effect on service `{name}`: it runs as {word}");
            out.push(
                Diagnostic::error(codes::USELESS_SETTING, &container.place, message)
                    .label(place, "said here")
                    .help("leave `container` out, or write `variant: container`"),
            );
        }
    }
}

/// What only matters for clients on the internet.
fn outside_only(exposed: &Exposed<'_>, useless: &mut impl FnMut(&Place, &str, &str)) {
    if exposed.audience == Audience::Internet {
        return;
    }
    let why = "nobody comes from the internet";
    if let Some(entry) = exposed.expose.entry.first() {
        useless(&entry.place, "entry", why);
    }
    for replaced in exposed.expose.r#override.iter() {
        if let Some(address) = replaced.dns.first() {
            useless(&address.place, "override.dns", why);
        }
        if let Some(device) = &replaced.dnat_interface {
            useless(&device.place, "override.dnat-interface", why);
        }
    }
}

/// What only a proxy that speaks HTTP can do.
fn http_only(exposed: &Exposed<'_>, useless: &mut impl FnMut(&Place, &str, &str)) {
    let why = "clients do not speak HTTP through a proxy to it";
    if let Some(rule) = exposed.expose.paths.values().next() {
        useless(&rule.place, "paths", why);
    }
    if let Some(limits) = &exposed.expose.limits {
        useless(&limits.place, "limits", why);
    }
}
