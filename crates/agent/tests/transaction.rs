//! What a host looks like after an apply, a failed one, an undo.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use artifact::protocol::{Code, Event, State};
use artifact::{Check, Health, Probe};
use common::*;

#[test]
fn an_apply_makes_everything_as_desired_and_a_second_one_does_nothing() {
    let world = World::new();
    assert_eq!(world.settle(&first()), 1);
    assert_eq!(world.text("/etc/web/web.conf"), "listen 80\n");
    assert_eq!(world.text("/etc/db/deep/key"), "# key\nkey = correct-horse-battery;\n");
    let tree = world.tree();
    assert!(tree["/etc/db/deep/key"].starts_with("100600 0:0"));
    assert!(tree["/srv/data"].starts_with("40750 0:0"));
    assert!(tree["/etc/web/current"].ends_with(" web.conf"));
    let calls = world.calls();
    let at = |call: &str| {
        calls.iter().position(|c| c == call).unwrap_or_else(|| panic!("{call} not in {calls:?}"))
    };
    assert!(at("daemon-reload") < at("start db.service") && at("start db.service") < at("start web.service"));
    assert!(at("enable db.service") < at("daemon-reload"));
    assert_eq!(calls.iter().filter(|c| *c == "daemon-reload").count(), 1);

    assert_eq!(world.apply(&first()), Event::Unchanged(1));
    assert_eq!(world.calls(), Vec::<String>::new());
    assert_eq!(world.tree(), tree);
    let status = world.status();
    assert_eq!((status.generation, status.pending, status.drift), (1, None, vec![]));
    assert_eq!(status.receipt.unwrap().files.len(), 5);
}

#[test]
fn what_changes_decides_between_reload_and_restart() {
    let world = World::new();
    world.settle(&first());
    world.calls();
    let mut desired = first();
    desired.files.insert("/etc/web/web.conf".into(), file("web", 0o644, "listen 8080"));
    world.settle(&desired);
    assert_eq!(world.calls(), ["reload web.service", "stop fleetwright-deadman.timer"]);
    desired.files.insert("/etc/db/db.conf".into(), file("db", 0o640, "size 2"));
    world.settle(&desired);
    assert_eq!(world.calls(), ["restart db.service", "stop fleetwright-deadman.timer"]);
}

#[test]
fn what_leaves_is_taken_away_and_what_was_there_before_comes_back() {
    let world = World::new();
    world.put("/etc/db/db.conf", "the distribution's own\n", 0o604);
    world.systemd.brain.lock().unwrap().installed.insert("web.service".into());
    world.systemd.brain.lock().unwrap().active.insert("web.service".into());
    let before = world.tree();
    world.settle(&first());
    world.put("/srv/data/precious", "x", 0o644);
    world.calls();
    let nothing = artifact::Desired { host: "web".into(), ..Default::default() };
    world.settle(&nothing);
    let mut after = world.tree();
    assert!(after.remove("/srv/data/precious").is_some());
    assert!(after.remove("/srv/data").is_some(), "data is never removed");
    assert_eq!(after, before);
    let calls = world.calls();
    assert!(calls.contains(&"stop db.service".to_owned()));
    assert!(!calls.contains(&"stop web.service".to_owned()), "it ran before the fleet came: {calls:?}");
    assert_eq!(world.active(), ["web.service".to_owned()].into());
    assert!(matches!(world.apply(&nothing), Event::Unchanged(_)));
}

#[test]
fn a_failed_check_changes_nothing_and_hides_secrets() {
    let world = World::new();
    world.settle(&first());
    let (before, active) = (world.tree(), world.active());
    world.calls();
    let mut desired = second();
    desired.files.insert("/etc/db/deep/key".into(), secret_file("new"));
    desired.checks.push(Check {
        engine: "new".into(),
        files: ["/etc/new/a/b/c.conf".to_owned()].into(),
        argv: ["sh", "-c", "cat {stage}/etc/db/deep/key; stat -c %a {stage}/etc/db/deep/key; exit 3"]
            .map(str::to_owned)
            .into(),
        timeout_s: 5,
    });
    let Event::Failed(fault) = world.apply(&desired) else { panic!() };
    assert_eq!(fault.code, Code::CheckFailed);
    assert!(fault.message.contains("‹secret›") && fault.message.contains("600"), "{fault}");
    assert!(!fault.message.contains("horse"), "{fault}");
    assert_eq!((world.tree(), world.active()), (before, active));
    assert_eq!(world.calls(), Vec::<String>::new());
    assert_eq!(world.status().generation, 1);
    let journal = world.text("/var/lib/fleetwright/journal");
    assert!(!journal.contains("horse"));
}

#[test]
fn a_check_that_hangs_fails_in_time() {
    let world = World::new();
    let mut desired = first();
    desired.checks.push(Check {
        engine: "web".into(),
        files: ["/etc/web/web.conf".to_owned()].into(),
        argv: vec!["/bin/sleep".into(), "60".into()],
        timeout_s: 1,
    });
    let started = std::time::Instant::now();
    let Event::Failed(fault) = world.apply(&desired) else { panic!() };
    assert!(fault.message.contains("did not end within 1 s"), "{fault}");
    assert!(started.elapsed().as_secs() < 10);
}

/// Failing right after each journal line, and units that refuse or die: the host is exactly as before.
#[test]
fn a_failure_at_any_step_leaves_the_old_bytes_modes_and_units() {
    let points = [
        "staged",
        "checked",
        "armed",
        "switching:users",
        "switching:stops",
        "switching:files",
        "switching:manager",
        "switching:units",
        "switched",
        "observed",
    ];
    for point in points {
        let world = World::new();
        world.settle(&first());
        let (before, active) = (world.tree(), world.active());
        let event = world.apply_with(&second(), &[("FLEETWRIGHT_FAIL_AT", point)]).unwrap();
        match event {
            Event::Failed(_) => assert!(["staged", "checked", "armed"].contains(&point), "{point}"),
            Event::Undone(report) => assert_eq!(report.remaining, Vec::<String>::new(), "{point}"),
            other => panic!("{point}: {other:?}"),
        }
        assert_eq!(world.tree(), before, "{point}");
        assert_eq!(world.active(), active, "{point}");
        assert_eq!(world.status().generation, 1, "{point}");
        assert!(world.systemd.brain.lock().unwrap().timers.is_empty(), "{point}: the timer stays");
        assert!(matches!(world.apply(&first()), Event::Unchanged(1)), "{point}");
        world.settle(&second());
    }
}

#[test]
fn a_unit_that_refuses_or_dies_is_undone_and_named() {
    for dies in [false, true] {
        let world = World::new();
        world.settle(&first());
        let (before, active) = (world.tree(), world.active());
        {
            let mut brain = world.systemd.brain.lock().unwrap();
            let set = if dies { &mut brain.dying } else { &mut brain.refuse };
            set.insert("new.service".into());
        }
        let Event::Undone(report) = world.apply(&second()) else { panic!() };
        assert!(report.reason.contains("new.service"), "{}", report.reason);
        assert_eq!(report.remaining, Vec::<String>::new());
        let code = if dies { Code::Unhealthy } else { Code::UnitFailed };
        assert_eq!(report.fault.unwrap().code, code);
        assert_eq!((world.tree(), world.active()), (before, active));
    }
}

#[test]
fn a_probe_that_does_not_hold_is_undone() {
    let world = World::new();
    let before = world.tree();
    let mut desired = first();
    let probe = Probe::Command(vec!["/bin/false".into()]);
    desired.health.push(Health { name: "web answers".into(), probe, timeout_s: 1, why: why() });
    let Event::Undone(report) = world.apply(&desired) else { panic!() };
    assert!(report.reason.contains("web answers"), "{}", report.reason);
    assert_eq!(report.from, State::Switched);
    assert_eq!(world.tree(), before);
    assert_eq!(world.status().generation, 0);
}

#[test]
fn nobody_confirms_and_the_host_goes_back_alone() {
    let world = World::new();
    world.settle(&first());
    let (before, active) = (world.tree(), world.active());
    let Event::Switched { generation, token } = world.apply(&second()) else { panic!() };
    assert_ne!(world.tree(), before);
    let Event::Refused(fault) = world.apply(&second()) else { panic!() };
    assert_eq!(fault.code, Code::LockHeld, "a second apply waits its turn");
    let Event::Undone(report) = world.fire_deadman() else { panic!() };
    assert_eq!(report.remaining, Vec::<String>::new());
    assert_eq!((world.tree(), world.active()), (before, active));
    let Event::Undone(_) = world.confirm(generation, &token) else { panic!("too late is not confirmed") };
    assert_eq!(world.observation(&first()).undo_report.unwrap().generation, generation);
}

#[test]
fn confirming_needs_the_token_and_stops_the_timer() {
    let world = World::new();
    let Event::Switched { generation, token } = world.apply(&first()) else { panic!() };
    let Event::Refused(fault) = world.confirm(generation, "wrong") else { panic!() };
    assert_eq!(fault.code, Code::TokenMismatch);
    let Event::Refused(fault) = world.confirm(generation + 1, &token) else { panic!() };
    assert_eq!(fault.code, Code::NoTransaction);
    let Event::Confirmed(receipt) = world.confirm(generation, &token) else { panic!() };
    assert_eq!(receipt.digest, flat(&first()).0.digest());
    assert!(world.systemd.brain.lock().unwrap().timers.is_empty());
    assert_eq!(world.confirm(generation, &token), Event::Confirmed(receipt), "twice is once");
}

#[test]
fn a_service_that_died_before_the_confirm_is_not_a_success() {
    let world = World::new();
    let Event::Switched { generation, token } = world.apply(&first()) else { panic!() };
    world.systemd.brain.lock().unwrap().active.remove("web.service");
    let Event::Undone(report) = world.confirm(generation, &token) else { panic!() };
    assert!(report.reason.contains("web.service"));
    assert_eq!(world.active(), [].into());
}

#[test]
fn a_confirmed_generation_can_be_undone_by_name() {
    let world = World::new();
    world.settle(&first());
    let (before, active) = (world.tree(), world.active());
    let generation = world.settle(&second());
    let Event::Refused(_) = world.undo(generation, false) else { panic!("it is confirmed") };
    let Event::Undone(report) = world.undo(generation, true) else { panic!() };
    assert_eq!(report.remaining, Vec::<String>::new());
    assert_eq!((world.tree(), world.active()), (before, active));
    assert_eq!(world.status().generation, 1);
    assert!(matches!(world.undo(generation, true), Event::Undone(_)), "twice is once");
    assert_eq!(world.apply(&first()), Event::Unchanged(1));
}

#[test]
fn edits_by_hand_are_drift_with_a_diff_and_are_undone() {
    let world = World::new();
    world.settle(&first());
    world.put("/etc/web/web.conf", "listen 9\n", 0o644);
    world.systemd.brain.lock().unwrap().active.remove("db.service");
    let seen = world.observation(&first());
    assert_eq!(seen.drift, ["/etc/web/web.conf".to_owned(), "db.service".to_owned()].into());
    assert_eq!(seen.files["/etc/web/web.conf"].before.as_deref(), Some("listen 9\n"));
    assert_eq!(world.status().drift.len(), 3);
    world.settle(&first());
    assert_eq!(world.text("/etc/web/web.conf"), "listen 80\n");
    assert_eq!(world.status().drift, Vec::<String>::new());
}

#[test]
fn secrets_never_leave_the_host_in_an_observation() {
    let world = World::new();
    world.settle(&first());
    let mut desired = first();
    desired.files.insert("/etc/db/deep/key".into(), file("db", 0o644, "no secret any more"));
    let seen = world.observation(&desired);
    assert_eq!(seen.files["/etc/db/deep/key"].before.as_deref(), Some("# key\nkey = ‹secret pw›;\n"));
    world.put("/etc/db/deep/key", "somebody's own secret\n", 0o600);
    let seen = world.observation(&desired);
    assert_eq!(seen.files["/etc/db/deep/key"].before, None);
}

#[test]
fn paths_of_the_system_and_paths_in_the_way_are_refused() {
    let world = World::new();
    let before = world.tree();
    let mut desired = first();
    desired.files.insert("/etc/passwd".into(), file("x", 0o644, "root::0:0::/:/bin/sh"));
    let Event::Refused(fault) = world.apply(&desired) else { panic!() };
    assert_eq!(fault.code, Code::PathRefused);
    let mut desired = first();
    desired.files.insert("/srv".into(), file("x", 0o644, "x"));
    let Event::Refused(fault) = world.apply(&desired) else { panic!() };
    assert_eq!(fault.code, Code::PathBlocked);
    assert_eq!(world.tree(), before);
}

#[test]
fn only_the_last_generations_are_kept() {
    let world = World::new();
    for n in 0..8 {
        let mut desired = first();
        desired.files.insert("/etc/web/web.conf".into(), file("web", 0o644, &format!("listen {n}")));
        world.settle(&desired);
    }
    let count = |folder: &str| std::fs::read_dir(world.path(folder)).unwrap().count();
    assert_eq!(count("/var/lib/fleetwright/generations"), 5);
    // Five of web.conf, the file before the oldest kept one, and four that never changed.
    assert_eq!(count("/var/lib/fleetwright/blobs"), 10);
    let Event::Undone(report) = world.undo(8, true) else { panic!() };
    assert_eq!(report.remaining, Vec::<String>::new());
    assert_eq!(world.text("/etc/web/web.conf"), "listen 6\n");
}

#[test]
fn a_file_that_leaves_restarts_the_unit_that_read_it() {
    let world = World::new();
    world.settle(&first());
    world.calls();
    let mut desired = first();
    desired.files.remove("/etc/db/db.conf");
    desired.units.insert("db.service".into(), unit(&[], &["/etc/db/deep/key"], &[]));
    world.settle(&desired);
    assert_eq!(world.calls(), ["restart db.service", "stop fleetwright-deadman.timer"]);
}

#[test]
fn a_checker_that_comes_with_a_package_is_there_for_the_check() {
    let world = World::new();
    let checker = world.path("/usr/bin/checker");
    let apt = format!("#!/bin/sh\nprintf '#!/bin/sh\\n' >{0} && chmod 755 {0}\n", checker.display());
    world.put("/usr/bin/apt-get", &apt, 0o755);
    let mut desired = first();
    desired.packages.insert("checker".into(), artifact::Package { why: why() });
    desired.checks.push(Check {
        engine: "db".into(),
        files: desired.files.keys().cloned().collect(),
        argv: vec![checker.display().to_string()],
        timeout_s: 5,
    });
    let ended = world.apply(&desired);
    assert!(matches!(ended, Event::Switched { .. }), "{ended:?}");
}
