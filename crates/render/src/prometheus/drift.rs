//! Rules on what hosts say about themselves: that something was changed by hand, and that they look no more.

use super::rules::labels;
use super::{duration, quoted};
use crate::alertmanager::component;
use crate::cx::Cx;
use artifact::Text;
use derive::fleet::{Component, DriftSeen};

/// A host that misses this many looks is told to look no more.
const MISSED: u64 = 3;
/// The first look after an apply or a boot is seen this much later than it is due at most, seconds.
const FIRST_S: u64 = 120;

/// Warnings, not pages: nothing inhibits them, and they inhibit nothing.
pub(super) fn rules(cx: &Cx<'_>, drift: &[DriftSeen], text: &mut Text) {
    let Some(first) = drift.first() else { return };
    text.line("  - name: drift\n    rules:", &first.why);
    for seen in drift {
        let host = &seen.host;
        let items = format!("max(fleetwright_drift_items{{host=\"{host}\"}}) > 0");
        // A host says it once a look: it lasts until the next one, so there is nothing to wait for.
        rule(cx, seen, "HostDrift", &items, None, "{{ $value }} things are not as they were confirmed", text);
        // No word at all counts too, but only while the host's metrics are there.
        let (job, late) = (&seen.job, MISSED.saturating_mul(seen.every_s));
        let unchecked = format!(
            "max(up{{job=\"{job}\",host=\"{host}\"}}) == 1 unless on() \
             max(fleetwright_drift_checked_timestamp_seconds{{host=\"{host}\"}}) > time() - {late}"
        );
        let for_ms = seen.every_s.saturating_add(FIRST_S).saturating_mul(1000);
        rule(cx, seen, "DriftUnchecked", &unchecked, Some(for_ms), "it no longer looks for drift", text);
    }
}

fn rule(
    cx: &Cx<'_>,
    seen: &DriftSeen,
    name: &str,
    expr: &str,
    for_ms: Option<u64>,
    what: &str,
    text: &mut Text,
) {
    let (why, about) = (&seen.why, Component::Host(seen.host.clone()));
    text.line(format!("      - alert: {name}\n        expr: {}", quoted(expr)), why);
    if let Some(ms) = for_ms {
        text.line(format!("        for: {}", duration(ms)), why);
    }
    text.line("        labels:\n          severity: warning", why);
    for (label, value) in labels(cx, &about) {
        text.line(format!("          {label}: {}", quoted(&value)), why);
    }
    let summary = quoted(&format!("{name} {}: {what}", component(&about)));
    text.line(format!("        annotations:\n          summary: {summary}"), why);
}
