//! Alertmanager: who is told, and what is not said because something above it explains it.

use crate::cx::Cx;
use crate::defaults;
use crate::out::{HEADER, Out, PUBLIC};
use crate::prometheus::{duration, quoted};
use artifact::{Text, Why};
use derive::fleet::{Alert, Component, Instance, Watcher};
use diag::Diagnostic;
use engine::alertmanager::{DAEMON, DEFAULTS, FILE, checked, seen};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

/// A part of the fleet as alerts are labelled: `host/NAME`, `service/NAME/HOST`, `tunnel/NAME/A/B` …
pub fn component(of: &Component) -> String {
    match of {
        Component::Site(site) => format!("site/{site}"),
        Component::Uplink(segment) => format!("uplink/{segment}"),
        Component::Tunnel(tunnel, a, b) => format!("tunnel/{tunnel}/{a}/{b}"),
        Component::Host(host) => format!("host/{host}"),
        Component::Service(service, host) => format!("service/{service}/{host}"),
        Component::Session(host, session) => format!("session/{host}/{session}"),
    }
}

pub(crate) fn render(cx: &Cx<'_>, instance: &Instance, out: &mut Out<'_>) {
    let why = Why::new(&instance.place, format!("alerts service {} on {}", instance.service, cx.host.id));
    let text = text(cx, &why, out);
    out.file(DAEMON.engine, FILE, PUBLIC, text, &why);
    let mut args = vec![
        format!("--config.file={FILE}"),
        format!("--web.listen-address={}", defaults::listen(instance, 9093)),
    ];
    if let Some(data) = instance.volumes.get("data") {
        args.push(format!("--storage.path={data}"));
    }
    args.extend(cluster(cx, instance));
    defaults::render(DAEMON.engine, DEFAULTS, &args, &why, out);
    out.packages(DAEMON.packages, &why);
    if let Some(unit) = out.unit_mut(&instance.unit) {
        unit.reload_on.insert(FILE.to_owned());
        unit.restart_on.insert(DEFAULTS.to_owned());
    }
    out.check(checked());
    out.health(seen(&crate::service::local_address(instance, defaults::port(instance, 9093)), &why));
}

/// Several alertmanagers tell people once when they gossip, which the module says by a port `cluster`.
/// Without one, an empty address turns gossip off, which is otherwise open on all addresses.
fn cluster(cx: &Cx<'_>, instance: &Instance) -> Vec<String> {
    let Some(port) = instance.ports.get("cluster").map(|p| p.number) else {
        return vec!["--cluster.listen-address=".to_owned()];
    };
    let mut args = vec![format!("--cluster.listen-address=:{port}")];
    let others: BTreeSet<(IpAddr, u16)> = cx
        .fleet
        .watchers
        .iter()
        .flat_map(|w| &w.alertmanagers)
        .filter(|(host, ..)| *host != cx.host.id)
        .map(|(_, ip, _)| (*ip, port))
        .collect();
    args.extend(others.into_iter().map(|(ip, port)| format!("--cluster.peer={}", SocketAddr::new(ip, port))));
    args
}

fn text(cx: &Cx<'_>, why: &Why, out: &mut Out<'_>) -> Text {
    let timers = &cx.fleet.timers;
    let mut text = Text::new();
    text.line(HEADER, why);
    text.line("route:\n  receiver: people\n  group_by: [alertname, component]", why);
    text.line(format!("  group_wait: {}", duration(timers.group_wait_ms)), why);
    text.line(format!("  group_interval: {}", duration(timers.group_interval_ms)), why);
    text.line("  repeat_interval: 4h\n  routes:", why);
    text.line("    - receiver: nobody\n      matchers: ['severity=\"suspect\"']", why);
    text.line("receivers:\n  - name: nobody\n  - name: people", why);
    let webhooks: Vec<_> = cx.fleet.receivers.values().filter_map(|r| r.webhook.as_ref()).collect();
    if let Some(first) = webhooks.first() {
        text.line("    webhook_configs:", &Why::new(&first.place, "people are told here"));
    }
    for webhook in webhooks {
        let why = Why::new(&webhook.place, "people are told here");
        text.line(format!("      - url: {}", quoted(&webhook.value)), &why);
    }
    for (name, receiver) in &cx.fleet.receivers {
        if let Some(email) = &receiver.email {
            out.say(
                Diagnostic::note(
                    crate::codes::CANNOT_SAY,
                    &email.place,
                    format!("not supported yet: alerts to {name} by mail"),
                )
                .help("a mail server cannot be named yet; a webhook can"),
            );
        }
    }
    inhibit(cx, why, &mut text);
    text
}

/// Who saw an alert, as the label `watcher` has it.
pub(crate) fn watched_by(watcher: &Watcher) -> String {
    format!("{}/{}", watcher.service, watcher.host)
}

/// One rule for all alerts of a watcher that are explained by the same components. What explains an alert
/// depends on where one stands: from the other end of a tunnel the order is the reverse, so the suspicions of
/// one watcher say nothing about the alerts of another.
fn inhibit(cx: &Cx<'_>, why: &Why, text: &mut Text) {
    let alerts = cx.fleet.watchers.iter().flat_map(|w| w.alerts.iter().map(move |a| (watched_by(w), a)));
    let mut groups: BTreeMap<(String, BTreeSet<String>), BTreeMap<String, &Alert>> = BTreeMap::new();
    for (watcher, alert) in alerts.filter(|(_, a)| !a.behind.is_empty()) {
        let behind = alert.behind.iter().map(component).collect();
        groups.entry((watcher, behind)).or_default().entry(component(&alert.component)).or_insert(alert);
    }
    if groups.is_empty() {
        return;
    }
    text.line("inhibit_rules:", why);
    for ((watcher, behind), alerts) in &groups {
        let Some(first) = alerts.values().next() else { continue };
        let by = quoted(&format!("watcher=\"{watcher}\""));
        let above: Vec<String> = behind.iter().cloned().collect();
        text.line(
            format!("  - source_matchers: ['severity=\"suspect\"', {by}, {}]", matcher(&above)),
            &first.why,
        );
        let below: Vec<String> = alerts.keys().cloned().collect();
        text.line(
            format!("    target_matchers: ['severity=\"page\"', {by}, {}]", matcher(&below)),
            &first.why,
        );
    }
}

fn matcher(components: &[String]) -> String {
    quoted(&match components {
        [one] => format!("component=\"{one}\""),
        many => {
            let escaped: Vec<String> = many.iter().map(|c| c.replace('.', "[.]")).collect();
            format!("component=~\"{}\"", escaped.join("|"))
        }
    })
}
