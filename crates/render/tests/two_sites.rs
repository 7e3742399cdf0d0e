//! The path from the internet to a service behind CGNAT, rendered, read by the real checkers.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{checkers, golden, two_sites};

#[test]
fn every_checker_passes_and_the_text_is_as_reviewed() {
    let (hosts, report) = render::render(&two_sites());
    assert!(!report.has_errors(), "{:#?}", report.items);
    for desired in hosts.values() {
        checkers::all_pass(desired);
    }
    golden::compare("render-two-sites", &hosts);
}

#[test]
fn every_line_knows_why() {
    let (hosts, _) = render::render(&two_sites());
    for (host, desired) in &hosts {
        for (path, file) in &desired.files {
            for line in file.text.lines.iter() {
                assert!(!line.why.reason.trim().is_empty(), "{host}:{path}: {}", line.public());
                assert!(!line.why.place.file.is_empty(), "{host}:{path}: {}", line.public());
            }
        }
    }
}

/// Every host has the names of the whole fleet: the text is held once, or a fleet's size would count twice.
#[test]
fn the_names_are_shared_by_all_hosts() {
    let (hosts, _) = render::render(&two_sites());
    let mut texts = hosts.values().map(|h| &h.files["/etc/fleetwright/names"].text.lines);
    let first = texts.next().unwrap();
    assert!(texts.all(|other| std::sync::Arc::ptr_eq(first, other)));
}

#[test]
fn one_host_alone_is_the_same_as_among_all() {
    let fleet = two_sites();
    let (hosts, _) = render::render(&fleet);
    for (id, desired) in &hosts {
        assert_eq!(&render::render_host(&fleet, id).0, desired);
    }
}
