//! `fleetwright render --trees` on a tree as people have it, beside the script they have for it.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{copy, fleet, json, root, run};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

type Files = BTreeMap<PathBuf, (u32, Vec<u8>)>;

fn files(folder: &Path) -> Files {
    let mut all = BTreeMap::new();
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(next) = waiting.pop() {
        let Ok(entries) = fs::read_dir(next) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
                all.insert(path.strip_prefix(folder).unwrap().to_owned(), (mode, fs::read(&path).unwrap()));
            }
        }
    }
    all
}

/// What the script makes of the example.
fn oracle(folder: &Path) -> tempfile::TempDir {
    let python = root().join("target/oracle/bin/python");
    assert!(python.exists(), "{} is not there: `./test` makes it", python.display());
    let out = tempfile::tempdir().unwrap();
    let script = root().join("crates/fleetwright/tests/render_script.py");
    let said = Command::new(python).arg(script).arg(folder).arg(out.path()).output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    out
}

/// Everything both trees of the example write.
fn written(folder: &Path) -> Files {
    let mut all = files(folder);
    all.retain(|path, _| {
        path.starts_with(".rendered")
            || path.starts_with("terraform") && path.extension().is_some_and(|e| e == "tf" || e == "tfvars")
    });
    all
}

#[test]
fn the_example_becomes_what_the_script_makes_of_it() {
    let copied = copy("render-script");
    let folder = copied.path();
    let said = run(folder, &["render", "--trees"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", said.out);
    let (ours, theirs) = (written(folder), files(oracle(folder).path()));
    assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
    for (path, (mode, bytes)) in &theirs {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(text(&ours[path].1), text(bytes), "{}", path.display());
        assert_eq!((ours[path].0, &ours[path].1), (*mode, bytes), "{}", path.display());
    }
    // What lay beside is as it was, and a second time changes nothing.
    assert!(folder.join("terraform/outputs.json").exists());
    let again = json(folder, &["render", "--trees"]);
    for tree in ["config", "terraform"] {
        let outcome = &again["trees"][tree];
        assert_eq!((&outcome["new"], &outcome["changed"]), (&serde_json::json!([]), &serde_json::json!([])));
    }
    assert_eq!(run(folder, &["render", "--trees", "--check"]).code, 0);
}

#[test]
fn what_is_no_longer_made_goes_and_what_is_not_ours_stays() {
    let copied = copy("render-script");
    let folder = copied.path();
    assert_eq!(run(folder, &["render", "--trees"]).code, 0);
    fs::write(folder.join(".rendered/core1/by-hand"), "not ours").unwrap();
    fs::remove_file(folder.join("templates/config/vlt/check.sh")).unwrap();
    let inventory = folder.join("inventory/inventory.yml");
    let text = fs::read_to_string(&inventory).unwrap();
    fs::write(&inventory, text.replace("    prb3: {ansible_host: prb3.example.net, location: Québec}\n", ""))
        .unwrap();
    let check = json(folder, &["render", "--trees", "--check"]);
    assert_eq!(check["exit"], 3, "{check:#}");
    assert_eq!(check["trees"]["terraform"]["gone"], serde_json::json!(["prb3.tf"]));
    assert!(folder.join("terraform/prb3.tf").exists(), "--check writes nothing");
    assert_eq!(run(folder, &["render", "--trees"]).code, 0);
    for gone in ["terraform/prb3.tf", ".rendered/prb3", ".rendered/prb1/check.sh"] {
        assert!(!folder.join(gone).exists(), "{gone}");
    }
    assert!(folder.join(".rendered/core1/by-hand").exists());
}

#[test]
fn each_template_says_what_it_reads_and_what_that_shadows() {
    let copied = copy("render-script");
    let answer = json(copied.path(), &["render", "--trees", "--explain"]);
    let agent = &answer["trees"]["config"]["files"]["prb1/agent.toml"];
    let read = agent["reads"].as_array().unwrap().iter().find(|r| r["name"] == "rate").unwrap();
    let ends = |value: &serde_json::Value, end: &str| value.as_str().unwrap().ends_with(end);
    assert!(ends(&read["origin"], "(host)"), "{read}");
    assert!(ends(&read["shadowed"][0], "(group vlt)"), "{read}");
    assert_eq!(agent["secret"], false);
    assert_eq!(answer["trees"]["config"]["files"]["core1/.env"]["secret"], true);
    let terraform = &answer["trees"]["terraform"]["files"];
    assert_eq!(
        (&terraform["providers.tf"]["secret"], &terraform["terraform.tfvars"]["secret"]),
        (&false.into(), &true.into())
    );
    assert!(!copied.path().join(".rendered").exists());
}

/// A change that breaks it, the code it is told by, and a word of what is said.
type Break = (&'static str, fn(&Path), &'static str, &'static str);

#[test]
fn whatever_is_wrong_the_previous_output_stays() {
    let breaks: &[Break] = &[
        (
            "wrong password",
            |f| fs::write(f.join("secrets/password"), "wrong").unwrap(),
            "FW1108",
            "secrets/secrets.yml",
        ),
        (
            "truncated vault",
            |f| {
                let path = f.join("secrets/secrets.yml");
                let text = fs::read_to_string(&path).unwrap();
                fs::write(&path, &text[..text.len() / 2]).unwrap();
            },
            "FW1106",
            "secrets/secrets.yml",
        ),
        (
            "unknown vault version",
            |f| {
                let path = f.join("secrets/secrets.yml");
                let text = fs::read_to_string(&path).unwrap();
                fs::write(&path, text.replacen("1.1", "9.9", 1)).unwrap();
            },
            "FW1103",
            "9.9",
        ),
        (
            "undefined variable",
            |f| {
                fs::write(f.join("templates/config/ixp/fra1/bird/bird.conf.j2"), "a\n{{ no.such }}\n")
                    .unwrap()
            },
            "FW1302",
            "templates/config/ixp/fra1/bird/bird.conf.j2\",\"line\":2",
        ),
        (
            "syntax",
            |f| fs::write(f.join("templates/config/vlt/agent.toml.j2"), "{% if x %}\n").unwrap(),
            "FW1301",
            "templates/config/vlt/agent.toml.j2",
        ),
        (
            "a loop of includes",
            |f| {
                fs::write(f.join("templates/config/vlt/agent.toml.j2"), "{% include 'vlt/agent.toml.j2' %}")
                    .unwrap()
            },
            "FW1305",
            "vlt/agent.toml.j2",
        ),
        (
            "outside of the tree",
            |f| {
                let path = f.join("fleet.yaml");
                let text = fs::read_to_string(&path).unwrap();
                fs::write(&path, text.replace("to: providers.tf", "to: ../providers.tf")).unwrap();
            },
            "FW1351",
            "../providers.tf",
        ),
        (
            "a link out of the tree",
            |f| symlink("/etc/passwd", f.join("templates/config/vlt/passwd")).unwrap(),
            "FW1352",
            "templates/config/vlt/passwd",
        ),
        (
            "two for one target",
            |f| fs::write(f.join("templates/config/vlt/agent.toml"), "plain").unwrap(),
            "FW1350",
            "agent.toml",
        ),
        (
            "not UTF-8",
            |f| fs::write(f.join("templates/config/vlt/agent.toml.j2"), b"\xff{{ x }}").unwrap(),
            "FW1354",
            "agent.toml.j2",
        ),
        (
            "no tree",
            |f| fs::remove_dir_all(f.join("templates/config")).unwrap(),
            "FW1355",
            "templates/config",
        ),
        (
            "no inventory",
            |f| fs::remove_file(f.join("inventory/inventory.yml")).unwrap(),
            "FW3004",
            "inventory/inventory.yml",
        ),
        (
            "outputs that are none",
            |f| fs::write(f.join("terraform/outputs.json"), "[]").unwrap(),
            "FW1356",
            "outputs.json",
        ),
    ];
    let copied = copy("render-script");
    assert_eq!(run(copied.path(), &["render", "--trees"]).code, 0);
    for (what, change, code, word) in breaks {
        let broken = tempfile::tempdir().unwrap();
        let status =
            Command::new("cp").arg("-a").arg(copied.path()).arg(broken.path().join("fleet")).status();
        assert!(status.unwrap().success());
        let folder = broken.path().join("fleet");
        let before = written(&folder);
        change(&folder);
        let answer = json(&folder, &["render", "--trees"]);
        assert_eq!(answer["exit"], 1, "{what}: {answer:#}");
        let told = answer["diagnostics"].as_array().unwrap().iter().any(|d| {
            d["severity"] == "error"
                && d["code"].as_str().unwrap().starts_with(code)
                && d.to_string().contains(word)
        });
        assert!(told, "{what}: {answer:#}");
        assert_eq!(written(&folder), before, "{what}");
        let left: Vec<String> = files(&folder).keys().map(|p| p.display().to_string()).collect();
        assert!(!left.iter().any(|p| p.contains(".new-")), "{what}: {left:?}");
    }
}

#[test]
fn a_tree_of_ansible_has_its_groups_and_other_hosts() {
    let folder = fleet(&[
        (
            "fleet.yaml",
            "name: small\ntrees:\n  all: {inventory: hosts.ini, templates: templates, shared: web, into: out, files: {template: one.j2, to: \"each/{host}\"}}\n",
        ),
        ("hosts.ini", "[web]\nw1 port=80\nw2 port=81\n[db]\nd1\n"),
        ("group_vars/all.yml", "domain: example.net\nlink: 'https://{{ domain }}'\n"),
        (
            "templates/web/peers.j2",
            "{{ inventory_hostname }} {{ group_names | join(',') }} {{ domain }}:{{ port }}\n{% for h in groups.web %}\n{{ h }}={{ hostvars[h].port }}\n{% endfor %}\n",
        ),
        ("templates/one.j2", "{{ inventory_hostname }} {{ hostvars.d1.inventory_hostname }}\n"),
        ("playbook.yaml", "- hosts: all\n"),
    ]);
    // YAML of others is named, not guessed at.
    assert_eq!(json(folder.path(), &["check"])["exit"], 1);
    let fleet_file = folder.path().join("fleet.yaml");
    let text = fs::read_to_string(&fleet_file).unwrap();
    fs::write(&fleet_file, format!("{text}others: playbook.yaml\n")).unwrap();
    let answer = json(folder.path(), &["render", "--trees"]);
    assert_eq!(answer["exit"], 0, "{answer:#}");
    let made = fs::read_to_string(folder.path().join("out/w2/peers")).unwrap();
    assert_eq!(made, "w2 web example.net:81\nw1=80\nw2=81\n");
    // A host of several groups has one file of its own.
    let made = fs::read_to_string(folder.path().join("out/each/w1")).unwrap();
    assert_eq!(made, "w1 d1\n");
    // Values are templates, with the variables of the host they are of.
    fs::write(folder.path().join("templates/web/link.j2"), "{{ link }} {{ hostvars['d1'].link }}\n").unwrap();
    let answer = json(folder.path(), &["render", "--trees"]);
    assert_eq!(answer["exit"], 0, "{answer:#}");
    let made = fs::read_to_string(folder.path().join("out/w1/link")).unwrap();
    assert_eq!(made, "https://example.net https://example.net\n");
}
