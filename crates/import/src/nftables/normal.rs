//! What rules mean: those of each hook, whatever their tables and chains are called.

use super::parse::{Chain, Ruleset};
use super::rule::plain;
use crate::ledger::Ledger;
use crate::{ImportFile, Normal};
use diag::Report;

pub(super) fn normal(files: &[ImportFile]) -> Normal {
    let mut rules = Ruleset::default();
    for file in files {
        super::parse(file, &mut Ledger::default(), &mut rules, &mut Report::new());
    }
    let mut out = Normal::new();
    for chain in &rules.chains {
        let family = if chain.family == "inet" { String::new() } else { format!("{} ", chain.family) };
        let about = match chain.hook.as_str() {
            "" => format!("{family}chain {}", chain.name),
            hook => format!("{family}{} {hook} {}", chain.kind, chain.priority),
        };
        if !chain.hook.is_empty() {
            out.entry(format!("{about} / policy")).or_insert_with(|| chain.policy.clone());
        }
        order(&about, chain, &mut out);
    }
    for (name, words, _) in &rules.sets {
        let mut words: Vec<String> = plain(words);
        words.retain(|w| !matches!(w.as_str(), "elements" | "="));
        words.sort();
        out.insert(name.clone(), words.join(" "));
    }
    out
}

/// Rules by what they say. Two that let in may change places, and so may two that refuse; a rule that lets in may not
/// go past one that refuses, so it says which of those stand before it.
fn order(about: &str, chain: &Chain, out: &mut Normal) {
    let mut before: Vec<String> = Vec::new();
    for rule in &chain.rules {
        let words = plain(&rule.words);
        let text = words.join(" ");
        let lets_in = words.iter().any(|w| w == "accept");
        let place = if lets_in && !before.is_empty() {
            format!("behind {}", before.join("; "))
        } else {
            "yes".to_owned()
        };
        // A rule that stands twice counts where it comes first.
        out.entry(format!("{about} / {text}")).or_insert(place);
        if !lets_in {
            before.push(text);
        }
    }
}
