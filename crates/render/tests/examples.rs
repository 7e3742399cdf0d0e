//! Every example, from its text to every host's files, read by the real checkers.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{checkers, examples};

fn passes(name: &str) {
    let fleet = examples::example(name);
    let (hosts, report) = render::render(&fleet);
    assert!(!report.has_errors(), "{:#?}", report.items);
    assert!(!hosts.is_empty());
    for (host, desired) in &hosts {
        checkers::all_pass(desired);
        for (path, file) in &desired.files {
            for line in file.text.lines.iter() {
                assert!(!line.why.reason.trim().is_empty(), "{host}:{path}: {}", line.public());
                assert!(!line.why.place.file.is_empty(), "{host}:{path}: {}", line.public());
            }
        }
    }
}

#[test]
fn two_sites() {
    passes("two-sites");
}

#[test]
fn anycast() {
    passes("anycast");
}

#[test]
fn atlas() {
    passes("atlas");
}

#[test]
fn constellation() {
    passes("constellation");
}

#[test]
fn standards() {
    passes("standards");
}
