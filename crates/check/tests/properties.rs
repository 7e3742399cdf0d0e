//! Rules that sweep or search find what looking at every pair would find.

#![allow(clippy::unwrap_used, clippy::panic)]

use ipnet::{IpNet, Ipv4Net};
use proptest::prelude::*;
use source::Sources;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::Ipv4Addr;

fn codes(text: &str) -> BTreeMap<&'static str, Vec<String>> {
    let files = BTreeMap::from([("fleet.yaml".to_owned(), text.as_bytes().to_vec())]);
    let (fleet, reading) =
        source::load(&Sources { root_name: "made".to_owned(), files, ..Sources::default() });
    assert!(!reading.has_errors(), "{}\n{text}", diag::render_plain(&reading));
    let mut codes: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for said in check::check(&fleet.unwrap()).items {
        codes.entry(said.code).or_default().push(said.message);
    }
    codes
}

fn prefix() -> impl Strategy<Value = Ipv4Net> {
    // Few bits, so that some overlap.
    (0u32..64, 22u8..=28)
        .prop_map(|(n, len)| Ipv4Net::new(Ipv4Addr::from(0x0a00_0000 | (n << 6)), len).unwrap().trunc())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_prefix_is_reported_exactly_when_an_earlier_one_holds_it(prefixes in prop::collection::vec(prefix(), 1..8)) {
        let mut text = "sites:\n".to_owned();
        for (at, prefix) in prefixes.iter().enumerate() {
            writeln!(text, "  s{at}: {{lan: {prefix}}}").unwrap();
        }
        let found = codes(&text).remove("FW0301").unwrap_or_default().len();
        let mut sorted: Vec<IpNet> = prefixes.iter().map(|p| IpNet::V4(*p)).collect();
        sorted.sort_by_key(|p| (p.network(), p.prefix_len()));
        let inside = (1..sorted.len()).filter(|i| sorted[..*i].iter().any(|outer| outer.contains(&sorted[*i]))).count();
        prop_assert_eq!(found, inside);
    }

    #[test]
    fn an_address_is_reported_exactly_when_it_was_seen(last in prop::collection::vec(2u8..20, 1..12)) {
        let mut text = "sites: {home: {lan: 192.168.1.0/24}}\nhosts:\n".to_owned();
        for (at, n) in last.iter().enumerate() {
            writeln!(text, "  h{at}: {{site: home, address: 192.168.1.{n}}}").unwrap();
        }
        let found = codes(&text).remove("FW0302").unwrap_or_default().len();
        prop_assert_eq!(found, last.len() - last.iter().collect::<BTreeSet<_>>().len());
    }

    #[test]
    fn a_cycle_is_reported_exactly_when_a_service_reaches_itself(
        edges in prop::collection::btree_set((0usize..7, 0usize..7), 0..14),
    ) {
        let mut text = "sites: {home: {lan: 192.168.1.0/24}}\nhosts: {box: {site: home}}\nservices:\n".to_owned();
        for at in 0..7 {
            let needs: Vec<String> =
                edges.iter().filter(|(from, _)| *from == at).map(|(_, to)| format!("s{to}")).collect();
            writeln!(text, "  s{at}: {{module: postgresql, on: box, needs: [{}]}}", needs.join(", ")).unwrap();
        }
        let mut reach = edges.clone();
        loop {
            let more: Vec<(usize, usize)> = reach
                .iter()
                .flat_map(|(a, b)| edges.iter().filter(move |(c, _)| c == b).map(move |(_, d)| (*a, *d)))
                .filter(|pair| !reach.contains(pair))
                .collect();
            if more.is_empty() {
                break;
            }
            reach.extend(more);
        }
        let round: BTreeSet<usize> = reach.iter().filter(|(a, b)| a == b).map(|(a, _)| *a).collect();
        let found = codes(&text).remove("FW0401").unwrap_or_default();
        prop_assert_eq!(found.is_empty(), round.is_empty());
        for message in &found {
            let path: Vec<usize> = message
                .split_once(": ").unwrap().1
                .split(" → ").map(|name| name.strip_prefix('s').unwrap().parse().unwrap())
                .collect();
            prop_assert_eq!(path.first(), path.last());
            prop_assert!(path.windows(2).all(|w| edges.contains(&(w[0], w[1]))), "{}", message);
        }
    }
}
