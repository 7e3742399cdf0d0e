//! Small fleets that go ways the examples do not.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use derive::fleet::{Fleet, HopKind, Host, Rule, Traffic};
use derive::{Lock, Options};
use support::{fleet, text};

fn of<'f>(fleet: &'f Fleet, host: &str) -> &'f Host {
    &fleet.hosts[host]
}

fn allowed(fleet: &Fleet, host: &str, peer: &str) -> Vec<String> {
    let peers = of(fleet, host).wireguard.iter().flat_map(|w| &w.peers);
    let peer = peers
        .into_iter()
        .find(|p| p.host.as_str() == peer)
        .unwrap_or_else(|| panic!("{host} has no peer {peer}"));
    peer.allowed_ips.iter().map(|(n, _)| n.to_string()).collect()
}

fn routes(fleet: &Fleet, host: &str) -> Vec<String> {
    of(fleet, host).routes.iter().map(|r| format!("{} dev {}", r.to, r.dev)).collect()
}

fn opens(rules: &[Rule], port: u16) -> Vec<String> {
    let hit = |r: &&Rule| matches!(&r.traffic, Traffic::Ports(_, ports) if ports.contains(&port));
    let show = |r: &Rule| {
        let from: Vec<String> = r.from.iter().map(ToString::to_string).collect();
        let to: Vec<String> = r.to.iter().map(ToString::to_string).collect();
        format!("{}>{} {} -> {}", r.iif.join(","), r.oif.join(","), from.join(" "), to.join(" "))
    };
    rules.iter().filter(hit).map(show).collect()
}

const STAR: &str = r#"
domain: star.example
sites:
  hq: {uplink: {ipv4: 203.0.113.7/24, gateway: 203.0.113.1}, lan: 10.0.0.0/24, router: hq-gw}
  east: {uplink: cgnat, lan: 10.0.1.0/24, router: east-gw}
  west: {uplink: double-nat, lan: 10.0.2.0/24, router: west-gw}
hosts:
  hq-gw: {site: hq}
  east-gw: {site: east}
  west-gw: {site: west}
  east-box: {site: east}
  west-box: {site: west}
tunnels:
  star: {hub: hq-gw, spokes: [east-gw, west-gw], network: 10.9.0.0/24}
services:
  db: {module: postgresql, on: west-box}
  photos: {module: immich, on: east-box, needs: db, expose: {host: photos, auth: own}}
  web: {module: caddy, on: east-box}
"#;

/// Spokes reach each other's LANs through the hub, and only the needed port on the way.
#[test]
fn a_star_of_three_sites() {
    let fleet = fleet(&text(STAR));
    assert_eq!(allowed(&fleet, "west-gw", "hq-gw"), ["10.0.0.0/24", "10.0.1.0/24", "10.9.0.0/24"]);
    assert_eq!(allowed(&fleet, "hq-gw", "west-gw"), ["10.0.2.0/24", "10.9.0.3/32"]);
    assert_eq!(
        allowed(&fleet, "east-gw", "hq-gw"),
        ["0.0.0.0/0", "10.0.0.0/24", "10.0.2.0/24", "10.9.0.0/24"]
    );
    assert_eq!(routes(&fleet, "west-gw"), ["10.0.1.0/24 dev wg-star", "10.0.0.0/24 dev wg-star"]);
    let hub = &of(&fleet, "hq-gw").wireguard[0];
    assert_eq!((hub.listen_port, hub.peers.len()), (Some(51820), 2));
    assert!(hub.peers.iter().all(|p| p.endpoint.is_none() && p.keepalive_s.is_none()));
    let spoke = &of(&fleet, "west-gw").wireguard[0];
    assert_eq!((spoke.listen_port, spoke.peers[0].keepalive_s), (None, Some(25)));
    for (host, iif, oif) in
        [("east-gw", "lan", "wg-star"), ("hq-gw", "wg-star", "wg-star"), ("west-gw", "wg-star", "lan")]
    {
        assert_eq!(
            opens(&of(&fleet, host).firewall.forward, 5432),
            [format!("{iif}>{oif} 10.0.1.10/32 -> 10.0.2.10/32")],
            "{host}"
        );
    }
    assert_eq!(opens(&of(&fleet, "west-box").firewall.input, 5432), ["> 10.0.1.10/32 -> 10.0.2.10/32"]);
    // The way in ends at the east; the west has no part in it.
    assert!(of(&fleet, "west-gw").firewall.returns.is_empty());
    let back = &of(&fleet, "east-gw").firewall.returns[0];
    assert_eq!((back.iif.as_str(), back.mark), ("wg-star", 100));
    let except: Vec<String> = back.except.iter().map(ToString::to_string).collect();
    assert_eq!(except, ["10.0.0.0/24", "10.0.2.0/24", "10.9.0.0/24", "10.9.0.1/32"]);
}

/// The same host name resolves to the proxy's inside address inside, and the hub's public one outside.
#[test]
fn split_names() {
    let fleet = fleet(&text(STAR));
    let inside = fleet.names.iter().find(|n| n.name == "photos.star.example").unwrap();
    assert_eq!(inside.addresses[0].to_string(), "10.0.1.10");
    let outside = fleet.public_names.iter().find(|n| n.name == "photos.star.example").unwrap();
    assert_eq!(outside.addresses[0].to_string(), "203.0.113.7");
    let host = fleet.names.iter().find(|n| n.name == "west-box.west.star.example").unwrap();
    assert!(host.reverse);
}

/// A LAN host behind a public router can be a tunnel's end: its router translates the port.
#[test]
fn an_end_behind_its_router() {
    let fleet = fleet(&text(
        r#"
sites:
  home: {uplink: {ipv4: 203.0.113.7/24, gateway: 203.0.113.1}, lan: 192.168.1.0/24, router: gw}
hosts:
  gw: {site: home}
  nas: {site: home}
  vps: {uplink: {ipv4: 198.51.100.9/24, gateway: 198.51.100.1}}
tunnels:
  backup: {between: [nas, vps], network: 10.9.0.0/30, port: 4500}
services:
  db: {module: postgresql, on: vps}
  photos: {module: immich, on: nas, needs: db}
"#,
    ));
    let dnat = &of(&fleet, "gw").firewall.dnat[0];
    assert_eq!(
        (dnat.port, dnat.target.to_string(), dnat.iif.as_deref()),
        (4500, "192.168.1.10".to_owned(), Some("wan"))
    );
    let peer = &of(&fleet, "vps").wireguard[0].peers[0];
    assert_eq!(peer.endpoint.unwrap().to_string(), "203.0.113.7:4500");
    assert_eq!(opens(&of(&fleet, "nas").firewall.input, 4500).len(), 1);
    // The rented host has no LAN: the fleet speaks to it through the tunnel.
    assert_eq!(of(&fleet, "vps").addresses[0].to_string(), "10.9.0.2");
    assert_eq!(
        opens(&of(&fleet, "vps").firewall.input, 5432),
        ["> 10.9.0.1/32 192.168.1.10/32 -> 10.9.0.2/32"]
    );
}

/// Only a front proxy's ranges come in, at the translation and at the proxy.
#[test]
fn ranges_of_a_front_proxy() {
    let with = STAR.replace(
        "web: {module: caddy, on: east-box}",
        "web: {module: caddy, on: east-box, ingress: {from: [198.51.100.0/24, \"2001:db8:cf::/48\"]}}",
    );
    let fleet = fleet(&text(&with));
    let dnat = &of(&fleet, "hq-gw").firewall.dnat;
    assert!(dnat.iter().all(|d| d.from.len() == 1 && d.from[0].to_string() == "198.51.100.0/24"), "{dnat:?}");
    let open = opens(&of(&fleet, "east-box").firewall.input, 443);
    assert_eq!(open, ["> 198.51.100.0/24 -> 10.0.1.10/32"]);
}

/// A bare port to the internet is translated too, without a proxy; one for LANs is not.
#[test]
fn bare_ports() {
    let with = format!(
        "{STAR}  mqtt: {{module: mosquitto, on: east-box, variant: native, expose: {{port: mqtts}}}}\n  files: {{module: syncthing, on: west-box, expose: {{port: web, to: lan}}}}\n"
    );
    let fleet = fleet(&text(&with));
    let exposure = fleet.exposures.iter().find(|e| e.service.as_str() == "mqtt").unwrap();
    assert_eq!((exposure.port, exposure.ingress.is_none(), exposure.entries.len()), (8883, true, 1));
    assert!(matches!(exposure.entries[0].hops.last().unwrap().what, HopKind::Return(_)));
    assert!(of(&fleet, "hq-gw").firewall.dnat.iter().any(|d| d.port == 8883));
    let lan = fleet.exposures.iter().find(|e| e.service.as_str() == "files").unwrap();
    assert!(lan.entries.is_empty());
    let open = opens(&of(&fleet, "west-box").firewall.input, 8384);
    assert_eq!(open, ["> 10.0.0.0/24 10.0.1.0/24 10.0.2.0/24 10.9.0.0/24 -> 10.0.2.10/32"]);
    assert!(!of(&fleet, "hq-gw").firewall.dnat.iter().any(|d| d.port == 8384));
}

/// A policy that speaks of ssh takes the place of the open door.
#[test]
fn policies_and_the_door() {
    let stock = fleet(&text(STAR));
    assert_eq!(opens(&of(&stock, "west-box").firewall.input, 22).len(), 1);
    let with =
        format!("{STAR}policies:\n  ops: {{allow: [{{from: host/east-box, to: zone/lan, ports: ssh}}]}}\n");
    let fleet = fleet(&text(&with));
    assert_eq!(opens(&of(&fleet, "west-box").firewall.input, 22), ["> 10.0.1.10/32 -> "]);
    let allow = &fleet.allows[0];
    assert_eq!((fleet.allows.len(), allow.from.len(), allow.to.len()), (1, 1, 5));
}

/// A rented server alone keeps ssh open, or nobody could apply anything to it.
#[test]
fn a_rented_server_alone() {
    let fleet = fleet(&text(
        "hosts:\n  vps: {uplink: {ipv4: 198.51.100.9/24, gateway: 198.51.100.1}}\nservices:\n  web: {module: caddy}\n  photos: {module: immich, expose: {host: photos.example.net, auth: own}}\n",
    ));
    let host = of(&fleet, "vps");
    assert_eq!(host.addresses[0].to_string(), "198.51.100.9");
    assert_eq!(opens(&host.firewall.input, 22), [">  -> "]);
    assert!(host.firewall.dnat.is_empty());
    let entry = &fleet.exposures[0].entries[0];
    assert_eq!((entry.edge.as_str(), entry.addresses[0].to_string()), ("vps", "198.51.100.9".to_owned()));
    assert_eq!(opens(&host.firewall.input, 443).len(), 1);
}

/// An ambiguous way in is not guessed.
#[test]
fn two_public_sites_need_a_word() {
    let with = STAR.replace(
        "west: {uplink: double-nat,",
        "west: {uplink: {ipv4: 203.0.113.9/24, gateway: 203.0.113.1},",
    );
    let derived = derive::derive(&text(&with), &Lock::default(), &Options::default());
    let said = diag::render_plain(&derived.report);
    assert!(said.contains("hq-gw or west-gw"), "{said}");
    let named = with.replace(
        "web: {module: caddy, on: east-box}",
        "web: {module: caddy, on: east-box, ingress: {entry: hq}}",
    );
    assert_eq!(fleet(&text(&named)).exposures[0].entries[0].edge.as_str(), "hq-gw");
}

/// IPv6: a ULA behind an uplink that has IPv6 is translated, a global prefix is routed.
#[test]
fn ways_out_by_ipv6() {
    let site = |lan: &str| {
        text(&format!(
            "sites:\n  home: {{uplink: {{ipv6: \"2001:db8:7::7/64\", gateway6: \"2001:db8:7::1\"}}, lan: {{ipv6: \"{lan}\"}}, router: gw}}\nhosts:\n  gw: {{site: home}}\n  box: {{site: home}}\n"
        ))
    };
    let ula = fleet(&site("fd00:1::/64"));
    assert_eq!(of(&ula, "gw").firewall.masquerade[0].from[0].to_string(), "fd00:1::/64");
    let global = fleet(&site("2001:db8:8::/64"));
    assert!(of(&global, "gw").firewall.masquerade.is_empty());
    assert!(of(&global, "gw").firewall.forward.iter().any(|r| r.oif == ["wan"] && r.traffic == Traffic::Any));
    assert!(of(&global, "box").interfaces[0].gateways[0].0.to_string().starts_with("2001:db8:8::1"));
}

/// Placement says why, stays where it was, and leaves only when its host is gone.
#[test]
fn placement_is_remembered() {
    let with = |hosts: &str| {
        text(&format!(
            "groups: {{workers: {{}}}}\nsites:\n  s: {{lan: 10.0.0.0/24, router: a}}\nhosts:\n{hosts}services:\n  db: {{module: postgresql, on: {{any: workers}}}}\n"
        ))
    };
    let host = |n: &str| format!("  {n}: {{site: s, groups: workers}}\n");
    let first = derive::derive(&with(&(host("a") + &host("b"))), &Lock::default(), &Options::default());
    let chosen = first.lock.placement["db"].clone();
    let more: String = ["a", "b", "c", "d", "e", "f", "g"].iter().map(|h| host(h)).collect();
    let then = derive::derive(&with(&more), &first.lock, &Options::default());
    assert_eq!(then.lock.placement["db"], chosen);
    let gone: String =
        ["a", "b", "c"].iter().filter(|h| **h != chosen[0].as_str() || **h == "a").map(|h| host(h)).collect();
    let last = derive::derive(&with(&gone), &first.lock, &Options::default());
    let fleet = last.fleet.unwrap();
    assert_eq!(fleet.hosts.values().map(|h| h.instances.len()).sum::<usize>(), 1);
    let why = fleet.hosts.values().flat_map(|h| &h.instances).next().unwrap().why.reason.clone();
    assert!(why.contains("was chosen among"), "{why}");
}
