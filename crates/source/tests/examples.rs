//! The five systems are read without a fault.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use model::Placement;
use support::{read, repository};

fn loads(name: &str) -> model::Fleet {
    let sources = read(&repository().join("examples").join(name)).unwrap();
    let (fleet, report) = source::load(&sources);
    assert!(report.items.is_empty(), "{}", diag::render_plain(&report));
    fleet.unwrap()
}

#[test]
fn two_sites() {
    let fleet = loads("two-sites");
    assert_eq!((fleet.sites.len(), fleet.hosts.len(), fleet.tunnels.len()), (2, 4, 1));
}

#[test]
fn anycast() {
    let fleet = loads("anycast");
    assert_eq!(fleet.hosts.len(), 6);
    // What the group's profile says is in the host, at the place it was written.
    let session = &fleet.hosts["probe-nyc1"].bgp.as_ref().unwrap().neighbours["provider"];
    assert_eq!(session.multihop.as_ref().map(|m| m.value), Some(2));
    assert_eq!(session.place.to_string(), "profiles/rented.yaml:4:5");
    assert_eq!(fleet.hosts["ixp-ams1"].bgp.as_ref().unwrap().neighbours.len(), 2);
}

#[test]
fn constellation() {
    let fleet = loads("constellation");
    // A profile's service runs where the profile is used.
    let Some(Placement::Names(on)) = &fleet.services["machine-metrics"].on else { panic!("not placed") };
    let on: Vec<&str> = on.iter().map(|h| h.as_str()).collect();
    assert_eq!(on, ["cloud", "desktop", "r2s", "router", "storage"]);
    assert_eq!(fleet.services["emby"].backup.as_ref().unwrap().schedule.value, "weekly");
}

#[test]
fn atlas() {
    let fleet = loads("atlas");
    assert_eq!(fleet.environments.len(), 2);
}

#[test]
fn standards() {
    let fleet = loads("standards");
    assert_eq!(fleet.policies.len(), 2);
}
