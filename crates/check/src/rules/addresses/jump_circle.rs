//! Hosts that are reached through each other.

use super::bad_ssh::{hops, name_of};
use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;
use model::HostId;
use std::collections::BTreeSet;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for (id, host) in &facts.fleet.hosts {
        let Some(jump) = host.ssh.as_ref().and_then(|s| s.jump.as_ref()) else { continue };
        let Some(circle) = circle(facts, id) else { continue };
        let message = match circle.as_slice() {
            [] => format!("`{id}` is reached through itself"),
            through => {
                let names: Vec<String> = through.iter().map(|h| format!("`{h}`")).collect();
                format!("`{id}` is reached through {}, and that through `{id}`", names.join(", "))
            }
        };
        out.push(
            Diagnostic::error(codes::JUMP_CIRCLE, &jump.place, message)
                .help("jump through a host that can be dialled from where you are"),
        );
    }
}

/// The hosts between a host and itself; `None` when its way ends somewhere.
fn circle<'a>(facts: &Facts<'a>, start: &'a HostId) -> Option<Vec<&'a HostId>> {
    let mut seen = BTreeSet::new();
    let mut todo: Vec<(&HostId, Vec<&HostId>)> = vec![(start, Vec::new())];
    while let Some((id, through)) = todo.pop() {
        let ssh = facts.fleet.hosts.get(id).and_then(|h| h.ssh.as_ref());
        for hop in ssh.and_then(|s| s.jump.as_ref()).into_iter().flat_map(hops) {
            let Some((next, _)) = facts.fleet.hosts.get_key_value(name_of(hop)) else { continue };
            if next == start {
                return Some(through);
            }
            if seen.insert(next) {
                let further = through.iter().copied().chain([next]).collect();
                todo.push((next, further));
            }
        }
    }
    None
}
