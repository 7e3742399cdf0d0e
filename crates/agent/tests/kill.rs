//! kill -9 at every line of the journal, a journal cut at every byte, and what the next contact makes of it.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use artifact::protocol::{Code, Event};
use common::*;
use std::os::unix::fs::FileExt;

const POINTS: [&str; 10] = [
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

#[test]
fn killed_at_any_line_the_host_goes_back_at_the_next_contact() {
    for point in POINTS {
        let world = World::new();
        world.settle(&first());
        let (before, active) = (world.tree(), world.active());
        assert_eq!(world.apply_with(&second(), &[("FLEETWRIGHT_DIE_AT", point)]), None, "{point}");
        if point == "observed" {
            // It waits to be confirmed, and the controller never heard the token.
            assert!(matches!(world.fire_deadman(), Event::Undone(_)));
        }
        match world.recover() {
            Event::Undone(report) => assert_eq!(report.remaining, Vec::<String>::new(), "{point}"),
            Event::Unchanged(1) => {}
            other => panic!("{point}: {other:?}"),
        }
        assert_eq!((world.tree(), world.active()), (before, active), "{point}");
        assert_eq!(world.status().pending, None, "{point}");
        assert_eq!(world.recover(), Event::Unchanged(1), "{point}: twice is once");
        world.settle(&second());
    }
}

#[test]
fn killed_while_undoing_it_is_undone_all_the_same() {
    for point in ["undoing", "undone"] {
        let world = World::new();
        world.settle(&first());
        let (before, active) = (world.tree(), world.active());
        let env = [("FLEETWRIGHT_FAIL_AT", "switched"), ("FLEETWRIGHT_DIE_AT", point)];
        assert_eq!(world.apply_with(&second(), &env), None, "{point}");
        world.recover();
        assert_eq!((world.tree(), world.active()), (before, active), "{point}");
        assert_eq!(world.status().pending, None, "{point}");
    }
}

#[test]
fn killed_while_confirming_it_is_confirmed_or_goes_back() {
    let world = World::new();
    let Event::Switched { generation, token } = world.apply(&first()) else { panic!() };
    let request =
        artifact::protocol::two::ConfirmRequest { hello: hello(), claim: claim(), generation, token };
    let mut line = serde_json::to_vec(&request).unwrap();
    line.push(b'\n');
    let input = world.path("request");
    std::fs::write(&input, line).unwrap();
    let mut command = world.agent(&["confirm"]);
    command.env("FLEETWRIGHT_DIE_AT", "confirmed").stdin(std::fs::File::open(&input).unwrap());
    assert!(!command.status().unwrap().success());
    assert_eq!(world.recover(), Event::Unchanged(1));
    assert_eq!(world.status().generation, 1);
    // The timer nobody cancelled does nothing to a confirmed generation.
    assert_eq!(world.fire_deadman(), Event::Unchanged(1));
    assert_eq!(world.status().drift, Vec::<String>::new());
}

/// Whatever part of the journal reached the disk, recovery ends, and the host is old or new.
#[test]
fn a_journal_cut_anywhere_recovers_to_old_or_new() {
    let world = World::new();
    world.settle(&first());
    let old = (world.tree(), world.active());
    let at = world.path("/var/lib/fleetwright/journal");
    let begun = std::fs::metadata(&at).unwrap().len();
    world.apply_with(&second(), &[("FLEETWRIGHT_DIE_AT", "switched")]);
    let whole = std::fs::read(&at).unwrap();
    let new = (world.tree(), world.active());
    let switching = whole.len() - whole.windows(11).rev().position(|w| w == b"\"switching\"").unwrap();
    // Every byte of the last three lines and some of those before: each needs a world of its own.
    let lines: Vec<usize> = (begun as usize..whole.len()).filter(|i| whole[*i] == b'\n').collect();
    let cuts =
        (begun as usize..whole.len()).filter(|i| *i % 23 == 0 || lines.iter().any(|l| l.abs_diff(*i) < 2));
    let armed_at = whole.windows(7).position(|w| w == b"\"users\"").unwrap();
    for cut in cuts {
        let world = World::new();
        world.settle(&first());
        world.apply_with(&second(), &[("FLEETWRIGHT_DIE_AT", "switched")]);
        let at = world.path("/var/lib/fleetwright/journal");
        std::fs::File::options().write(true).open(&at).unwrap().set_len(cut as u64).unwrap();
        let event = world.recover();
        let now = (world.tree(), world.active());
        assert!(now == old || now == new, "cut at {cut}: {event:?}");
        if cut > armed_at + 30 {
            assert!(now == old, "cut at {cut} after switching began: {event:?}");
        }
        assert_eq!(world.status().pending, None, "cut at {cut}");
    }
    assert!(switching > armed_at);
}

#[test]
fn a_damaged_or_newer_journal_is_refused_with_a_code() {
    let world = World::new();
    world.settle(&first());
    let at = world.path("/var/lib/fleetwright/journal");
    let whole = std::fs::read(&at).unwrap();
    let file = std::fs::File::options().write(true).open(&at).unwrap();
    file.write_all_at(b"X", 30).unwrap();
    let Event::Refused(fault) = world.apply(&second()) else { panic!() };
    assert_eq!(fault.code, Code::JournalDamaged);
    std::fs::write(&at, &whole).unwrap();
    let text = r#"{"v":2,"news":true}"#;
    let sum = &artifact::hash_hex(text.as_bytes())[..16];
    let mut newer = whole.clone();
    newer.extend_from_slice(format!("{{\"sum\":\"{sum}\",\"entry\":{text}}}\n").as_bytes());
    std::fs::write(&at, &newer).unwrap();
    for event in [world.apply(&second()), world.recover()] {
        let Event::Refused(fault) = event else { panic!() };
        assert_eq!(fault.code, Code::JournalNewer);
    }
    assert_eq!(std::fs::read(&at).unwrap(), newer, "it was left alone");
}

#[test]
fn a_generation_missing_on_disk_is_refused_with_a_code() {
    let world = World::new();
    world.settle(&first());
    std::fs::remove_dir_all(world.path("/var/lib/fleetwright/generations/1")).unwrap();
    let Event::Refused(fault) = world.apply(&second()) else { panic!() };
    assert_eq!(fault.code, Code::GenerationMissing);
}

/// What it started must not go on to change things after the host went back.
#[test]
fn what_a_killed_agent_left_running_is_ended_before_the_host_goes_back() {
    use artifact::protocol::{Goal, Packed, State};
    let world = World::new();
    world.settle(&first());
    let (before, active) = (world.tree(), world.active());
    let mut desired = second();
    let mark = world.path("/srv/late").display().to_string();
    let mut unit = unit(&["/etc/web/web.conf"], &[], &[]);
    unit.reload =
        ["/bin/sh", "-c", &format!("echo $$ >{mark}.pid; sleep 60; touch {mark}")].map(str::to_owned).into();
    desired.units.insert("web.service".into(), unit);
    let (want, blobs) = flat(&desired);
    let mut talk = world.begin(Goal::Digest(want.digest()), &[]);
    talk.until(|e| *e == Event::Want);
    talk.say(&Packed::value(&want).unwrap());
    let Some(Event::Observed(seen)) = talk.hear() else { panic!() };
    talk.go(&seen, &blobs, false);
    talk.until(|e| matches!(e, Event::State { state: State::Switching, detail } if detail == "units"));
    let noted = world.path("/srv/late.pid");
    let until = std::time::Instant::now() + std::time::Duration::from_secs(10);
    // The command tells nobody that it runs but by this file.
    while !std::fs::read_to_string(&noted).is_ok_and(|t| t.ends_with('\n')) {
        assert!(std::time::Instant::now() < until);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let pid = world.text("/srv/late.pid");
    talk.child.kill().unwrap();
    talk.child.wait().unwrap();
    std::fs::remove_file(&noted).unwrap();
    assert!(std::path::Path::new(&format!("/proc/{}", pid.trim())).exists());
    let Event::Undone(report) = world.recover() else { panic!() };
    assert_eq!(report.remaining, Vec::<String>::new());
    assert_eq!((world.tree(), world.active()), (before, active));
    let gone =
        |pid: &str| std::fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |s| s.contains(") Z "));
    let until = std::time::Instant::now() + std::time::Duration::from_secs(5);
    while !gone(pid.trim()) {
        assert!(std::time::Instant::now() < until, "it still runs");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}
