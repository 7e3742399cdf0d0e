//! A small fleet for tests: Kyiv with a public address, Wrocław behind CGNAT, one exposed service there.

use crate::topology::Topology;
use crate::world::{Client, World};
use artifact::Why;
use derive::fleet::*;
use diag::Place;
use model::{
    Audience, Auth, CertificateKind, HostId, Proto, ServiceId, SiteId, TunnelId, UplinkKind, ZoneId,
};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

pub(crate) const TUNNEL: &str = "wg-kyiv-wroclaw";

pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap_or_else(|_| unreachable!("{text}"))
}

fn net(text: &str) -> ipnet::IpNet {
    text.parse().unwrap_or_else(|_| unreachable!("{text}"))
}

fn place(file: &str) -> Place {
    Place::new(file, 1, 1)
}

pub(crate) fn why(file: &str) -> Why {
    Why::new(&place(file), "test")
}

fn host(name: &str, site: &str, addresses: &[&str], interfaces: &[(&str, &str, &[&str])]) -> Host {
    let file = format!("hosts/{name}.yaml");
    let interface = |(name, segment, addresses): &(&str, &str, &[&str])| Interface {
        name: (*name).to_owned(),
        segment: Some((*segment).to_owned()),
        addresses: addresses.iter().map(|a| (net(a), why(&file))).collect(),
        dhcp4: false,
        accept_ra: false,
        gateways: Vec::new(),
        zone: ZoneId::new("lan"),
        why: why(&file),
    };
    Host {
        id: HostId::new(name),
        site: Some(SiteId::new(site)),
        fqdn: format!("{name}.{site}.example"),
        addresses: addresses.iter().map(|a| ip(a)).collect(),
        ssh: Ssh::default(),
        reach: None,
        interfaces: interfaces.iter().map(interface).collect(),
        routes: Vec::new(),
        rules: Vec::new(),
        wireguard: Vec::new(),
        forwarding: interfaces.len() > 1,
        sysctls: BTreeMap::new(),
        firewall: Firewall::default(),
        bgp: None,
        resolver: Resolver { listen: Vec::new(), upstream: Vec::new(), why: why(&file) },
        instances: Vec::new(),
        people: Vec::new(),
        overrides: BTreeMap::new(),
        manage: BTreeMap::new(),
        drift: None,
        place: place(&file),
    }
}

fn segment(name: &str, kind: SegmentKind) -> (String, Segment) {
    let place = place("sites/kyiv.yaml");
    let zone = ZoneId::new("lan");
    let segment = Segment {
        name: name.to_owned(),
        kind,
        prefixes: Vec::new(),
        zone,
        site: None,
        gateways: Vec::new(),
        place,
    };
    (name.to_owned(), segment)
}

fn site(name: &str, router: &str, hosts: &[&str]) -> (SiteId, Site) {
    let id = SiteId::new(name);
    let site = Site {
        id: id.clone(),
        lan: Some(name.to_owned()),
        router: Some(HostId::new(router)),
        uplinks: vec![format!("uplink-{name}")],
        hosts: hosts.iter().map(|h| HostId::new(h)).collect(),
        place: place("sites/kyiv.yaml"),
    };
    (id, site)
}

fn exposure() -> Exposure {
    let hop = |what, host: &str, file: &str| Hop { what, host: HostId::new(host), why: why(file) };
    let tunnel = TunnelId::new("kyiv-wroclaw");
    let hops = vec![
        hop(HopKind::Dns(vec![ip("203.0.113.7")]), "kyiv-gw", "services/photos.yaml"),
        hop(HopKind::Dnat(ip("192.168.10.2")), "kyiv-gw", "services/photos.yaml"),
        hop(
            HopKind::Tunnel(tunnel.clone(), HostId::new("wroclaw-gw")),
            "kyiv-gw",
            "tunnels/kyiv-wroclaw.yaml",
        ),
        hop(HopKind::Lan("wroclaw".to_owned()), "wroclaw-gw", "sites/wroclaw.yaml"),
        hop(HopKind::Listen(ip("192.168.10.2"), 443), "mac-mini", "services/ingress.yaml"),
        hop(HopKind::Backend(ip("192.168.10.2"), 2283), "mac-mini", "services/photos.yaml"),
        hop(HopKind::Return(tunnel), "wroclaw-gw", "tunnels/kyiv-wroclaw.yaml"),
    ];
    Exposure {
        service: ServiceId::new("photos"),
        name: Some("photos.example".to_owned()),
        audience: Audience::Internet,
        auth: Auth::None,
        gate: None,
        certificate: CertificateKind::Acme,
        ingress: Some((ServiceId::new("ingress"), HostId::new("mac-mini"))),
        backends: vec![(HostId::new("mac-mini"), ip("192.168.10.2"), 2283)],
        proto: Proto::Tcp,
        port: 443,
        entries: vec![Entry { edge: HostId::new("kyiv-gw"), addresses: vec![ip("203.0.113.7")], hops }],
        inside: vec![ip("192.168.10.2")],
        from: Vec::new(),
        paths: BTreeMap::new(),
        rate: None,
        body: None,
        why: why("services/photos.yaml"),
        place: place("services/photos.yaml"),
    }
}

/// Two sites, a tunnel, an exposure, one need, one name, two zones with a policy from one to the other.
pub(crate) fn fleet() -> Fleet {
    let mut kyiv = host(
        "kyiv-gw",
        "kyiv",
        &["192.168.88.1"],
        &[("ether1", "uplink-kyiv", &["203.0.113.7/24"]), ("lan", "kyiv", &["192.168.88.1/24"])],
    );
    kyiv.firewall.dnat.push(Dnat {
        iif: Some("ether1".to_owned()),
        to: Some(ip("203.0.113.7")),
        from: Vec::new(),
        proto: Proto::Tcp,
        port: 443,
        target: ip("192.168.10.2"),
        target_port: 443,
        why: why("services/photos.yaml"),
    });
    let hosts = [
        kyiv,
        host("kyiv-nas", "kyiv", &["192.168.88.2"], &[("lan", "kyiv", &["192.168.88.2/24"])]),
        host(
            "wroclaw-gw",
            "wroclaw",
            &["192.168.10.1"],
            &[("wan", "uplink-wroclaw", &[]), ("lan", "wroclaw", &["192.168.10.1/24"])],
        ),
        host("mac-mini", "wroclaw", &["192.168.10.2"], &[("lan", "wroclaw", &["192.168.10.2/24"])]),
    ];
    let names = hosts.iter().map(|h| Name {
        name: h.fqdn.clone(),
        addresses: h.addresses.clone(),
        reverse: true,
        why: Why::new(&h.place, "its own name"),
    });
    let zone = |hosts: &[&str]| hosts.iter().map(|h| HostId::new(h)).collect::<BTreeSet<_>>();
    Fleet {
        name: "sample".to_owned(),
        domain: "example".to_owned(),
        timers: Timers::default(),
        sites: [
            site("kyiv", "kyiv-gw", &["kyiv-gw", "kyiv-nas"]),
            site("wroclaw", "wroclaw-gw", &["wroclaw-gw", "mac-mini"]),
        ]
        .into(),
        segments: [
            segment("kyiv", SegmentKind::Lan),
            segment("wroclaw", SegmentKind::Lan),
            segment("uplink-kyiv", SegmentKind::Uplink(UplinkKind::Public)),
            segment("uplink-wroclaw", SegmentKind::Uplink(UplinkKind::Cgnat)),
        ]
        .into(),
        names: names.collect(),
        hosts: hosts.into_iter().map(|h| (h.id.clone(), h)).collect(),
        links: vec![TunnelLink {
            tunnel: TunnelId::new("kyiv-wroclaw"),
            ends: [
                (HostId::new("kyiv-gw"), TUNNEL.to_owned()),
                (HostId::new("wroclaw-gw"), TUNNEL.to_owned()),
            ],
            addresses: [vec![ip("10.77.88.1")], vec![ip("10.77.88.2")]],
            place: place("tunnels/kyiv-wroclaw.yaml"),
        }],
        exposures: vec![exposure()],
        edges: vec![Edge {
            kind: EdgeKind::Mount,
            from: HostId::new("mac-mini"),
            from_service: Some(ServiceId::new("emby")),
            to: HostId::new("kyiv-nas"),
            to_service: Some(ServiceId::new("media-share")),
            addresses: vec![ip("192.168.88.2")],
            proto: Proto::Tcp,
            port: 2049,
            why: why("services/emby.yaml"),
        }],
        zones: [
            (ZoneId::new("lan"), zone(&["mac-mini", "wroclaw-gw", "kyiv-gw"])),
            (ZoneId::new("storage"), zone(&["kyiv-nas"])),
        ]
        .into(),
        allows: vec![ZoneAllow {
            from: zone(&["mac-mini", "wroclaw-gw", "kyiv-gw"]),
            to: zone(&["kyiv-nas"]),
            traffic: Traffic::Ports(Proto::Tcp, vec![22]),
            why: why("policies/admin.yaml"),
        }],
        public_names: vec![Name {
            name: "photos.example".to_owned(),
            addresses: vec![ip("203.0.113.7")],
            reverse: false,
            why: why("services/photos.yaml"),
        }],
        watchers: Vec::new(),
        acme: Acme::default(),
        receivers: BTreeMap::new(),
        sign_in: None,
        unsupported: Vec::new(),
    }
}

/// Two clients and a resolver.
pub(crate) fn world() -> World {
    let client =
        |name: &str, v4: &str, v6: &str| Client { name: name.to_owned(), ipv4: ip(v4), ipv6: ip(v6) };
    World {
        topology: Topology::default(),
        seeds: crate::Seeds::default(),
        clients: vec![
            client("client-berlin", "198.18.10.7", "2d00:c1:10::7"),
            client("client-lima", "198.18.30.7", "2d00:c1:30::7"),
        ],
        speakers: Vec::new(),
        resolvers: vec![ip("192.0.2.53")],
        approaches: BTreeMap::new(),
        alterations: Vec::new(),
    }
}
