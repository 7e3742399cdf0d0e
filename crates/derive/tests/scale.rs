//! Time grows with the fleet, not with its square. Release figures: `cargo test --release -p derive --test scale`.

#![allow(clippy::unwrap_used, clippy::panic)]

use source::Sources;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// A fleet of sites with a router and nine hosts each, joined by a tunnel to one that is public, with five
/// services a host: a chain of needs, a fixed port each, some exposed.
fn fleet(hosts: usize) -> model::Fleet {
    let sites = hosts / 10;
    let mut text = "domain: big.example\nauth: {gate: gate}\nsites:\n".to_owned();
    for s in 0..sites {
        let (a, b) = (s / 256, s % 256);
        let uplink = if s == 0 { "{ipv4: 203.0.113.7}" } else { "cgnat" };
        writeln!(text, "  s{s}: {{uplink: {uplink}, lan: 10.{a}.{b}.0/24, router: h{}}}", s * 10).unwrap();
    }
    text.push_str("hosts:\n");
    for h in 0..sites * 10 {
        let (s, n) = (h / 10, h % 10 + 1);
        writeln!(text, "  h{h}: {{site: s{s}, address: 10.{}.{}.{n}, groups: g{}}}", s / 256, s % 256, h % 7)
            .unwrap();
    }
    text.push_str("groups: {g0: {}, g1: {}, g2: {}, g3: {}, g4: {}, g5: {}, g6: {}}\ntunnels:\n");
    for s in 1..sites {
        writeln!(
            text,
            "  t{s}: {{between: [h0, h{}], network: 172.{}.{}.0/30}}",
            s * 10,
            16 + s / 256,
            s % 256
        )
        .unwrap();
    }
    text.push_str("services:\n  ingress: {module: caddy, on: h1}\n  gate: {module: authelia, on: h2}\n");
    text.push_str("  node: {module: node-exporter, on: {each: [g0, g1, g2, g3, g4, g5, g6]}}\n");
    text.push_str("  metrics: {module: prometheus, on: h3}\n  prober: {module: blackbox-exporter, on: h3}\n");
    text.push_str("  alerts: {module: alertmanager, on: h3}\n");
    for h in 0..sites * 10 {
        for n in 0..5 {
            let need = if n == 0 { String::new() } else { format!(", needs: a{h}-{}", n - 1) };
            let expose = if n == 4 { format!(", expose: a{h}") } else { String::new() };
            writeln!(
                text,
                "  a{h}-{n}: {{module: container, image: 'registry.example/a:1', on: h{h}, ports: {{web: {}}}{need}{expose}}}",
                8080 + n
            )
            .unwrap();
        }
    }
    let files = BTreeMap::from([("fleet.yaml".to_owned(), text.into_bytes())]);
    let (fleet, reading) =
        source::load(&Sources { root_name: "big".to_owned(), files, ..Sources::default() });
    assert!(!reading.has_errors(), "{}", diag::render_plain(&reading));
    fleet.unwrap()
}

/// The best of three: other work on the machine only adds.
fn time(fleet: &model::Fleet) -> Duration {
    let once = || {
        let start = Instant::now();
        let derived = derive::derive(fleet, &derive::Lock::default(), &derive::Options::default());
        let took = start.elapsed();
        assert!(derived.fleet.is_some(), "{}", diag::render_plain(&derived.report));
        took
    };
    (0..3).map(|_| once()).min().unwrap()
}

#[test]
fn ten_times_the_fleet_takes_about_ten_times_as_long() {
    // Debug builds are many times slower: a smaller pair shows the same.
    let sizes = if cfg!(debug_assertions) { (100, 1000) } else { (200, 2000) };
    let (small, large) = (fleet(sizes.0), fleet(sizes.1));
    let (small, large) = (time(&small), time(&large));
    println!("{sizes:?} hosts with five services each: {small:?} and {large:?}");
    assert!(large < small * 25, "{small:?}, {large:?}");
    // What a person waits for.
    #[cfg(not(debug_assertions))]
    assert!(small < Duration::from_millis(150), "{small:?}");
}
