//! A core behind a border: the border has transit, a route server and RPKI; the core has an AS of its own.

use super::{fleet, host, id, interface, ip, net, place, why};
use derive::fleet::*;
use model::{BgpRole, NeighbourId, TunnelId};

pub fn session(name: &str, kind: SessionKind, local: &str, remote: &str, asn: u32) -> Session {
    Session {
        name: name.to_owned(),
        kind,
        local: ip(local),
        remote: ip(remote),
        remote_asn: asn,
        interface: None,
        multihop: None,
        password: None,
        limit: None,
        sends: Vec::new(),
        sends_default: false,
        prepend: 0,
        preference: 100,
        communities: Vec::new(),
        bfd: false,
        reflect: false,
        place: place("hosts/ixp-ams1.yaml"),
    }
}

fn bgp(asn: u32, id: &str, originate: &[&str]) -> Bgp {
    Bgp {
        asn,
        fleet_asn: 64500,
        router_id: id.parse().unwrap(),
        originate: originate
            .iter()
            .map(|p| Originated {
                prefix: net(p),
                communities: vec!["64500:100".into(), "64500:1:2".into()],
                why: why("bgp.yaml", "originated here"),
            })
            .collect(),
        fleet_prefixes: vec![net("2001:db8:50::/44"), net("2001:db8:8a0::/44")],
        own_space: vec![net("2001:db8:50::/44"), net("2001:db8:8a0::/44")],
        sessions: Vec::new(),
        rpki: Vec::new(),
        never: vec![65550],
        default_table: None,
        reject_invalid: true,
        place: place("bgp.yaml"),
    }
}

fn external(name: &str, role: BgpRole) -> SessionKind {
    SessionKind::External { neighbour: NeighbourId::new(name), role }
}

fn internal(host: &str) -> SessionKind {
    SessionKind::Internal { host: id(host), tunnel: Some(TunnelId::new("backbone")) }
}

pub fn anycast() -> Fleet {
    let mut fleet = fleet();
    "anycast".clone_into(&mut fleet.name);
    "anycast.example".clone_into(&mut fleet.domain);
    let ours = |p: &str| (net(p), why("bgp.yaml", "the fleet's prefix"));

    let mut ixp = host("ixp-ams1");
    ixp.addresses = vec![ip("2001:db8:a1::10")];
    ixp.interfaces = vec![
        interface("wan", "uplink-ixp-ams1", "internet", &["198.51.100.18/29", "2001:db8:a1::10/64"]),
        interface("peering", "nl-ix", "internet", &["192.0.2.10/26", "2001:db8:ff:1::10/64"]),
    ];
    ixp.forwarding = true;
    ixp.firewall.untracked = vec![ours("2001:db8:50::/44"), ours("2001:db8:8a0::/44")];
    let mut routing = bgp(64500, "198.51.100.18", &[]);
    routing.rpki = vec!["[2001:db8:50:ffff::1]:8282".parse().unwrap()];
    let mut transit = session(
        "bgp_transit",
        external("transit", BgpRole::Customer),
        "2001:db8:a1::10",
        "2001:db8:a1::1",
        64497,
    );
    transit.interface = Some("wan".into());
    transit.password = Some("ams-transit".into());
    transit.limit = Some(250_000);
    transit.communities = vec!["64497:70".into()];
    transit.prepend = 1;
    transit.sends = vec![ours("2001:db8:50::/44")];
    let mut rs = session(
        "bgp_rs1",
        external("rs1", BgpRole::RsClient),
        "2001:db8:ff:1::10",
        "2001:db8:ff:1::1",
        64496,
    );
    rs.interface = Some("peering".into());
    rs.preference = 200;
    rs.sends = vec![ours("2001:db8:50::/44")];
    let mut far = session(
        "bgp_provider",
        external("provider", BgpRole::Customer),
        "2001:db8:a1::10",
        "2001:db8:eff::1",
        64499,
    );
    far.multihop = Some(2);
    let mut core =
        session("bgp_core1", internal("core1"), "2001:db8:50:ffff::2", "2001:db8:50:ffff::1", 65010);
    core.interface = Some("wg-core1".into());
    core.sends_default = true;
    core.bfd = true;
    routing.sessions = vec![transit, rs, far, core];
    ixp.bgp = Some(routing);

    let mut core1 = host("core1");
    core1.addresses = vec![ip("2001:db8:50::1")];
    core1.interfaces = vec![
        interface("wan", "uplink-core1", "internet", &["198.51.100.10/29", "2001:db8:c1::10/64"]),
        interface("lo", "", "lan", &["2001:db8:50::443/128"]),
    ];
    let mut routing = bgp(65010, "198.51.100.10", &["2001:db8:50::/44"]);
    routing.default_table = Some(300);
    let mut border =
        session("bgp_ixp_ams1", internal("ixp-ams1"), "2001:db8:50:ffff::1", "2001:db8:50:ffff::2", 64500);
    border.interface = Some("wg-ixp-ams1".into());
    border.sends = vec![ours("2001:db8:50::/44")];
    border.bfd = true;
    routing.sessions = vec![border];
    core1.bgp = Some(routing);
    core1.rules = vec![PolicyRule {
        priority: 1100,
        from: Some(net("2001:db8:50::/44")),
        mark: None,
        ipv4: false,
        ipv6: true,
        table: 300,
        suppress_prefix: None,
        why: why("bgp.yaml", "the fleet's prefixes leave by a border"),
    }];
    for host in [ixp, core1] {
        fleet.hosts.insert(host.id.clone(), host);
    }
    fleet
}
