//! docs/ARCHITECTURE.md is true: every room is in its table and the other way round, imports go downwards
//! only, values-only rooms touch no file, clock, socket, environment, process or randomness, and every test
//! it names exists.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The heading of the rooms that are values only.
const PURE: &str = "### Values only";
/// The heading of the rooms that touch the world.
const WORLD: &str = "### The world";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn document() -> String {
    fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap()
}

/// Rooms of the document in their order, each with whether it is values only.
fn rooms(document: &str) -> Vec<(String, bool)> {
    let mut pure = None;
    let mut rooms = Vec::new();
    for line in document.lines() {
        if line.starts_with('#') {
            pure = match line {
                PURE => Some(true),
                WORLD => Some(false),
                _ => None,
            };
        } else if let (Some(pure), Some(rest)) = (pure, line.strip_prefix("| `")) {
            rooms.push((rest.split('`').next().unwrap().to_owned(), pure));
        }
    }
    rooms
}

/// Crates with the names of what they depend on, test-only dependencies apart.
fn crates() -> BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let folder = entry.unwrap().path();
        let Ok(manifest) = fs::read_to_string(folder.join("Cargo.toml")) else { continue };
        let mut found = (BTreeSet::new(), BTreeSet::new());
        let mut section = "";
        for line in manifest.lines().map(str::trim) {
            if line.starts_with('[') {
                section = line;
                continue;
            }
            let name = line.split(['=', '.', ' ']).next().unwrap_or_default();
            if name.is_empty() || name.starts_with('#') {
                continue;
            }
            match section {
                "[dependencies]" => found.0.insert(name.to_owned()),
                "[dev-dependencies]" => found.1.insert(name.to_owned()),
                _ => false,
            };
        }
        all.insert(folder.file_name().unwrap().to_str().unwrap().to_owned(), found);
    }
    all
}

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

/// What a values-only room says about the world in its own code: line and word.
fn worldly(text: &str) -> Vec<(usize, String)> {
    const MODULES: [&str; 5] = ["fs", "env", "process", "thread", "io"];
    const NAMES: [&str; 9] = [
        "SystemTime",
        "Instant",
        "TcpStream",
        "TcpListener",
        "UdpSocket",
        "UnixStream",
        "UnixListener",
        "getrandom",
        "thread_rng",
    ];
    let mut found = Vec::new();
    // Tests may do as they like; they come last in a file.
    let own = text.split("#[cfg(test)]").next().unwrap_or_default();
    for (number, line) in own.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        let words: Vec<&str> = code.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        for name in NAMES {
            if words.contains(&name) {
                found.push((number + 1, name.to_owned()));
            }
        }
        for module in MODULES {
            let path = format!("std::{module}");
            let whole = code.match_indices(&path).any(|(at, _)| {
                !code[at + path.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_')
            });
            let grouped = code.split_once("std::{").is_some_and(|(_, group)| {
                group.split(['{', '}', ',', ' ']).any(|w| w.split("::").next() == Some(module))
            });
            if whole || grouped {
                found.push((number + 1, path));
            }
        }
    }
    found
}

#[test]
fn every_room_is_in_the_document_and_every_room_of_the_document_is_there() {
    let written: BTreeSet<String> = rooms(&document()).into_iter().map(|(r, _)| r).collect();
    let real: BTreeSet<String> = crates().into_keys().collect();
    assert_eq!(written, real, "left: rooms in docs/ARCHITECTURE.md, right: folders under crates/");
}

#[test]
fn imports_go_downwards_only() {
    let order = rooms(&document());
    let at = |room: &str| order.iter().position(|(r, _)| r == room);
    let mut wrong = Vec::new();
    for (room, (uses, tests)) in crates() {
        let Some(mine) = at(&room) else { continue };
        for used in uses.iter().chain(&tests) {
            if at(used).is_some_and(|theirs| theirs >= mine) {
                wrong.push(format!("{room} imports {used}, which is above it"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rooms_of_values_only_stay_away_from_the_world() {
    let order = rooms(&document());
    let all = crates();
    let mut wrong = Vec::new();
    for (room, _) in order.iter().filter(|(_, pure)| *pure) {
        for used in &all[room].0 {
            let worldly_crate =
                ["rustix", "getrandom", "rand", "tempfile", "signal-hook", "libc"].contains(&used.as_str());
            if worldly_crate || order.iter().any(|(r, pure)| r == used && !pure) {
                wrong.push(format!("{room} depends on {used}"));
            }
        }
        let mut files = Vec::new();
        sources(&root().join("crates").join(room).join("src"), &mut files);
        assert!(!files.is_empty(), "{room} has no source");
        for file in files {
            for (line, what) in worldly(&fs::read_to_string(&file).unwrap()) {
                wrong.push(format!("{}:{line}: {what}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_guard_sees_what_it_should() {
    let bad = "use std::fs;\nuse std::{collections::BTreeMap, env};\nlet t = SystemTime::now();\nstd::process::exit(1)\n\
               use std::net::{IpAddr, UdpSocket};";
    let lines: Vec<usize> = worldly(bad).into_iter().map(|(l, _)| l).collect();
    assert_eq!(lines, [1, 2, 3, 4, 5]);
    let good = "use std::fmt; // not std::fs\nuse std::net::IpAddr;\nuse std::time::Duration;\n#[cfg(test)]\nuse std::fs;";
    assert!(worldly(good).is_empty(), "{:?}", worldly(good));
}

#[test]
fn every_test_that_holds_an_invariant_exists() {
    let document = document();
    let invariants = document.split("## Invariants").nth(1).expect("a section `## Invariants`");
    let invariants = invariants.split("\n## ").next().unwrap();
    let mut wrong = Vec::new();
    let mut named = 0;
    for part in invariants.split('`').skip(1).step_by(2) {
        let Some((room, test)) = part.split_once("::") else { continue };
        named += 1;
        let folder = root().join("crates").join(room);
        let mut files = Vec::new();
        sources(&folder.join("src"), &mut files);
        sources(&folder.join("tests"), &mut files);
        let wanted = format!("fn {}(", test.rsplit("::").next().unwrap());
        if !files.iter().any(|f| fs::read_to_string(f).unwrap().contains(&wanted)) {
            wrong.push(format!("{part}: no such test"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(named > 0, "no invariant names its test");
}

#[test]
fn the_document_is_short_enough_to_be_read() {
    assert!(document().lines().count() <= 200);
}
