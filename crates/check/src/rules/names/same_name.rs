//! A group or environment named like a host.

use crate::codes;
use crate::facts::{Facts, Found};
use crate::rule::Findings;
use diag::{Diagnostic, Place};
use std::collections::BTreeSet;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let fleet = facts.fleet;
    // Where the shared name is written without its kind, that is the finding.
    let written: BTreeSet<&str> = facts
        .refs
        .iter()
        .filter(|(_, target)| matches!(target, Found::Several(_)))
        .map(|(r, _)| r.text)
        .collect();
    let mut same = |kind: &str, name: &str, place: &Place| {
        if let Some(host) = fleet.hosts.get(name).filter(|_| !written.contains(name)) {
            out.push(
                Diagnostic::warning(
                    codes::SAME_NAME,
                    place,
                    format!("{kind} `{name}` has the name of a host: every `on: {name}` needs its kind"),
                )
                .label(&host.place, "the host")
                .help(format!("give the {kind} another name")),
            );
        }
    };
    for (id, group) in &fleet.groups {
        same("group", id.as_str(), &group.place);
    }
    for (id, environment) in &fleet.environments {
        same("environment", id.as_str(), &environment.place);
    }
}
