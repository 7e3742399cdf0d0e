//! `fleetwright tofu`, with a stand-in that records how it was called, and with Terraform itself on a stack that needs
//! no provider; and outputs as facts of the fleet.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{Ran, program, ran, root};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const FLEET: &str = "\
name: stacks
domain: home.example
tofu:
  ixp: {dir: infra, outputs: infra/outputs.json}
sites:
  home:
    uplink: {ipv4: 203.0.113.10}
    lan: 192.168.1.0/24
    router: gate
hosts:
  gate: {site: home, address: 192.168.1.1}
  box: {site: home, address: tofu/ixp/addresses/box}
services:
  web: {module: caddy, on: box}
  reader: {module: yarr, on: box, expose: {host: reader, auth: own}}
";

const STAND_IN: &str = r#"#!/bin/sh
here=$(dirname "$0")
printf '%s\n' "$@" > "$here/argv"
pwd > "$here/pwd"
printf '%s' "$TF_VAR_zone" > "$here/zone"
[ -e "$here/said" ] && cat "$here/said"
if [ -e "$here/wait" ]; then
    trap 'echo interrupted; exit 1' INT
    echo waiting
    while [ -e "$here/wait" ]; do sleep 0.05; done
fi
exit "$(cat "$here/code" 2>/dev/null || echo 0)"
"#;

/// A fleet with a stack, and a folder with a stand-in of OpenTofu in it.
struct Lab {
    fleet: TempDir,
    bin: TempDir,
}

impl Lab {
    fn new() -> Lab {
        let lab = Lab {
            fleet: common::fleet(&[("fleet.yaml", FLEET), ("infra/main.tf", "")]),
            bin: tempfile::tempdir().unwrap(),
        };
        let path = lab.bin.path().join("tofu");
        fs::write(&path, STAND_IN).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        lab
    }

    fn says(&self, text: &str, code: i32) {
        fs::write(self.bin.path().join("said"), text).unwrap();
        fs::write(self.bin.path().join("code"), code.to_string()).unwrap();
    }

    fn recorded(&self, what: &str) -> String {
        fs::read_to_string(self.bin.path().join(what)).unwrap()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = program();
        command.arg("-C").arg(self.fleet.path()).args(args).stdin(Stdio::null());
        command
            .env("PATH", format!("{}:/usr/bin:/bin", self.bin.path().display()))
            .env("TF_VAR_zone", "a zone");
        command
    }

    fn run(&self, args: &[&str]) -> Ran {
        ran(self.command(args).output().unwrap())
    }

    fn outputs(&self) -> PathBuf {
        self.fleet.path().join("infra/outputs.json")
    }
}

#[test]
fn a_plan_ends_with_opentofu_s_own_code_and_words() {
    let lab = Lab::new();
    for (theirs, ours) in [(0, 0), (2, 2), (1, 1), (3, 1)] {
        lab.says("Plan: 1 to add.\n", theirs);
        let ran = lab.run(&["tofu", "plan", "ixp", "--", "-refresh=false"]);
        assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (ours, "Plan: 1 to add.\n", ""));
        assert_eq!(lab.recorded("argv"), "plan\n-detailed-exitcode\n-refresh=false\n");
    }
    assert_eq!(Path::new(lab.recorded("pwd").trim()), lab.fleet.path().join("infra").canonicalize().unwrap());
    assert_eq!(lab.recorded("zone"), "a zone");
}

#[test]
fn json_comes_through_and_ends_with_ours() {
    let lab = Lab::new();
    lab.says("{\"type\":\"version\"}\n{\"type\":\"change_summary\"}\n", 2);
    let ran = lab.run(&["tofu", "plan", "--json"]);
    let lines: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lab.recorded("argv"), "plan\n-detailed-exitcode\n-json\n");
    assert_eq!((ran.code, lines.len(), lines[1]["type"].as_str()), (2, 3, Some("change_summary")));
    assert_eq!(lines[2]["command"], "tofu plan");
    assert_eq!(
        (&lines[2]["exit"], &lines[2]["changes"], &lines[2]["stack"]),
        (&2.into(), &true.into(), &"ixp".into())
    );
}

#[test]
fn nothing_is_approved_unless_somebody_says_so() {
    let lab = Lab::new();
    assert_eq!(lab.run(&["tofu", "apply"]).code, 0);
    assert_eq!(lab.recorded("argv"), "apply\n");
    assert_eq!(lab.run(&["tofu", "apply", "--yes"]).code, 0);
    assert_eq!(lab.recorded("argv"), "apply\n-auto-approve\n");
    assert_eq!(lab.run(&["tofu", "apply", "--json", "--yes"]).code, 0);
    assert_eq!(lab.recorded("argv"), "apply\n-auto-approve\n-json\n");
    fs::remove_file(lab.bin.path().join("argv")).unwrap();
    let ran = lab.run(&["tofu", "apply", "--json"]);
    assert!(ran.code == 2 && ran.out.contains("FW3011"), "{}", ran.out);
    assert!(!lab.bin.path().join("argv").exists());
    lab.says("", 1);
    assert_eq!(lab.run(&["tofu", "apply", "--yes"]).code, 1);
}

#[test]
fn words_come_as_they_are_said_and_a_signal_is_passed_on() {
    for signal in ["INT", "TERM"] {
        let lab = Lab::new();
        fs::write(lab.bin.path().join("wait"), "").unwrap();
        let mut child = lab.command(&["tofu", "apply", "--yes"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert_eq!(lines.next().unwrap().unwrap(), "waiting");
        let kill =
            Command::new("kill").args([format!("-{signal}"), child.id().to_string()]).status().unwrap();
        assert!(kill.success());
        assert_eq!(lines.next().unwrap().unwrap(), "interrupted");
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        };
        assert_eq!(status.code(), Some(130));
    }
}

#[test]
fn without_a_program_it_is_said_what_to_install() {
    let lab = Lab::new();
    let empty = tempfile::tempdir().unwrap();
    let ran = ran(lab.command(&["tofu", "plan"]).env("PATH", empty.path()).output().unwrap());
    assert_eq!(ran.code, 5);
    assert!(ran.err.contains("FW1520") && ran.err.contains("opentofu.org"), "{}", ran.err);
    // Terraform is the second choice, and a stack may name its own.
    fs::rename(lab.bin.path().join("tofu"), lab.bin.path().join("terraform")).unwrap();
    assert_eq!(lab.run(&["tofu", "plan"]).code, 0);
    let named = FLEET.replace("dir: infra,", "dir: infra, program: bin/mine,");
    fs::write(lab.fleet.path().join("fleet.yaml"), named).unwrap();
    let ran = lab.run(&["tofu", "plan"]);
    assert!(ran.code == 5 && ran.err.contains("fleet.yaml:4:"), "{}", ran.err);
    fs::create_dir(lab.fleet.path().join("bin")).unwrap();
    fs::copy(lab.bin.path().join("terraform"), lab.fleet.path().join("bin/mine")).unwrap();
    assert_eq!(lab.run(&["tofu", "plan"]).code, 0);
}

#[test]
fn a_stack_that_is_not_there_is_named() {
    let lab = Lab::new();
    let ran = lab.run(&["tofu", "plan", "ixq"]);
    assert!(ran.code == 1 && ran.err.contains("FW1522") && ran.err.contains("there is ixp"), "{}", ran.err);
    fs::remove_dir_all(lab.fleet.path().join("infra")).unwrap();
    let ran = lab.run(&["tofu", "plan"]);
    assert!(ran.code == 1 && ran.err.contains("there is no folder `infra`"), "{}", ran.err);
    fs::write(lab.fleet.path().join("fleet.yaml"), "name: none\n").unwrap();
    assert!(lab.run(&["tofu", "plan"]).err.contains("names no stacks"));
}

#[test]
fn outputs_are_written_whole_and_closed_where_one_is_sensitive() {
    let lab = Lab::new();
    let mode = || fs::metadata(lab.outputs()).unwrap().permissions().mode() & 0o7777;
    let plain = r#"{"addresses": {"sensitive": false, "value": {"box": "192.168.1.2"}}}"#;
    lab.says(plain, 0);
    let ran = lab.run(&["tofu", "output"]);
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (0, "ixp: 1 outputs in infra/outputs.json, changed: addresses\n"),
        "{}",
        ran.err
    );
    assert_eq!(lab.recorded("argv"), "output\n-json\n");
    assert_eq!((fs::read_to_string(lab.outputs()).unwrap().as_str(), mode()), (plain, 0o644));

    lab.says(r#"{"addresses": {"sensitive": false, "value": {"box": "192.168.1.2"}}, "pin": {"sensitive": true, "value": "planted"}}"#, 0);
    let ran = lab.run(&["tofu", "output", "--json"]);
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        (&answer["changed"][0], &answer["sensitive"][0], mode()),
        (&"pin".into(), &"pin".into(), 0o600)
    );
    assert!(!ran.out.contains("planted"));

    // What cannot be read, or a program that fails, leaves what was there.
    let before = fs::read(lab.outputs()).unwrap();
    for (said, code, expected) in [("Warning\n{}", 0, "FW1501"), ("{}", 1, "FW1521")] {
        lab.says(said, code);
        let ran = lab.run(&["tofu", "output"]);
        assert!(ran.code == 1 && ran.err.contains(expected), "{}", ran.err);
        assert_eq!(fs::read(lab.outputs()).unwrap(), before);
    }
    let left: Vec<_> =
        fs::read_dir(lab.fleet.path().join("infra")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

/// Every file below a folder with its bytes.
fn tree(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(tree(&path));
        } else {
            all.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    all.sort();
    all
}

#[test]
fn a_missing_output_names_its_host_and_nothing_is_written() {
    let lab = Lab::new();
    fs::write(lab.outputs(), r#"{"addresses": {"value": {"box": "192.168.1.2"}}}"#).unwrap();
    let out = lab.fleet.path().join(".rendered");
    let render = || lab.run(&["render", "--out", &out.display().to_string()]);
    let ran = lab.run(&["lock"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let first = render();
    assert_eq!(first.code, 0, "{}", first.err);
    let before = tree(&out);
    let holds = |text: &str| before.iter().any(|(_, bytes)| String::from_utf8_lossy(bytes).contains(text));
    assert!(holds("192.168.1.2"), "the value is in no file");
    let shown = lab.run(&["show", "hosts/box"]);
    assert!(shown.out.contains("fleet.yaml:12:30: address of box"), "{}", shown.out);
    for (outputs, code) in [
        (Some(r#"{"addresses": {"value": {}}}"#), "FW1506"),
        (Some(r#"{"addresses": {"sensitive": true, "value": {"box": "192.168.1.2"}}}"#), "FW1508"),
        (None, "FW1509"),
    ] {
        match outputs {
            Some(text) => fs::write(lab.outputs(), text).unwrap(),
            None => fs::remove_file(lab.outputs()).unwrap(),
        }
        let ran = render();
        assert_eq!(ran.code, 1, "{}", ran.err);
        assert!(
            ran.err.contains(code) && ran.err.contains("host `box` needs `tofu/ixp/addresses/box`"),
            "{}",
            ran.err
        );
        assert!(ran.err.contains("fleet.yaml:12:30"), "{}", ran.err);
        assert_eq!(tree(&out), before);
    }
}

fn terraform() -> PathBuf {
    let path = root().join("target/oracle-tofu/terraform");
    assert!(path.exists(), "{} is missing: run ./test, which installs it (need_tofu)", path.display());
    path
}

/// The nearest real thing: Terraform plans and applies a stack of outputs alone, which needs no provider.
#[test]
fn terraform_itself_plans_applies_and_gives_an_address() {
    let terraform = terraform();
    let lab = Lab::new();
    let named = FLEET.replace("dir: infra,", &format!("dir: infra, program: {},", terraform.display()));
    fs::write(lab.fleet.path().join("fleet.yaml"), named).unwrap();
    let stack = "variable \"zone\" {}\noutput \"addresses\" {\n  value = { box = \"192.168.1.2\" }\n}\noutput \"zone\" {\n  value     = var.zone\n  sensitive = true\n}\n";
    fs::write(lab.fleet.path().join("infra/main.tf"), stack).unwrap();
    let run = |args: &[&str]| ran(lab.command(args).env("CHECKPOINT_DISABLE", "1").output().unwrap());

    let before = run(&["check"]);
    assert!(before.code == 1 && before.err.contains("FW1509"), "{}", before.err);
    assert_eq!(run(&["tofu", "plan"]).code, 2);
    let applied = run(&["tofu", "apply", "--yes"]);
    assert_eq!(applied.code, 0, "{}", applied.err);
    assert!(applied.out.contains("Apply complete!"), "{}", applied.out);
    assert_eq!(run(&["tofu", "plan"]).code, 0);
    let read = run(&["tofu", "output"]);
    assert_eq!(read.code, 0, "{}{}", read.out, read.err);
    assert_eq!(fs::metadata(lab.outputs()).unwrap().permissions().mode() & 0o777, 0o600);
    let after = run(&["check"]);
    assert_eq!(after.code, 0, "{}", after.err);

    // The state says the same.
    let state = fs::read_to_string(lab.fleet.path().join("fleet.yaml"))
        .unwrap()
        .replace("outputs: infra/outputs.json", "state: infra/terraform.tfstate");
    fs::write(lab.fleet.path().join("fleet.yaml"), state).unwrap();
    assert_eq!(run(&["check"]).code, 0);
    // Its own errors are its own to say.
    fs::write(lab.fleet.path().join("infra/main.tf"), "output \"a\" {\n").unwrap();
    assert_eq!(run(&["tofu", "plan"]).code, 1);
}

/// A tree that makes two files of a stack from templates.
fn templates(lab: &Lab, fmt: &str, module: &str) {
    let fleet = format!(
        "name: stacks\nothers: inventory.yml\ntofu: {{ixp: {{dir: ./infra/{fmt}}}}}\ntrees:\n  infra:\n    inventory: inventory.yml\n    \
         reading: flat\n    templates: templates\n    into: infra\n    files:\n      - {{template: hosts.tf.j2, to: hosts.tf}}\n      \
         - {{template: terraform.tfvars.j2, to: terraform.tfvars}}\n"
    );
    for (path, text) in [
        ("fleet.yaml", fleet.as_str()),
        ("inventory.yml", "ixp: {hosts: {ams1: {ansible_host: 192.0.2.1}}}\n"),
        ("templates/hosts.tf.j2", module),
        ("templates/terraform.tfvars.j2", "zone={{ 'a\"b' | to_json }}\nbucket   = 1\n"),
    ] {
        let path = lab.fleet.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

const MODULE: &str = "{% for name, host in inventory.ixp.hosts.items() %}\nmodule \"{{ name }}\" {\nsource=\"./ixp\"\n  host = \"{{ host.ansible_host }}\"\n}\n{% endfor %}\n";

#[test]
fn what_a_template_makes_for_a_stack_is_hcl_and_spaced_where_that_is_wanted() {
    let lab = Lab::new();
    let text = |path: &str| fs::read_to_string(lab.fleet.path().join("infra").join(path)).unwrap();
    templates(&lab, "", MODULE);
    let ran = lab.run(&["render", "--trees"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    // The bytes are the script's.
    assert_eq!(text("hosts.tf"), "module \"ams1\" {\nsource=\"./ixp\"\n  host = \"192.0.2.1\"\n}\n");
    assert_eq!(text("terraform.tfvars"), "zone=\"a\\\"b\"\nbucket   = 1");

    templates(&lab, ", fmt: yes", MODULE);
    let ran = lab.run(&["render", "--trees"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(text("hosts.tf"), "module \"ams1\" {\n  source = \"./ixp\"\n  host   = \"192.0.2.1\"\n}\n");
    assert_eq!(text("terraform.tfvars"), "zone   = \"a\\\"b\"\nbucket = 1");

    let before = tree(&lab.fleet.path().join("infra"));
    templates(&lab, "", &MODULE.replace("\"{{ host.ansible_host }}\"", "\"{{ host.ansible_host }}"));
    for args in [&["render", "--trees"][..], &["render", "--trees", "--check"]] {
        let ran = lab.run(args);
        assert_eq!(ran.code, 1, "{}", ran.err);
        assert!(ran.err.contains("FW1510") && ran.err.contains("infra/hosts.tf:3"), "{}", ran.err);
        assert!(ran.err.contains("templates/hosts.tf.j2"), "{}", ran.err);
    }
    assert_eq!(tree(&lab.fleet.path().join("infra")), before);
}

/// Out and in again: the model becomes a stack's files, and Terraform, which finds nothing to format in them, gives
/// what is in them back.
#[test]
fn the_model_becomes_files_of_a_stack() {
    let lab = Lab::new();
    let infra = lab.fleet.path().join("infra");
    let trees = "trees:\n  infra:\n    templates: templates\n    into: infra\n    files:\n      \
                 - {template: hosts.auto.tfvars.j2, to: hosts.auto.tfvars}\n      - {template: hosts.tf.j2, to: hosts.tf}\n      \
                 - {template: sites.auto.tfvars.json.j2, to: sites.auto.tfvars.json}\n";
    let stack = format!("dir: infra, fmt: yes, program: {},", terraform().display());
    let fleet = FLEET.replace("dir: infra,", &stack).replace("tofu/ixp/addresses/box", "192.168.1.2");
    for (path, text) in [
        ("fleet.yaml", format!("{fleet}{trees}").as_str()),
        (
            "templates/hosts.auto.tfvars.j2",
            "hosts = {\n{% for name, host in fleet.hosts.items() %}\n{{ name }} = {{ host.address | to_json }}\n{% endfor %}\n}\n",
        ),
        (
            "templates/hosts.tf.j2",
            "variable \"hosts\" {\ntype=map(string)\n}\nvariable \"sites\" {}\n{% for name in fleet.hosts %}\n\
             output \"{{ name }}\" {\n  value=var.hosts[{{ name | to_json }}]\n}\n{% endfor %}\n",
        ),
        ("templates/sites.auto.tfvars.json.j2", "{\"sites\": {{ fleet.sites | list | to_json }}}"),
    ] {
        let path = lab.fleet.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let run = |args: &[&str]| ran(lab.command(args).env("CHECKPOINT_DISABLE", "1").output().unwrap());
    assert_eq!(run(&["lock"]).code, 0);
    let rendered = run(&["render", "--trees"]);
    assert_eq!(rendered.code, 0, "{}", rendered.err);
    let text = fs::read_to_string(infra.join("hosts.auto.tfvars")).unwrap();
    assert_eq!(text, "hosts = {\n  box  = \"192.168.1.2\"\n  gate = \"192.168.1.1\"\n}\n");
    let fmt = Command::new(terraform()).args(["fmt", "-check"]).current_dir(&infra).output().unwrap();
    assert!(fmt.status.success(), "{}", String::from_utf8_lossy(&fmt.stdout));
    let planned = run(&["tofu", "plan"]);
    assert_eq!(planned.code, 2, "{}{}", planned.out, planned.err);
    assert_eq!(run(&["tofu", "apply", "--yes"]).code, 0);
    assert_eq!(run(&["tofu", "output"]).code, 0);
    let given: Value = serde_json::from_slice(&fs::read(lab.outputs()).unwrap()).unwrap();
    assert_eq!(given["box"]["value"], "192.168.1.2");
}
