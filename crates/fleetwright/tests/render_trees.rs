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

/// What Ansible's `template` makes of the one template that is its own, in `out`.
fn ansible(folder: &Path, out: &Path) {
    let inventory = folder.join("inventory/inventory.yml");
    for host in ["core1", "ams1", "fra1", "prb1", "prb2", "prb3"] {
        fs::create_dir_all(out.join(".report").join(host)).unwrap();
    }
    let task = format!(
        "src={}/templates/ansible/report.j2 dest={}/.report/{{{{ inventory_hostname }}}}/report mode=0644",
        folder.display(),
        out.display()
    );
    let python = root().join("target/oracle/bin/python");
    let interpreter = format!("ansible_python_interpreter={}", python.display());
    let said = Command::new(root().join("target/oracle/bin/ansible"))
        .current_dir(folder)
        .args(["all", "-c", "local", "-m", "template", "-a", &task, "-e", &interpreter, "-i"])
        .arg(inventory)
        .env("HOME", out)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    assert!(
        said.status.success(),
        "{}{}",
        String::from_utf8_lossy(&said.stdout),
        String::from_utf8_lossy(&said.stderr)
    );
    let _ = fs::remove_dir_all(out.join(".ansible"));
}

/// What the script makes of the example, and Ansible beside it.
fn oracle(folder: &Path) -> tempfile::TempDir {
    let python = root().join("target/oracle/bin/python");
    assert!(python.exists(), "{} is not there: `./test` makes it", python.display());
    let out = tempfile::tempdir().unwrap();
    let script = root().join("crates/fleetwright/tests/render_script.py");
    let said = Command::new(python).arg(script).arg(folder).arg(out.path()).output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    ansible(folder, out.path());
    out
}

/// Everything the trees of the example write.
fn written(folder: &Path) -> Files {
    let mut all = files(folder);
    all.retain(|path, _| {
        [".rendered", ".rendered-simple", ".report"].iter().any(|tree| path.starts_with(tree))
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
fn the_example_uses_what_its_how_to_promises() {
    let mut text = String::new();
    for (path, (_, bytes)) in files(&root().join("examples/render-script")) {
        if path.starts_with("templates") || path.ends_with("fleet.yaml") {
            text.push_str(&String::from_utf8_lossy(&bytes));
        }
    }
    // A filter stands after a bar, a test after `is`.
    for filter in [
        "b64decode",
        "b64encode",
        "basename",
        "bool",
        "combine",
        "comment",
        "default",
        "dict2items",
        "difference",
        "dirname",
        "flatten",
        "from_json",
        "from_yaml",
        "hash",
        "indent",
        "ipaddr",
        "ipv6",
        "ipwrap",
        "items2dict",
        "join",
        "mandatory",
        "map",
        "password_hash",
        "quote",
        "regex_search",
        "selectattr",
        "sort",
        "splitext",
        "subelements",
        "ternary",
        "to_json",
        "to_nice_json",
        "to_nice_yaml",
        "union",
        "unique",
        "zip",
    ] {
        assert!(text.contains(&format!("| {filter}")), "no filter {filter}");
    }
    for test in ["defined", "mapping", "match", "none", "search", "sequence", "subset", "version"] {
        assert!(
            text.contains(&format!("is {test}")) || text.contains(&format!("is not {test}")),
            "no test {test}"
        );
    }
    for lookup in ["env", "file", "password", "template", "vars"] {
        assert!(text.contains(&format!("lookup('{lookup}'")), "no lookup {lookup}");
    }
    for word in [
        "regex_replace",
        "{% include",
        "{% import",
        "{% from",
        "{% macro",
        "{% filter",
        "{% raw",
        "{% set",
        "{% for",
        "loop.last",
        "{{DOMAIN}}",
        "hostvars",
        "groups[",
        "group_names",
        "inventory_hostname",
        "shared:",
        "style: simple",
        "reading: flat",
        "lstrip-blocks",
        "outputs:",
        "secrets:",
        "password-file:",
        "files:",
    ] {
        assert!(text.contains(word), "{word} is not used");
    }
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

/// A tree that Ansible reads, with forty templates.
fn of_ansible() -> tempfile::TempDir {
    let folder = fleet(&[
        (
            "fleet.yaml",
            "trees:\n  all: {inventory: hosts.ini, templates: templates, shared: web, into: out}\n",
        ),
        ("hosts.ini", "[web]\nw1 port=80\nw2 port=81\n"),
        ("group_vars/all.yml", "domain: example.net\nlink: 'https://{{ domain }}'\n"),
        ("templates/web/binary.bin", "\u{0}\u{1}{{ not a template }}"),
    ]);
    for number in 1..=40 {
        let path = folder.path().join(format!("templates/web/file{number:02}.j2"));
        fs::write(path, format!("{number} {{{{ link }}}}:{{{{ port }}}}\n")).unwrap();
    }
    folder
}

#[test]
fn whatever_is_wrong_in_a_tree_of_ansible_the_previous_output_stays() {
    let write = |folder: &Path, path: &str, text: &str| fs::write(folder.join(path), text).unwrap();
    type Change<'c> = &'c dyn Fn(&Path);
    let breaks: &[(&str, Change<'_>, &str, &str)] = &[
        (
            "an undefined variable in the 7th of 40 templates",
            &|f| write(f, "templates/web/file07.j2", "one\ntwo\n{{ prot }}\n"),
            "FW1302",
            "templates/web/file07.j2\",\"line\":3",
        ),
        (
            "groups in a circle",
            &|f| write(f, "hosts.ini", "[web]\nw1 port=80\n[web:children]\ndb\n[db:children]\nweb\n"),
            "FW1224",
            "hosts.ini",
        ),
        (
            "a group named like a host",
            &|f| write(f, "hosts.ini", "[web]\nw1 port=80\n[w1]\nw2 port=81\n"),
            "FW1225",
            "w1",
        ),
        (
            "a macro that calls itself",
            &|f| write(f, "templates/web/file01.j2", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"),
            "FW1305",
            "file01.j2",
        ),
        (
            "a variable that is made of itself",
            &|f| write(f, "group_vars/all.yml", "link: '{{ domain }}'\ndomain: '{{ link }}'\n"),
            "FW1306",
            "itself",
        ),
        (
            "two templates that include each other",
            &|f| {
                write(f, "templates/web/file01.j2", "{% include 'web/file02.j2' %}");
                write(f, "templates/web/file02.j2", "{% include 'web/file01.j2' %}");
            },
            "FW1305",
            "file01.j2",
        ),
        (
            "an include from outside of the tree",
            &|f| write(f, "templates/web/file01.j2", "{% include '../hosts.ini' %}"),
            "FW1304",
            "../hosts.ini",
        ),
        (
            "a host whose name leads out",
            &|f| write(f, "hosts.ini", "[web]\n../../w1 port=80\n"),
            "FW1351",
            "../../w1",
        ),
        (
            "a template that is a link out of the fleet",
            &|f| symlink("/etc/hostname", f.join("templates/web/hostname.j2")).unwrap(),
            "FW1352",
            "hostname.j2",
        ),
        (
            "a tree that is a link out of the fleet",
            &|f| {
                fs::rename(f.join("templates"), f.parent().unwrap().join("elsewhere")).unwrap();
                symlink("../elsewhere", f.join("templates")).unwrap();
            },
            "FW1355",
            "templates",
        ),
        (
            "a loop of links",
            &|f| symlink(".", f.join("templates/web/again")).unwrap(),
            "FW1352",
            "loop of links",
        ),
        (
            "bytes that are no text in a template",
            &|f| fs::write(f.join("templates/web/file01.j2"), b"\0\xfe\xff{{ port }}").unwrap(),
            "FW1354",
            "file01.j2",
        ),
    ];
    let first = of_ansible();
    assert_eq!(run(first.path(), &["render", "--trees"]).code, 0);
    for (what, change, code, word) in breaks {
        let broken = tempfile::tempdir().unwrap();
        let folder = broken.path().join("fleet");
        assert!(Command::new("cp").arg("-a").arg(first.path()).arg(&folder).status().unwrap().success());
        let before = files(&folder.join("out"));
        assert_eq!(before.len(), 82, "{what}");
        change(&folder);
        let answer = json(&folder, &["render", "--trees"]);
        assert_eq!(answer["exit"], 1, "{what}: {answer:#}");
        let told = answer["diagnostics"].as_array().unwrap().iter().any(|d| {
            d["severity"] == "error"
                && d["code"].as_str().unwrap().starts_with(code)
                && d.to_string().contains(word)
        });
        assert!(told, "{what}: {answer:#}");
        assert_eq!(files(&folder.join("out")), before, "{what}");
        let left: Vec<_> = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert!(!left.iter().any(|name| name.to_string_lossy().contains(".new-")), "{what}: {left:?}");
    }
    // The other templates' faults are told with it, and nothing is written where nothing was.
    let fresh = of_ansible();
    write(fresh.path(), "templates/web/file07.j2", "{{ prot }}\n");
    write(fresh.path(), "templates/web/file39.j2", "{{ domian }}\n");
    let answer = json(fresh.path(), &["render", "--trees"]).to_string();
    assert!(answer.contains("prot") && answer.contains("domian"), "{answer}");
    let left: Vec<_> = fs::read_dir(fresh.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("out")), "{left:?}");
}

#[test]
fn passwords_come_from_where_ansible_has_them() {
    let copied = copy("render-script");
    let folder = copied.path();
    fs::rename(folder.join("secrets/password"), folder.join("pass")).unwrap();
    let client = folder.join("keys-client.sh");
    let text = format!("#!/bin/sh\n[ \"$1 $2\" = '--vault-id ours' ] && cat {}/pass\n", folder.display());
    fs::write(&client, text).unwrap();
    fs::set_permissions(&client, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(folder.join("other"), "another").unwrap();
    let with = |list: &str, only: &str| {
        let said = Command::new(env!("CARGO_BIN_EXE_fleetwright"))
            .args(["-C", folder.to_str().unwrap(), "--json", "render", "--trees", "--check"])
            .current_dir(folder)
            .env("ANSIBLE_VAULT_IDENTITY_LIST", list)
            .env("ANSIBLE_VAULT_ID_MATCH", only)
            .output()
            .unwrap();
        let answer: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
        answer["exit"].as_u64().unwrap()
    };
    // The vault is of no id, so each password is tried; what is compared differs, as nothing was written.
    assert_eq!(with("dev@other,ours@keys-client.sh", "no"), 3);
    assert_eq!(with("default@pass", "yes"), 3);
    for (list, only) in [
        ("dev@other", "no"),
        ("ours@pass", "yes"),
        ("dev@keys-client.sh", "no"),
        ("dev@prompt", "no"),
        ("", "no"),
    ] {
        assert_eq!(with(list, only), 1, "{list}");
    }
}

#[test]
fn templates_read_the_fleet_and_say_where_it_is_written() {
    let folder = fleet(&[
        (
            "fleet.yaml",
            "domain: example.net\nsites: {ams: {lan: 10.0.0.0/24}}\ngroups: {web: {hosts: web1}}\ntrees:\n  all: {inventory: hosts.ini, templates: templates, shared: web, into: out}\n",
        ),
        ("hosts/web1.yaml", "site: ams\naddress: 10.0.0.2\nvars: {weight: 2}\n"),
        ("hosts/db1.yaml", "site: ams\naddress: 10.0.0.3\n"),
        ("services/cache.yaml", "module: redis\non: db1\n"),
        ("hosts.ini", "[web]\nweb1\n"),
        (
            "templates/web/hosts.j2",
            "{% for name, host in fleet.hosts.items() %}\n{{ host.address }} {{ host.fqdn }} {{ name }}\n{% endfor %}\n\
             {{ fleet.hosts[inventory_hostname].vars.weight + 1 }} {{ fleet.groups.web | join }} {{ fleet.sites.ams.prefixes | first }}\n\
             {{ fleet.services.cache.address }}:{{ fleet.services.cache.port }} {{ fleet.domain }}\n",
        ),
    ]);
    let answer = json(folder.path(), &["render", "--trees"]);
    assert_eq!(answer["exit"], 0, "{answer:#}");
    let made = fs::read_to_string(folder.path().join("out/web1/hosts")).unwrap();
    assert_eq!(
        made,
        "10.0.0.3 db1.ams.example.net db1\n10.0.0.2 web1.ams.example.net web1\n3 web1 10.0.0.0/24\n10.0.0.3:6379 example.net\n"
    );
    let explained = json(folder.path(), &["render", "--trees", "--explain"]);
    let reads = explained["trees"]["all"]["files"]["web1/hosts"]["reads"].to_string();
    assert!(reads.contains("services/cache.yaml:2:5 (the model)"), "{reads}");
    // A variable that would hide it is told, and only where a template reads `fleet`.
    fs::create_dir(folder.path().join("group_vars")).unwrap();
    fs::write(folder.path().join("group_vars/all.yml"), "fleet: eu-west\n").unwrap();
    let answer = json(folder.path(), &["render", "--trees"]);
    assert!(answer["exit"] == 1 && answer.to_string().contains("FW1357"), "{answer:#}");
    fs::write(folder.path().join("templates/web/hosts.j2"), "{{ inventory_hostname }}\n").unwrap();
    fs::write(folder.path().join("group_vars/all.yml"), "armada: eu-west\n").unwrap();
    assert_eq!(run(folder.path(), &["render", "--trees"]).code, 0);
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
