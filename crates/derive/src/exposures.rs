//! Exposures: names and ports under which others reach services, and everything that follows from them.

use crate::admit;
use crate::codes;
use crate::edges;
use crate::entries::{self, Inlet, Translations};
use crate::fleet::{EdgeKind, Entry, Exposure, Instance, InstancePort};
use crate::instances;
use crate::peers::Allowed;
use crate::place::Placed;
use crate::work::Work;
use artifact::Why;
use diag::Diagnostic;
use ipnet::IpNet;
use model::{Audience, Auth, CertificateKind, Expose, HostId, Proto, Provides, ServiceId, SiteId};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// What exposing finds.
#[derive(Default)]
pub(crate) struct Found {
    pub exposures: Vec<Exposure>,
    pub edges: Vec<crate::fleet::Edge>,
    /// What was let in from inside already: many names share one proxy.
    admitted: BTreeSet<Admitted>,
}

/// Host, ports, audience is the whole of the LANs, sources.
type Admitted = (HostId, Vec<(Proto, u16)>, Audience, Vec<IpNet>);

/// A service that takes requests for others, on one of its hosts.
#[derive(Clone, Debug)]
struct Proxy {
    service: ServiceId,
    host: HostId,
}

/// Derives all exposures and port mappings of routers.
pub(crate) fn exposures(work: &mut Work<'_>, allowed: &mut Allowed) -> Found {
    let mut found = Found::default();
    let mut translations = Translations::new();
    let placed: Vec<(ServiceId, Placed)> =
        work.placed.iter().map(|(id, p)| (id.clone(), p.clone())).collect();
    let proxies = proxies(work, &placed);
    for (id, placed) in placed.iter().filter(|(_, p)| !p.left_out && !p.hosts.is_empty()) {
        for expose in &placed.service.expose {
            if let Some(exposure) =
                one(work, allowed, &mut translations, &proxies, &mut found, id, placed, expose)
            {
                found.exposures.push(exposure);
            }
        }
    }
    crate::mappings::mappings(work, &mut translations);
    for ((host, ..), (dnat, _)) in translations {
        if let Some(host) = work.hosts.get_mut(&host) {
            host.firewall.dnat.push(dnat);
        }
    }
    found
}

fn proxies(work: &Work<'_>, placed: &[(ServiceId, Placed)]) -> Vec<Proxy> {
    let mut out = Vec::new();
    for (id, placed) in placed.iter().filter(|(_, p)| !p.left_out) {
        for host in placed.hosts.keys() {
            if instances::find(work, host, id).is_some_and(|i| i.provides.contains(&Provides::Ingress)) {
                out.push(Proxy { service: id.clone(), host: host.clone() });
            }
        }
    }
    out
}

#[allow(clippy::too_many_arguments)]
fn one(
    work: &mut Work<'_>,
    allowed: &mut Allowed,
    translations: &mut Translations,
    proxies: &[Proxy],
    found: &mut Found,
    id: &ServiceId,
    placed: &Placed,
    expose: &Expose,
) -> Option<Exposure> {
    let hosts: Vec<HostId> = placed.hosts.keys().cloned().collect();
    let first = hosts.first()?.clone();
    let instance = instances::find(work, &first, id)?.clone();
    let port = port(work, &instance, expose)?;
    let audience = expose.to.as_ref().map_or(Audience::Internet, |a| a.value);
    let name = expose.host.as_ref().map(|h| full_name(work, h));
    let web = matches!(port.protocol.as_str(), "http" | "https");
    let label = name.clone().unwrap_or_else(|| format!("{}/{}", port.proto.word(), port.number));
    let why = Why::new(&expose.place, format!("{id} is exposed as {label} to the {}", audience.word()));
    let proxy = if name.is_some() && web && !instance.provides.contains(&Provides::Ingress) {
        Some(proxy(work, proxies, id, &hosts, expose)?)
    } else {
        None
    };
    let certificate = certificate(expose, audience, proxy.is_some());
    let (end, ports) = match &proxy {
        Some(proxy) => (proxy.host.clone(), proxy_ports(work, proxy, certificate)),
        None => (first.clone(), vec![(port.proto, port.number)]),
    };
    let ingress =
        proxy.as_ref().and_then(|p| work.placed.get(&p.service)).and_then(|p| p.service.ingress.clone());
    let from: Vec<IpNet> = if expose.from.is_empty() {
        ingress.iter().flat_map(|i| &i.from).map(|n| n.value).collect()
    } else {
        expose.from.iter().map(|n| n.value).collect()
    };
    let edited = expose.r#override.as_ref();
    let inlet = Inlet {
        service: id,
        host: &end,
        ports: ports.clone(),
        from: from.clone(),
        sites: if expose.entry.is_empty() {
            ingress.iter().flat_map(|i| i.entry.clone()).collect()
        } else {
            expose.entry.clone()
        },
        bind: edited.and_then(|o| o.dnat_interface.as_ref()),
        records: edited.map(|o| o.dns.iter().map(|ip| ip.value).collect()).unwrap_or_default(),
        why: why.clone(),
    };
    let own: Vec<model::Sp<IpAddr>> = ingress.iter().flat_map(|i| i.address.clone()).collect();
    let mut ways_in: Vec<Entry> = match audience {
        Audience::Internet if own.is_empty() => entries::entries(work, allowed, translations, &inlet),
        Audience::Internet => crate::announced::entries(work, &inlet, &own),
        Audience::Lan | Audience::Fleet => Vec::new(),
    };
    if audience == Audience::Internet && ways_in.is_empty() {
        return None;
    }
    let inside: Vec<IpAddr> = work.hosts.get(&end).map(|h| h.addresses.clone()).unwrap_or_default();
    let inside = if audience == Audience::Lan { on_lans(work, &end, inside) } else { inside };
    if found.admitted.insert((end.clone(), ports.clone(), audience, from.clone())) {
        admit::admit(work, &inlet, audience, &inside, own.is_empty());
    }
    let backends = backends(work, found, id, &hosts, proxy.as_ref(), &port, &why);
    for entry in &mut ways_in {
        backend_hops(entry, proxy.as_ref(), &backends, &why);
    }
    let auth = auth(work, expose, audience);
    let gate = gate(work, found, &auth, expose, &end, &why);
    let limits = expose.limits.as_ref();
    let tls = proxy.is_some() && certificate != CertificateKind::None;
    Some(Exposure {
        service: id.clone(),
        name,
        audience,
        auth,
        gate,
        certificate,
        ingress: proxy.map(|p| (p.service, p.host)),
        backends,
        proto: port.proto,
        port: if tls { 443 } else { ports.first().map_or(port.number, |p| p.1) },
        entries: ways_in,
        inside,
        from,
        paths: expose.paths.iter().map(|(path, rule)| (path.0.clone(), rule.clone())).collect(),
        rate: limits.and_then(|l| l.requests.as_ref()).map(|r| r.value.clone()),
        body: limits.and_then(|l| l.body).map(|b| b.0),
        why,
        place: expose.place.clone(),
    })
}

/// A name with the fleet's domain when it has no dot.
pub(crate) fn full_name(work: &Work<'_>, name: &str) -> String {
    if name.contains('.') { name.to_owned() } else { format!("{name}.{}", work.domain) }
}

fn port(work: &mut Work<'_>, instance: &Instance, expose: &Expose) -> Option<InstancePort> {
    let label = expose.port.as_ref().map(|p| &p.value).or(instance.main.as_ref());
    let port = label.and_then(|l| instance.ports.get(l)).cloned();
    if port.is_none() {
        let (place, name) = match &expose.port {
            Some(label) => (&label.place, label.to_string()),
            None => (&expose.place, format!("the main port of {}", instance.service)),
        };
        work.dangling(&place.clone(), &name);
    }
    port
}

/// A service that takes requests over a connection it opens itself.
fn connector(work: &Work<'_>) -> Option<ServiceId> {
    let model = work.model;
    let connects = |service: &model::Service| {
        let module = model.modules.get(&service.module.value);
        module.is_some_and(|m| m.provides.iter().any(|p| p.value == Provides::Connector))
    };
    model.services.iter().find(|(_, service)| connects(service)).map(|(id, _)| id.clone())
}

/// The proxy for a service: the only one, else the one on its host, else the one at its site.
fn proxy(
    work: &mut Work<'_>,
    proxies: &[Proxy],
    id: &ServiceId,
    hosts: &[HostId],
    expose: &Expose,
) -> Option<Proxy> {
    let services: BTreeSet<&ServiceId> = proxies.iter().map(|p| &p.service).collect();
    let here = proxies.iter().find(|p| hosts.contains(&p.host));
    let sites: BTreeSet<&SiteId> = hosts.iter().filter_map(|h| work.site_of(h)).collect();
    let mut near = proxies.iter().filter(|p| work.site_of(&p.host).is_some_and(|s| sites.contains(s)));
    let chosen = match (services.len(), here, near.next(), near.next()) {
        (_, Some(here), ..) => Some(here),
        (_, None, Some(near), None) => Some(near),
        (1, None, ..) => proxies.first(),
        _ => None,
    };
    if chosen.is_none() {
        let names: Vec<&str> = services.iter().map(|s| s.as_str()).collect();
        if let (true, Some(connector)) = (names.is_empty(), connector(work)) {
            work.not_yet(&expose.place, format_args!("requests for {id} by way of {connector}"));
            return None;
        }
        let (lack, help) = if names.is_empty() {
            ("the fleet has no proxy that takes requests".to_owned(), "add a service of module `caddy`")
        } else {
            (
                format!("it could be taken by {}", names.join(" or ")),
                "place a proxy on the service's host or at its site",
            )
        };
        let message = format!("{id} is exposed by name, and {lack}");
        work.report.push(Diagnostic::error(codes::NO_INGRESS, &expose.place, message).help(help));
    }
    chosen.cloned()
}

/// 443 and 80: TLS, and plain HTTP for certificates (RFC 8555 8.3) and redirects.
fn proxy_ports(work: &Work<'_>, proxy: &Proxy, certificate: CertificateKind) -> Vec<(Proto, u16)> {
    let instance = instances::find(work, &proxy.host, &proxy.service);
    let number = |name: &str, usual: u16| {
        instance
            .and_then(|i| i.ports.iter().find(|(l, _)| l.as_str() == name))
            .map_or(usual, |(_, p)| p.number)
    };
    let plain = (Proto::Tcp, number("http", 80));
    if certificate == CertificateKind::None {
        vec![plain]
    } else {
        vec![(Proto::Tcp, number("https", 443)), plain]
    }
}

fn certificate(expose: &Expose, audience: Audience, proxied: bool) -> CertificateKind {
    match (&expose.certificate, audience) {
        (Some(written), _) => written.value,
        (None, _) if !proxied => CertificateKind::None,
        (None, Audience::Internet) => CertificateKind::Acme,
        (None, Audience::Lan | Audience::Fleet) => CertificateKind::Internal,
    }
}

/// Sign-in: as written; the gate's on the internet when there is one; nobody asks inside.
fn auth(work: &Work<'_>, expose: &Expose, audience: Audience) -> Auth {
    let gated = work.model.auth.as_ref().is_some_and(|a| a.gate.is_some());
    match (&expose.auth, audience) {
        (Some(written), _) => written.value.clone(),
        (None, Audience::Internet) if gated && expose.host.is_some() => Auth::Sso,
        (None, _) => Auth::None,
    }
}

/// The gate as the proxy reaches it.
fn gate(
    work: &mut Work<'_>,
    found: &mut Found,
    auth: &Auth,
    expose: &Expose,
    proxy: &HostId,
    why: &Why,
) -> Option<(HostId, IpAddr, u16)> {
    let asks = |a: &Auth| matches!(a, Auth::Sso | Auth::OneFactor | Auth::TwoFactor);
    let by_path = expose.paths.values().filter_map(|p| p.auth.as_ref()).any(|a| asks(&a.value));
    if !asks(auth) && !by_path {
        return None;
    }
    let gate = work.model.auth.as_ref()?.gate.as_ref()?;
    let why = Why::new(&why.place, format!("{}, and {} asks for sign-in", why.reason, gate.value));
    let targets = edges::service_targets(work, proxy, &gate.value, None);
    let target = targets.first().cloned();
    if let Some((host, _, _)) = &target
        && let Some(instance) = instances::find(work, host, &gate.value)
        && let Some(port) = instance.main.clone().and_then(|m| instance.ports.get(&m).cloned())
    {
        let host = host.clone();
        let edge = edges::connect(
            work,
            EdgeKind::Gate,
            proxy,
            None,
            &host,
            Some(&gate.value),
            (port.proto, port.number),
            &why,
        );
        found.edges.extend(edge);
    }
    target
}

/// Where the service's copies listen, as seen from the proxy; opens the way to each.
fn backends(
    work: &mut Work<'_>,
    found: &mut Found,
    id: &ServiceId,
    hosts: &[HostId],
    proxy: Option<&Proxy>,
    port: &InstancePort,
    why: &Why,
) -> Vec<(HostId, IpAddr, u16)> {
    let Some(proxy) = proxy else {
        let own = |h: &HostId| {
            work.hosts
                .get(h)
                .and_then(|x| x.addresses.first().copied())
                .map(|ip| (h.clone(), ip, port.number))
        };
        return hosts.iter().filter_map(own).collect();
    };
    let mut out = Vec::new();
    for host in hosts {
        let listen = instances::find(work, host, id).and_then(|i| i.listen);
        match edges::address(work, &proxy.host, host, listen) {
            Some(ip) => out.push((host.clone(), ip, port.number)),
            None => edges::no_way(work, why, &proxy.host, host),
        }
        let why = Why::new(&why.place, format!("{} passes requests for {id} on", proxy.service));
        let edge = edges::connect(
            work,
            EdgeKind::Proxy,
            &proxy.host,
            Some(&proxy.service),
            host,
            Some(id),
            (port.proto, port.number),
            &why,
        );
        found.edges.extend(edge);
    }
    out
}

fn backend_hops(entry: &mut Entry, proxy: Option<&Proxy>, backends: &[(HostId, IpAddr, u16)], why: &Why) {
    use crate::fleet::{Hop, HopKind};
    if proxy.is_none() {
        return;
    }
    let back =
        entry.hops.iter().position(|h| matches!(h.what, HopKind::Return(_))).unwrap_or(entry.hops.len());
    let hops = backends.iter().map(|(host, ip, port)| Hop {
        what: HopKind::Backend(*ip, *port),
        host: host.clone(),
        why: why.clone(),
    });
    let hops: Vec<Hop> = hops.collect();
    entry.hops.splice(back..back, hops);
}

/// Addresses that LANs can use.
fn on_lans(work: &Work<'_>, host: &HostId, all: Vec<IpAddr>) -> Vec<IpAddr> {
    let lan = work.ground.get(host).map(|g| g.lan_addresses.clone()).unwrap_or_default();
    if lan.is_empty() { all } else { lan }
}
