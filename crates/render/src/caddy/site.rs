//! A site: the name, its listener and certificate.

use super::route;
use crate::codes;
use crate::cx::Cx;
use crate::out::Out;
use artifact::{Text, Why};
use derive::fleet::{Exposure, Instance};
use diag::Diagnostic;
use model::{Audience, CertificateKind};

pub(super) fn bind(instance: &Instance, why: &Why, text: &mut Text) {
    if let Some(address) = instance.listen {
        let why = Why::new(&why.place, format!("{} listens on {address} only", instance.service));
        text.line(format!("\tbind {address}"), &why);
    }
}

/// Address of a site as a Caddyfile names it.
fn address(name: &str, exposure: &Exposure) -> String {
    match (exposure.certificate, exposure.port) {
        (CertificateKind::None, 80) => format!("http://{name}"),
        (CertificateKind::None, port) => format!("http://{name}:{port}"),
        (CertificateKind::Acme | CertificateKind::Internal, 443) => name.to_owned(),
        (CertificateKind::Acme | CertificateKind::Internal, port) => format!("https://{name}:{port}"),
    }
}

pub(super) fn render(
    cx: &Cx<'_>,
    ingress: &Instance,
    exposure: &Exposure,
    text: &mut Text,
    out: &mut Out<'_>,
) {
    let Some(name) = &exposure.name else { return };
    let why = &exposure.why;
    text.line(format!("\n{} {{", address(name, exposure)), why);
    bind(ingress, why, text);
    if exposure.certificate == CertificateKind::Internal {
        text.line("\ttls internal", why);
    }
    text.line("\troute {\n\t\timport no_identity", why);
    match exposure.audience {
        Audience::Internet => {}
        Audience::Lan => {
            text.line("\t\timport lan_only", why);
        }
        Audience::Fleet => {
            text.line("\t\timport fleet_only", why);
        }
    }
    if !exposure.from.is_empty() {
        let ranges = super::ranges(&exposure.from).join(" ");
        text.line(format!("\t\t@elsewhere not remote_ip {ranges}"), why);
        text.line("\t\trespond @elsewhere \"not from here\" 403", why);
    }
    if let Some(bytes) = exposure.body {
        text.line(format!("\t\trequest_body {{\n\t\t\tmax_size {bytes}\n\t\t}}"), why);
    }
    if let Some(rate) = &exposure.rate {
        out.say(
            Diagnostic::note(
                codes::NO_RATE_LIMIT,
                &exposure.place,
                format!("not supported yet: the limit of {rate} on {name}"),
            )
            .help("Caddy as packaged has no rate limit; requests are not limited"),
        );
    }
    let served =
        exposure.backends.iter().find_map(|(host, _, _)| cx.index.instances.get(&(&exposure.service, host)));
    if let Some((raw, place)) = served.and_then(|i| i.overrides.get("caddy")) {
        let why = Why::new(place, "override: raw text for caddy");
        for line in raw.trim_end().lines() {
            text.line(format!("\t\t{line}"), &why);
        }
    }
    route::render(cx, exposure, served.copied(), text, out);
    text.line("\t}\n}", why);
}

/// What no site's name matches.
pub(super) fn others(ingress: &Instance, exposures: &[&Exposure], why: &Why, text: &mut Text) {
    let why = &Why::new(&why.place, "names nobody exposed");
    let tls =
        exposures.iter().any(|e| e.name.is_some() && e.certificate != CertificateKind::None && e.port == 443);
    text.line(if tls { "\nhttp://, https:// {" } else { "\nhttp:// {" }, why);
    bind(ingress, why, text);
    text.line("\trespond \"no such name\" 404\n}", why);
}
