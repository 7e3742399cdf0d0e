//! `fleetwright import`: sources that come, what is left alone, and the proof.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{copy, fleet, program, ran, root, run, run_in};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

const INVENTORY: [(&str, &str); 4] = [
    (
        "inv/hosts.yml",
        "all:\n  vars: {ntp: pool.ntp.org, depth: 1}\n  children:\n    web:\n      hosts:\n        \
         web1: {ansible_host: 10.0.0.11, weight: 0.5}\n        web2: {ansible_host: 10.0.0.12, ansible_port: 2222}\n      \
         vars: {depth: 2, listen: \"80\"}\n    db:\n      hosts: {db1: {ansible_host: 203.0.113.9}}\n    \
         prod: {children: {web: {}, db: {}}, vars: {tier: prod, ansible_user: ops}}\n",
    ),
    (
        "inv/group_vars/all.yml",
        "depth: 7\ntls: yes\nmode: \"0644\"\nnames: [a, \"b: c\", 1.10]\nnested: {a: {b: [1, null, 2026-01-01]}}\n",
    ),
    (
        "inv/group_vars/web/main.yml",
        "site_name: \"{{ inventory_hostname }}.example\"\nansible_ssh_common_args: -o ProxyJump=ops@gate:2200\n",
    ),
    ("inv/host_vars/web1.yml", "extra: |\n  two\n  lines\n"),
];

/// Every file of a folder with its bytes.
fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(at) = open.pop() {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                all.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    all
}

/// Each host's variables by Ansible itself.
fn variables(inventory: &Path) -> Value {
    let program = root().join("target/oracle/bin/ansible-inventory");
    assert!(program.exists(), "{} is not there: `./test` makes it", program.display());
    let home = tempfile::tempdir().unwrap();
    let said = Command::new(program)
        .args(["-i", inventory.to_str().unwrap(), "--list"])
        .env("HOME", home.path())
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    serde_json::from_slice::<Value>(&said.stdout).unwrap()["_meta"]["hostvars"].take()
}

#[test]
fn an_inventory_becomes_a_fleet_whose_hosts_have_the_same_variables() {
    let folder = fleet(&INVENTORY);
    let got = run_in(folder.path(), &["import", "ansible", "inv", "--into", "made"]);
    assert_eq!(got.code, 0, "{}{}", got.out, got.err);
    assert!(got.out.contains("web1: all") && got.out.contains("same: "), "{}", got.out);
    let made = folder.path().join("made");
    let host = fs::read_to_string(made.join("hosts/web1.yaml")).unwrap();
    assert!(host.contains("ssh: {user: ops, jump: ops@gate:2200}"), "{host}");
    assert!(host.contains("manage: {all: shadow}"), "{host}");

    // What Ansible itself makes of both.
    let script = folder.path().join("script.sh");
    let text = format!(
        "#!/bin/sh\nexec {} -C {} inventory \"$@\"\n",
        env!("CARGO_BIN_EXE_fleetwright"),
        made.display()
    );
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let (before, after) = (variables(&folder.path().join("inv")), variables(&script));
    assert_eq!(before, after);

    // Nothing of it is applied: what the hosts should be is empty.
    let second = run_in(folder.path(), &["import", "ansible", "inv", "--into", "made"]);
    assert!(second.code == 1 && second.err.contains("FW1602"), "{}", second.err);
}

#[test]
fn what_cannot_be_carried_is_told_and_the_proof_says_so() {
    let folder = fleet(&[("hosts.ini", "[web]\nweb1 ansible_host=10.0.0.1 Upper=1 plain=2\n")]);
    let got = run_in(folder.path(), &["import", "ansible", "hosts.ini", "--into", "made", "--json"]);
    let answer: Value = serde_json::from_str(&got.out).unwrap();
    assert_eq!((got.code, &answer["written"]), (3, &true.into()), "{answer:#}");
    assert_eq!(answer["not_carried"][0]["what"], "variable Upper");
    assert_eq!(answer["proof"]["differences"][0]["key"], "web1: Upper");
    assert_eq!(answer["proof"]["differences"][0]["before"], "1");
    assert!(folder.path().join("made/hosts/web1.yaml").exists());
}

/// The inventories that Ansible's own reading is held to: what is not equal afterwards was told.
#[test]
fn every_inventory_keeps_its_variables_or_says_which_it_could_not() {
    let mut held = 0;
    for entry in fs::read_dir(root().join("crates/ansible/tests/inventories")).unwrap() {
        let inventory = entry.unwrap().path();
        let made = tempfile::tempdir().unwrap();
        let into = made.path().join("made");
        let args = ["import", "ansible", ".", "--into", into.to_str().unwrap(), "--json"];
        let got = run_in(&inventory, &args);
        let answer: Value =
            serde_json::from_str(&got.out).unwrap_or_else(|e| panic!("{e}: {}{}", got.out, got.err));
        if got.code == 1 {
            assert!(!answer["diagnostics"].as_array().unwrap().is_empty() && !into.exists(), "{answer:#}");
            continue;
        }
        held += 1;
        assert!(answer["proof"]["applied_differences"].as_array().unwrap().is_empty(), "{answer:#}");
        let told: Vec<String> = answer["not_carried"]
            .as_array()
            .unwrap()
            .iter()
            .map(|n| n["what"].as_str().unwrap().to_owned())
            .collect();
        for difference in answer["proof"]["differences"].as_array().unwrap() {
            let (host, what) = difference["key"].as_str().unwrap().split_once(": ").unwrap();
            let known = told.iter().any(|t| match what {
                "name" => *t == format!("host {host}"),
                "group_names" => t.starts_with("group "),
                "ansible_host" => t.starts_with("ansible_host of ") || *t == format!("host {host}"),
                _ => *t == format!("variable {what}"),
            });
            assert!(known, "{}: {difference}: {told:#?}", inventory.display());
        }
    }
    assert!(held >= 15, "{held}");
}

#[test]
fn an_encrypted_value_stays_in_its_vault_and_is_a_secret_of_the_fleet() {
    let folder = fleet(&[
        ("made/fleet.yaml", "domain: example.net\n"),
        ("password", "s3cret\n"),
        ("made/inv/hosts.ini", "[db]\ndb1 ansible_host=203.0.113.9\n"),
        ("made/inv/group_vars/db/plain.yml", "size: 3\n"),
    ]);
    let vault = root().join("target/oracle/bin/ansible-vault");
    assert!(vault.exists(), "{} is not there: `./test` makes it", vault.display());
    let file = folder.path().join("made/inv/group_vars/db/vault.yml");
    fs::write(&file, "db_password: correct-horse\n").unwrap();
    let password = folder.path().join("password");
    let done = Command::new(vault)
        .args(["encrypt", "--vault-password-file", password.to_str().unwrap(), file.to_str().unwrap()])
        .env("HOME", folder.path())
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let args = ["import", "ansible", "inv/hosts.ini", "--into", ".", "--vault-password-file", "../password"];
    let got = run_in(&folder.path().join("made"), &args);
    assert_eq!(got.code, 0, "{}{}", got.out, got.err);
    let said = fs::read_to_string(folder.path().join("made/secrets.yaml")).unwrap();
    assert!(
        said.contains("db-password: {kind: vault, file: inv/group_vars/db/vault.yml, key: db_password}"),
        "{said}"
    );
    for (path, bytes) in tree(&folder.path().join("made")) {
        assert!(!String::from_utf8_lossy(&bytes).contains("correct-horse"), "{path}");
    }
    assert!(!got.out.contains("correct-horse") && !got.err.contains("correct-horse"));
}

#[test]
fn compose_services_come_in_shadow_and_their_host_keeps_what_it_applies() {
    let folder = copy("two-sites");
    let elsewhere = tempfile::tempdir().unwrap();
    let compose = elsewhere.path().join("compose.yaml");
    fs::write(
        &compose,
        "services:\n  paste:\n    image: docker.io/library/nginx:1.27.3\n    ports: [\"8088:8088\"]\n    environment: {TZ: Europe/Kyiv}\n",
    )
    .unwrap();
    let host = "mac-mini";
    let before = tree(folder.path());
    let args = ["import", "compose", compose.to_str().unwrap(), "--host", host];
    let got = run(folder.path(), &args);
    let after = tree(folder.path());
    assert!(after.contains_key("services/paste.yaml"), "{}{}", got.out, got.err);
    let source = String::from_utf8(after[&format!("hosts/{host}.yaml")].clone()).unwrap();
    let old = String::from_utf8(before[&format!("hosts/{host}.yaml")].clone()).unwrap();
    assert!(source.starts_with(&old), "what was there stays: {source}");
    assert!(source.contains("manage: {") && source.contains("paste: shadow"), "{source}");
    // What an apply does to the host is what it did before; other hosts are told.
    assert!(!got.out.contains(&format!("an apply would change: {host}:")), "{}", got.out);
    assert_eq!(got.code == 0, !got.out.contains("an apply would change"), "{}", got.out);

    let again = run(folder.path(), &args);
    assert!(again.code == 1 && again.err.contains("FW1602"), "{}", again.err);
    assert_eq!(tree(folder.path()), after);
}

const GATE: &str = "[Interface]\nPrivateKey = uOxSRfTDcVtP1RJAFbEJAmSkmvYB7CqfQQUoyCSZg2c=\nAddress = 10.77.0.1/30\n\
                    ListenPort = 51820\n\n[Peer]\nPublicKey = 0yi87aMc3TSSaAI5wqXCfx0WGvMx3zF7/SyDuvMA+AU=\n\
                    AllowedIPs = 10.77.0.2/32\nEndpoint = 198.51.100.20:51820\n";

#[test]
fn a_tunnel_comes_with_its_choices_and_nothing_is_written_when_something_is_in_the_way() {
    let sources = [
        ("fleet.yaml", "domain: example.net\n"),
        ("hosts/gate.yaml", "# The one in the cellar.\nuplink: {ipv4: 198.51.100.10}\n"),
        ("gate/wg0.conf", GATE),
    ];
    let folder = fleet(&sources);
    let path = folder.path().join("gate/wg0.conf");
    let dry = run(folder.path(), &["import", "wireguard", path.to_str().unwrap(), "--dry-run", "--json"]);
    let answer: Value =
        serde_json::from_str(&dry.out).unwrap_or_else(|e| panic!("{e}: {}{}", dry.out, dry.err));
    assert_eq!(answer["written"], false, "{answer:#}");
    assert_eq!(tree(folder.path()).len(), sources.len(), "a dry run writes nothing");

    let got = run(folder.path(), &["import", "wireguard", path.to_str().unwrap()]);
    let host = fs::read_to_string(folder.path().join("hosts/gate.yaml")).unwrap();
    assert!(
        host.starts_with("# The one in the cellar.\n") && host.contains("wireguard: shadow"),
        "{host}{}",
        got.out
    );
    assert_eq!(got.code, 0, "{}{}", got.out, got.err);
    assert!(got.out.contains("same: ") && !got.out.contains("an apply would change"), "{}", got.out);
    let lock = fs::read_to_string(folder.path().join("fleet.lock")).unwrap();
    assert!(lock.contains("0yi87aMc3TSSaAI5wqXCfx0WGvMx3zF7/SyDuvMA+AU="), "{lock}");
    for (name, bytes) in tree(folder.path()).into_iter().filter(|(name, _)| name != "gate/wg0.conf") {
        assert!(!String::from_utf8_lossy(&bytes).contains("uOxSRfTDcVtP1RJAFbEJ"), "a private key in {name}");
    }

    let again = run(folder.path(), &["import", "wireguard", path.to_str().unwrap()]);
    assert!(again.code == 1 && again.err.contains("FW1602"), "{}", again.err);

    // The fleet says something else about a host: an error, and not one byte of the rest.
    let folder = fleet(&[
        ("fleet.yaml", "domain: example.net\n"),
        ("hosts/db1.yaml", "uplink: cgnat\n"),
        ("hosts.ini", "[db]\ndb1 ansible_host=203.0.113.9\nweb1 ansible_host=10.0.0.1\n"),
    ]);
    let inventory = folder.path().join("hosts.ini");
    fs::write(folder.path().join("hosts/db1.yaml"), "uplink: cgnat\nssh: {port: 9}\n").unwrap();
    let changed = tree(folder.path());
    let got = run(folder.path(), &["import", "ansible", inventory.to_str().unwrap()]);
    assert!(
        got.code == 1 && got.err.contains("FW1602") && got.err.contains("hosts/db1.yaml:2"),
        "{}",
        got.err
    );
    assert_eq!(tree(folder.path()), changed);
}

#[test]
fn a_host_of_fleet_yaml_gets_the_line_told_that_puts_it_in_shadow() {
    let folder = fleet(&[
        ("fleet.yaml", "domain: example.net\nhosts:\n  gate: {uplink: {ipv4: 198.51.100.10}}\n"),
        ("gate/wg0.conf", GATE),
    ]);
    let before = tree(folder.path());
    let path = folder.path().join("gate/wg0.conf");
    let got = run(folder.path(), &["import", "wireguard", path.to_str().unwrap()]);
    assert!(got.code == 1 && got.err.contains("FW1607"), "{}{}", got.out, got.err);
    assert!(
        got.err.contains("`manage: {networkd: shadow") && got.err.contains("wireguard: shadow"),
        "{}",
        got.err
    );
    assert_eq!(tree(folder.path()), before);
}

#[test]
fn a_folder_that_cannot_be_written_is_as_it_was() {
    let folder = fleet(&[
        ("fleet.yaml", "domain: example.net\n"),
        ("groups", "in the way\n"),
        ("hosts.ini", "[db]\ndb1 ansible_host=203.0.113.9\n"),
    ]);
    let before = tree(folder.path());
    let inventory = folder.path().join("hosts.ini");
    let got = run(folder.path(), &["import", "ansible", inventory.to_str().unwrap()]);
    assert!(got.code == 1 && got.err.contains("FW3003"), "{}{}", got.out, got.err);
    assert_eq!(tree(folder.path()), before);
    assert!(!folder.path().join("hosts").exists());
}

#[test]
fn faults_of_files_are_told_with_their_lines() {
    let folder =
        fleet(&[("fleet.yaml", "domain: example.net\n"), ("gate/wg0.conf", "[Interfaces]\nFoo = 1\n")]);
    let path = folder.path().join("gate/wg0.conf");
    let got = run(folder.path(), &["import", "wireguard", path.to_str().unwrap()]);
    assert!(
        got.code == 1 && got.err.contains("wg0.conf:1:1") && got.err.contains("[Interfaces]"),
        "{}",
        got.err
    );
    let none = run(folder.path(), &["import", "wireguard", "/nowhere/wg0.conf"]);
    assert!(none.code == 1 && none.err.contains("FW3002"), "{}", none.err);
    let host = run(folder.path(), &["import", "compose", path.to_str().unwrap()]);
    assert!(host.code == 2 && host.err.contains("FW1604"), "{}", host.err);
}

#[test]
fn what_stands_in_fleet_yaml_is_not_added_to() {
    let sources = "domain: example.net\nhosts: {edge: {uplink: {ipv4: 203.0.113.7}}}\nbgp: {asn: 64500}\n";
    let folder = fleet(&[("fleet.yaml", sources)]);
    let bird = folder.path().join("bird.conf");
    let session = "protocol bgp up { local as 64500; local role customer; neighbor 203.0.113.1 as 64497; ipv4 { import all; export all; }; }\n";
    fs::write(&bird, format!("router id 203.0.113.7;\n{session}")).unwrap();
    let got = run(folder.path(), &["import", "bird", "--host", "edge", bird.to_str().unwrap()]);
    assert!(got.code == 1 && got.err.contains("FW1602"), "{}", got.err);
    assert!(
        got.err.contains("fleet.yaml:2:15") && got.err.contains("move it into hosts/edge.yaml"),
        "{}",
        got.err
    );
    assert_eq!(tree(folder.path()).len(), 2);
}

#[test]
fn only_an_engine_lies_at_usual_places_of_a_host() {
    let folder = fleet(&[("fleet.yaml", "domain: example.net\n")]);
    for (args, said) in [
        (&["compose", "--live", "--host", "box"][..], "FW1601"),
        (&["bird", "bird.conf", "--twin"], "--live"),
        (&["bird", "--live"], "--host"),
        (&["bird", "--live", "--host", "box", "bird.conf"], "--live"),
    ] {
        let got = run(folder.path(), &[&["import"], args].concat());
        assert!(got.code == 2 && got.err.contains(said), "{args:?}: {}", got.err);
    }
}

#[test]
fn instances_of_incus_come_from_standard_input() {
    let folder = fleet(&[("fleet.yaml", "domain: example.net\n")]);
    let answer = r#"[{"name": "lxdbr0", "type": "bridge", "managed": true, "config": {"ipv4.address": "10.21.0.1/24", "ipv4.nat": "true"}},
        {"name": "web", "type": "container", "status": "Running", "profiles": ["default"],
         "config": {"limits.cpu": "2", "limits.memory": "2GiB", "security.nesting": "true", "volatile.eth0.hwaddr": "00:16:3e:00:00:01",
                    "image.os": "Debian", "image.release": "bookworm", "user.user-data": "password: x"},
         "expanded_devices": {"eth0": {"type": "nic", "network": "lxdbr0", "name": "eth0"}, "root": {"type": "disk", "path": "/", "pool": "default"}},
         "state": {"network": {"eth0": {"addresses": [{"family": "inet", "address": "10.21.0.9", "scope": "global"}]}}}}]"#;
    let mut child = program()
        .args(["-C", folder.path().to_str().unwrap(), "import", "incus", "-"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), answer.as_bytes()).unwrap();
    let got = ran(child.wait_with_output().unwrap());
    assert_eq!(got.code, 0, "{}{}", got.out, got.err);
    let host = fs::read_to_string(folder.path().join("hosts/web.yaml")).unwrap();
    assert_eq!(
        host,
        "environment: incus\ninterfaces: {eth0: {network: lxdbr0, ipv4: 10.21.0.9, mac: 00:16:3e:00:00:01}}\n\
         capacity: {cpu: 2, memory: 2GiB}\nmachine: {engine: incus, image: images:debian/bookworm, config: {security-nesting: \"true\"}}\n\
         manage: {all: shadow}\n"
    );
    assert!(got.out.contains("user.user-data") && !got.out.contains("password"), "{}", got.out);
}
