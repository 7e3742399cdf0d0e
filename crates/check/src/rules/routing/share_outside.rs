//! A host's own part of a prefix that is not in it, of another length, or given twice.

use super::announce_length::length;
use crate::codes;
use crate::facts::{Facts, Kind};
use crate::rule::Findings;
use diag::Diagnostic;
use std::collections::BTreeSet;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for (name, originate) in facts.fleet.bgp.iter().flat_map(|b| &b.originate) {
        let prefix = originate.prefix.value;
        let at: BTreeSet<_> = originate.at.names.iter().flat_map(|n| facts.hosts_named(n)).collect();
        let announce = originate.announce.as_ref().and_then(|a| length(a));
        let mut shares: Vec<_> = originate.shares.iter().collect();
        for (host, share) in &shares {
            let error = |message| Diagnostic::error(codes::SHARE_OUTSIDE, &share.place, message);
            if !prefix.contains(&share.value) {
                out.push(
                    error(format!("{} of `{host}` is not in {prefix} of `{name}`", share.value))
                        .label(&originate.prefix.place, "the prefix"),
                );
            } else if let Some(length) = announce.filter(|l| *l != share.prefix_len()) {
                out.push(error(format!(
                    "{} of `{host}` is not a /{length}, as every part of `{name}` is",
                    share.value
                )));
            }
            if facts.has(Kind::Host, host.as_str()) && !at.contains(host) {
                out.push(
                    error(format!("`{host}` has a part of `{name}`, which does not lead to it"))
                        .label(&originate.at.place, "it leads here"),
                );
            }
        }
        shares.sort_by_key(|(_, share)| (share.network(), share.prefix_len()));
        for pair in shares.windows(2) {
            let [(a, first), (b, second)] = pair else { continue };
            if first.contains(&second.value) {
                out.push(
                    Diagnostic::error(
                        codes::SHARE_OUTSIDE,
                        &second.place,
                        format!("{} of `{b}` belongs to `{a}` already", second.value),
                    )
                    .label(&first.place, "first given here"),
                );
            }
        }
    }
}
