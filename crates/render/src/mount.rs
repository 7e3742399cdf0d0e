//! Folders mounted from other hosts, and folders exported to them.

use crate::codes;
use crate::cx::Cx;
use crate::out::{HEADER, Out, PUBLIC};
use artifact::{Text, Unit};
use derive::fleet::{Instance, ResolvedMount};
use diag::Diagnostic;
use engine::mount::{EXPORTS, KIND, PACKAGE, SERVER, STAGE, seen, unit};
use engine::service::unit_file;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

pub(crate) fn render(cx: &Cx<'_>, out: &mut Out<'_>) {
    let mut mounts: BTreeMap<&str, &ResolvedMount> = BTreeMap::new();
    for mount in cx.host.instances.iter().flat_map(|i| &i.mounts) {
        match mounts.get(mount.at.as_str()) {
            None => {
                mounts.insert(&mount.at, mount);
                one(mount, out);
            }
            Some(first) if (first.address, &first.path) == (mount.address, &mount.path) => {}
            Some(first) => out.say(
                Diagnostic::error(
                    codes::TWO_OWNERS,
                    &mount.why.place,
                    format!("two folders are mounted at {} on {}", mount.at, cx.host.id),
                )
                .label(&first.why.place, "first used here"),
            ),
        }
    }
}

fn one(mount: &ResolvedMount, out: &mut Out<'_>) {
    let why = &mount.why;
    let name = unit(&mount.at);
    let path = unit_file(&name);
    let address = match mount.address {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    let mut text = Text::new();
    text.line(HEADER, why);
    text.line(format!("[Unit]\nDescription={} of {}\nAfter=network.target\n", mount.at, mount.service), why);
    text.line(format!("[Mount]\nWhat={address}:{}\nWhere={}\nType=nfs4", mount.path, mount.at), why);
    let mode = if mount.read_only { "ro" } else { "rw" };
    // `soft` fails a request after a while instead of hanging its program for ever when the tunnel is down.
    text.line(format!("Options={mode},soft,timeo=100,retrans=3\nTimeoutSec=30\n"), why);
    text.line("[Install]\nWantedBy=multi-user.target", why);
    out.packages(&[PACKAGE], why);
    out.dir(&mount.at, (0o755, "root", "root"), true, why);
    out.file("mount", &path, PUBLIC, text, why);
    out.unit(
        &name,
        STAGE,
        Unit {
            kind: KIND,
            enabled: true,
            active: true,
            reload_on: BTreeSet::new(),
            restart_on: BTreeSet::from([path.clone()]),
            reload: Vec::new(),
            after: BTreeSet::new(),
            why: why.clone(),
        },
    );
    out.health(seen(&mount.at, why));
}

/// `/etc/exports.d` of a service that lets others mount folders.
pub(crate) fn exports(_: &Cx<'_>, instance: &Instance, out: &mut Out<'_>) {
    let Some(first) = instance.exports.first() else { return };
    let mut text = Text::new();
    text.line(HEADER, &first.why);
    for export in &instance.exports {
        let mode = if export.read_only { "ro" } else { "rw" };
        let clients: Vec<String> =
            export.clients.iter().map(|c| format!("{c}({mode},sync,no_subtree_check)")).collect();
        text.line(format!("\"{}\" {}", export.path, clients.join(" ")), &export.why);
        out.dir(&export.path, (0o755, "root", "root"), true, &export.why);
    }
    out.dir("/etc/exports.d", (0o755, "root", "root"), false, &first.why);
    out.file(SERVER, EXPORTS, PUBLIC, text, &first.why);
    if let Some(unit) = out.unit_mut(&instance.unit) {
        unit.reload_on.insert(EXPORTS.to_owned());
    }
}
