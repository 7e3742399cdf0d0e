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
