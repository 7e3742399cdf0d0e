#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;
use proptest::prelude::*;

fn set(text: &str) -> BTreeSet<String> {
    text.split(' ').filter(|t| !t.is_empty()).map(str::to_owned).collect()
}

fn shown(waves: &[Vec<String>]) -> String {
    waves.iter().map(|w| w.join(" ")).collect::<Vec<_>>().join(", ")
}

fn made(spec: &Waves, constraints: &Constraints) -> String {
    match waves(&set("a b c d e"), spec, constraints) {
        Ok(waves) => shown(&waves),
        Err(no) => no.to_string(),
    }
}

fn count(n: usize) -> Waves {
    Waves { canary: vec![Canary::Count(n)], ..Waves::default() }
}

#[test]
fn the_order_that_is_asked_for() {
    let free = Constraints::default();
    assert_eq!(made(&Waves::default(), &free), "a b c d e");
    assert_eq!(made(&count(1), &free), "a, b c d e");
    let named = Waves { canary: vec![Canary::Hosts(set("d")), Canary::Count(2)], ..Waves::default() };
    assert_eq!(made(&named, &free), "d, a b, c e");
    let percent = Waves { percent: Some(30), last: set("a"), ..count(1) };
    assert_eq!(made(&percent, &free), "b, c d, e, a");
    let by = [("b", "north"), ("d", "north"), ("a", "south")].map(|(h, s)| (h.to_owned(), s.to_owned()));
    let by = Waves { by: by.into(), last: set("b"), ..Waves::default() };
    assert_eq!(made(&by, &free), "d, a, c e, b");
    let order = Waves { order: vec![vec!["c".into()], vec!["e".into(), "x".into()]], ..Waves::default() };
    assert_eq!(made(&order, &free), "c, e, a b d");
}

#[test]
fn groups_stay_whole_and_what_others_are_reached_through_waits() {
    let pairs = Constraints { together: vec![set("a d"), set("d e")], ..Constraints::default() };
    assert_eq!(made(&count(1), &pairs), "a d e, b c");
    let paths = [("b".to_owned(), set("a")), ("c".to_owned(), set("b"))];
    let paths = Constraints { paths: paths.into(), ..Constraints::default() };
    assert_eq!(made(&Waves::default(), &paths), "c d e, b, a");
    assert_eq!(made(&count(1), &paths), "c, b d e, a");
    let named = Waves { canary: vec![Canary::Hosts(set("a"))], ..Waves::default() };
    assert_eq!(made(&named, &paths), "c d e, b, a", "a canary that others are reached through waits too");
    let both = Constraints { together: vec![set("a b c")], ..paths.clone() };
    assert_eq!(made(&Waves::default(), &both), "a b c d e");
    let circle = [("b".to_owned(), set("a")), ("a".to_owned(), set("b"))];
    let circle = Constraints { paths: circle.into(), ..Constraints::default() };
    assert!(made(&Waves::default(), &circle).contains("a, b are reached through each other"));
}

#[test]
fn a_service_never_loses_more_than_it_may() {
    let limit = |n| Constraints { max_unavailable: vec![(set("a b c"), n)], ..Constraints::default() };
    assert_eq!(made(&Waves::default(), &limit(1)), "a d e, b, c");
    assert_eq!(made(&Waves::default(), &limit(2)), "a b d e, c");
    let grouped = Constraints { together: vec![set("a b")], ..limit(1) };
    assert!(made(&Waves::default(), &grouped).contains("a, b change together"));
    // One that is down is one that is unavailable.
    let mut down = Constraints { down: set("z"), ..limit(2) };
    down.max_unavailable[0].0.insert("z".into());
    assert_eq!(made(&Waves::default(), &down), "a d e, b, c");
    down.max_unavailable[0].1 = 1;
    assert!(made(&Waves::default(), &down).contains("while z cannot be reached"));
}

fn some(of: usize) -> impl Strategy<Value = BTreeSet<String>> {
    proptest::collection::btree_set((0..of).prop_map(|n| format!("h{n}")), 0..5)
}

fn spec() -> impl Strategy<Value = Waves> {
    let canary = prop_oneof![(0usize..4).prop_map(Canary::Count), some(12).prop_map(Canary::Hosts)];
    let by = proptest::collection::btree_map((0..12).prop_map(|n| format!("h{n}")), "[ns]", 0..8);
    (
        proptest::collection::vec(canary, 0..3),
        proptest::collection::vec(some(12).prop_map(|s| s.into_iter().collect()), 0..3),
        proptest::option::of(1u32..=100),
        by,
        some(12),
    )
        .prop_map(|(canary, order, percent, by, last)| Waves { canary, order, percent, by, last })
}

fn constraints() -> impl Strategy<Value = Constraints> {
    let paths = proptest::collection::btree_map((0..12).prop_map(|n| format!("h{n}")), some(12), 0..4);
    let limits = proptest::collection::vec((some(12), 1usize..4), 0..3);
    (proptest::collection::vec(some(12), 0..3), paths, limits, some(14)).prop_map(
        |(together, paths, max_unavailable, down)| Constraints { together, paths, max_unavailable, down },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_asked_for_the_constraints_are_kept(spec in spec(), c in constraints(), n in 0usize..13) {
        let hosts: BTreeSet<String> =
            (0..n).map(|n| format!("h{n}")).filter(|h| !c.down.contains(h)).collect();
        let Ok(made) = waves(&hosts, &spec, &c) else {
            // Without constraints there is always an order.
            let down = Constraints { down: c.down.clone(), ..Constraints::default() };
            prop_assert!(c != down);
            return Ok(());
        };
        let all: Vec<&String> = made.iter().flatten().collect();
        prop_assert_eq!(all.len(), hosts.len());
        prop_assert_eq!(all.into_iter().cloned().collect::<BTreeSet<_>>(), hosts.clone());
        prop_assert!(made.iter().all(|w| !w.is_empty()));
        let place = |host: &String| made.iter().position(|w| w.contains(host));
        let groups = units(&hosts, &c.together);
        for group in &c.together {
            let places: BTreeSet<usize> = group.iter().filter_map(place).collect();
            prop_assert!(places.len() <= 1, "{group:?} is split in {made:?}");
        }
        for (host, through) in &c.paths {
            for path in through.iter().filter(|p| *p != host) {
                let one = groups.iter().any(|g| g.contains(host) && g.contains(path));
                if let (Some(host), Some(path), false) = (place(host), place(path), one) {
                    prop_assert!(host < path, "{c:?} {made:?}");
                }
            }
        }
        for (service, allowed) in &c.max_unavailable {
            let down = service.intersection(&c.down).count();
            for wave in &made {
                let changing = wave.iter().filter(|h| service.contains(*h)).count();
                prop_assert!(changing == 0 || changing + down <= *allowed, "{made:?}");
            }
        }
    }
}
