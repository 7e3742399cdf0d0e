//! `explain`, `schema`, `show`, `graph`, `completions` and `man`.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{example, json, program, ran, run, run_in};
use serde_json::Value;
use std::path::Path;

fn here(args: &[&str]) -> common::Ran {
    run_in(Path::new("/"), args)
}

#[test]
fn codes_are_explained() {
    let ran = here(&["explain", "fw0101"]);
    assert!(ran.code == 0 && ran.out.starts_with("# FW0101"), "{}", ran.out);
    let list = here(&["explain"]).out;
    assert!(list.lines().count() > 100 && list.contains("FW0812  "), "{list}");
    let ran = here(&["explain", "FW9999"]);
    assert!(ran.code == 1 && ran.err.contains("FW3009"), "{}", ran.err);
}

#[test]
fn the_schema_is_json_of_the_whole_or_of_a_kind() {
    let whole: Value = serde_json::from_str(&here(&["schema"]).out).unwrap();
    assert!(whole["$defs"]["Fleet"]["properties"]["services"].is_object());
    let services: Value = serde_json::from_str(&here(&["schema", "services"]).out).unwrap();
    assert!(services.to_string().contains("module"));
    let ran = here(&["schema", "service"]);
    assert!(ran.code == 1 && ran.err.contains("did you mean `services`?"), "{}", ran.err);
}

#[test]
fn a_thing_is_shown_with_what_is_written_and_what_is_derived() {
    let answer = json(&example("two-sites"), &["show", "services/photos"]);
    let has = |list: &Value, key: &str, value: &str| {
        list.as_array()
            .unwrap()
            .iter()
            .any(|f| f["key"] == key && f["value"].as_str().unwrap().contains(value))
    };
    assert!(has(&answer["written"], "expose.auth", "sso"), "{answer}");
    assert!(has(&answer["derived"], "on", "mac-mini"), "{answer}");
    assert!(has(&answer["derived"], "way in by kyiv-gw", "tunnel kyiv-wroclaw"), "{answer}");
    for shorter in ["service/photos", "photos"] {
        assert_eq!(json(&example("two-sites"), &["show", shorter])["thing"], "services/photos");
    }
    for thing in ["hosts/kyiv-gw", "tunnels/kyiv-wroclaw", "sites/kyiv"] {
        let ran = run(&example("two-sites"), &["show", thing]);
        assert!(
            ran.code == 0 && ran.out.contains("written") && ran.out.contains("derived"),
            "{thing}: {}",
            ran.out
        );
    }
    let ran = run(&example("two-sites"), &["show", "services/photo"]);
    assert!(ran.code == 1 && ran.err.contains("did you mean `services/photos`?"), "{}", ran.err);
}

#[test]
fn the_picture_shows_sites_hosts_tunnels_and_names_in_80_columns() {
    for name in ["two-sites", "anycast"] {
        let ran = run(&example(name), &["graph"]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        for line in ran.out.lines().take_while(|l| *l != "tunnels") {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
    let text = run(&example("two-sites"), &["graph"]).out;
    for word in [
        "kyiv",
        "wroclaw-gw",
        "cgnat",
        "203.0.113.7",
        "kyiv-wroclaw",
        "photos.two-sites.example",
        "10.77.88.0/30",
    ] {
        assert!(text.contains(word), "{word}:\n{text}");
    }
}

#[test]
fn the_svg_is_well_formed_and_complete() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["two-sites", "anycast", "atlas", "constellation", "standards"] {
        let file = folder.path().join("fleet.svg");
        let ran = run(&example(name), &["graph", "--out", file.to_str().unwrap()]);
        assert_eq!(ran.code, 0, "{name}: {}", ran.err);
        let svg = std::fs::read_to_string(&file).unwrap();
        balanced(&svg);
        let picture = json(&example(name), &["graph"]);
        for place in picture["picture"]["boxes"].as_array().unwrap() {
            for host in place["hosts"].as_array().unwrap() {
                assert!(svg.contains(&format!(">{}<", host["name"].as_str().unwrap())), "{name}: {host}");
            }
        }
    }
}

/// Every element that is opened is closed, in order.
fn balanced(svg: &str) {
    let mut open = Vec::new();
    for tag in svg.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap();
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{tag}");
        } else if !tag.ends_with('/') {
            open.push(tag.split(' ').next().unwrap());
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn completions_and_man_pages_know_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = here(&["completions", shell]).out;
        assert!(script.contains("twin") && script.contains("exact-timers"), "{shell}");
    }
    let folder = tempfile::tempdir().unwrap();
    let ran = ran(program().arg("man").arg(folder.path().join("man1")).output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.err);
    for page in ["fleetwright.1", "fleetwright-check.1", "fleetwright-twin-prove.1"] {
        assert!(folder.path().join("man1").join(page).is_file(), "{page}");
    }
}

#[test]
fn without_a_way_onto_the_hosts_nothing_is_planned() {
    let fleet = common::copy("two-sites");
    for command in ["plan", "apply", "status"] {
        let ran = run(fleet.path(), &[command, "--twin"]);
        assert!(
            ran.code == 1 && ran.err.contains("FW3007") && ran.err.contains("twin up"),
            "{command}: {}",
            ran.err
        );
    }
}
