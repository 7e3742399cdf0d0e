//! Choices stay: whatever is added to or taken from a fleet, what was chosen for the rest is as it was; and
//! the same sources give the same bytes.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use derive::{Lock, Options};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use support::{dump::dump, text};

/// A fleet to be: which of a fixed stock of things are there.
#[derive(Clone, Debug)]
struct Plan {
    hosts: BTreeSet<u8>,
    spokes: BTreeSet<u8>,
    pairs: BTreeSet<(u8, u8)>,
    services: BTreeSet<u8>,
    probes: BTreeSet<u8>,
}

const SITES: u8 = 4;

/// Hosts of site `n % SITES`; each site has a router of its own.
fn yaml(plan: &Plan) -> String {
    let mut out = String::from("domain: t.example\nsites:\n");
    for s in 0..SITES {
        writeln!(out, "  s{s}: {{uplink: {{ipv4: 203.0.113.{}/24, gateway: 203.0.113.1}}, lan: {{ipv4: 192.168.{s}.0/24, ipv6: \"fd00:{s}::/64\"}}, router: gw{s}}}", 10 + s).unwrap();
    }
    out.push_str("hosts:\n");
    for s in 0..SITES {
        writeln!(out, "  gw{s}: {{site: s{s}}}").unwrap();
    }
    for h in &plan.hosts {
        writeln!(
            out,
            "  h{h}: {{site: s{}, groups: workers, capacity: {{cpu: 8, memory: 8GiB}}}}",
            h % SITES
        )
        .unwrap();
    }
    for p in &plan.probes {
        writeln!(
            out,
            "  p{p}: {{groups: probes, uplink: {{ipv4: 198.51.100.{}/32, gateway: 198.51.100.1}}}}",
            10 + p
        )
        .unwrap();
    }
    out.push_str("groups:\n  workers:\n  probes:\n");
    out.push_str("tunnels:\n");
    let spokes: Vec<String> = plan.spokes.iter().filter(|s| **s > 0).map(|s| format!("gw{s}")).collect();
    if !spokes.is_empty() {
        writeln!(out, "  hub: {{hub: gw0, spokes: [{}], carries: [bgp, services]}}", spokes.join(", "))
            .unwrap();
    }
    for (a, b) in &plan.pairs {
        writeln!(out, "  pair-{a}-{b}: {{between: [gw{a}, gw{b}]}}").unwrap();
    }
    if plan.pairs.is_empty() && spokes.is_empty() {
        out.push_str("  last: {between: [gw0, gw1]}\n");
    }
    if !plan.probes.is_empty() {
        out.push_str("bgp:\n  asn: 64500\n  originate:\n    probing: {prefix: \"2001:db8:8a0::/44\", at: {each: probes}, announce: /48}\n");
    }
    out.push_str("services:\n");
    for s in &plan.services {
        // Every third wants any worker, the others any of them with a dynamic port.
        let on = if s % 3 == 0 {
            "{needs: {cpu: 2}}".to_owned()
        } else {
            format!("{{any: workers, copies: {}}}", 1 + s % 2)
        };
        writeln!(
            out,
            "  svc{s}: {{module: postgresql, variant: container, on: {on}, ports: {{sql: dynamic}}}}"
        )
        .unwrap();
    }
    writeln!(out, "  last: {{module: node-exporter, on: gw0}}").unwrap();
    out
}

fn plan() -> impl Strategy<Value = Plan> {
    let hosts = prop::collection::btree_set(0u8..24, 6..14);
    let spokes = prop::collection::btree_set(1u8..SITES, 0..4);
    let pairs = prop::collection::btree_set((0u8..2, 2u8..SITES), 0..4);
    let services = prop::collection::btree_set(0u8..30, 0..12);
    let probes = prop::collection::btree_set(0u8..12, 0..6);
    (hosts, spokes, pairs, services, probes).prop_map(|(hosts, spokes, pairs, services, probes)| Plan {
        hosts,
        spokes,
        pairs,
        services,
        probes,
    })
}

/// Every choice by its path.
fn choices(lock: &Lock) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    let value: serde_json::Value = serde_json::from_str(&lock.to_text()).unwrap();
    flatten(&value, String::new(), &mut out);
    out
}

fn flatten(value: &serde_json::Value, path: String, out: &mut BTreeMap<String, String>) {
    match value {
        serde_json::Value::Object(map) => {
            map.iter().for_each(|(k, v)| flatten(v, format!("{path}/{k}"), out))
        }
        other => {
            out.insert(path, other.to_string());
        }
    }
}

fn lock_of(plan: &Plan, lock: &Lock) -> Result<Lock, TestCaseError> {
    let model = text(&yaml(plan));
    let derived = derive::derive(&model, lock, &Options::default());
    // A group without enough hosts is said; what is chosen for the rest still counts.
    let other =
        derived.report.items.iter().any(|d| d.severity == diag::Severity::Error && d.code != "FW0806");
    prop_assert!(!other, "{}\n{}", diag::render_plain(&derived.report), yaml(plan));
    Ok(derived.lock)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn what_stays_keeps_its_choices(before in plan(), after in plan()) {
        let old = lock_of(&before, &Lock::default())?;
        let new = lock_of(&after, &old)?;
        let (old_choices, new_choices) = (choices(&old), choices(&new));
        for (path, value) in &old_choices {
            let Some(now) = new_choices.get(path) else { continue };
            // Where a service runs may change when a host it ran on is gone.
            let moved = path.starts_with("/placement/") && {
                let gone = |h: &str| {
                    h.strip_prefix('h').and_then(|n| n.parse::<u8>().ok()).is_some_and(|n| !after.hosts.contains(&n))
                };
                let hosts: Vec<String> = serde_json::from_str(value).unwrap();
                hosts.iter().any(|h| gone(h))
            };
            // A hub whose network has become too small for its links gets another; so do its ends.
            prop_assert!(now == value || moved, "{path} was {value} and is {now}");
        }
    }

    #[test]
    fn nothing_is_given_out_twice(plan in plan(), then in plan()) {
        let lock = lock_of(&then, &lock_of(&plan, &Lock::default())?)?;
        let mut ports: Vec<u16> = lock.ports.values().flat_map(|p| p.values().copied()).collect();
        let all = ports.len();
        ports.sort_unstable();
        ports.dedup();
        prop_assert_eq!(ports.len(), all);
        for hosts in lock.addresses.values() {
            let mut ips: Vec<_> = hosts.values().flatten().collect();
            let all = ips.len();
            ips.sort_unstable();
            ips.dedup();
            prop_assert_eq!(ips.len(), all);
        }
        let nets: Vec<_> = lock.tunnels.values().flat_map(|t| &t.network).collect();
        for (n, a) in nets.iter().enumerate() {
            for b in &nets[n + 1..] {
                prop_assert!(!a.contains(*b) && !b.contains(*a), "{a} and {b}");
            }
        }
    }

    #[test]
    fn the_same_again_is_the_same(plan in plan()) {
        let model = text(&yaml(&plan));
        let one = derive::derive(&model, &Lock::default(), &Options::default());
        let two = derive::derive(&model, &Lock::default(), &Options::default());
        prop_assert_eq!(one.lock.to_text(), two.lock.to_text());
        let again = derive::derive(&model, &one.lock, &Options::default());
        prop_assert_eq!(again.lock.to_text(), one.lock.to_text());
        if let (Some(one), Some(again)) = (one.fleet, again.fleet) {
            prop_assert_eq!(dump(&one), dump(&again));
        }
        prop_assert_eq!(Lock::parse(&one.lock.to_text()).unwrap(), one.lock);
    }
}

#[test]
fn a_written_lock_is_not_stale() {
    for name in ["two-sites", "anycast"] {
        let model = support::example(name);
        let lock = support::derived(&model, &Lock::default()).lock;
        assert_eq!(diag::render_plain(&derive::stale(&model, &lock)), "", "{name}");
        assert!(derive::stale(&model, &Lock::default()).has_errors(), "{name}");
    }
}
