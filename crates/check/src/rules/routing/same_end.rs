//! A tunnel from a host to itself.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for ends in &facts.tunnels {
        if let [a, b] = &ends.tunnel.between[..]
            && a.value == b.value
        {
            out.push(
                Diagnostic::error(
                    codes::SAME_END,
                    &b.place,
                    format!("tunnel `{}` leads from `{}` to itself", ends.id, a.value),
                )
                .label(&a.place, "the other end"),
            );
        }
        if let (Some(hub), Some(spokes)) = (&ends.tunnel.hub, &ends.tunnel.spokes)
            && let Some(spoke) = spokes.names.iter().find(|s| s.as_str() == hub.as_str())
        {
            out.push(
                Diagnostic::error(
                    codes::SAME_END,
                    &spoke.place,
                    format!("`{}` is hub and spoke of tunnel `{}`", hub.value, ends.id),
                )
                .label(&hub.place, "the hub"),
            );
        }
    }
}
