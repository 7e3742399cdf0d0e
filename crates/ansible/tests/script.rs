//! What is printed for `--list` is an inventory to Ansible, with the same variables.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use ansible::script::{Listing, host_json, list_json};
use ansible::{Options, read};
use diag::Report;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use support::{command, files, here, sources, vault};

fn listing(name: &str) -> Listing {
    let folder = here().join("inventories").join(name);
    let sources = sources(&folder);
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    let mut report = Report::new();
    let options = Options { sources: &sources, playbooks: None };
    Listing::of(&read(&files(&folder), options, &vault(&folder), &mut report))
}

fn ansible_inventory(source: &std::path::Path) -> Value {
    let output = command("ansible-inventory").arg("-i").arg(source).arg("--list").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn ansible_inventory_reads_our_script_as_it_reads_the_original() {
    let folder = std::env::temp_dir().join(format!("fleetwright-script-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    for (name, source) in
        [("yaml-nested", "inventory.yml"), ("connection", "inventory.yml"), ("unsafe", "inventory.yml")]
    {
        let listing = listing(name);
        let script = folder.join(name);
        let text = format!("#!/bin/sh\ncat <<'END'\n{}END\n", list_json(&listing).unwrap());
        fs::write(&script, text).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        let ours = ansible_inventory(&script);
        let theirs = ansible_inventory(&here().join("inventories").join(name).join(source));
        assert_eq!(ours, theirs, "{name}");
        // Each program takes a second to start, so one case stands for all.
        if name == "yaml-nested" {
            let hosts =
                command("ansible").arg("-i").arg(&script).args(["all", "--list-hosts"]).output().unwrap();
            let mut hosts: Vec<String> = String::from_utf8(hosts.stdout)
                .unwrap()
                .lines()
                .skip(1)
                .map(|l| l.trim().to_owned())
                .collect();
            hosts.sort();
            let mut expected: Vec<String> = listing.hosts.keys().cloned().collect();
            expected.sort();
            assert_eq!(hosts, expected);
        }
        for host in listing.hosts.keys() {
            let one: Value = serde_json::from_str(&host_json(&listing, host).unwrap().unwrap()).unwrap();
            let listed = &ours["_meta"]["hostvars"][host];
            let count = one.as_object().unwrap().len();
            assert_eq!(count, listed.as_object().map_or(0, |vars| vars.len()), "{name}: {host}");
        }
    }
    assert!(host_json(&listing("yaml-nested"), "nobody").is_none());
    fs::remove_dir_all(&folder).unwrap();
}
