//! Secrets that are hashes of each other.

use crate::codes;
use crate::cycle;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;
use std::collections::BTreeMap;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let edges: BTreeMap<&str, Vec<(&str, &diag::Place)>> = facts
        .fleet
        .secrets
        .iter()
        .map(|(name, s)| (name.as_str(), s.of.iter().map(|of| (of.value.0.as_str(), &of.place)).collect()))
        .collect();
    for cycle in cycle::cycles(&edges) {
        out.push(cycle.describe(
            |path, place| {
                let message = format!("secrets are hashes of each other: {path}");
                Diagnostic::error(codes::HASH_CYCLE, place, message)
            },
            "is a hash of",
        ));
    }
}
