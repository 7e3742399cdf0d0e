//! Each folder of `inventories/` is read as ansible-core reads it: the same hosts, groups and variables.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use ansible::{Inventory, Options, read};
use diag::Report;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use support::{files, folders, here, playbooks, python, sources, vault};

/// What Ansible itself says of cases: groups with hosts, children, depth; variables of each host as `repr`.
const PROGRAM: &str = include_str!("oracle.py");

fn inventory(name: &str) -> (Inventory, Report) {
    let folder = here().join("inventories").join(name);
    let sources = sources(&folder);
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    let playbooks = playbooks(&folder);
    let mut report = Report::new();
    let options = Options { sources: &sources, playbooks: playbooks.as_deref() };
    let inventory = read(&files(&folder), options, &vault(&folder), &mut report);
    (inventory, report)
}

fn ours(inventory: &Inventory) -> Value {
    let groups: BTreeMap<&String, Value> = inventory
        .groups
        .iter()
        .map(|(name, group)| {
            let sorted = |names: &[String]| {
                let mut names = names.to_vec();
                names.sort();
                names
            };
            let entry = json!({
                "hosts": group.hosts,
                "children": sorted(&group.children),
                "all": sorted(&group.all_hosts),
                "depth": group.depth,
                "priority": i64::try_from(group.priority).unwrap(),
            });
            (name, entry)
        })
        .collect();
    let hosts: BTreeMap<&String, Value> = inventory
        .hosts
        .iter()
        .map(|(name, host)| {
            let vars: BTreeMap<&str, String> =
                host.vars.iter().map(|(name, var)| (name, py::repr(&var.node.value()))).collect();
            (name, json!({"vars": vars, "group_names": host.group_names()}))
        })
        .collect();
    json!({"groups": groups, "hosts": hosts, "order": inventory.hosts.keys().collect::<Vec<_>>()})
}

#[test]
fn every_inventory_is_what_ansible_reads() {
    let names = folders("inventories");
    assert!(names.len() >= 12);
    let cases: Vec<Value> = names
        .iter()
        .map(|name| {
            let folder = here().join("inventories").join(name);
            let at = |path: &String| folder.join(path).to_str().unwrap().to_owned();
            json!({
                "sources": sources(&folder).iter().map(at).collect::<Vec<_>>(),
                "playbooks": playbooks(&folder).as_ref().map(at),
            })
        })
        .collect();
    let theirs = python(PROGRAM, &json!(cases));
    let mut wrong = Vec::new();
    for (name, theirs) in names.iter().zip(theirs.as_array().unwrap()) {
        let (read, report) = inventory(name);
        if report.has_errors() {
            wrong.push(format!("{name}:\n{}", diag::render_plain(&report)));
        }
        let ours = ours(&read);
        if &ours != theirs {
            wrong.push(format!("{name}:\n{}", difference(&ours, theirs, "")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where two trees part.
fn difference(ours: &Value, theirs: &Value, path: &str) -> String {
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            let mut keys: Vec<&String> = a.keys().chain(b.keys()).collect();
            keys.sort();
            keys.dedup();
            keys.iter()
                .map(|key| {
                    let none = Value::Null;
                    difference(
                        a.get(*key).unwrap_or(&none),
                        b.get(*key).unwrap_or(&none),
                        &format!("{path}/{key}"),
                    )
                })
                .collect()
        }
        _ if ours == theirs => String::new(),
        _ => format!("  {path}\n    ours   {ours}\n    theirs {theirs}\n"),
    }
}

#[test]
fn a_variable_knows_where_it_is_from_and_what_it_shadows() {
    let (inventory, _) = inventory("vars-files");
    let layer = inventory.hosts["web1"].vars.get("layer").unwrap();
    assert_eq!(layer.origin.place.to_string(), "host_vars/web1.yml:1:1");
    let shadowed: Vec<String> = layer.shadowed.iter().map(|o| format!("{} ({})", o.place, o.layer)).collect();
    assert_eq!(
        shadowed,
        [
            "hosts.yml:9:14 (group web)",
            "group_vars/all/10-base.yml:1:1 (group_vars of all)",
            "group_vars/web:1:1 (group_vars of web)",
            "hosts.yml:5:16 (host)",
        ]
    );
}

#[test]
fn connections_are_facts() {
    use ansible::connection::{Kind, read};
    let (inventory, _) = inventory("connection");
    let mut report = Report::new();
    let far = read(&inventory.hosts["far"], &mut report);
    assert_eq!(far.address.unwrap().value, "203.0.113.5");
    assert_eq!(far.port.unwrap().value, 2222);
    assert_eq!(far.user.unwrap().value, "admin");
    let ways: Vec<String> = far
        .jumps
        .iter()
        .map(|jump| format!("{:?} {} {:?}", jump.value.user, jump.value.host, jump.value.port))
        .collect();
    assert_eq!(ways, [r#"Some("jump") gate.example.org Some(2200)"#, "None second None"]);
    let farther = read(&inventory.hosts["farther"], &mut report);
    assert_eq!(farther.jumps[0].value.port, Some(2201));
    assert!(farther.becomes.unwrap().value);
    assert_eq!(farther.port.unwrap().value, 22);
    let contained = read(&inventory.hosts["c1"], &mut report);
    let expected = Kind::Incus { remote: "cluster".to_owned(), project: "prod".to_owned() };
    assert_eq!(contained.kind.as_ref().unwrap().value, expected);
    assert!(report.items.is_empty());
    let args = |vars: &py::Map| vars.get_str("ansible_ssh_common_args").map(py::str);
    let back = read(&inventory.hosts["farther"], &mut report).to_vars();
    assert_eq!(args(&back).unwrap(), "-o ProxyJump=op@gate:2201");
    assert_eq!(
        py::repr(&contained.to_vars().into()),
        "{'ansible_connection': 'community.general.incus', 'ansible_incus_remote': 'cluster', \
         'ansible_incus_project': 'prod', 'ansible_user': 'admin'}"
    );
}

#[test]
fn secrets_are_not_shown() {
    let (inventory, _) = inventory("vaulted");
    let shown = format!("{inventory:?}");
    for secret in ["inline-secret", "file-secret", "host-secret"] {
        assert!(!shown.contains(secret), "{secret}");
    }
}
