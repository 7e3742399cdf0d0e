//! A tunnel without the route that sends answers back the way they came, though exposures pass it.

use super::way_through::passages;
use crate::codes;
use crate::facts::{Facts, Kind};
use crate::rule::Findings;
use diag::Diagnostic;
use std::collections::BTreeSet;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let removed = |index: usize| {
        let replaced = facts.tunnels.get(index).and_then(|t| t.tunnel.r#override.as_ref());
        replaced.and_then(|o| o.policy_route.as_ref()).filter(|p| !p.value)
    };
    let mut said = BTreeSet::new();
    for passage in passages(facts, |index| removed(index).is_some()) {
        let (Some(word), Some(tunnel)) = (removed(passage.tunnel), facts.tunnels.get(passage.tunnel)) else {
            continue;
        };
        if !said.insert((passage.tunnel, passage.inner)) {
            continue;
        }
        out.about(
            Kind::Tunnel,
            tunnel.id.as_str(),
            Diagnostic::error(
                codes::POLICY_ROUTE,
                &word.place,
                format!(
                    "{} breaks on the way back: without the policy route `{}` sends answers out by its own uplink instead of tunnel `{}`",
                    passage.exposed.title(facts),
                    passage.inner,
                    tunnel.id
                ),
            )
            .label(passage.exposed.place(), "the exposure")
            .help("leave the override out"),
        );
    }
}
