//! How a fleet goes through a run: waves, those that change together, witnesses, stopping.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;
#[path = "fleet/way.rs"]
mod way;

use apply::{
    Canary, Event, HostOutcome, Options, Phase, Waves, Witness, apply_fleet, observe_fleet, status_fleet,
};
use artifact::Probe;
use artifact::protocol::{Code, State};
use common::*;
use std::sync::atomic::Ordering;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};
use way::*;

fn fleet(names: &str) -> Vec<Host> {
    names.split(' ').map(host).collect()
}

fn one_by_one(names: &str) -> Waves {
    Waves { order: names.split(' ').map(|n| vec![n.to_owned()]).collect(), ..Waves::default() }
}

fn untouched(hosts: &[Host]) {
    for host in hosts {
        assert_eq!(
            (host.tree(), host.world.status().pending),
            (host.virgin.clone(), None),
            "{}",
            host.way.name
        );
    }
}

#[test]
fn a_failed_wave_stops_the_next_and_undoes_the_one_before_if_asked() {
    let mut hosts = [host("a"), host("b"), host("c")];
    hosts[1].sick();
    let before: Vec<_> = hosts.iter().map(|h| h.virgin.clone()).collect();
    let order = vec![vec!["a".into()], vec!["b".into()]];
    let options = Options { waves: Waves { order, ..Waves::default() }, undo_on_failure: true, ..options() };
    let outcome = run(&hosts, &options);
    assert!(matches!(outcome.hosts["a"], HostOutcome::Undone { .. }), "{:?}", outcome.hosts["a"]);
    assert!(matches!(outcome.hosts["b"], HostOutcome::Undone { .. }));
    assert!(matches!(outcome.hosts["c"], HostOutcome::Skipped { .. }));
    let mut calls = hosts[2].calls();
    calls.dedup();
    assert_eq!((calls, hosts[2].world.status().pending), (vec!["apply".to_owned()], None));
    for (host, before) in hosts.iter().zip(&before) {
        assert_eq!(&host.tree(), before);
    }
}

#[test]
fn a_host_that_cannot_be_reached_is_unknown_and_never_ok() {
    let hosts = [host("a"), host("b")];
    hosts[1].way.cut.store(true, Ordering::SeqCst);
    let plan = observe_fleet(&targets(&hosts), &options(), &channel().0);
    assert!(plan.unknown.contains_key("b") && !plan.hosts.contains_key("b"));
    let outcome = run(&hosts, &options());
    assert!(!outcome.is_ok());
    let HostOutcome::Unknown { reason, reach } = &outcome.hosts["b"] else { panic!("{outcome:?}") };
    assert!(reason.contains("no route") && *reach == Some(remote::Reach::NoRoute));
    assert!(!status_fleet(&targets(&hosts), &options()).unknown.is_empty());
    // Nothing changes anywhere before every host was looked at.
    assert!(
        matches!(&outcome.hosts["a"], HostOutcome::Skipped { reason } if reason.contains("because of b"))
    );
    assert_eq!(hosts[0].tree(), hosts[0].virgin);
    let allowed = Options { allow_unreachable: set("b"), ..options() };
    let outcome = run(&hosts, &allowed);
    assert!(outcome.is_ok() && !outcome.hosts["b"].is_ok(), "{outcome:?}");
    assert!(matches!(outcome.hosts["a"], HostOutcome::Changed { .. }));
    assert_eq!(outcome.waves, [["a"]]);
    // Allowed to be away from the beginning, not to get lost in the middle.
    let outcome = run(&hosts, &Options { allow_unreachable: set("a"), ..options() });
    assert!(!outcome.is_ok());
}

#[test]
fn nobody_is_switched_when_one_check_fails() {
    let mut hosts = fleet("a b c");
    hosts[1].check(&["/bin/sh", "-c", "echo no such directive; exit 1"]);
    let begun = Instant::now();
    let mut told = None;
    let outcome = run_with(&hosts, &options(), |event| {
        if event.host == "b" && event.phase == Phase::Done {
            told = Some((begun.elapsed(), event.message.clone()));
        }
    });
    let HostOutcome::Failed { fault: Some(fault), .. } = &outcome.hosts["b"] else { panic!("{outcome:?}") };
    assert!(fault.code == Code::CheckFailed && fault.message.contains("no such directive"));
    assert!(told.unwrap().1.contains("no such directive"));
    for name in ["a", "c"] {
        assert_eq!(skipped(&outcome, name), "not switched because of b");
    }
    untouched(&hosts);
}

#[test]
fn those_that_change_together_are_confirmed_or_go_back_together() {
    let mut hosts = fleet("a b c");
    let together = Options { together: vec![set("a b")], ..options() };
    assert!(run(&hosts, &together).is_ok());
    for (at, calls) in [(0, vec!["apply", "status", "confirm"]), (2, vec!["apply", "confirm"])] {
        let mut seen = hosts[at].calls();
        seen.dedup();
        assert_eq!(seen, calls);
    }
    let before: Vec<_> = hosts.iter().map(Host::tree).collect();
    for host in &mut hosts {
        host.desired.files.insert("/etc/web/web.conf".into(), file("web", 0o644, "listen 82"));
    }
    hosts[1].sick();
    let outcome = run(&hosts, &together);
    let HostOutcome::Undone { reason, .. } = &outcome.hosts["a"] else { panic!("{outcome:?}") };
    assert_eq!(reason, "taken back with b");
    assert!(matches!(outcome.hosts["b"], HostOutcome::Undone { .. }));
    assert!(outcome.hosts["c"].is_ok());
    assert!(!hosts[0].calls().contains(&"confirm".to_owned()));
    assert_eq!((hosts[0].tree(), hosts[1].tree()), (before[0].clone(), before[1].clone()));
    // One whose confirmation is lost takes back one that was confirmed already.
    hosts[1].desired.health.clear();
    hosts[1].way.deaf_to.lock().unwrap().push("confirm");
    let outcome = run(&hosts, &Options { deadline_s: 3, ..together });
    for name in ["a", "b"] {
        assert!(matches!(outcome.hosts[name], HostOutcome::Undone { .. }), "{outcome:?}");
    }
    assert_eq!((hosts[0].tree(), hosts[1].tree()), (before[0].clone(), before[1].clone()));
}

#[test]
fn a_host_that_another_one_does_not_see_well_goes_back() {
    let hosts = fleet("a b");
    let mark = hosts[0].world.path("/srv/seen").to_str().unwrap().to_owned();
    let witness = |by: &str| {
        let probe = Probe::Command(vec!["/bin/cat".into(), mark.clone()]);
        let witnesses = [("a".to_owned(), vec![Witness { by: by.to_owned(), probe, why: why() }])];
        Options { witnesses: witnesses.into(), deadline_s: 4, ..options() }
    };
    let outcome = run(&hosts, &witness("b"));
    let HostOutcome::Undone { reason, report } = &outcome.hosts["a"] else { panic!("{outcome:?}") };
    assert!(reason.contains("b does not see it well") && report.remaining.is_empty(), "{reason}");
    assert!(!hosts[0].calls().contains(&"confirm".to_owned()));
    assert_eq!(hosts[0].tree(), hosts[0].virgin);
    // One that takes no part is not asked.
    let (a, b) = hosts.split_at(1);
    assert!(run(a, &witness("b")).is_ok());
    assert!(a[0].world.undo(2, true).is_last());
    a[0].world.put("/srv/seen", "", 0o644);
    b[0].calls();
    assert!(run(&hosts, &witness("b")).is_ok());
    assert_eq!(b[0].calls(), ["apply", "probe"]);
}

#[test]
fn a_host_that_is_cut_off_a_moment_after_the_switch_goes_back() {
    let mut hosts = fleet("a");
    let soak = Options { soak_ms: 300, deadline_s: 4, ..options() };
    // What does not change the way in is confirmed at once.
    let (events, heard) = channel();
    assert!(apply_fleet(&targets(&hosts), &soak, &events).is_ok());
    drop(events);
    let waits = |e: &Event| e.message.contains("its way in changed");
    assert!(!heard.iter().any(|e| waits(&e)));

    hosts[0]
        .desired
        .files
        .insert("/etc/ssh/sshd_config.d/x.conf".into(), file("sshd", 0o644, "AllowUsers me"));
    let way = hosts[0].way.clone();
    let (events, heard) = channel();
    let cut = std::thread::spawn(move || {
        for event in heard {
            if waits(&event) {
                way.deaf_to.lock().unwrap().push("confirm");
            }
        }
    });
    let outcome = apply_fleet(&targets(&hosts), &soak, &events);
    drop(events);
    cut.join().unwrap();
    let HostOutcome::Undone { reason, report } = &outcome.hosts["a"] else { panic!("{outcome:?}") };
    assert!(reason.contains("not confirmed in time") && report.remaining.is_empty(), "{reason}");
}

#[test]
fn waves_follow_one_another_and_keep_what_they_must() {
    let hosts = fleet("a b c d");
    let paths = [("b".to_owned(), set("a")), ("d".to_owned(), set("a"))];
    let options = Options {
        waves: Waves { canary: vec![Canary::Count(1)], ..Waves::default() },
        paths: paths.into(),
        max_unavailable: vec![(set("c d"), 1)],
        ..options()
    };
    let mut order = Vec::new();
    let outcome = run_with(&hosts, &options, |event| match event.phase {
        Phase::Applying(State::Armed) => order.push(event.host.clone()),
        Phase::Done => order.push(format!("{} done", event.host)),
        _ => {}
    });
    assert_eq!(outcome.waves, [["b"], ["c"], ["d"], ["a"]]);
    assert_eq!(order, ["b", "b done", "c", "c done", "d", "d done", "a", "a done"]);
    // A second run has nobody to put into a wave.
    assert_eq!(run(&hosts, &options).waves, Vec::<Vec<String>>::new());
    let circle = [("b".to_owned(), set("a")), ("a".to_owned(), set("b"))];
    let mut hosts = hosts;
    hosts.iter_mut().for_each(|h| h.desired = second());
    hosts.iter_mut().for_each(|h| h.desired.host = h.way.name.clone());
    let outcome = run(&hosts, &Options { paths: circle.into(), ..options });
    assert!(skipped(&outcome, "c").contains("a, b are reached through each other"));
    assert!(hosts.iter().all(|h| h.world.status().generation == 1));
}

#[test]
fn a_session_that_is_lost_while_it_waits_is_opened_again() {
    let hosts = fleet("a b");
    let waiting = hosts[1].way.clone();
    let options = Options { waves: one_by_one("a b"), ..options() };
    let outcome = run_with(&hosts, &options, |event| {
        if event.host == "a" && event.phase == Phase::Applying(State::Armed) {
            let pid = i32::try_from(waiting.open.load(Ordering::SeqCst)).unwrap();
            let pid = rustix::process::Pid::from_raw(pid).unwrap();
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        }
    });
    assert!(outcome.is_ok(), "{outcome:?}");
    assert_eq!(hosts[1].world.text("/etc/web/web.conf"), "listen 80\n");
}

#[test]
fn asked_to_stop_before_the_switch_everything_is_left_as_it_was() {
    let mut hosts = fleet("a b");
    let options = options();
    options.cancel.store(true, Ordering::SeqCst);
    assert_eq!(skipped(&run(&hosts, &options), "a"), "interrupted");
    assert_eq!(hosts[0].tree(), hosts[0].virgin);
    options.cancel.store(false, Ordering::SeqCst);
    // The second is still being checked when the first waits to be switched.
    hosts[1].check(&["/bin/sleep", "1"]);
    let outcome = run_with(&hosts, &options, |event| {
        if event.phase == Phase::Applying(State::Checked) {
            options.cancel.store(true, Ordering::SeqCst);
        }
    });
    for name in ["a", "b"] {
        assert_eq!(skipped(&outcome, name), "interrupted");
    }
    untouched(&hosts);
}

#[test]
fn asked_to_stop_in_the_switch_what_is_under_way_is_confirmed_and_no_more_is_begun() {
    let hosts = fleet("a b");
    let options = Options { waves: one_by_one("a b"), undo_on_failure: true, ..options() };
    let outcome = run_with(&hosts, &options, |event| {
        if event.phase == Phase::Applying(State::Armed) {
            options.cancel.store(true, Ordering::SeqCst);
        }
    });
    assert!(matches!(outcome.hosts["a"], HostOutcome::Changed { .. }), "{outcome:?}");
    assert_eq!(skipped(&outcome, "b"), "interrupted");
    assert_eq!(outcome.waves, [["a"]]);
    untouched(&hosts[1..]);
}

#[test]
fn a_failure_is_told_at_once_while_others_go_on() {
    let mut hosts = fleet("a b");
    hosts[0].sick();
    let slow = Probe::Command(vec!["/bin/sleep".into(), "3".into()]);
    let health = artifact::Health { name: "slow".into(), probe: slow, timeout_s: 20, why: why() };
    hosts[1].desired.health.push(health);
    let mut ends = Vec::new();
    let outcome = run_with(&hosts, &options(), |event| {
        if event.phase == Phase::Done {
            ends.push((event.host.clone(), event.elapsed));
        }
    });
    assert!(outcome.hosts["b"].is_ok() && matches!(outcome.hosts["a"], HostOutcome::Undone { .. }));
    assert_eq!((&*ends[0].0, &*ends[1].0), ("a", "b"));
    assert!(ends[1].1 - ends[0].1 > Duration::from_secs(1), "{ends:?}");
}
