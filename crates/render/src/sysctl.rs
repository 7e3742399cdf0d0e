//! Kernel settings.

use crate::cx::Cx;
use crate::out::{HEADER, Out, PUBLIC};
use artifact::{Text, Why};
use derive::fleet::Instance;
use engine::blackbox;
use engine::sysctl::{DAEMON, FILE, forwarding_seen};
use std::collections::BTreeMap;

/// Seen in the kernel afterwards; other settings may be missing in a namespace.
const FORWARDING: [&str; 2] = ["net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"];

pub(crate) fn render(cx: &Cx<'_>, out: &mut Out<'_>) {
    let mut settings: BTreeMap<&str, (&str, Why)> = cx
        .host
        .sysctls
        .iter()
        .map(|(key, (value, why))| (key.as_str(), (value.as_str(), why.clone())))
        .collect();
    // A daemon may start before networkd has set the address it listens on.
    let bound = cx.host.instances.iter().find(|i| i.listen.is_some_and(|a| !a.is_loopback()));
    if let Some(instance) = bound {
        let why = Why::new(&instance.place, format!("{} listens on an address of its own", instance.service));
        for key in ["net.ipv4.ip_nonlocal_bind", "net.ipv6.ip_nonlocal_bind"] {
            settings.entry(key).or_insert_with(|| ("1", why.clone()));
        }
    }
    let engine = |i: &Instance| i.definition.variants.native.as_ref().and_then(|n| n.engine.clone());
    let prober = cx.host.instances.iter().find(|i| engine(i).as_deref() == Some(blackbox::DAEMON.engine));
    if let Some(instance) = prober {
        let why = Why::new(&instance.place, format!("{} pings without being root", instance.service));
        let (key, value) = blackbox::PING_SOCKETS;
        settings.entry(key).or_insert_with(|| (value, why));
    }
    let raw = out.raw("sysctl");
    if settings.is_empty() && raw.is_none() {
        return;
    }
    let mut text = Text::new();
    text.line(HEADER, &cx.why);
    for (key, (value, why)) in &settings {
        text.line(format!("{key} = {value}"), why);
    }
    if let Some((raw, why)) = &raw {
        text.line(raw.trim_end(), why);
    }
    let why = settings.values().next().map_or_else(|| cx.why.clone(), |(_, why)| why.clone());
    for key in FORWARDING {
        if let Some((value, why)) = settings.get(key) {
            out.health(forwarding_seen(&key.replace('.', "/"), value, why));
        }
    }
    out.file(DAEMON.engine, FILE, PUBLIC, text, &why);
    out.daemon(&DAEMON, &[], &[FILE], &why);
}
