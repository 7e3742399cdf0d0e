//! `fleets/bad-FW00…` and `fleets/bad-FW01…`: each folder is a fleet with a fault, `expected.txt` beside it is
//! what reading says. `UPDATE=1` rewrites the expectations. Fleets without `bad-` are read without a word.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::collections::BTreeSet;
use std::{env, fs};
use support::{read, repository};

fn folders(keep: impl Fn(&str) -> bool) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(repository().join("fleets"))
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter(|n| keep(n))
        .collect();
    names.sort();
    names
}

fn ours(name: &str) -> bool {
    name.starts_with("bad-FW00") || name.starts_with("bad-FW01")
}

#[test]
fn each_fault_is_said_as_expected() {
    let names = folders(ours);
    assert!(names.len() >= 20, "fixtures are missing: {names:?}");
    let mut wrong = Vec::new();
    for name in names {
        let root = repository().join("fleets").join(&name);
        let mut sources = read(&root).unwrap();
        sources.root_name = "fleet".to_owned();
        let (_, report) = source::load(&sources);
        let said = diag::render_plain(&report);
        let code = name.split('-').nth(1).unwrap();
        assert!(said.contains(&format!("[{code}]")), "{name} does not raise {code}:\n{said}");
        let file = root.join("expected.txt");
        let mut expected = fs::read_to_string(&file).unwrap_or_default();
        if env::var_os("UPDATE").is_some() && said != expected {
            fs::write(&file, &said).unwrap();
            expected.clone_from(&said);
        }
        if said != expected {
            wrong.push(format!("== {name}\n-- expected\n{expected}-- said\n{said}"));
        }
    }
    assert!(wrong.is_empty(), "{}\nUPDATE=1 rewrites what is expected", wrong.join("\n"));
}

#[test]
fn every_code_of_reading_has_a_fixture_and_a_page() {
    let fixtures: BTreeSet<String> =
        folders(ours).iter().map(|n| n.split('-').nth(1).unwrap().to_owned()).collect();
    for text in [include_str!("../src/codes.rs"), include_str!("../../model/src/codes.rs")] {
        for code in text.split('"').filter(|t| t.starts_with("FW")) {
            // A file of more than 8 MiB is made by a test of its own.
            assert!(fixtures.contains(code) || code == source::codes::TOO_BIG, "no fixture for {code}");
            let page = repository().join(format!("docs/codes/{code}.md"));
            assert!(page.is_file(), "no page for {code}");
        }
    }
}

#[test]
fn good_fleets_are_read_without_a_word() {
    let names = folders(|n| !n.starts_with("bad-"));
    assert!(!names.is_empty());
    for name in names {
        let sources = read(&repository().join("fleets").join(&name)).unwrap();
        // Folders of other rooms may hold only what is expected of a fleet that lies elsewhere.
        if !sources.files.contains_key("fleet.yaml") {
            continue;
        }
        let (fleet, report) = source::load(&sources);
        assert!(fleet.is_some() && report.items.is_empty(), "{name}:\n{}", diag::render_plain(&report));
    }
}

#[test]
fn a_file_of_ten_megabytes_is_refused() {
    let mut sources = source::Sources::default();
    sources.files.insert("fleet.yaml".to_owned(), vec![b'#'; 10_000_000]);
    let (fleet, report) = source::load(&sources);
    assert!(fleet.is_none());
    assert_eq!(
        diag::render_plain(&report),
        "error[FW0011] fleet.yaml:1:1: 10000000 bytes; a source file has at most 8388608\n    \
         help: split it into one file a thing: KIND/NAME.yaml\n"
    );
}

#[test]
fn both_forms_mean_the_same() {
    let (nested, _) = source::load(&read(&repository().join("fleets/minimal")).unwrap());
    let (folder, _) = source::load(&read(&repository().join("fleets/minimal-folder")).unwrap());
    let (nested, folder) = (nested.unwrap(), folder.unwrap());
    // Places differ, values do not.
    let values = |fleet: &model::Fleet| {
        let text = format!("{fleet:?}");
        let words = text.split([' ', ',', '@']).filter(|w| !w.contains(".yaml:"));
        words.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(nested.hosts.len(), 2);
    similar(&values(&nested), &values(&folder));
}

fn similar(a: &str, b: &str) {
    for (at, (a, b)) in a.split(' ').zip(b.split(' ')).enumerate() {
        assert_eq!(a, b, "word {at}");
    }
    assert_eq!(a.len(), b.len());
}

#[test]
fn slips_leave_a_fleet_that_rules_can_look_at_and_lost_things_do_not() {
    let load = |files: &[(&str, &str)]| {
        let mut sources = source::Sources::default();
        for (path, text) in files {
            sources.files.insert((*path).to_owned(), text.as_bytes().to_vec());
        }
        let (fleet, report) = source::load(&sources);
        assert!(report.has_errors(), "{files:?}");
        fleet
    };
    let good = ("sites/home.yaml", "uplink: cgnat");
    for slip in [
        ("hosts/a.yaml", "site: home\nsitte: home"),
        ("hosts/a.yaml", "site: home\nsite: away"),
        ("hosts/a.yaml", "capacity: {cpu: many}"),
        ("dnss.yaml", "upstream: 192.0.2.53"),
        ("playbooks/web.yaml", "- hosts: all"),
    ] {
        assert!(load(&[good, slip]).is_some(), "{slip:?}");
    }
    for lost in [
        ("hosts/a.yaml", "site: [home"),
        ("hosts/a.yml", "site: home"),
        ("host/a.yaml", "site: home"),
        ("hosts/A.yaml", "site: home"),
        ("services/a.yaml", "on: home"),
        ("fleet.yaml", "hosts: {b: &b {}, <<: *b}"),
    ] {
        assert!(load(&[good, lost]).is_none(), "{lost:?}");
    }
}

#[test]
fn findings_in_files_with_faults_are_left_out() {
    use diag::{Diagnostic, Place, Report};
    let at = |file: &str| Place::new(file, 1, 1);
    let (mut reading, mut rules) = (Report::new(), Report::new());
    reading.push(Diagnostic::error("FW0101", &at("a.yaml"), "unknown key"));
    reading.push(Diagnostic::note("FW0040", &at("b.yaml"), "hides"));
    reading.push(Diagnostic::error("FW0101", &at("fleet.yaml"), "unknown key"));
    rules.push(Diagnostic::error("FW0308", &at("a.yaml"), "follows from it"));
    rules.push(Diagnostic::error("FW0503", &at("c.yaml"), "involves it").label(&at("a.yaml"), "here"));
    rules.push(Diagnostic::error("FW0201", &at("b.yaml"), "a fault of its own"));
    rules.push(Diagnostic::error("FW0201", &Place::new("fleet.yaml", 9, 1), "of another thing"));
    let codes: Vec<&str> = source::settle(reading, rules).items.iter().map(|d| d.code).collect();
    assert_eq!(codes, ["FW0101", "FW0040", "FW0201", "FW0101", "FW0201"]);
}
