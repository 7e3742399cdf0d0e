//! Alert rules. For each alert two: `FleetSuspect`, at once and for nobody, so that what lies behind is
//! inhibited before it could fire; and the alert itself, after its time.

use super::{drift, duration, head, quoted};
use crate::alertmanager::component;
use crate::cx::Cx;
use artifact::{Text, Why};
use derive::fleet::{Alert, Component, Signal, Watcher};

/// Labels that say where a component is.
pub(super) fn labels(cx: &Cx<'_>, of: &Component) -> Vec<(&'static str, String)> {
    let site = |host| cx.fleet.hosts.get(host).and_then(|h| h.site.as_ref()).map(ToString::to_string);
    let (host, site, service) = match of {
        Component::Site(site) => (None, Some(site.to_string()), None),
        Component::Uplink(segment) => {
            let site = cx.fleet.segments.get(segment).and_then(|s| s.site.as_ref());
            (None, site.map(ToString::to_string), None)
        }
        Component::Tunnel(..) => (None, None, None),
        Component::Host(host) | Component::Session(host, _) => (Some(host), site(host), None),
        Component::Service(service, host) => (Some(host), site(host), Some(service)),
    };
    let mut labels = vec![("component", component(of))];
    labels.extend(site.map(|s| ("site", s)));
    labels.extend(host.map(|h| ("host", h.to_string())));
    labels.extend(service.map(|s| ("service", s.to_string())));
    labels
}

pub(super) fn text(cx: &Cx<'_>, watcher: Option<&Watcher>, why: &Why) -> Text {
    let mut text = head(why);
    let alerts = watcher.map_or(&[][..], |w| w.alerts.as_slice());
    let drift = watcher.map_or(&[][..], |w| w.drift.as_slice());
    if alerts.is_empty() && drift.is_empty() {
        text.line("groups: []", why);
        return text;
    }
    text.line("groups:", why);
    if !alerts.is_empty() {
        text.line("  - name: fleet\n    rules:", why);
    }
    for alert in alerts {
        let labels = labels(cx, &alert.component);
        let expr = quoted(&expression(&alert.signal));
        rule("FleetSuspect", &expr, None, "suspect", &labels, alert, &mut text);
        rule(alert.name, &expr, Some(alert.for_ms), "page", &labels, alert, &mut text);
    }
    drift::rules(cx, drift, &mut text);
    text
}

fn rule(
    name: &str,
    expr: &str,
    for_ms: Option<u64>,
    severity: &str,
    labels: &[(&'static str, String)],
    alert: &Alert,
    text: &mut Text,
) {
    let why = &alert.why;
    text.line(format!("      - alert: {name}\n        expr: {expr}"), why);
    if let Some(ms) = for_ms {
        text.line(format!("        for: {}", duration(ms)), why);
    }
    text.line(format!("        labels:\n          severity: {severity}"), why);
    for (label, value) in labels {
        text.line(format!("          {label}: {}", quoted(value)), why);
    }
    if for_ms.is_some() {
        let summary = quoted(&format!("{} {}", alert.name, component(&alert.component)));
        text.line(format!("        annotations:\n          summary: {summary}"), why);
    } else {
        text.line(format!("          about: {}", alert.name), why);
    }
}

/// A label matcher for any of some names. Names are of letters, digits and `-`, `_`, `.`, `/`, so that only
/// the dot must be escaped.
fn any_of(names: &[String]) -> String {
    let escaped: Vec<String> = names.iter().map(|n| n.replace('.', "[.]")).collect();
    format!("=~\"{}\"", escaped.join("|"))
}

/// The expression has one sample without labels while the fault is seen and none otherwise. Where nothing
/// is known (the prober or the target is itself away) it says nothing: that is the other alert's matter.
fn expression(signal: &Signal) -> String {
    match signal {
        Signal::PingsLost(lost) => format!("max(probe_success{{ping{}}}) == 0", any_of(lost)),
        Signal::PingsLostWhile { lost, alive } => format!(
            "max(probe_success{{ping{}}}) == 0 and on() min(probe_success{{ping{}}}) == 1",
            any_of(lost),
            any_of(alive)
        ),
        // A unit that systemd has unloaded has no series: not being there counts as down, but only while
        // the host's metrics are.
        Signal::UnitDown { host, unit } => format!(
            "count(node_systemd_unit_state{{host=\"{host}\",state=\"active\"}}) > 0 unless on() \
             max(node_systemd_unit_state{{host=\"{host}\",name=\"{unit}\",state=\"active\"}}) == 1"
        ),
        Signal::ScrapeLost { job, host } => format!("max(up{{job=\"{job}\",host=\"{host}\"}}) == 0"),
    }
}
