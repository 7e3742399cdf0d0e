//! Hosts that look by themselves for what was changed by hand.
#![allow(clippy::unwrap_used, clippy::panic)]

use derive::fleet::Fleet;
use model::HostId;
use std::collections::BTreeMap;
use std::path::Path;

fn fleet(change: impl Fn(&str) -> String) -> Fleet {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fleets/drift-watch/fleet.yaml");
    let text = change(&std::fs::read_to_string(path).unwrap());
    let files = BTreeMap::from([("fleet.yaml".to_owned(), text.into_bytes())]);
    let (model, report) = source::load(&source::Sources {
        root_name: "drift-watch".to_owned(),
        files,
        ..source::Sources::default()
    });
    assert!(!report.has_errors(), "{}", diag::render_plain(&report));
    let derived = derive::derive(&model.unwrap(), &derive::Lock::default(), &derive::Options::default());
    derived.fleet.unwrap_or_else(|| panic!("{}", diag::render_plain(&derived.report)))
}

fn every(fleet: &Fleet, host: &str) -> Option<u64> {
    fleet.hosts[&HostId::new(host)].drift.as_ref().map(|d| d.every_s)
}

/// Whom each watcher hears of, and how often they look.
fn heard(fleet: &Fleet) -> Vec<(String, u64)> {
    let all = fleet.watchers.iter().flat_map(|w| &w.drift);
    all.map(|d| (d.host.to_string(), d.every_s)).collect()
}

#[test]
fn a_host_looks_as_its_profile_says_unless_it_says_so_itself() {
    let fleet = fleet(str::to_owned);
    assert_eq!((every(&fleet, "gw"), every(&fleet, "box")), (Some(3600), Some(86_400)));
    assert_eq!(heard(&fleet), [("gw".to_owned(), 3600)], "the box serves no metrics");
}

#[test]
fn all_hosts_with_metrics_are_heard_of_and_none_looks_unless_it_is_written() {
    let all = fleet(|t| t.replace("module: node-exporter, on: gw", "module: node-exporter, on: {each: all}"));
    assert_eq!(heard(&all), [("box".to_owned(), 86_400), ("gw".to_owned(), 3600)]);
    let none = fleet(|t| {
        let lines = t.lines().filter(|l| !l.contains("watched") && *l != "groups:" && *l != "profiles:");
        lines.collect::<Vec<_>>().join("\n").replace(", drift: {watch: 1d}", "")
    });
    assert_eq!((every(&none, "gw"), every(&none, "box"), heard(&none)), (None, None, vec![]));
}
