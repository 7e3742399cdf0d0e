//! node-exporter: only collectors that are cheap and that something asks for.

use crate::cx::Cx;
use crate::defaults;
use crate::drift;
use crate::out::Out;
use artifact::Why;
use derive::fleet::Instance;
use engine::node_exporter::{DAEMON, DEFAULTS, seen};
use std::collections::BTreeSet;

/// Processor, memory, disks, network, and the state of our units.
const COLLECTORS: [&str; 12] = [
    "conntrack",
    "cpu",
    "diskstats",
    "filefd",
    "filesystem",
    "loadavg",
    "meminfo",
    "netdev",
    "stat",
    "systemd",
    "time",
    "uname",
];

pub(crate) fn render(cx: &Cx<'_>, instance: &Instance, out: &mut Out<'_>) {
    let why = Why::new(&instance.place, format!("metrics of host {}", cx.host.id));
    let mut args = vec![
        format!("--web.listen-address={}", defaults::listen(instance, 9100)),
        "--collector.disable-defaults".to_owned(),
    ];
    args.extend(COLLECTORS.iter().map(|c| format!("--collector.{c}")));
    args.push(format!("--collector.systemd.unit-include={}", units(cx)));
    if drift::counted(cx.host) {
        args.push("--collector.textfile".to_owned());
        args.push(format!("--collector.textfile.directory={}", engine::drift::METRICS));
    }
    defaults::render(DAEMON.engine, DEFAULTS, &args, &why, out);
    out.packages(DAEMON.packages, &why);
    if let Some(unit) = out.unit_mut(&instance.unit) {
        unit.restart_on.insert(DEFAULTS.to_owned());
    }
    out.health(seen(&crate::service::local_address(instance, defaults::port(instance, 9100)), &why));
}

/// A regular expression of the units the fleet wants here. No backslashes: systemd would take them.
fn units(cx: &Cx<'_>) -> String {
    let own = [
        engine::nftables::DAEMON.unit,
        engine::networkd::DAEMON.unit,
        engine::resolver::DAEMON.unit,
        engine::bird::DAEMON.unit,
    ];
    let tunnels = cx.host.wireguard.iter().map(|w| engine::wireguard::unit(&w.name));
    let services = cx.host.instances.iter().map(|i| i.unit.clone());
    let names: BTreeSet<String> =
        own.iter().map(|u| (*u).to_owned()).chain(tunnels).chain(services).collect();
    let escaped: Vec<String> = names.iter().map(|n| n.replace('.', "[.]")).collect();
    escaped.join("|")
}
