//! Whatever can be read can be checked: the examples and fixtures, with parts of their text exchanged,
//! repeated or left out, never make a rule panic, and what is found always has a place in the text.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use proptest::prelude::*;
use source::Sources;
use std::sync::OnceLock;
use support::{read, repository};

/// All examples and fixtures of rules.
fn corpus() -> &'static [Sources] {
    static ALL: OnceLock<Vec<Sources>> = OnceLock::new();
    ALL.get_or_init(|| {
        let root = repository();
        let mut folders: Vec<_> = ["examples", "fleets"]
            .iter()
            .flat_map(|kind| std::fs::read_dir(root.join(kind)).unwrap())
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_dir())
            .collect();
        folders.sort();
        let all: Vec<Sources> = folders.iter().map(|path| read(path).unwrap()).collect();
        all.into_iter().filter(|s| source::load(s).0.is_some()).collect()
    })
}

/// Words that put strange things into strange places.
const WORDS: &[&str] = &[
    "all",
    "any",
    "internet",
    "zone/lan",
    "host/",
    "/",
    "group/all",
    "0",
    "1",
    "65535",
    "4294967295",
    "10.0.0.0/8",
    "0.0.0.0/0",
    "::/0",
    "127.0.0.1",
    "::1",
    "192.168.1.255",
    "fe80::1",
    "2001:db8::/127",
    "255.255.255.255/32",
    "yes",
    "no",
    "dynamic",
    "udp/53",
    "tcp/443",
    "[]",
    "{}",
    "~",
    "\"\"",
    "ü",
    "{each: all}",
    "{any: all, copies: 0}",
    "{needs: {cpu: 64}}",
    "native",
    "incus",
    "cgnat",
    "none",
    "public",
    "sso",
    "2026-13-99",
    "* * * * *",
    "a/b/c",
    "wg-x",
    "secret/x",
    "discovered",
    "caddy",
    "container",
    "9999999999999999999",
];

#[derive(Clone, Debug)]
enum Change {
    /// A word of the text becomes one of ours.
    Word(usize, usize),
    /// A word of the text becomes another word of the same fleet.
    Exchange(usize, usize),
    /// A line is left out.
    Drop(usize),
    /// A line is written twice.
    Repeat(usize),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (any::<usize>(), any::<usize>()).prop_map(|(a, b)| Change::Word(a, b)),
        (any::<usize>(), any::<usize>()).prop_map(|(a, b)| Change::Exchange(a, b)),
        any::<usize>().prop_map(Change::Drop),
        any::<usize>().prop_map(Change::Repeat),
    ]
}

/// Where words (not keys) are in a text.
fn words(text: &str) -> Vec<(usize, usize)> {
    let word = |c: char| c.is_alphanumeric() || "-./:_".contains(c);
    let mut found = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (start, word(c)) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                if !text[from..at].ends_with(':') {
                    found.push((from, at));
                }
                start = None;
            }
            _ => {}
        }
    }
    found
}

fn changed(sources: &Sources, changes: &[(usize, Change)]) -> Sources {
    let mut sources = sources.clone();
    let names: Vec<String> = sources.files.keys().cloned().collect();
    let all: Vec<String> = sources
        .files
        .values()
        .filter_map(|bytes| String::from_utf8(bytes.clone()).ok())
        .flat_map(|text| words(&text).into_iter().map(|(a, b)| text[a..b].to_owned()).collect::<Vec<_>>())
        .collect();
    for (file, change) in changes {
        let name = &names[file % names.len()];
        let Ok(mut text) = String::from_utf8(sources.files[name].clone()) else { continue };
        let spots = words(&text);
        let mut lines: Vec<&str> = text.lines().collect();
        match change {
            Change::Word(..) | Change::Exchange(..) if spots.is_empty() => {}
            Change::Word(at, word) => {
                let (from, to) = spots[at % spots.len()];
                text.replace_range(from..to, WORDS[word % WORDS.len()]);
            }
            Change::Exchange(at, word) => {
                let (from, to) = spots[at % spots.len()];
                text.replace_range(from..to, &all[word % all.len()]);
            }
            Change::Drop(at) if !lines.is_empty() => {
                lines.remove(at % lines.len());
                text = lines.join("\n");
            }
            Change::Repeat(at) if !lines.is_empty() => {
                let at = at % lines.len();
                lines.insert(at, lines[at]);
                text = lines.join("\n");
            }
            Change::Drop(_) | Change::Repeat(_) => {}
        }
        sources.files.insert(name.clone(), text.into_bytes());
    }
    sources
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rules_take_any_fleet_that_can_be_read(
        which in any::<usize>(),
        changes in prop::collection::vec((any::<usize>(), change()), 1..6),
    ) {
        let sources = changed(&corpus()[which % corpus().len()], &changes);
        let (Some(fleet), _) = source::load(&sources) else { return Ok(()) };
        let report = check::check_on(&fleet, Some("2026-11-21"));
        prop_assert_eq!(&report, &check::check_on(&fleet, Some("2026-11-21")));
        for said in &report.items {
            let place = said.place.as_ref();
            prop_assert!(place.is_some_and(|p| p.is_source()), "{} at {:?}: {}", said.code, place, said.message);
            prop_assert!(!said.message.ends_with('.') && !said.message.contains('\n'), "{}", said.message);
        }
        check::standards(&fleet, None);
    }
}
