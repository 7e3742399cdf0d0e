//! The timer by which a host looks for what was changed by hand on it.

use crate::cx::Cx;
use crate::out::{HEADER, Out, PUBLIC};
use artifact::protocol::AGENT_PATH;
use artifact::{Text, Why};
use derive::fleet::{DriftWatch, Host};
use engine::drift::{DAEMON, METRICS, METRICS_FILE, SERVICE};
use engine::service::unit_file;
use model::Provides;

/// After it came up, a host is left alone this long, seconds.
const FIRST_S: u64 = 120;
/// Hosts look at most this much later than they would, seconds.
const APART_S: u64 = 600;

/// It reads whatever the fleet owns, and asks systemd, the packet filter, interfaces, WireGuard and BIRD (whose
/// socket is BIRD's own). It writes what it saw, and nothing else. `/tmp` stays the host's: what lies there
/// is part of what it looks at.
const HARDENING: &str = "\
NoNewPrivileges=yes
CapabilityBoundingSet=CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_NET_ADMIN
ProtectSystem=strict
ProtectHome=read-only
ProtectKernelTunables=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
DevicePolicy=closed
RestrictAddressFamilies=AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
UMask=0077";

pub(crate) fn render(cx: &Cx<'_>, out: &mut Out<'_>) {
    let Some(watch) = &cx.host.drift else { return };
    let why = &watch.why;
    let metrics = counted(cx.host);
    if metrics {
        out.dir(METRICS, (0o755, "root", "root"), false, why);
    }
    let timer_path = unit_file(DAEMON.unit);
    out.file(DAEMON.engine, &unit_file(SERVICE), PUBLIC, service(metrics, why), why);
    out.file(DAEMON.engine, &timer_path, PUBLIC, timer(watch), why);
    out.daemon(&DAEMON, &[], &[&timer_path], why);
}

/// True when the host looks, and something there serves what it sees as metrics.
pub(crate) fn counted(host: &Host) -> bool {
    host.drift.is_some() && host.instances.iter().any(|i| i.provides.contains(&Provides::HostMetrics))
}

fn service(metrics: bool, why: &Why) -> Text {
    let (args, writes) = if metrics {
        (format!(" --metrics {METRICS_FILE}"), format!("/var/lib/fleetwright -{METRICS}"))
    } else {
        (String::new(), "/var/lib/fleetwright".to_owned())
    };
    let mut text = Text::new();
    text.line(HEADER, why);
    text.line("[Unit]\nDescription=Look for what was changed by hand on this host", why);
    text.line("ConditionPathExists=/var/lib/fleetwright/current\n", why);
    text.line(format!("[Service]\nType=oneshot\nExecStart={AGENT_PATH} drift-watch{args}"), why);
    // A look never keeps the host's own work waiting.
    text.line("TimeoutStartSec=300\nNice=10\nIOSchedulingClass=idle", why);
    text.line(HARDENING, why);
    text.line(format!("ReadWritePaths={writes}"), why);
    text
}

fn timer(watch: &DriftWatch) -> Text {
    let (why, every) = (&watch.why, watch.every_s);
    let mut text = Text::new();
    text.line(HEADER, why);
    text.line("[Unit]\nDescription=When this host looks for what was changed by hand\n", why);
    text.line(format!("[Timer]\nOnActiveSec={}s\nOnUnitActiveSec={every}s", every.min(FIRST_S)), why);
    // Hosts of one fleet look one after the other, each always at its own time.
    let apart = (every / 10).min(APART_S);
    text.line(format!("RandomizedDelaySec={apart}s\nFixedRandomDelay=yes\nAccuracySec=1s\n"), why);
    text.line("[Install]\nWantedBy=timers.target", why);
    text
}
