//! The fleet as each engine's files: pure text from [`derive::fleet::Fleet`]. One file an engine, listed
//! once in [`table`]; `engine/src/ENGINE.rs` says how it is run. See `docs/engines.md`.

pub mod codes;
mod cx;
mod out;
mod prefixes;
mod table;

mod alertmanager;
mod bird;
mod blackbox;
mod caddy;
mod defaults;
mod drift;
mod fill;
mod mount;
mod networkd;
mod nftables;
mod node_exporter;
mod prometheus;
mod resolver;
mod service;
mod sshd;
mod sysctl;
mod wireguard;
mod zone;

pub use alertmanager::component as component_label;
pub use table::engines;

use artifact::{Desired, Text};
use cx::{Cx, Index};
use derive::fleet::{Fleet, Host};
use diag::Report;
use model::HostId;
use out::Out;
use std::collections::BTreeMap;

/// Everything each host should be. All or nothing: when the report has an error, the caller discards the
/// desired states. Notes (`FW09xx`) name what is described and not rendered yet.
pub fn render(fleet: &Fleet) -> (BTreeMap<HostId, Desired>, Report) {
    let index = Index::new(fleet);
    let mut report = Report::new();
    for item in &fleet.unsupported {
        report.push(item.clone());
    }
    let hosts = fleet
        .hosts
        .values()
        .map(|host| (host.id.clone(), host_with(fleet, &index, host, &mut report)))
        .collect();
    report.sort();
    (hosts, report)
}

/// Everything one host should be; empty when there is no such host.
pub fn render_host(fleet: &Fleet, host: &HostId) -> (Desired, Report) {
    let index = Index::new(fleet);
    let mut report = Report::new();
    let desired =
        fleet.hosts.get(host).map(|host| host_with(fleet, &index, host, &mut report)).unwrap_or_default();
    report.sort();
    (desired, report)
}

/// Texts that are not on a host, by relative path: `public/DOMAIN.zone`, the public zone in master file
/// format (RFC 1035) for whoever serves it.
pub fn outside(fleet: &Fleet) -> BTreeMap<String, Text> {
    zone::files(fleet)
}

fn host_with(fleet: &Fleet, index: &Index<'_>, host: &Host, report: &mut Report) -> Desired {
    let cx = Cx::new(fleet, index, host);
    let mut out = Out::new(host, report);
    table::render(&cx, &mut out);
    out.finish()
}
