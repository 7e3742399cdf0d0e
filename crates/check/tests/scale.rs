//! Time grows with the fleet, not with its square.

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
    text.push_str("services:\n  ingress: {module: caddy, on: h1}\n  gate: {module: authelia, on: h2, expose: {host: sign-in, auth: own}}\n");
    text.push_str("  metrics: {module: node-exporter, on: {each: [g0, g1, g2, g3, g4, g5, g6]}}\n");
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

fn time(fleet: &model::Fleet) -> Duration {
    let start = Instant::now();
    let report = check::check(fleet);
    let took = start.elapsed();
    assert!(report.items.is_empty(), "{}", diag::render_plain(&report));
    took
}

#[test]
fn ten_times_the_fleet_takes_about_ten_times_as_long() {
    let fleets = (fleet(200), fleet(2000));
    let (mut small, mut large) = (Duration::MAX, Duration::MAX);
    // Other work on the machine only adds to a time, so the best of several counts. A square would take a
    // hundred times as long.
    for _ in 0..20 {
        small = small.min(time(&fleets.0));
        large = large.min(time(&fleets.1));
        if large < small * 30 {
            break;
        }
    }
    println!("200 hosts, 1,000 services: {small:?}; 2,000 hosts, 10,000 services: {large:?}");
    assert!(large < small * 30, "200 hosts: {small:?}, 2,000 hosts: {large:?}");
    // What a person waits for; debug builds are many times slower.
    #[cfg(not(debug_assertions))]
    assert!(small < Duration::from_millis(30), "{small:?}");
}
