//! What a rollout knows of the network between hosts.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use artifact::Probe;
use derive::{Rollout, rollout};
use std::collections::BTreeSet;
use support::{example, fleet, text};

fn names(of: &[&str]) -> BTreeSet<String> {
    of.iter().map(|n| (*n).to_owned()).collect()
}

fn of(example_name: &str) -> Rollout {
    rollout(&fleet(&example(example_name)))
}

#[test]
fn both_ends_of_a_tunnel_go_together_and_see_each_other() {
    let rollout = of("two-sites");
    assert_eq!(rollout.together, [names(&["kyiv-gw", "wroclaw-gw"])]);
    let seen: Vec<(&str, &str)> = rollout
        .witnesses
        .iter()
        .flat_map(|(host, all)| all.iter().map(|w| (host.as_str(), w.by.as_str())))
        .collect();
    assert_eq!(seen, [("kyiv-gw", "wroclaw-gw"), ("wroclaw-gw", "kyiv-gw")]);
    let Probe::Tcp(at) = &rollout.witnesses["kyiv-gw"][0].probe else { panic!("{rollout:#?}") };
    assert!(at.ends_with(":22"), "{at}");
    assert!(rollout.witnesses["kyiv-gw"][0].why.reason.contains("tunnel"), "{rollout:#?}");
    assert_eq!(rollout.paths["mac-mini"], names(&["wroclaw-gw"]));
    assert_eq!(rollout.paths["wroclaw-gw"], names(&[]));
    assert_eq!(rollout.sites["kyiv"], names(&["kyiv-gw", "kyiv-nas"]));
}

#[test]
fn sessions_inside_the_fleet_are_one_pair_with_their_tunnel() {
    let rollout = of("anycast");
    let with_core: Vec<_> = rollout.together.iter().filter(|pair| pair.contains("core1")).collect();
    assert_eq!(with_core.len(), 5, "{:#?}", rollout.together);
    let once: BTreeSet<_> = rollout.together.iter().collect();
    assert_eq!(once.len(), rollout.together.len());
    let by: Vec<&str> = rollout.witnesses["core1"].iter().map(|w| w.by.as_str()).collect();
    assert_eq!(by, ["ixp-ams1", "ixp-ams2", "ixp-fra1", "probe-nyc1", "probe-sgp1"]);
}

const PAIR: &str = "
domain: pair.example
sites:
  hq: {uplink: {ipv4: 203.0.113.7/24, gateway: 203.0.113.1}, lan: 10.0.0.0/24, router: gw}
hosts:
  gw: {site: hq}
  box: {site: hq}
  vps: {uplink: {ipv4: 198.51.100.9/24, gateway: 198.51.100.1}}
  inner: {uplink: {ipv4: 198.51.100.10/24, gateway: 198.51.100.1}, ssh: {jump: ops@vps, user: olena, port: 2222}}
tunnels:
  out: {hub: gw, spokes: [vps, inner], network: 10.9.0.0/24}
";

#[test]
fn a_closed_door_is_no_witness_and_a_jump_is_a_path() {
    let open = fleet(&text(PAIR));
    assert_eq!(rollout(&open).witnesses["vps"].len(), 1);
    assert_eq!(rollout(&open).paths["inner"], names(&["vps"]));
    assert_eq!(open.hosts["inner"].ssh.user.as_deref(), Some("olena"));
    assert_eq!(open.hosts["inner"].ssh.port, Some(2222));
    let policy = "policies:\n  doors:\n    allow:\n      - {from: box, to: [gw, box], ports: ssh}\n";
    let shut = fleet(&text(&format!("{PAIR}{policy}")));
    assert_eq!(rollout(&shut).witnesses.get("vps"), None);
    assert_eq!(rollout(&shut).together.len(), 2);
}

#[test]
fn hosts_are_dialled_where_their_door_is() {
    let fleet = fleet(&text(PAIR));
    let reach = |host: &str| fleet.hosts[host].reach.unwrap().to_string();
    assert!(reach("gw").starts_with("10.0.0.") && reach("box").starts_with("10.0.0."));
    assert_eq!(reach("vps"), "198.51.100.9");
    let doors = |host: &str| {
        let input = &fleet.hosts[host].firewall.input;
        input.iter().filter(|r| r.why.reason.contains("stands on no LAN")).count()
    };
    assert_eq!((doors("vps"), doors("inner"), doors("gw")), (1, 0, 0));
}
