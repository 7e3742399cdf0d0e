//! `fleetwright why`: every line of every rendered file of the examples knows where it came from.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{example, json, run};
use serde_json::Value;
use std::collections::BTreeMap;

/// Walks every line of every file of a fleet: each has an answer, with a reason, at a place that is a line of
/// the sources or one of the tool's own defaults.
fn walk(name: &str) {
    let folder = example(name);
    let rendered = json(&folder, &["render"]);
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let (mut lines, mut files) = (0, 0);
    for (host, what) in rendered["hosts"].as_object().unwrap() {
        for (path, file) in what["files"].as_object().unwrap() {
            let answer = json(&folder, &["why", &format!("{host}:{path}")]);
            let text: Vec<&str> = file["text"].as_str().unwrap().lines().collect();
            let answers = answer["answers"].as_array().unwrap();
            assert_eq!(answers.len(), text.len(), "{name} {host}:{path}");
            for (n, (answer, line)) in answers.iter().zip(&text).enumerate() {
                let at = format!("{name} {host}:{path}:{}", n + 1);
                assert_eq!(answer["text"].as_str().unwrap(), *line, "{at}");
                assert!(!answer["reason"].as_str().unwrap().is_empty(), "{at} has no reason");
                place_is_real(&folder, &answer["place"], &at, &mut texts);
                lines += 1;
            }
            files += 1;
        }
    }
    assert!(files > 20 && lines > 500, "{name}: {files} files, {lines} lines");
}

fn place_is_real(
    folder: &std::path::Path,
    place: &Value,
    at: &str,
    texts: &mut BTreeMap<String, Vec<String>>,
) {
    let file = place["file"].as_str().unwrap();
    if file.starts_with("builtin:") {
        return;
    }
    let text = texts.entry(file.to_owned()).or_insert_with(|| {
        let text = std::fs::read_to_string(folder.join(file)).unwrap_or_else(|e| panic!("{at}: {file}: {e}"));
        text.lines().map(str::to_owned).collect()
    });
    let line = usize::try_from(place["line"].as_u64().unwrap()).unwrap();
    // Line 1 of an empty file is the file itself.
    assert!(line >= 1 && line <= text.len().max(1), "{at}: {file} has no line {line}");
}

#[test]
fn every_line_of_two_sites_has_an_answer() {
    walk("two-sites");
}

#[test]
fn every_line_of_anycast_has_an_answer() {
    walk("anycast");
}

#[test]
fn a_line_names_its_source_line() {
    let answer = json(&example("two-sites"), &["why", "mac-mini:/etc/caddy/Caddyfile"]);
    let photos = answer["answers"]
        .as_array()
        .unwrap()
        .iter()
        .find(|a| a["text"].as_str().unwrap().contains("photos.two-sites.example"))
        .expect("a line with the exposed name");
    assert_eq!(photos["place"]["file"], "services/photos.yaml");
    let n = photos["line"].as_u64().unwrap();
    let ran = run(&example("two-sites"), &["why", &format!("mac-mini:/etc/caddy/Caddyfile:{n}")]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("from services/photos.yaml:") && ran.out.contains("because "), "{}", ran.out);
}

#[test]
fn units_and_packages_answer_too() {
    for thing in ["mac-mini:caddy.service", "mac-mini:caddy"] {
        let answer = json(&example("two-sites"), &["why", thing]);
        assert_eq!(answer["answers"][0]["place"]["file"], "services/ingress.yaml", "{answer}");
    }
}

#[test]
fn what_is_not_there_is_said_with_what_is_near() {
    let ask = |what: &str| run(&example("two-sites"), &["why", what]);
    for (what, word) in [
        ("mac-mni:/etc/caddy/Caddyfile", "did you mean `mac-mini`?"),
        ("mac-mini:/etc/caddy/Cadyfile", "did you mean `/etc/caddy/Caddyfile`?"),
        ("mac-mini:/etc/caddy/Caddyfile:99999", "lines"),
        ("mac-mini:/etc/caddy/Caddyfile:0", "lines"),
        ("mac-mini", "HOST:PATH"),
    ] {
        let ran = ask(what);
        assert_eq!(ran.code, 1, "{what}");
        assert!(ran.err.contains("FW3004") && ran.err.contains(word), "{what}: {}", ran.err);
    }
}
