//! Whatever is taken out of or mixed up in a fleet that can still be read, derivation answers with a report.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use derive::{Lock, Options};
use proptest::prelude::*;
use source::Sources;
use support::{read, repository};

const EXAMPLES: [&str; 5] = ["two-sites", "anycast", "constellation", "standards", "atlas"];

/// What is done to a line of a file.
#[derive(Clone, Debug)]
enum Change {
    Drop,
    Repeat,
    /// Its value is taken from another line of the fleet.
    Swap(prop::sample::Index),
    DropFile,
}

fn change() -> impl Strategy<Value = (prop::sample::Index, prop::sample::Index, Change)> {
    let what = prop_oneof![
        3 => Just(Change::Drop),
        1 => Just(Change::Repeat),
        4 => any::<prop::sample::Index>().prop_map(Change::Swap),
        1 => Just(Change::DropFile),
    ];
    (any::<prop::sample::Index>(), any::<prop::sample::Index>(), what)
}

fn value(line: &str) -> Option<(&str, &str)> {
    line.split_once(": ").filter(|(_, v)| !v.is_empty())
}

fn changed(mut sources: Sources, changes: &[(prop::sample::Index, prop::sample::Index, Change)]) -> Sources {
    let all: Vec<String> = sources
        .files
        .values()
        .flat_map(|f| String::from_utf8_lossy(f).lines().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    for (file, line, change) in changes {
        let names: Vec<String> = sources.files.keys().cloned().collect();
        let name = file.get(&names).clone();
        let text = String::from_utf8_lossy(&sources.files[&name]).into_owned();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        if lines.is_empty() {
            continue;
        }
        let at = line.index(lines.len());
        match change {
            Change::Drop => {
                lines.remove(at);
            }
            Change::Repeat => lines.insert(at, lines[at].clone()),
            Change::Swap(other) => {
                let other = other.get(&all);
                if let (Some((key, _)), Some((_, value))) = (value(&lines[at].clone()), value(other)) {
                    lines[at] = format!("{key}: {value}");
                }
            }
            Change::DropFile => {
                sources.files.remove(&name);
                continue;
            }
        }
        sources.files.insert(name, (lines.join("\n") + "\n").into_bytes());
    }
    sources
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn mixed_up_examples(example in 0..EXAMPLES.len(), changes in prop::collection::vec(change(), 1..6)) {
        let sources = read(&repository().join("examples").join(EXAMPLES[example])).unwrap();
        let (fleet, _) = source::load(&changed(sources, &changes));
        if let Some(fleet) = fleet {
            let derived = derive::derive(&fleet, &Lock::default(), &Options::default());
            prop_assert_eq!(derived.fleet.is_none(), derived.report.has_errors());
            let again = derive::derive(&fleet, &derived.lock, &Options::default());
            prop_assert_eq!(again.lock, derived.lock);
        }
    }
}
