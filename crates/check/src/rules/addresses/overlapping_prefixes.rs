//! Two LANs, networks or tunnels with addresses in common.

use crate::codes;
use crate::facts::{Facts, Segment, SegmentKind};
use crate::rule::Findings;
use diag::Diagnostic;
use model::NetworkKind;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let mut sorted: Vec<&Segment<'_>> = facts.segments.iter().collect();
    // Outer prefixes come right before what they hold: prefixes are nested or apart, never half over each other.
    sorted.sort_by_key(|s| (s.prefix.network(), s.prefix.prefix_len(), s.place));
    let mut around: Vec<&Segment<'_>> = Vec::new();
    for segment in sorted {
        while around.last().is_some_and(|outer| !outer.prefix.contains(&segment.prefix)) {
            around.pop();
        }
        if let Some(outer) = around.iter().rev().find(|outer| !may_share(outer.kind, segment.kind)) {
            let how = if outer.prefix == segment.prefix { "is also" } else { "lies inside" };
            out.push(
                Diagnostic::error(
                    codes::OVERLAPPING_PREFIXES,
                    segment.place,
                    format!(
                        "{} of {} {how} {}{}",
                        segment.prefix,
                        segment.kind,
                        if outer.prefix == segment.prefix {
                            String::new()
                        } else {
                            format!("{} of ", outer.prefix)
                        },
                        if outer.prefix == segment.prefix {
                            format!("that of {}", outer.kind)
                        } else {
                            outer.kind.to_string()
                        },
                    ),
                )
                .label(outer.place, format!("{} is given out here", outer.prefix))
                .help("give one of them another prefix: a host could not tell where a packet belongs"),
            );
        }
        around.push(segment);
    }
}

/// A network directly on the physical LAN has addresses of that LAN.
fn may_share(a: SegmentKind<'_>, b: SegmentKind<'_>) -> bool {
    let physical = |k| matches!(k, SegmentKind::Network(_, NetworkKind::Physical));
    let lan = |k| matches!(k, SegmentKind::Lan(_) | SegmentKind::Network(_, NetworkKind::Lan));
    // Providers hand out parts of one prefix, and an exchange may be on the same wire as an uplink.
    let outside = |k| matches!(k, SegmentKind::Uplink | SegmentKind::Network(_, NetworkKind::Peering));
    (physical(a) && lan(b)) || (lan(a) && physical(b)) || (outside(a) && outside(b))
}
