//! A small fleet of two sites built by hand, and the real checkers.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

pub mod anycast;
pub mod checkers;
pub mod examples;
pub mod golden;
pub mod watched;

use artifact::Why;
use derive::fleet::*;
use diag::Place;
use model::{
    Audience, Auth, CertificateKind, HostId, Label, Proto, Provides, ServiceId, SiteId, UplinkKind, Variant,
    ZoneId,
};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

pub const KEY: &str = "GHQnRt3yPLWkTNWaMP4PYVVNEGhlRuLVjvzmjzxUhXo=";

pub fn place(file: &str) -> Place {
    Place::new(file, 1, 1)
}
pub fn why(file: &str, reason: &str) -> Why {
    Why::new(&place(file), reason)
}
pub fn net(text: &str) -> ipnet::IpNet {
    text.parse().unwrap()
}
pub fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}
pub fn id(name: &str) -> HostId {
    HostId::new(name)
}
pub fn zone(name: &str) -> ZoneId {
    ZoneId::new(name)
}

/// The value of every secret in these tests.
pub fn secret(name: &str) -> Option<String> {
    engine::secret::value(name, &|name| {
        Some(if name.starts_with("wireguard/") {
            "aKZaVL2cSYNQJ2PKcvkBGQPHSRPQ3BoPMLQGiCaRW1E=".into()
        } else {
            "pass word".into()
        })
    })
    .ok()
}

pub fn rule(iif: &[&str], from: &[&str], to: &[&str], traffic: Traffic) -> Rule {
    Rule {
        iif: iif.iter().map(|i| (*i).to_owned()).collect(),
        oif: Vec::new(),
        from: from.iter().map(|n| net(n)).collect(),
        to: to.iter().map(|n| net(n)).collect(),
        traffic,
        why: why("services/photos.yaml", "needs postgres"),
    }
}

pub fn host(name: &str) -> Host {
    let file = format!("hosts/{name}.yaml");
    Host {
        id: id(name),
        site: None,
        fqdn: format!("{name}.two-sites.example"),
        addresses: Vec::new(),
        ssh: Ssh::default(),
        reach: None,
        interfaces: Vec::new(),
        routes: Vec::new(),
        rules: Vec::new(),
        wireguard: Vec::new(),
        forwarding: false,
        sysctls: BTreeMap::new(),
        firewall: Firewall::default(),
        bgp: None,
        resolver: Resolver {
            listen: Vec::new(),
            upstream: vec![ip("192.0.2.53"), ip("2001:db8:53::53")],
            why: why("fleet.yaml", "every host resolves the fleet's names"),
        },
        instances: Vec::new(),
        people: Vec::new(),
        overrides: BTreeMap::new(),
        manage: BTreeMap::new(),
        drift: None,
        place: place(&file),
    }
}

pub fn interface(name: &str, segment: &str, zone_name: &str, addresses: &[&str]) -> Interface {
    Interface {
        name: name.to_owned(),
        segment: Some(segment.to_owned()),
        addresses: addresses.iter().map(|a| (net(a), why("sites/kyiv.yaml", "address"))).collect(),
        dhcp4: false,
        accept_ra: false,
        gateways: Vec::new(),
        zone: zone(zone_name),
        why: why("sites/kyiv.yaml", "interface"),
    }
}

pub fn wireguard(
    name: &str,
    host: &str,
    peer: &str,
    port: Option<u16>,
    address: &[&str],
    allowed: &[&str],
) -> WgInterface {
    let why = why("tunnels/kyiv-wroclaw.yaml", "tunnel kyiv-wroclaw");
    WgInterface {
        name: name.to_owned(),
        tunnel: model::TunnelId::new("kyiv-wroclaw"),
        listen_port: port,
        addresses: address.iter().map(|a| (net(a), why.clone())).collect(),
        mtu: 1420,
        private_key: format!("wireguard/{host}/{name}"),
        public_key: KEY.to_owned(),
        peers: vec![WgPeer {
            host: id(peer),
            public_key: KEY.to_owned(),
            endpoint: port.is_none().then(|| "203.0.113.7:51820".parse().unwrap()),
            allowed_ips: allowed.iter().map(|a| (net(a), why.clone())).collect(),
            keepalive_s: port.is_none().then_some(25),
            why: why.clone(),
        }],
        why,
    }
}

/// A copy of a service of a built-in module, with the module's own ports, volumes and defaults.
pub fn instance(service: &str, module: &str, variant: Variant) -> Instance {
    let module = model::ModuleId::new(module);
    let definition = source::builtin::modules()[&module].clone();
    let ports: BTreeMap<Label, InstancePort> = definition
        .ports
        .iter()
        .filter_map(|(name, port)| match &port.port.port.value {
            model::PortChoice::Fixed(spec) => Some((
                name.clone(),
                InstancePort {
                    proto: spec.proto,
                    number: spec.port,
                    protocol: port.protocol.clone().unwrap_or_else(|| "http".to_owned()),
                },
            )),
            model::PortChoice::Dynamic => None,
        })
        .collect();
    let main = definition.main.as_ref().map(|m| m.value.clone()).or_else(|| ports.keys().next().cloned());
    let health = definition.health.as_ref().and_then(|h| match (&h.http, &h.tcp) {
        (Some(path), _) => Some(InstanceHealth::Http(ports[main.as_ref()?].number, path.clone())),
        (_, Some(port)) => Some(InstanceHealth::Tcp(ports[port].number)),
        _ => None,
    });
    let params = definition
        .params
        .iter()
        .filter_map(|(name, p)| Some((name.clone(), p.default.as_ref()?.0.text()?.to_owned())))
        .collect();
    let unit = definition
        .variants
        .native
        .as_ref()
        .filter(|_| variant == Variant::Native)
        .and_then(|n| n.unit.clone());
    let volumes: BTreeMap<Label, String> =
        definition.volumes.iter().filter_map(|(n, v)| Some((n.clone(), v.path.clone()?))).collect();
    let file = format!("services/{service}.yaml");
    Instance {
        service: ServiceId::new(service),
        module,
        provides: definition.provides.iter().map(|p| p.value).collect::<BTreeSet<Provides>>(),
        variant,
        unit: unit.unwrap_or_else(|| format!("{service}.service")),
        ports,
        main,
        listen: None,
        params,
        env: BTreeMap::new(),
        seen: volumes.clone(),
        volumes,
        image: None,
        container: None,
        needs: Vec::new(),
        mounts: Vec::new(),
        exports: Vec::new(),
        limits: (None, None),
        health,
        overrides: BTreeMap::new(),
        why: why(&file, "placed by hand"),
        place: place(&file),
        definition: Arc::new(definition),
    }
}

pub fn exposure(service: &str, name: &str, auth: Auth, backend: (&str, &str, u16)) -> Exposure {
    let file = format!("services/{service}.yaml");
    Exposure {
        service: ServiceId::new(service),
        name: Some(name.to_owned()),
        audience: Audience::Internet,
        auth,
        gate: Some((id("mac-mini"), ip("192.168.10.2"), 9091)),
        certificate: CertificateKind::Acme,
        ingress: Some((ServiceId::new("ingress"), id("mac-mini"))),
        backends: vec![(id(backend.0), ip(backend.1), backend.2)],
        proto: Proto::Tcp,
        port: 443,
        entries: Vec::new(),
        inside: vec![ip("192.168.10.2")],
        from: Vec::new(),
        paths: BTreeMap::new(),
        rate: None,
        body: None,
        why: why(&file, "exposed as a name"),
        place: place(&file),
    }
}

pub fn fleet() -> Fleet {
    Fleet {
        name: "two-sites".to_owned(),
        domain: "two-sites.example".to_owned(),
        timers: Timers::default(),
        sites: BTreeMap::new(),
        segments: BTreeMap::new(),
        hosts: BTreeMap::new(),
        links: Vec::new(),
        exposures: Vec::new(),
        edges: Vec::new(),
        zones: BTreeMap::new(),
        allows: Vec::new(),
        names: Vec::new(),
        public_names: Vec::new(),
        watchers: Vec::new(),
        acme: Acme {
            email: Some("ops@two-sites.example".into()),
            directory: None,
            place: Some(place("fleet.yaml")),
        },
        receivers: BTreeMap::new(),
        sign_in: Some("auth.two-sites.example".to_owned()),
        unsupported: Vec::new(),
    }
}

fn sysctls(keys: &[(&str, &str)]) -> BTreeMap<String, (String, Why)> {
    keys.iter()
        .map(|(k, v)| ((*k).to_owned(), ((*v).to_owned(), why("sites/kyiv.yaml", "it is a router"))))
        .collect()
}

fn segment(name: &str, kind: SegmentKind, prefixes: &[&str]) -> (String, Segment) {
    let segment = Segment {
        name: name.to_owned(),
        kind,
        prefixes: prefixes.iter().map(|p| net(p)).collect(),
        zone: zone(if kind == SegmentKind::Lan { "lan" } else { "internet" }),
        site: Some(SiteId::new(name.trim_start_matches("uplink-").split('-').next().unwrap())),
        gateways: Vec::new(),
        place: place("sites/kyiv.yaml"),
    };
    (name.to_owned(), segment)
}

/// The routers of both sites and the machine behind CGNAT, as small as they can be.
pub fn two_sites() -> Fleet {
    let mut fleet = fleet();
    fleet.segments = [
        segment("kyiv", SegmentKind::Lan, &["192.168.88.0/24", "fd77:88::/64"]),
        segment("wroclaw", SegmentKind::Lan, &["192.168.10.0/24", "fd77:10::/64"]),
        segment("uplink-kyiv", SegmentKind::Uplink(UplinkKind::Public), &["203.0.113.0/24"]),
        segment("uplink-wroclaw", SegmentKind::Uplink(UplinkKind::Cgnat), &[]),
    ]
    .into();
    for host in [kyiv_gw(), wroclaw_gw(), mac_mini()] {
        for address in &host.addresses {
            fleet.names.push(Name {
                name: host.fqdn.clone(),
                addresses: vec![*address],
                reverse: true,
                why: Why::new(&host.place, "its own name"),
            });
        }
        fleet.hosts.insert(host.id.clone(), host);
    }
    for (service, name, auth, port) in [
        ("photos", "photos.two-sites.example", Auth::Sso, 2283),
        ("emby", "emby.two-sites.example", Auth::None, 8096),
        ("sign-in", "auth.two-sites.example", Auth::Own, 9091),
    ] {
        fleet.exposures.push(exposure(service, name, auth, ("mac-mini", "192.168.10.2", port)));
        let why = why(&format!("services/{service}.yaml"), "exposed by name");
        let inside = vec![ip("192.168.10.2"), ip("fd77:10::2")];
        fleet.names.push(Name { name: name.into(), addresses: inside, reverse: false, why: why.clone() });
        let public = vec![ip("203.0.113.7"), ip("2001:db8:7::7")];
        fleet.public_names.push(Name { name: name.into(), addresses: public, reverse: false, why });
    }
    fleet
}

fn kyiv_gw() -> Host {
    let mut host = host("kyiv-gw");
    host.addresses = vec![ip("192.168.88.1"), ip("fd77:88::1")];
    let mut wan = interface("wan", "uplink-kyiv", "internet", &["203.0.113.7/24", "2001:db8:7::7/64"]);
    wan.gateways = vec![
        (ip("203.0.113.1"), why("sites/kyiv.yaml", "gateway")),
        (ip("2001:db8:7::1"), why("sites/kyiv.yaml", "gateway")),
    ];
    host.interfaces = vec![wan, interface("lan", "kyiv", "lan", &["192.168.88.1/24", "fd77:88::1/64"])];
    host.wireguard = vec![wireguard(
        "wg-kyiv-wroclaw",
        "kyiv-gw",
        "wroclaw-gw",
        Some(51820),
        &["10.77.88.1/30", "fd77:77::1/126"],
        &["10.77.88.2/32", "192.168.10.0/24", "fd77:77::2/128", "fd77:10::/64"],
    )];
    host.routes = vec![Route {
        to: net("192.168.10.0/24"),
        via: None,
        dev: "wg-kyiv-wroclaw".into(),
        table: None,
        why: why("tunnels/kyiv-wroclaw.yaml", "the other site's LAN"),
    }];
    host.forwarding = true;
    host.sysctls = sysctls(&[("net.ipv4.ip_forward", "1"), ("net.ipv6.conf.all.forwarding", "1")]);
    let dnat = |to: &str, target: &str, port| Dnat {
        iif: Some("wan".into()),
        to: Some(ip(to)),
        from: Vec::new(),
        proto: Proto::Tcp,
        port,
        target: ip(target),
        target_port: port,
        why: why("services/photos.yaml", "exposed by name"),
    };
    host.firewall = Firewall {
        input: vec![
            rule(&["wan"], &[], &[], Traffic::Ports(Proto::Udp, vec![51820])),
            rule(
                &["lan", "wg-kyiv-wroclaw"],
                &["192.168.0.0/16", "fd77::/16"],
                &[],
                Traffic::Ports(Proto::Tcp, vec![22, 9100]),
            ),
        ],
        forward: vec![
            rule(&["wan"], &[], &[], Traffic::Dnat),
            rule(
                &["lan"],
                &[],
                &["192.168.10.2/32", "fd77:10::2/128"],
                Traffic::Ports(Proto::Tcp, vec![443]),
            ),
        ],
        dnat: vec![
            dnat("203.0.113.7", "192.168.10.2", 443),
            dnat("203.0.113.7", "192.168.10.2", 80),
            dnat("2001:db8:7::7", "fd77:10::2", 443),
        ],
        masquerade: vec![Masquerade {
            oif: "wan".into(),
            from: vec![net("192.168.88.0/24")],
            why: why("sites/kyiv.yaml", "the LAN leaves by the uplink"),
        }],
        returns: Vec::new(),
        clamp_mss: vec![("wg-kyiv-wroclaw".into(), why("tunnels/kyiv-wroclaw.yaml", "smaller MTU"))],
        inside: vec!["lan".into(), "wg-kyiv-wroclaw".into()],
        untracked: Vec::new(),
    };
    host.resolver.listen = vec![ip("192.168.88.1"), ip("fd77:88::1")];
    host
}

fn wroclaw_gw() -> Host {
    let mut host = host("wroclaw-gw");
    host.addresses = vec![ip("192.168.10.1"), ip("fd77:10::1")];
    let mut wan = interface("wan", "uplink-wroclaw", "internet", &[]);
    (wan.dhcp4, wan.accept_ra) = (true, true);
    host.interfaces = vec![wan, interface("lan", "wroclaw", "lan", &["192.168.10.1/24", "fd77:10::1/64"])];
    host.wireguard = vec![wireguard(
        "wg-kyiv-wroclaw",
        "wroclaw-gw",
        "kyiv-gw",
        None,
        &["10.77.88.2/30", "fd77:77::2/126"],
        &["0.0.0.0/0", "::/0"],
    )];
    let tunnel = |reason| why("services/photos.yaml", reason);
    for to in ["0.0.0.0/0", "::/0"] {
        host.routes.push(Route {
            to: net(to),
            via: None,
            dev: "wg-kyiv-wroclaw".into(),
            table: Some(200),
            why: tunnel("answers go back through the tunnel"),
        });
    }
    host.rules = vec![PolicyRule {
        priority: 1000,
        from: None,
        mark: Some((0x1, 0xff)),
        ipv4: true,
        ipv6: true,
        table: 200,
        suppress_prefix: None,
        why: tunnel("answers go back through the tunnel"),
    }];
    host.forwarding = true;
    host.sysctls = sysctls(&[("net.ipv4.ip_forward", "1"), ("net.ipv6.conf.all.forwarding", "1")]);
    host.firewall.returns = vec![ReturnPath {
        iif: "wg-kyiv-wroclaw".into(),
        mark: 1,
        except: vec![net("10.77.88.0/30"), net("192.168.88.0/24"), net("fd77:77::/126")],
        why: tunnel("answers go back through the tunnel"),
    }];
    host.firewall.forward = vec![rule(
        &["wg-kyiv-wroclaw"],
        &[],
        &["192.168.10.2/32", "fd77:10::2/128"],
        Traffic::Ports(Proto::Tcp, vec![80, 443]),
    )];
    host.firewall.masquerade = vec![Masquerade {
        oif: "wan".into(),
        from: vec![net("192.168.10.0/24"), net("fd77:10::/64")],
        why: why("sites/wroclaw.yaml", "the LAN leaves by the uplink"),
    }];
    host.firewall.inside = vec!["lan".into()];
    host
}

fn mac_mini() -> Host {
    let mut host = host("mac-mini");
    host.addresses = vec![ip("192.168.10.2"), ip("fd77:10::2")];
    let mut lan = interface("lan", "wroclaw", "lan", &["192.168.10.2/24", "fd77:10::2/64"]);
    lan.gateways = vec![(ip("192.168.10.1"), why("sites/wroclaw.yaml", "router"))];
    host.interfaces = vec![lan];
    host.firewall.input = vec![rule(&[], &[], &[], Traffic::Ports(Proto::Tcp, vec![80, 443]))];
    host.instances = vec![
        instance("ingress", "caddy", Variant::Native),
        instance("postgres", "postgresql", Variant::Native),
        instance("redis", "redis", Variant::Native),
        instance("photos", "immich", Variant::Container),
        instance("sign-in", "authelia", Variant::Container),
    ];
    host
}
