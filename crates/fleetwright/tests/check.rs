//! `fleetwright check`.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{example, fleet, json, program, ran, run, run_in};
use std::io::Read;
use std::process::Stdio;

#[test]
fn every_example_passes() {
    for name in ["two-sites", "anycast", "atlas", "constellation", "standards"] {
        let ran = run(&example(name), &["check"]);
        assert_eq!(ran.code, 0, "{name}: {}", ran.err);
        assert!(ran.out.starts_with("ok "), "{name}: {}", ran.out);
    }
}

#[test]
fn all_errors_come_at_once_with_line_and_caret() {
    let fleet = fleet(&[("sites/a.yaml", "uplnik: cgnat\n"), ("sites/b.yaml", "lan: 300.0.0.0/24\n")]);
    let ran = run(fleet.path(), &["check"]);
    assert_eq!(ran.code, 1);
    for word in ["sites/a.yaml:1:1", "did you mean `uplink`?", "^^^", "sites/b.yaml:1:6", "2 errors"] {
        assert!(ran.err.contains(word), "{word}: {}", ran.err);
    }
    assert_eq!(ran.out, "");
}

#[test]
fn json_has_the_same_in_fields() {
    let fleet = fleet(&[("sites/a.yaml", "uplnik: cgnat\n")]);
    let answer = json(fleet.path(), &["check"]);
    assert_eq!(answer["exit"], 1);
    assert_eq!(answer["diagnostics"][0]["code"], "FW0101");
    assert_eq!(answer["diagnostics"][0]["place"]["line"], 1);
    let well = json(&example("two-sites"), &["check"]);
    assert_eq!((&well["exit"], &well["hosts"]), (&0.into(), &4.into()));
}

#[test]
fn the_fleet_is_found_from_a_folder_inside_it() {
    assert_eq!(run_in(&example("two-sites").join("services"), &["check"]).code, 0);
    let nowhere = tempfile::tempdir().unwrap();
    let ran = run_in(nowhere.path(), &["check"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("FW3001") && ran.err.contains("fleetwright init"), "{}", ran.err);
    let ran = run(&nowhere.path().join("missing"), &["check"]);
    assert!(ran.code == 1 && ran.err.contains("FW3001"), "{}", ran.err);
}

#[test]
fn quiet_says_nothing_when_well() {
    let ran = run(&example("two-sites"), &["check", "-q"]);
    assert_eq!((ran.code, &*ran.out, &*ran.err), (0, "", ""));
}

#[test]
fn colour_only_where_asked() {
    let colour = |when: &str| run(&example("two-sites"), &["check", "--color", when]).out.contains('\x1b');
    assert_eq!((colour("always"), colour("never"), colour("auto")), (true, false, false));
}

#[test]
fn usage_errors_end_with_2() {
    let ran = ran(program().args(["chekc"]).output().unwrap());
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("check"), "{}", ran.err);
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let mut child = program().args(["schema"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!((child.wait().unwrap().code(), &*err), (Some(0), ""));
}

#[test]
fn a_full_disk_is_an_error() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = program().args(["schema"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("FW3003"));
}
