//! Variables of groups and hosts, by Ansible's precedence.

use crate::data::{Draft, DraftGroup};
use crate::inventory::{Group, Host, Inventory, Vars};
use crate::read::{Loader, Options};
use crate::vars_files::{Owner, VarsFiles, bases};
use diag::{Place, Report};
use indexmap::{IndexMap, IndexSet};
use std::collections::HashMap;

/// The draft with every variable where it belongs. Of a host the weakest is first:
///
/// 1. the group `all` in the inventory, then its other groups by depth, priority and name;
/// 2. `group_vars` of `all` beside each source, then beside the playbooks;
/// 3. `group_vars` of its other groups, source by source and by depth, priority and name in each, then beside
///    the playbooks;
/// 4. the host in the inventory, then its `host_vars` beside each source, then beside the playbooks.
pub(crate) fn merge(
    loader: &Loader<'_>,
    options: Options<'_>,
    draft: Draft,
    report: &mut Report,
) -> Inventory {
    let bases = bases(loader, options.sources);
    let playbooks: Vec<String> = options.playbooks.map(str::to_owned).into_iter().collect();
    let mut files = VarsFiles::new(loader, report);
    let depths = depths(&draft);
    let depth = |group: &str| depths.get(group).copied().unwrap_or_default();
    let order = |draft: &Draft, groups: &mut Vec<String>| {
        let priority = |group: &String| draft.groups.get(group).map_or(1, |g| g.priority);
        groups.sort_by(|a, b| (depth(a), priority(a), a).cmp(&(depth(b), priority(b), b)));
    };
    let mut hosts = IndexMap::new();
    let groups_of = groups_of_hosts(&draft);
    // Hosts of one group share all but their own: what groups give is merged once for each set of them.
    let mut shared: HashMap<Vec<String>, Vars> = HashMap::new();
    for (name, host) in &draft.hosts {
        let mut groups = groups_of.get(name).cloned().unwrap_or_default();
        order(&draft, &mut groups);
        let mut vars = match shared.get(&groups) {
            Some(vars) => vars.clone(),
            None => {
                let vars = group_layers(&draft, &groups, &bases, &playbooks, &mut files);
                shared.insert(groups.clone(), vars.clone());
                vars
            }
        };
        vars.lay(&host.vars);
        for base in bases.iter().chain(&playbooks) {
            vars.lay(&files.vars(base, &Owner::Host(name.clone())));
        }
        let place = host.places.first().cloned().unwrap_or_else(|| Place::builtin("ansible"));
        hosts.insert(name.clone(), Host { place, groups, vars });
    }
    let mut groups = IndexMap::new();
    for (name, group) in &draft.groups {
        let mut vars = group.vars.clone();
        for base in bases.iter().chain(&playbooks) {
            vars.lay(&files.vars(base, &Owner::Group(name.clone())));
        }
        groups.insert(name.clone(), finished(&draft, name, group, depth(name), vars));
    }
    let group_names: Vec<&str> = draft.groups.keys().map(String::as_str).collect();
    let mut host_names: Vec<&str> = draft.hosts.keys().map(String::as_str).collect();
    // The implicit localhost has host_vars too.
    host_names.push("localhost");
    for base in &bases {
        files.unread(base, &group_names, &host_names);
    }
    Inventory { groups, hosts }
}

fn group_layers(
    draft: &Draft,
    groups: &[String],
    bases: &[String],
    playbooks: &[String],
    files: &mut VarsFiles<'_, '_>,
) -> Vars {
    let mut vars = Vars::new();
    let is_all = |group: &&String| *group == "all";
    let (all, others): (Vec<&String>, Vec<&String>) = groups.iter().partition(is_all);
    for group in all.iter().chain(&others) {
        if let Some(group) = draft.groups.get(*group) {
            vars.lay(&group.vars);
        }
    }
    for groups in [all, others] {
        for base in bases.iter().chain(playbooks) {
            for group in &groups {
                vars.lay(&files.vars(base, &Owner::Group((*group).clone())));
            }
        }
    }
    vars
}

/// Of each host every group it is in, right in or further up.
fn groups_of_hosts(draft: &Draft) -> HashMap<String, Vec<String>> {
    let mut found: HashMap<String, IndexSet<String>> = HashMap::new();
    for (name, group) in &draft.groups {
        if group.hosts.is_empty() {
            continue;
        }
        let mut all = draft.ancestors(name);
        all.insert(name.clone());
        for host in &group.hosts {
            found.entry(host.clone()).or_default().extend(all.iter().cloned());
        }
    }
    found.into_iter().map(|(host, groups)| (host, groups.into_iter().collect())).collect()
}

/// Of each group the longest way up.
fn depths(draft: &Draft) -> HashMap<String, usize> {
    let mut depths: HashMap<String, usize> = HashMap::new();
    let mut waiting: Vec<&str> = draft.groups.keys().map(String::as_str).collect();
    // Groups contain each other in no circle, so each round settles at least one.
    while !waiting.is_empty() {
        let before = waiting.len();
        waiting.retain(|name| {
            let Some(group) = draft.groups.get(*name) else { return false };
            let above: Option<Vec<usize>> =
                group.parents.iter().map(|parent| depths.get(parent).map(|depth| depth + 1)).collect();
            match above {
                Some(above) => {
                    depths.insert((*name).to_owned(), above.into_iter().max().unwrap_or_default());
                    false
                }
                None => true,
            }
        });
        if waiting.len() == before {
            break;
        }
    }
    depths
}

fn finished(draft: &Draft, name: &str, group: &DraftGroup, depth: usize, vars: Vars) -> Group {
    // Level by level, own hosts first.
    let mut levels: IndexSet<String> = IndexSet::from([name.to_owned()]);
    let mut all_hosts: IndexSet<String> = IndexSet::new();
    let mut next = 0;
    while let Some(current) = levels.get_index(next).cloned() {
        if let Some(group) = draft.groups.get(&current) {
            all_hosts.extend(group.hosts.iter().cloned());
            levels.extend(group.children.iter().cloned());
        }
        next += 1;
    }
    Group {
        place: group.place.clone(),
        children: group.children.iter().cloned().collect(),
        parents: group.parents.iter().cloned().collect(),
        hosts: group.hosts.iter().cloned().collect(),
        all_hosts: all_hosts.into_iter().collect(),
        depth,
        priority: group.priority,
        vars,
    }
}
