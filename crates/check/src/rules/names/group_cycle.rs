//! Groups that hold each other.

use crate::codes;
use crate::cycle;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;
use std::collections::BTreeMap;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let edges: BTreeMap<&str, Vec<(&str, &diag::Place)>> = facts
        .fleet
        .groups
        .iter()
        .map(|(id, group)| (id.as_str(), group.groups.iter().map(|g| (g.as_str(), &g.place)).collect()))
        .collect();
    for cycle in cycle::cycles(&edges) {
        out.push(cycle.describe(
            |path, place| {
                Diagnostic::error(codes::GROUP_CYCLE, place, format!("groups hold each other: {path}"))
            },
            "holds",
        ));
    }
}
