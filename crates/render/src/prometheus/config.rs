//! `prometheus.yml`.

use super::{duration, head, quoted};
use crate::cx::Cx;
use artifact::{Text, Why};
use derive::fleet::{Scrape, Watcher};
use diag::Place;
use engine::prometheus::RULES_RELATIVE;
use std::collections::BTreeMap;
use std::net::SocketAddr;

pub(super) fn text(cx: &Cx<'_>, watcher: Option<&Watcher>, why: &Why) -> Text {
    let timers = &cx.fleet.timers;
    let mut text = head(why);
    text.line(format!("global:\n  scrape_interval: {}", duration(timers.scrape_ms)), why);
    // A scrape may take as long as there is time until the next.
    text.line(format!("  scrape_timeout: {}", duration(timers.scrape_ms.min(10_000))), why);
    text.line(format!("  evaluation_interval: {}", duration(timers.evaluate_ms)), why);
    if let Some(watcher) = watcher {
        let why = Why::new(&why.place, "alertmanagers tell one watcher's alerts from another's");
        let label = quoted(&crate::alertmanager::watched_by(watcher));
        text.line(format!("  external_labels:\n    watcher: {label}"), &why);
    }
    text.line(format!("rule_files:\n  - {RULES_RELATIVE}"), why);
    let Some(watcher) = watcher else {
        return text;
    };
    if !watcher.alertmanagers.is_empty() {
        let why = Why::new(&why.place, "every metrics service tells every alertmanager");
        text.line("alerting:\n  alertmanagers:\n    - static_configs:\n        - targets:", &why);
        for (_, ip, port) in &watcher.alertmanagers {
            text.line(format!("            - {}", quoted(&SocketAddr::new(*ip, *port).to_string())), &why);
        }
    }
    text.line("scrape_configs:", why);
    let mut jobs: BTreeMap<&str, Vec<&Scrape>> = BTreeMap::new();
    for scrape in &watcher.scrapes {
        jobs.entry(&scrape.job).or_default().push(scrape);
    }
    for (name, scrapes) in &jobs {
        job(cx, name, scrapes, &mut text);
    }
    pings(watcher, &mut text);
    if jobs.is_empty() && watcher.pings.is_empty() {
        text.line("  []", why);
    }
    text
}

fn job(cx: &Cx<'_>, name: &str, scrapes: &[&Scrape], text: &mut Text) {
    let Some(first) = scrapes.first() else { return };
    text.line(format!("  - job_name: {}\n    static_configs:", quoted(name)), &first.why);
    for scrape in scrapes {
        let why = &scrape.why;
        let target = SocketAddr::new(scrape.address, scrape.port).to_string();
        text.line(format!("      - targets: [{}]\n        labels:", quoted(&target)), why);
        text.line(format!("          host: {}", quoted(scrape.host.as_str())), why);
        if let Some(site) = cx.fleet.hosts.get(&scrape.host).and_then(|h| h.site.as_ref()) {
            text.line(format!("          site: {}", quoted(site.as_str())), why);
        }
        text.line(format!("          service: {}", quoted(scrape.service.as_str())), why);
        // A target's labels carry its path and its parameters; a query within the path would be escaped.
        let (path, query) = scrape.path.split_once('?').unwrap_or((&scrape.path, ""));
        if path != "/metrics" {
            text.line(format!("          __metrics_path__: {}", quoted(path)), why);
        }
        for (name, value) in query.split('&').filter_map(|p| p.split_once('=')) {
            text.line(format!("          __param_{name}: {}", quoted(value)), why);
        }
    }
}

/// Pings go through the prober beside this Prometheus: the target becomes a parameter, the prober the
/// address. IPv4 and IPv6 are asked for apart, so that a ping never falls back to the other family.
fn pings(watcher: &Watcher, text: &mut Text) {
    let Some((ip, port)) = watcher.prober else { return };
    for (job, v4) in [("ping", true), ("ping6", false)] {
        let pings: Vec<_> = watcher.pings.iter().filter(|p| p.address.is_ipv4() == v4).collect();
        let Some(first) = pings.first() else { continue };
        let module = if v4 { "icmp4" } else { "icmp6" };
        text.line(format!("  - job_name: {}\n    metrics_path: /probe", quoted(job)), &first.why);
        text.line(format!("    params:\n      module: [{module}]\n    static_configs:"), &first.why);
        for ping in &pings {
            text.line(format!("      - targets: [{}]", quoted(&ping.address.to_string())), &ping.why);
            text.line(format!("        labels:\n          ping: {}", quoted(&ping.name)), &ping.why);
            let about = crate::alertmanager::component(&ping.component);
            text.line(format!("          component: {}", quoted(&about)), &ping.why);
        }
        let why = Why::new(&Place::builtin("pings"), "the prober pings for Prometheus");
        let prober = SocketAddr::new(ip, port).to_string();
        text.line("    relabel_configs:\n      - source_labels: [__address__]", &why);
        text.line("        target_label: __param_target\n      - source_labels: [__param_target]", &why);
        text.line("        target_label: instance\n      - target_label: __address__", &why);
        text.line(format!("        replacement: {}", quoted(&prober)), &why);
    }
}
