//! The five systems are read without a fault.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use support::{read, repository};

fn loads(name: &str) -> model::Fleet {
    let sources = read(&repository().join("examples").join(name)).unwrap();
    let (fleet, report) = source::load(&sources);
    assert!(report.items.is_empty(), "{:#?}", report.items);
    fleet.unwrap()
}

#[test]
fn two_sites() {
    let fleet = loads("two-sites");
    assert_eq!(fleet.sites.len(), 2);
    assert_eq!(fleet.hosts.len(), 4);
    assert_eq!(fleet.services.len(), 13);
}

#[test]
fn anycast() {
    let fleet = loads("anycast");
    assert_eq!(fleet.hosts.len(), 6);
}
