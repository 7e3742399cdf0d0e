//! `fleetwright init`.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{json, program, ran, run, run_in};
use std::process::Stdio;

#[test]
fn a_new_fleet_checks_locks_and_renders() {
    for uplink in ["cgnat", "none", "203.0.113.7"] {
        let folder = tempfile::tempdir().unwrap();
        let made = run_in(
            folder.path(),
            &["init", "my-fleet", "--uplink", uplink, "--domain", "example.net", "--yes"],
        );
        assert_eq!(made.code, 0, "{uplink}: {}", made.err);
        assert!(made.out.contains("check"), "{}", made.out);
        let fleet = folder.path().join("my-fleet");
        assert_eq!(run(&fleet, &["check"]).code, 0);
        assert_eq!(run(&fleet, &["lock"]).code, 0);
        assert_eq!(run(&fleet, &["lock", "--check"]).code, 0);
        let rendered = json(&fleet, &["render"]);
        let caddy = &rendered["hosts"]["gateway"]["files"]["/etc/caddy/Caddyfile"]["text"];
        assert!(caddy.as_str().unwrap().contains("hello.example.net"), "{uplink}: {caddy}");
        assert_eq!(
            (&rendered["exit"], &rendered["diagnostics"]),
            (&0.into(), &serde_json::json!([])),
            "{uplink}"
        );
    }
}

#[test]
fn a_folder_with_a_fleet_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run_in(folder.path(), &["init", "--yes"]).code, 0);
    let before = std::fs::read_to_string(folder.path().join("fleet.yaml")).unwrap();
    let again = run_in(folder.path(), &["init", "--yes", "--domain", "other.example"]);
    assert!(again.code == 1 && again.err.contains("FW3008"), "{}", again.err);
    assert_eq!(std::fs::read_to_string(folder.path().join("fleet.yaml")).unwrap(), before);
}

#[test]
fn answers_that_make_no_sense_are_told_and_nothing_is_written() {
    for args in [
        ["--uplink", "carrier pigeon"],
        ["--lan", "192.168.1.7/24"],
        ["--site", "My Site"],
        ["--domain", "a b"],
    ] {
        let folder = tempfile::tempdir().unwrap();
        let ran = run_in(folder.path(), &[&["init", "f", "--yes"], &args[..]].concat());
        assert!(ran.code == 2 && ran.err.contains(args[0]), "{args:?}: {} {}", ran.code, ran.err);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

#[test]
fn without_a_terminal_nothing_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let output = program().arg("init").arg(folder.path().join("f")).stdin(Stdio::null()).output().unwrap();
    let ran = ran(output);
    assert_eq!((ran.code, &*ran.err), (0, ""));
}
