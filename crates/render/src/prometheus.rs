//! Prometheus: what is scraped and pinged, and who hears of alerts.

mod config;
mod drift;
mod rules;

use crate::cx::Cx;
use crate::defaults;
use crate::out::{Out, PUBLIC};
use artifact::{Text, Why};
use derive::fleet::Instance;
use diag::Diagnostic;
use engine::prometheus::{DAEMON, DEFAULTS, FILE, RULES, checked, seen};

pub(crate) fn render(cx: &Cx<'_>, instance: &Instance, out: &mut Out<'_>) {
    let why = Why::new(&instance.place, format!("metrics service {} on {}", instance.service, cx.host.id));
    let watcher = cx.index.watchers.get(&(&instance.service, &cx.host.id)).copied();
    if watcher.is_none() {
        let message = format!("metrics service {} on {} watches nothing", instance.service, cx.host.id);
        out.say(Diagnostic::warning(crate::codes::NEVER_MATCHES, &instance.place, message));
    }
    out.dir("/etc/prometheus/rules", (0o755, "root", "root"), false, &why);
    out.file(DAEMON.engine, FILE, PUBLIC, config::text(cx, watcher, &why), &why);
    out.file(DAEMON.engine, RULES, PUBLIC, rules::text(cx, watcher, &why), &why);
    let mut args = vec![
        format!("--web.listen-address={}", defaults::listen(instance, 9090)),
        format!("--rules.alert.resend-delay={}", duration(cx.fleet.timers.resend_ms)),
    ];
    if let Some(data) = instance.volumes.get("data") {
        args.push(format!("--storage.tsdb.path={data}"));
    }
    if let Some(retention) = instance.params.get("retention") {
        args.push(format!("--storage.tsdb.retention.time={retention}"));
    }
    defaults::render(DAEMON.engine, DEFAULTS, &args, &why, out);
    out.packages(DAEMON.packages, &why);
    if let Some(unit) = out.unit_mut(&instance.unit) {
        unit.reload_on.extend([FILE.to_owned(), RULES.to_owned()]);
        unit.restart_on.insert(DEFAULTS.to_owned());
    }
    out.check(checked());
    out.health(seen(&crate::service::local_address(instance, defaults::port(instance, 9090)), &why));
}

/// A text as a YAML scalar that is always a text: single-quoted.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Milliseconds as Prometheus writes durations.
pub(crate) fn duration(ms: u64) -> String {
    if ms.is_multiple_of(1000) { format!("{}s", ms / 1000) } else { format!("{ms}ms") }
}

/// The header and nothing else, for a part that is empty.
fn head(why: &Why) -> Text {
    let mut text = Text::new();
    text.line(crate::out::HEADER, why);
    text
}
