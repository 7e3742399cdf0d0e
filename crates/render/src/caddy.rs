//! Caddy: one site a name, in the old syntax that 2.6 and today's versions both read.

mod route;
mod site;

use crate::codes;
use crate::cx::Cx;
use crate::out::{HEADER, Out, Rights};
use artifact::{Text, Why};
use derive::fleet::{Exposure, Fleet, Instance, SegmentKind};
use diag::{Diagnostic, Place};
use engine::caddy::{ADMIN, DAEMON, FILE, RELOAD, checked, seen};
use ipnet::IpNet;
use model::{Audience, CertificateKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Let's Encrypt. Named, because Caddy by itself falls back to a second CA.
const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";

/// Source prefixes of names that are not on the internet.
pub(crate) struct Inside {
    lan: Vec<String>,
    fleet: Vec<String>,
}

impl Inside {
    fn of(fleet: &Fleet) -> Self {
        let loopback =
            [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)].map(IpNet::from);
        let hosts = fleet.hosts.values().flat_map(|h| {
            let plain = h.interfaces.iter().flat_map(|i| &i.addresses);
            let tunnels = h.wireguard.iter().flat_map(|w| &w.addresses);
            plain.chain(tunnels).map(|(net, _)| IpNet::from(net.addr()))
        });
        let hosts: Vec<IpNet> = hosts.chain(loopback).collect();
        let lans = fleet
            .segments
            .values()
            .filter(|s| matches!(s.kind, SegmentKind::Lan | SegmentKind::Bridge))
            .flat_map(|s| s.prefixes.iter().copied());
        let lans: Vec<IpNet> = lans.chain(hosts.iter().copied()).collect();
        Inside { lan: ranges(&lans), fleet: ranges(&hosts) }
    }
}

/// Prefixes as `remote_ip` takes them, without those inside others.
fn ranges(nets: &[IpNet]) -> Vec<String> {
    let families = crate::prefixes::Families::of(nets);
    families.v4.iter().map(ToString::to_string).chain(families.v6.iter().map(ToString::to_string)).collect()
}

/// The ingress a service is served by takes its raw text into the service's site.
pub(crate) fn takes_raw(cx: &Cx<'_>, instance: &Instance) -> bool {
    let itself = instance.definition.variants.native.as_ref().and_then(|n| n.engine.as_deref());
    itself == Some(DAEMON.engine)
        || cx.fleet.exposures.iter().any(|e| e.service == instance.service && e.ingress.is_some())
}

pub(crate) fn render(cx: &Cx<'_>, instance: &Instance, out: &mut Out<'_>) {
    let why = Why::new(&instance.place, format!("ingress {} on {}", instance.service, cx.host.id));
    let none = Vec::new();
    let exposures = cx.index.exposures.get(&(&instance.service, &cx.host.id)).unwrap_or(&none);
    let mut text = Text::new();
    global(cx, exposures, &why, &mut text);
    snippets(cx, exposures, &why, &mut text);
    for exposure in exposures {
        site::render(cx, instance, exposure, &mut text, out);
    }
    site::others(instance, exposures, &why, &mut text);
    metrics(instance, &why, &mut text, out);
    if let Some((raw, place)) = instance.overrides.get("caddy") {
        text.line(format!("\n{}", raw.trim_end()), &Why::new(place, "override: raw text for caddy"));
    }
    // It may hold password hashes.
    let secret = text.secrets().next().is_some();
    let rights = if secret { Rights(0o600, "caddy", "caddy") } else { Rights(0o644, "root", "root") };
    out.file(DAEMON.engine, FILE, rights, text, &why);
    out.packages(DAEMON.packages, &why);
    if let Some(unit) = out.unit_mut(&instance.unit) {
        unit.reload_on.insert(FILE.to_owned());
        unit.reload = RELOAD.map(str::to_owned).to_vec();
    }
    out.check(checked());
    out.health(seen(&why));
}

fn global(cx: &Cx<'_>, exposures: &[&Exposure], why: &Why, text: &mut Text) {
    text.line(HEADER, why);
    text.line("{", why);
    text.line(format!("\tadmin {ADMIN}"), why);
    // Root in a host's trust store is not a proxy's to change.
    text.line("\tskip_install_trust", why);
    if exposures.iter().any(|e| e.certificate == CertificateKind::Acme) {
        let acme = &cx.fleet.acme;
        let place = acme.place.clone().unwrap_or_else(|| Place::builtin("certificates"));
        let why = Why::new(&place, "public certificates by ACME");
        if let Some(email) = &acme.email {
            text.line(format!("\temail {email}"), &why);
        }
        text.line(format!("\tacme_ca {}", acme.directory.as_deref().unwrap_or(LETS_ENCRYPT)), &why);
    }
    // No HTTP/3: UDP is let in nowhere, so no client may be told of it; and a reload could not move its socket
    // from one address to another.
    text.line("\tservers {\n\t\tmetrics\n\t\tprotocols h1 h2\n\t}\n}", why);
}

/// Sites that are not on the internet let in only whom they are for: the same listener takes requests from
/// everywhere, and a name in a request proves nothing.
fn snippets(cx: &Cx<'_>, exposures: &[&Exposure], why: &Why, text: &mut Text) {
    let inside = cx.index.inside.get_or_init(|| Inside::of(cx.fleet));
    for (audience, name, ranges) in
        [(Audience::Lan, "lan_only", &inside.lan), (Audience::Fleet, "fleet_only", &inside.fleet)]
    {
        if exposures.iter().any(|e| e.audience == audience && e.name.is_some()) {
            text.line(format!("\n({name}) {{\n\t@outside not remote_ip {}", ranges.join(" ")), why);
            text.line("\trespond @outside \"not from here\" 403\n}", why);
        }
    }
    let identity = route::IDENTITY.map(|h| format!("\trequest_header -{h}")).join("\n");
    if !exposures.is_empty() {
        let why = Why::new(&why.place, "who a request is from is for the gate to say, not for clients");
        text.line(format!("\n(no_identity) {{\n{identity}\n}}"), &why);
    }
}

fn metrics(instance: &Instance, why: &Why, text: &mut Text, out: &mut Out<'_>) {
    let Some(at) = &instance.definition.metrics else { return };
    let Some(port) = instance.ports.get(&at.port) else { return };
    if ADMIN.ends_with(&format!(":{}", port.number)) {
        let message = format!("metrics cannot be on port {}: the admin API is there", port.number);
        out.say(Diagnostic::error(codes::CANNOT_SAY, &instance.place, message));
    }
    let path = at.path.as_deref().unwrap_or("/metrics");
    text.line(format!("\nhttp://:{} {{", port.number), why);
    site::bind(instance, why, text);
    text.line(format!("\tmetrics {path}\n}}"), why);
}
