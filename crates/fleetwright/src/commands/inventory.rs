//! `fleetwright inventory`.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::keys::Keys;
use crate::{Cx, codes, pipeline, sign_in};
use ansible::script::{Listed, Listing, host_json, list_json};
use clap::Args;
use derive::Options;
use derive::fleet::Fleet;
use model::{Label, Node, NodeKind, Raw};
use py::{Map, Value};
use std::collections::BTreeMap;

/// Print the fleet as an Ansible inventory script does
///
/// Groups are the fleet's, and `site_NAME` for each site; names of groups and variables have `_` for `-`, which
/// Ansible does not take. Variables are those of groups and hosts, and how a host is reached: `ansible_host`, `ansible_port`,
/// `ansible_user`, and the hosts on the way.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fleetwright inventory --list\n  fleetwright inventory --host mac-mini\n\n\
    As a file for `ansible -i`:\n  #!/bin/sh\n  exec fleetwright -C /path/to/the/fleet inventory \"$@\""
)]
pub struct Inventory {
    /// All groups, hosts and variables
    #[arg(long, required_unless_present = "host", conflicts_with = "host")]
    list: bool,
    /// The variables of one host
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
}

/// Runs it.
///
/// # Errors
/// When the fleet has errors or no host of the name.
pub fn run(command: &Inventory, cx: &Cx) -> Result<Exit, Failure> {
    let checked = pipeline::check(cx)?;
    let keys = Keys::of(&checked.folder);
    let chosen = checked.choose(&keys, &Options::default())?;
    let listing = listing(&chosen.checked.model, &chosen.fleet);
    let text = match &command.host {
        None => list_json(&listing),
        Some(host) => match host_json(&listing, host) {
            Some(text) => text,
            None => return Err(super::render::no_host(host, chosen.fleet.hosts.keys())),
        },
    };
    // Names and texts of a fleet are always JSON.
    let text = text.map_err(|why| Failure::bare(Exit::Errors, codes::UNWRITABLE, why))?;
    pipeline::notes(cx, &chosen.checked.report, &chosen.checked.sources);
    cx.console.print(text)?;
    Ok(Exit::Ok)
}

fn listing(model: &model::Fleet, fleet: &Fleet) -> Listing {
    let mut listing = Listing::default();
    for (name, group) in &model.groups {
        let listed = listing.groups.entry(plain(name.as_str())).or_default();
        listed.vars = variables(&group.vars);
        listed.children.extend(group.groups.iter().map(|g| plain(g.value.as_str())));
        listed.hosts.extend(group.hosts.iter().map(|h| h.value.to_string()));
    }
    for (id, host) in &fleet.hosts {
        let written = model.hosts.get(id);
        for group in written.into_iter().flat_map(|h| &h.groups) {
            join(listing.groups.entry(plain(group.value.as_str())).or_default(), id.as_str());
        }
        if let Some(site) = &host.site {
            let group = format!("site_{}", plain(site.as_str()));
            join(listing.groups.entry(group).or_default(), id.as_str());
        }
        let mut vars = written.map(|h| variables(&h.vars)).unwrap_or_default();
        let way = sign_in::destination(fleet, host);
        vars.insert("ansible_host", way.address.unwrap_or_else(|| host.fqdn.clone()).as_str());
        if let Some(port) = way.port {
            vars.insert("ansible_port", i128::from(port));
        }
        if let Some(user) = &way.user {
            vars.insert("ansible_user", user.as_str());
        }
        if let Some(jump) = &way.jump {
            vars.insert("ansible_ssh_common_args", format!("-o ProxyJump={jump}").as_str());
        }
        listing.hosts.insert(id.to_string(), vars);
    }
    listing
}

/// A name as Ansible takes it.
fn plain(name: &str) -> String {
    name.replace('-', "_")
}

fn join(group: &mut Listed, host: &str) {
    if !group.hosts.iter().any(|known| known == host) {
        group.hosts.push(host.to_owned());
    }
}

fn variables(vars: &BTreeMap<Label, Raw>) -> Map {
    vars.iter().map(|(name, raw)| (plain(name.as_str()), value(&raw.0))).collect()
}

/// A raw value as Ansible reads the same text: quoted is a text, else a number or a truth where it is one.
fn value(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Null => Value::None,
        NodeKind::Scalar { text, quoted: true } => Value::from(text.as_str()),
        NodeKind::Scalar { text, quoted: false } => {
            let mut report = diag::Report::new();
            let read = py::load(&node.place.file, text, &py::NoTags, &mut report).map(|n| n.value());
            match read {
                Some(Value::List(_) | Value::Map(_)) | None => Value::from(text.as_str()),
                Some(scalar) => scalar,
            }
        }
        NodeKind::List(items) => items.iter().map(value).collect(),
        NodeKind::Map(entries) => {
            Value::Map(entries.iter().map(|(key, node)| (key.text.as_str(), value(node))).collect::<Map>())
        }
    }
}
