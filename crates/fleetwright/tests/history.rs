//! `history`, `show N`, the run lock and the codes of the ways things go wrong, without hosts.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use apply::{FleetOutcome, HostOutcome};
use artifact::protocol::{Code, Receipt, State, UndoReport};
use common::{json, run};
use fleetwright::history::History;
use fleetwright::run_lock::{Run, RunLock};
use fleetwright::runs::{About, Underway};
use fleetwright::trouble;
use plan::HostPlan;
use remote::Reach;
use std::path::Path;

fn about() -> About<'static> {
    About { kind: "apply", environment: "twin lab", plan: None, plan_file: None }
}

fn changed(host: &str) -> HostOutcome {
    let receipt = Receipt { host: host.to_owned(), generation: 4, at: 7, ..Receipt::default() };
    HostOutcome::Changed { generation: 4, plan: HostPlan::default(), receipt: Box::new(receipt) }
}

fn undone() -> HostOutcome {
    let report = UndoReport {
        generation: 5,
        from: State::Switching,
        reason: "it was not well".to_owned(),
        fault: None,
        at: 9,
        remaining: Vec::new(),
    };
    HostOutcome::Undone { reason: report.reason.clone(), report }
}

fn record(folder: &Path, hosts: Vec<(&str, HostOutcome)>) {
    let mut run = Underway::begin(folder, &about()).unwrap();
    run.record(Some("digest-of-the-plan".to_owned())).unwrap();
    let waves = vec![vec!["nas".to_owned()], vec!["gw".to_owned()]];
    let hosts = hosts.into_iter().map(|(h, o)| (h.to_owned(), o)).collect();
    run.end(&FleetOutcome { hosts, waves, ..FleetOutcome::default() }).unwrap();
}

#[test]
fn runs_are_listed_chosen_and_shown() {
    let fleet = common::fleet(&[("fleet.yaml", "domain: a.example\n")]);
    let none = run(fleet.path(), &["history"]);
    assert_eq!((none.code, &*none.out), (0, "no runs\n"), "{}", none.err);
    record(fleet.path(), vec![("gw", changed("gw")), ("nas", HostOutcome::Unchanged { generation: 3 })]);
    record(fleet.path(), vec![("nas", undone())]);
    // One that is killed has no end.
    let mut killed = Underway::begin(fleet.path(), &about()).unwrap();
    killed.record(None).unwrap();
    drop(killed);

    let list = run(fleet.path(), &["history"]).out;
    let lines: Vec<&str> = list.lines().collect();
    assert!(
        lines.len() == 3 && lines[0].contains("whole") && lines[0].contains("1 changed, 1 unchanged"),
        "{list}"
    );
    assert!(lines[1].contains("failed") && lines[2].contains("cut off"), "{list}");
    let count =
        |args: &[&str]| json(fleet.path(), &[&["history"], args].concat())["runs"].as_array().unwrap().len();
    assert_eq!((count(&["--host", "gw"]), count(&["--host", "nas"]), count(&["--host", "x"])), (1, 2, 0));
    assert_eq!((count(&["--by", "@"]), count(&["--by", "nobody-at-all"])), (3, 0));
    assert_eq!((count(&["--since", "2020-01-01"]), count(&["--since", "2999-01-01"])), (3, 0));
    assert_eq!(run(fleet.path(), &["history", "--since", "yesterday"]).code, 2);

    let shown = run(fleet.path(), &["show", "1"]);
    for word in
        ["digest-of-the-plan", "nas, then gw", "gw: changed: generation 4, 0 steps", "unsigned", "logs"]
    {
        assert!(shown.out.contains(word), "{word}: {}{}", shown.out, shown.err);
    }
    let run_ = json(fleet.path(), &["show", "2"]);
    assert_eq!(run_["run"]["hosts"]["nas"]["outcome"], "undone", "{run_:#}");
    assert_eq!(json(fleet.path(), &["show", "1"])["trust"]["gw"], "unsigned");
    let missing = run(fleet.path(), &["show", "9"]);
    assert!(missing.code == 1 && missing.err.contains("FW3004"), "{}", missing.err);
}

#[test]
fn a_second_run_beside_the_first_is_refused_and_one_after_it_is_not() {
    let fleet = common::fleet(&[("fleet.yaml", "")]);
    let first = Underway::begin(fleet.path(), &about()).unwrap();
    let refused = Underway::begin(fleet.path(), &about()).err().unwrap();
    let said = &refused.report.items[0];
    assert!(said.code == "FW1033" && said.message.contains(&first.run.id), "{}", said.message);
    // It was refused before anything was recorded.
    assert_eq!(History::of(fleet.path()).numbers().unwrap(), Vec::<u64>::new());
    drop(first);
    RunLock::take(fleet.path(), "twin lab", &Run::begin()).unwrap();
}

#[test]
fn a_file_that_is_no_plan_is_refused_before_anything_else() {
    let fleet = common::copy("two-sites");
    let file = fleet.path().join("plan.bin");
    let apply = |what: &[&str]| run(fleet.path(), &[&["apply", "--twin", "there-is-none"], what].concat());
    let path = file.to_str().unwrap();
    let missing = apply(&[path]);
    assert!(missing.code == 1 && missing.err.contains("FW3002"), "{}", missing.err);
    std::fs::write(&file, "no plan").unwrap();
    let damaged = apply(&[path]);
    assert!(damaged.code == 1 && damaged.err.contains("FW1030"), "{}", damaged.err);
    let both = apply(&[path, "mac-mini"]);
    assert!(both.code == 2 && both.err.contains("applied alone"), "{}", both.err);
}

/// Each way a host is not reached, and each thing its agent says no with, has its own code, page and way out.
#[test]
fn every_trouble_has_a_code_a_page_and_a_way_out() {
    let reaches = [
        (Reach::NameUnknown, "FW1001"),
        (Reach::NoRoute, "FW1002"),
        (Reach::Refused, "FW1003"),
        (Reach::Timeout, "FW1004"),
        (Reach::HostKeyUnknown, "FW1005"),
        (Reach::HostKeyChanged, "FW1006"),
        (Reach::Auth, "FW1007"),
        (Reach::NoSudo, "FW1008"),
        (Reach::SudoPassword, "FW1009"),
        (Reach::Architecture, "FW1010"),
        (Reach::NoSystemd, "FW1011"),
        (Reach::ReadOnly, "FW1012"),
        (Reach::DiskFull, "FW1013"),
        (Reach::Config, "FW1014"),
        (Reach::Lost, "FW1015"),
        (Reach::Off, "FW1016"),
    ];
    let codes = [
        (Code::LockHeld, "FW1020"),
        (Code::JournalDamaged, "FW1021"),
        (Code::JournalNewer, "FW1022"),
        (Code::GenerationMissing, "FW1023"),
        (Code::WorldMoved, "FW1024"),
        (Code::ClockSkew, "FW1025"),
        (Code::CheckFailed, "FW1026"),
        (Code::Unhealthy, "FW1027"),
        (Code::UnitFailed, "FW1027"),
        (Code::UndoIncomplete, "FW1028"),
        (Code::PathRefused, "FW1029"),
        (Code::PathBlocked, "FW1029"),
        (Code::DiskFull, "FW1013"),
        (Code::ReadOnly, "FW1012"),
        (Code::NoSystemd, "FW1011"),
    ];
    let all = reaches
        .iter()
        .map(|(r, code)| (trouble::of_reach(*r), *code))
        .chain(codes.iter().map(|(c, code)| (trouble::of_agent(*c), *code)));
    for (found, code) in all {
        let (is, help) = found.unwrap_or_else(|| panic!("{code}: nothing leads to it"));
        assert!(is == code && !help.is_empty(), "{is} is not {code}");
        assert!(
            check::explain(code).is_some_and(|page| page.contains("**The way out.**")),
            "{code} has no page"
        );
    }
    assert_eq!(trouble::of_reach(Reach::Other), None);
}
