//! blackbox-exporter: a ping of each family.

use crate::cx::Cx;
use crate::defaults;
use crate::out::{HEADER, Out, PUBLIC};
use artifact::{Text, Why};
use derive::fleet::Instance;
use engine::blackbox::{DAEMON, DEFAULTS, FILE, checked, seen};

pub(crate) fn render(cx: &Cx<'_>, instance: &Instance, out: &mut Out<'_>) {
    let why = Why::new(&instance.place, format!("prober {} on {}", instance.service, cx.host.id));
    let mut text = Text::new();
    text.line(HEADER, &why);
    text.line("modules:", &why);
    for (name, family) in [("icmp4", "ip4"), ("icmp6", "ip6")] {
        text.line(format!("  {name}:\n    prober: icmp\n    timeout: 1500ms\n    icmp:"), &why);
        text.line(format!("      preferred_ip_protocol: {family}\n      ip_protocol_fallback: false"), &why);
    }
    out.file(DAEMON.engine, FILE, PUBLIC, text, &why);
    let args = [
        format!("--config.file={FILE}"),
        format!("--web.listen-address={}", defaults::listen(instance, 9115)),
    ];
    defaults::render(DAEMON.engine, DEFAULTS, &args, &why, out);
    out.packages(DAEMON.packages, &why);
    if let Some(unit) = out.unit_mut(&instance.unit) {
        unit.reload_on.insert(FILE.to_owned());
        unit.restart_on.insert(DEFAULTS.to_owned());
    }
    out.check(checked());
    out.health(seen(&crate::service::local_address(instance, defaults::port(instance, 9115)), &why));
}
