//! `bad/FW12…`: each folder is an inventory with a fault, `expected.txt` in it is what reading says.
//! `UPDATE=1` rewrites the expectations.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use ansible::{Options, connection, read};
use diag::Report;
use std::collections::BTreeSet;
use std::{env, fs};
use support::{files, folders, here, sources, vault};

#[test]
fn each_fault_is_said_as_expected() {
    let mut wrong = Vec::new();
    for name in folders("bad") {
        let folder = here().join("bad").join(&name);
        let sources = sources(&folder);
        let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
        let mut report = Report::new();
        let options = Options { sources: &sources, playbooks: None };
        let inventory = read(&files(&folder), options, &vault(&folder), &mut report);
        for host in inventory.hosts.values() {
            connection::read(host, &mut report);
        }
        report.sort();
        let said = diag::render_plain(&report);
        let code = &name[..6];
        assert!(report.items.iter().any(|item| item.code == code), "{name} does not say {code}:\n{said}");
        let expected = folder.join("expected.txt");
        if env::var_os("UPDATE").is_some() {
            fs::write(&expected, &said).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != said {
            wrong.push(format!("{name}:\n{said}"));
        }
    }
    assert!(wrong.is_empty(), "not as expected:\n{}", wrong.join("\n"));
}

#[test]
fn every_code_has_a_page_and_a_fixture() {
    let sources = [
        include_str!("../src/codes.rs").to_owned(),
        fs::read_to_string(here().join("../../py/src/codes.rs")).unwrap(),
    ];
    let fixtures: BTreeSet<String> = folders("bad").into_iter().map(|name| name[..6].to_owned()).collect();
    for code in sources.iter().flat_map(|text| text.split('"').skip(1).step_by(2)) {
        let page = here().join("../../../docs/codes").join(format!("{code}.md"));
        assert!(page.exists(), "{code} has no page");
        assert!(fixtures.contains(code), "{code} has no fixture");
    }
}
