//! `fleetwright inventory`, asked by Ansible itself.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{copy, fleet, json, root, run};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A script that Ansible runs, beside the fleet.
fn script(folder: &Path) -> PathBuf {
    let path = folder.join("inventory.sh");
    let program = env!("CARGO_BIN_EXE_fleetwright");
    let text = format!("#!/bin/sh\nexec {program} -C {} --quiet inventory \"$@\"\n", folder.display());
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn ansible(program: &str, args: &[&str]) -> (String, String) {
    let path = root().join("target/oracle/bin").join(program);
    assert!(path.exists(), "{} is not there: `./test` makes it", path.display());
    let home = tempfile::tempdir().unwrap();
    let said =
        Command::new(path).args(args).env("HOME", home.path()).env("LC_ALL", "C.UTF-8").output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(said.stdout), text(said.stderr));
    assert!(said.status.success(), "{program}: {out}{err}");
    (out, err)
}

#[test]
fn ansible_takes_the_examples_without_a_word() {
    for (name, hosts) in [("two-sites", 4), ("anycast", 0), ("atlas", 5)] {
        let folder = copy(name);
        let path = script(folder.path());
        let path = path.to_str().unwrap();
        let (out, err) = ansible("ansible-inventory", &["-i", path, "--list"]);
        assert_eq!(err, "", "{name}");
        let listed: Value = serde_json::from_str(&out).unwrap();
        let vars = listed["_meta"]["hostvars"].as_object().unwrap();
        let known = json(folder.path(), &["render"])["hosts"].as_object().unwrap().len();
        assert!(vars.len() == known && (hosts == 0 || known == hosts), "{name}: {out}");
        assert!(vars.values().all(|v| v["ansible_host"].is_string()), "{out}");
        let (all, _) = ansible("ansible", &["-i", path, "all", "--list-hosts"]);
        assert!(vars.keys().all(|host| all.lines().any(|l| l.trim() == host)), "{name}: {all}");
    }
}

#[test]
fn groups_variables_and_the_way_onto_a_host() {
    let folder = fleet(&[
        (
            "fleet.yaml",
            "domain: example.net\nsites: {ams: {lan: 10.0.0.0/24}}\ngroups:\n  web-servers: {vars: {web-depth: 80, zone: \"80\"}}\n  all-of-it: {groups: web-servers}\n",
        ),
        ("hosts/gate.yaml", "site: ams\naddress: 10.0.0.1\nssh: {user: ops, port: 2222}\n"),
        (
            "hosts/web1.yaml",
            "site: ams\naddress: 10.0.0.2\ngroups: web-servers\nssh: {jump: gate}\nvars: {weight: 0.5, list: [1, yes]}\n",
        ),
    ]);
    let path = script(folder.path());
    let (out, err) = ansible("ansible-inventory", &["-i", path.to_str().unwrap(), "--list"]);
    assert_eq!(err, "");
    let listed: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(listed["all_of_it"]["children"], serde_json::json!(["web_servers"]), "{out}");
    assert_eq!(listed["site_ams"]["hosts"], serde_json::json!(["gate", "web1"]), "{out}");
    let web = &listed["_meta"]["hostvars"]["web1"];
    let expected = serde_json::json!({
        "ansible_host": "10.0.0.2",
        "ansible_ssh_common_args": "-o ProxyJump=ops@gate:2222",
        "list": [1, true],
        "web_depth": 80,
        "zone": "80",
        "weight": 0.5,
    });
    assert_eq!(*web, expected, "{out}");
    let own = run(folder.path(), &["inventory", "--host", "gate"]);
    let own: Value = serde_json::from_str(&own.out).unwrap();
    assert_eq!((&own["ansible_user"], &own["ansible_port"]), (&"ops".into(), &2222.into()));
    let none = run(folder.path(), &["inventory", "--host", "nobody"]);
    assert_eq!(none.code, 1);
    assert!(none.err.contains("FW3004"), "{}", none.err);
    assert_eq!(run(folder.path(), &["inventory"]).code, 2);
}

#[test]
fn machines_of_incus_are_reached_through_it() {
    let folder = fleet(&[(
        "fleet.yaml",
        "domain: example.net\nsites: {lab: {lan: 10.0.0.0/24}}\nenvironments: {lab-cluster: {engine: incus, members: node1, remote: {address: \"https://node1:8443\"}}}\nhosts:\n  node1: {site: lab, address: 10.0.0.11}\n  web1: {site: lab, address: 10.0.0.21, machine: {engine: incus, on: node1, config: {project: shop}}}\n",
    )]);
    let path = script(folder.path());
    let (out, err) = ansible("ansible-inventory", &["-i", path.to_str().unwrap(), "--list"]);
    assert_eq!(err, "");
    let listed: Value = serde_json::from_str(&out).unwrap();
    let expected = serde_json::json!({
        "ansible_connection": "community.general.incus",
        "ansible_host": "web1",
        "ansible_incus_project": "shop",
        "ansible_incus_remote": "lab-cluster",
    });
    assert_eq!(listed["_meta"]["hostvars"]["web1"], expected, "{out}");
    assert_eq!(listed["environment_lab_cluster"]["hosts"], serde_json::json!(["node1"]), "{out}");
}

#[test]
fn a_fleet_of_trees_has_the_hosts_of_its_inventories() {
    let folder = copy("render-script");
    let path = script(folder.path());
    let (ours, _) = ansible("ansible-inventory", &["-i", path.to_str().unwrap(), "--list"]);
    let original = folder.path().join("inventory/inventory.yml");
    let (theirs, _) = ansible("ansible-inventory", &["-i", original.to_str().unwrap(), "--list"]);
    let (ours, theirs): (Value, Value) =
        (serde_json::from_str(&ours).unwrap(), serde_json::from_str(&theirs).unwrap());
    assert_eq!(ours["_meta"]["hostvars"], theirs["_meta"]["hostvars"]);
    for group in ["core", "ixp", "vlt"] {
        assert_eq!(ours[group]["hosts"], theirs[group]["hosts"], "{group}");
    }
    // What is encrypted is nobody's to print.
    let folder = fleet(&[
        (
            "fleet.yaml",
            "trees: {all: {inventory: hosts.yml, templates: templates, into: out, password-file: pass}}\n",
        ),
        ("pass", "correct horse\n"),
        ("open.txt", "s3cret"),
        ("templates/one.j2", "x"),
    ]);
    let vaulted = Command::new(root().join("target/oracle/bin/ansible-vault"))
        .args(["encrypt_string", "--vault-password-file", "pass", "--name", "token", "s3cret"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let vaulted = String::from_utf8(vaulted.stdout).unwrap().replace('\n', "\n        ");
    let text = format!("all:\n  hosts:\n    h1:\n      port: 80\n      {}\n", vaulted.trim_end());
    fs::write(folder.path().join("hosts.yml"), text).unwrap();
    let listed = run(folder.path(), &["inventory", "--host", "h1"]);
    assert_eq!(listed.code, 0, "{}", listed.err);
    assert!(listed.out.contains("port") && !listed.out.contains("s3cret"), "{}", listed.out);
}
