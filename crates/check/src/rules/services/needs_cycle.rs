//! Services that need each other: none of them could start first.

use crate::codes;
use crate::cycle;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::{Diagnostic, Place};
use std::collections::BTreeMap;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let edges: BTreeMap<&str, Vec<(&str, &Place)>> = facts
        .services
        .iter()
        .map(|svc| {
            let needs = svc.service.needs.iter().map(|n| (n.service.as_str(), &n.service.place));
            // A mount needs its server as much.
            let mounts = svc.service.mounts.values();
            let mounts = mounts.filter_map(|m| m.split_once('/').map(|(from, _)| (from, &m.place)));
            (svc.name, needs.chain(mounts).filter(|(to, _)| facts.by_service.contains_key(to)).collect())
        })
        .collect();
    for cycle in cycle::cycles(&edges) {
        out.push(cycle.describe(
            |path, place| {
                Diagnostic::error(codes::NEEDS_CYCLE, place, format!("services need each other: {path}"))
            },
            "needs",
        ));
    }
}
