//! The five systems break no rule.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::fmt::Write as _;
use support::{read, repository};

/// A day on which no exception of the examples has ended.
const TODAY: &str = "2026-11-21";

#[test]
fn examples_break_no_rule() {
    let mut said = String::new();
    for name in ["two-sites", "anycast", "atlas", "constellation", "standards"] {
        let sources = read(&repository().join("examples").join(name)).unwrap();
        let (fleet, reading) = source::load(&sources);
        let fleet = fleet.unwrap_or_else(|| panic!("{name}: {}", diag::render_plain(&reading)));
        let report = check::check_on(&fleet, Some(TODAY));
        // What an exception sets aside stays visible as a warning; everything else must be silent.
        let items = report
            .items
            .into_iter()
            .filter(|d| !d.labels.iter().any(|(_, word)| word.starts_with("set aside")));
        let report = diag::Report { items: items.collect() };
        if !report.items.is_empty() {
            write!(said, "{name}\n{}\n", diag::render_plain(&report)).unwrap();
        }
    }
    assert!(said.is_empty(), "{said}");
}
