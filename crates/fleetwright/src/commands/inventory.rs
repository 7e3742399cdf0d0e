//! `fleetwright inventory`.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::keys::Keys;
use crate::pipeline::Checked;
use crate::trees::{self, fleet::raw_node};
use crate::{Cx, codes, pipeline, sign_in};
use ansible::script::{Listed, Listing, host_json, list_json};
use clap::Args;
use derive::Options;
use derive::fleet::Fleet;
use diag::Diagnostic;
use model::{Label, Machine, Raw};
use py::Map;
use std::collections::BTreeMap;

/// Print the fleet as an Ansible inventory script does
///
/// Groups are the fleet's, and `site_NAME` for each site; names of groups and variables have `_` for `-`, which
/// Ansible does not take. Variables are those of groups and hosts, and how a host is reached: `ansible_host`, `ansible_port`,
/// `ansible_user`, and the hosts on the way; a machine of Incus is reached by its name there, through the remote that
/// is called as its environment, and `environment_NAME` has an environment's hosts. A fleet that has trees of
/// templates only prints the hosts of their inventories; values that are encrypted there are left out.
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
    let mut checked = pipeline::check(cx)?;
    if checked.model.hosts.is_empty() && !checked.model.trees.is_empty() {
        let listing = trees::listing(&mut checked)?;
        if checked.report.has_errors() {
            return Err(checked.failure());
        }
        return print(command, &listing, &checked, cx);
    }
    let keys = Keys::of(&checked);
    let chosen = checked.choose(&keys, &Options::default())?;
    print(command, &listing(&chosen.checked.model, &chosen.fleet), &chosen.checked, cx)
}

fn print(command: &Inventory, listing: &Listing, checked: &Checked, cx: &Cx) -> Result<Exit, Failure> {
    let text = match &command.host {
        None => list_json(listing),
        Some(host) => match host_json(listing, host) {
            Some(text) => text,
            None => {
                let unknown = Diagnostic::bare(codes::NO_SUCH, format!("no host `{host}`"));
                let unknown = unknown.suggest(host, listing.hosts.keys().map(String::as_str));
                return Err(Failure::new(Exit::Errors, unknown));
            }
        },
    };
    // Of what is read here only an inventory of others can hold what JSON cannot: a date, bytes.
    let text = text.map_err(|why| Failure::bare(Exit::Errors, codes::UNWRITABLE, why))?;
    pipeline::notes(cx, &checked.report, &checked.sources);
    cx.console.print(text)?;
    Ok(Exit::Ok)
}

pub(super) fn listing(model: &model::Fleet, fleet: &Fleet) -> Listing {
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
        if let Some(machine) = written.and_then(|h| h.machine.as_ref()).filter(|m| m.engine == INCUS) {
            incus(model, id.as_str(), machine, &mut vars);
            listing.hosts.insert(id.to_string(), vars);
            continue;
        }
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
    for (name, environment) in &model.environments {
        let listed = listing.groups.entry(format!("environment_{}", plain(name.as_str()))).or_default();
        environment.members.iter().for_each(|member| join(listed, member.value.as_str()));
    }
    listing
}

const INCUS: &str = "incus";

/// How the connection of `community.general` finds an instance: by its name, at a remote of the `incus` client.
fn incus(model: &model::Fleet, name: &str, machine: &Machine, vars: &mut Map) {
    vars.insert("ansible_connection", "community.general.incus");
    vars.insert("ansible_host", name);
    let runs_on = machine.on.as_ref().map(|on| on.value.as_str());
    let environment = model.environments.iter().find(|(name, environment)| {
        let is_incus = environment.engine.as_ref().is_some_and(|engine| engine.value == INCUS);
        let holds =
            |on: &str| name.as_str() == on || environment.members.iter().any(|m| m.value.as_str() == on);
        is_incus && runs_on.is_some_and(holds)
    });
    if let Some((environment, _)) = environment {
        vars.insert("ansible_incus_remote", environment.as_str());
    }
    let project = machine.config.iter().find(|(key, _)| key.as_str() == "project");
    if let Some(project) = project.and_then(|(_, raw)| raw.0.text()) {
        vars.insert("ansible_incus_project", project);
    }
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
    vars.iter().map(|(name, raw)| (plain(name.as_str()), raw_node(&raw.0).value())).collect()
}
