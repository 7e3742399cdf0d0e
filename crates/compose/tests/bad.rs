//! Each code has a case in `bad/` that triggers it, with what is said beside it; `UPDATE=1` rewrites that.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::collections::BTreeSet;
use std::{env, fs};
use support::{cases, here};

#[test]
fn each_fault_is_said_as_expected() {
    let mut wrong = String::new();
    for case in cases("bad") {
        let (project, mut report) = case.load();
        if !report.has_errors()
            && let Some(project) = project
        {
            let made = compose::fleet_services(&project, &case.sources(), "", &mut report);
            report.items.extend(made.not_carried.iter().map(|n| n.diagnostic()));
        }
        report.sort();
        let said = diag::render_plain(&report).replace("/project/", "");
        let code = case.name.split('-').next().unwrap();
        if !said.contains(code) {
            wrong.push_str(&format!("== {} does not say its code:\n{said}", case.name));
        }
        let path = here().join("bad").join(format!("{}.txt", case.name));
        if env::var_os("UPDATE").is_some() {
            fs::write(&path, &said).unwrap();
        } else if fs::read_to_string(&path).unwrap_or_default() != said {
            wrong.push_str(&format!("== {} is not {}\n{said}", case.name, path.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn each_code_has_a_case_and_a_page() {
    let codes = fs::read_to_string(here().join("../src/codes.rs")).unwrap();
    let codes: BTreeSet<&str> = codes.lines().filter_map(|l| l.split('"').nth(1)).collect();
    assert!(codes.len() > 25);
    let names: Vec<String> = cases("bad").into_iter().map(|case| case.name).collect();
    // Of the entry in a fleet: `crates/source/tests/compose.rs` has them.
    let of_the_entry = ["FW1444", "FW1445", "FW1446"];
    for code in codes {
        if of_the_entry.contains(&code) {
            continue;
        }
        assert!(names.iter().any(|name| name.starts_with(code)), "no case for {code}");
        let page = here().join("../../../docs/codes").join(format!("{code}.md"));
        assert!(page.exists(), "no page for {code}");
    }
}

#[test]
fn every_diagnostic_has_a_way_out_and_all_but_a_few_a_place() {
    for case in cases("bad") {
        for diagnostic in case.load().1.items {
            let said = format!("{}: {diagnostic:?}", case.name);
            assert!(diagnostic.help.is_some() || diagnostic.code == "FW1401", "no way out: {said}");
            let whole = ["FW1409", "FW1410", "FW1429"].contains(&diagnostic.code);
            assert!(diagnostic.place.is_some() || whole, "no place: {said}");
        }
    }
}
