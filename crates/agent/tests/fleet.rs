//! Whole runs of `apply` against hosts in folders: the agent binary is put there, used, cut off, killed.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;
#[path = "fleet/way.rs"]
mod way;

use apply::{
    HostOutcome, Options, Target, apply_fleet, drift_fleet, generations_fleet, observe_fleet, rollback_fleet,
    status_fleet, unlock,
};
use artifact::protocol::{AGENT_PATH, Code, Goal};
use common::*;
use remote::Remote;
use std::sync::atomic::Ordering;
use std::sync::mpsc::channel;
use std::time::Duration;
use way::*;

#[test]
fn the_agent_is_put_there_once_and_a_second_run_touches_nothing() {
    let hosts = [host("a"), host("b"), host("c")];
    let (events, heard) = channel();
    let outcome = apply_fleet(&targets(&hosts), &options(), &events);
    drop(events);
    assert!(outcome.is_ok(), "{outcome:?}");
    let phases: Vec<_> = heard.iter().filter(|e| e.host == "a").map(|e| e.phase).collect();
    let count = |phase: &str| phases.iter().filter(|p| format!("{p:?}") == phase).count();
    assert_eq!((count("Bootstrap"), count("Confirming"), count("Done")), (1, 1, 1), "{phases:?}");
    assert_eq!(phases.last(), Some(&apply::Phase::Done));
    for host in &hosts {
        assert_eq!(host.world.text("/etc/web/web.conf"), "listen 80\n");
        assert_eq!(host.way.writes.load(Ordering::SeqCst), 1);
        // Tried until the agent is there and can be run; then one conversation, and the confirm on its own.
        let mut calls = host.calls();
        calls.dedup();
        assert_eq!(calls, ["apply", "confirm"]);
        host.world.calls();
    }
    let outcome = run(&hosts, &options());
    for host in &hosts {
        assert_eq!(outcome.hosts[&host.desired.host], HostOutcome::Unchanged { generation: 1 });
        assert_eq!(host.calls(), ["apply"], "a host with nothing to do is one call");
        assert_eq!(host.world.calls(), Vec::<String>::new());
    }
    assert!(observe_fleet(&targets(&hosts), &options(), &channel().0).is_empty());
    let status = status_fleet(&targets(&hosts), &options());
    assert!(
        status.unknown.is_empty() && status.hosts.values().all(|s| s.generation == 1 && s.drift.is_empty())
    );
}

#[test]
fn another_build_of_the_agent_is_replaced() {
    let hosts = [host("a")];
    let mut other = std::fs::read(env!("CARGO_BIN_EXE_fleetwright-agent")).unwrap();
    other.extend_from_slice(b"older build");
    hosts[0].way.write(AGENT_PATH, &other, 0o755).unwrap();
    assert!(run(&hosts, &options()).is_ok());
    assert_eq!(hosts[0].way.writes.load(Ordering::SeqCst), 2);
    let there = hosts[0].way.read(AGENT_PATH).unwrap().unwrap();
    assert_eq!(artifact::hash_hex(&there), options().agent.sha256);
}

#[test]
fn a_sick_host_goes_back_and_the_run_fails() {
    let mut hosts = [host("a"), host("b")];
    hosts[1].sick();
    let before = &hosts[1].virgin;
    let outcome = run(&hosts, &options());
    assert!(!outcome.is_ok());
    assert!(matches!(outcome.hosts["a"], HostOutcome::Changed { generation: 1, .. }));
    let HostOutcome::Undone { reason, report } = &outcome.hosts["b"] else { panic!() };
    assert!(reason.contains("sick") && report.remaining.is_empty(), "{reason}");
    assert_eq!(&hosts[1].tree(), before);
}

#[test]
fn a_host_that_cannot_be_confirmed_goes_back_by_itself_and_we_say_so() {
    let hosts = [host("a")];
    hosts[0].way.deaf_to.lock().unwrap().push("confirm");
    let before = hosts[0].virgin.clone();
    let brain = hosts[0].world.systemd.brain.clone();
    let options = Options { deadline_s: 5, ..options() };
    let outcome = std::thread::scope(|scope| {
        let fleet = scope.spawn(|| run(&hosts, &options));
        let until = std::time::Instant::now() + Duration::from_secs(10);
        // The stand-in has no clock: the timer runs out when the controller has begun to confirm.
        while !hosts[0].way.deaf_to.lock().unwrap().is_empty() && std::time::Instant::now() < until {
            let armed = brain.lock().unwrap().timers.contains_key("fleetwright-deadman.timer");
            if armed && hosts[0].world.status().pending.is_some_and(|p| p.state.name() == "observed") {
                hosts[0].world.fire_deadman();
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        fleet.join().unwrap()
    });
    let HostOutcome::Undone { reason, report } = &outcome.hosts["a"] else { panic!("{outcome:?}") };
    assert!(reason.contains("nobody confirmed") && report.remaining.is_empty());
    assert_eq!(hosts[0].tree(), before);
}

#[test]
fn an_agent_killed_in_the_switch_is_undone_at_once() {
    for point in ["staged", "armed", "switching:files", "switching:units", "switched"] {
        let hosts = [host("a")];
        let before = hosts[0].virgin.clone();
        *hosts[0].way.die_at.lock().unwrap() = Some(point);
        let outcome = run(&hosts, &options());
        assert!(!outcome.is_ok(), "{point}");
        assert!(!matches!(outcome.hosts["a"], HostOutcome::Unknown { .. }), "{point}: {outcome:?}");
        assert_eq!(hosts[0].tree(), before, "{point}");
        *hosts[0].way.die_at.lock().unwrap() = None;
        assert!(run(&hosts, &options()).is_ok(), "{point}");
    }
}

#[test]
fn only_the_plan_that_was_agreed_to_is_carried_out() {
    let hosts = [host("a")];
    let plan = observe_fleet(&targets(&hosts), &options(), &channel().0);
    let agreed = Some([("a".to_owned(), plan.hosts["a"].digest())].into());
    let options = Options { agreed, ..options() };
    hosts[0].world.put("/etc/web/web.conf", "somebody was here", 0o644);
    let outcome = run(&hosts, &options);
    let HostOutcome::Failed { fault: Some(fault), .. } = &outcome.hosts["a"] else { panic!("{outcome:?}") };
    assert!(fault.code == Code::WorldMoved && fault.message.contains("plan again"));
    assert_eq!(hosts[0].world.text("/etc/web/web.conf"), "somebody was here");
    std::fs::remove_dir_all(hosts[0].world.path("/etc/web")).unwrap();
    assert!(run(&hosts, &options).is_ok());
}

#[test]
fn a_missing_secret_fails_before_the_host_is_touched() {
    let hosts = [host("a")];
    let target = [Target { remote: hosts[0].way.clone(), desired: &hosts[0].desired, secrets: &|_| None }];
    let outcome = apply_fleet(&target, &options(), &channel().0);
    assert!(matches!(&outcome.hosts["a"], HostOutcome::Failed { reason, .. } if reason.contains("pw")));
    assert_eq!(hosts[0].calls(), Vec::<String>::new());
}

#[test]
fn a_host_in_the_middle_of_a_change_has_no_plan() {
    let hosts = [host("a")];
    assert!(run(&hosts, &options()).is_ok());
    let mut desired = second();
    desired.host = "a".into();
    assert!(matches!(hosts[0].world.apply(&desired), artifact::protocol::Event::Switched { .. }));
    let plan = observe_fleet(&targets(&hosts), &options(), &channel().0);
    assert!(plan.unknown["a"].contains("neither confirmed nor undone") && !plan.is_empty());
    hosts[0].world.fire_deadman();
    assert!(observe_fleet(&targets(&hosts), &options(), &channel().0).is_empty());
}

#[test]
fn a_big_file_goes_on_where_the_connection_broke() {
    let mut hosts = [host("a")];
    assert!(run(&hosts, &options()).is_ok());
    let noise: String =
        (0..90_000u64).map(|i| artifact::hash_hex(&i.to_le_bytes())[..16].to_owned()).collect();
    hosts[0].desired.files.insert("/etc/web/big".into(), file("web", 0o644, &noise));
    let before = hosts[0].tree();
    let cut = 800_000;
    hosts[0].way.bytes.store(cut, Ordering::SeqCst);
    let outcome = run(&hosts, &options());
    assert!(matches!(&outcome.hosts["a"], HostOutcome::Failed { .. }), "{outcome:?}");
    assert_eq!(hosts[0].tree(), before);
    // Hex digits travel as about three quarters of their number: all of them would not fit.
    hosts[0].way.bytes.store(cut, Ordering::SeqCst);
    assert!(noise.len() * 2 / 3 > cut);
    let outcome = run(&hosts, &options());
    assert!(outcome.is_ok(), "{outcome:?}");
    assert_eq!(hosts[0].world.text("/etc/web/big"), format!("{noise}\n"));
}

#[test]
fn whoever_holds_a_host_is_named_and_can_be_ended_by_name() {
    let hosts = [host("a"), host("b")];
    assert!(run(&hosts, &options()).is_ok());
    let mut theirs = hosts[0].world.begin(Goal::Digest("0".repeat(64)), &[]);
    assert_eq!(theirs.hear(), Some(artifact::protocol::Event::Want));
    let outcome = run(&hosts, &options());
    let HostOutcome::Failed { fault: Some(fault), .. } = &outcome.hosts["a"] else { panic!("{outcome:?}") };
    assert_eq!(fault.code, Code::LockHeld);
    assert!(["ann@desk", "10.0.0.9", "run-1"].iter().all(|w| fault.message.contains(w)), "{fault}");
    let a = || targets(&hosts[..1]);
    assert!(unlock(&a(), "bob@desk", &options()).unknown["a"].contains("ann@desk"));
    assert_eq!(unlock(&a(), "ann@desk", &options()).hosts["a"].run, "run-1");
    assert!(run(&hosts, &options()).is_ok());
}

#[test]
fn hosts_go_back_to_a_generation_they_keep_and_say_what_drifted() {
    let mut hosts = [host("a"), host("b")];
    let claim = artifact::protocol::Claim { run: "r7".into(), ..claim() };
    let options = Options { claim: claim.clone(), ..options() };
    let outcome = run(&hosts, &options);
    assert!(outcome.is_ok() && outcome.claim == claim && outcome.receipts().len() == 2);
    assert!(outcome.receipts().values().all(|r| r.run == "r7" && r.who == "ann@desk"));
    let first = hosts[0].tree();
    hosts[0].desired = second();
    hosts[0].desired.host = "a".into();
    assert!(run(&hosts, &options).is_ok());
    let kept = generations_fleet(&targets(&hosts), &options);
    assert_eq!(kept.hosts["a"].iter().map(|g| g.generation).collect::<Vec<_>>(), [1, 2]);
    let to = |n| [("a".to_owned(), n)].into();
    let outcome = rollback_fleet(&targets(&hosts), &to(9), &options, &channel().0);
    let HostOutcome::Failed { fault: Some(fault), .. } = &outcome.hosts["a"] else { panic!("{outcome:?}") };
    assert_eq!(fault.code, Code::GenerationMissing);
    let outcome = rollback_fleet(&targets(&hosts), &to(1), &options, &channel().0);
    assert!(outcome.is_ok() && outcome.hosts.len() == 1, "{outcome:?}");
    let HostOutcome::Changed { generation: 3, plan, receipt } = &outcome.hosts["a"] else {
        panic!("{outcome:?}")
    };
    assert_eq!(receipt.digest, kept.hosts["a"][0].digest);
    assert!(plan.steps.iter().all(|s| &*s.why[0].reason == "back to generation 1"));
    // The account stays, as in any removal of one that has a home; all else is as it was.
    let accounts = ["/etc/passwd", "/etc/group", "/home"];
    let but = |mut tree: std::collections::BTreeMap<String, String>| {
        tree.retain(|path, _| !accounts.iter().any(|a| path.starts_with(a)));
        tree
    };
    assert_eq!(but(hosts[0].tree()), but(first));
    let drifted = || drift_fleet(&targets(&hosts), &options).hosts["a"].items.len();
    assert_eq!(drifted(), 0);
    hosts[0].world.put("/etc/web/web.conf", "by hand\n", 0o644);
    assert_eq!(drifted(), 1);
}
