//! A length for each host's own part of a prefix that does not divide it.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;
use std::collections::BTreeSet;

/// The number of `/48`.
pub(super) fn length(text: &str) -> Option<u8> {
    text.strip_prefix('/').and_then(|n| n.parse().ok())
}

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for (name, originate) in facts.fleet.bgp.iter().flat_map(|b| &b.originate) {
        let Some(announce) = &originate.announce else { continue };
        let prefix = originate.prefix.value;
        let max = prefix.max_prefix_len();
        let error = |message| Diagnostic::error(codes::ANNOUNCE_LENGTH, &announce.place, message);
        let Some(length) = length(announce).filter(|l| *l <= max) else {
            out.push(
                error(format!("`{}` is no prefix length from /1 to /{max}", announce.value))
                    .help("for example `/48`"),
            );
            continue;
        };
        if length < prefix.prefix_len() {
            out.push(
                error(format!("/{length} is more than all of `{name}`, which is {prefix}"))
                    .label(&originate.prefix.place, "the prefix"),
            );
            continue;
        }
        let hosts: BTreeSet<_> = originate.at.names.iter().flat_map(|n| facts.hosts_named(n)).collect();
        let parts = 1u128.checked_shl(u32::from(length - prefix.prefix_len())).unwrap_or(u128::MAX);
        if parts < hosts.len() as u128 {
            out.push(
                error(format!("{prefix} has {parts} parts of /{length} for {} hosts", hosts.len()))
                    .label(&originate.at.place, "the hosts"),
            );
        }
    }
}
