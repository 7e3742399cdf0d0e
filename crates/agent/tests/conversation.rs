//! The conversation of an apply: what is said, what is waited for, what is kept when it breaks off.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use artifact::protocol::two::{CHUNK, Go};
use artifact::protocol::{Chunk, Code, Event, Goal, Order, Packed, State, StatusRequest, UnlockRequest};
use artifact::signature;
use common::*;
use std::process::Command;
use std::time::{Duration, Instant};

#[test]
fn a_host_with_nothing_to_do_is_asked_and_answers_in_one_line() {
    let world = World::new();
    world.settle(&first());
    let mut talk = world.begin(Goal::Digest(flat(&first()).0.digest()), &[]);
    assert_eq!(talk.hear(), Some(Event::Unchanged(1)));
    assert_eq!(talk.hear(), None);
}

#[test]
fn a_state_that_is_not_the_one_announced_is_refused() {
    let world = World::new();
    let mut talk = world.begin(Goal::Digest("0".repeat(64)), &[]);
    assert_eq!(talk.hear(), Some(Event::Want));
    talk.say(&Packed::value(&flat(&first()).0).unwrap());
    let Event::Refused(fault) = talk.end() else { panic!() };
    assert_eq!(fault.code, Code::BadRequest);
}

#[test]
fn a_held_change_switches_only_when_told() {
    for end in ["switch", "leave", "nonsense"] {
        let world = World::new();
        world.settle(&first());
        let before = world.tree();
        let (desired, blobs) = flat(&second());
        let mut talk = world.begin(Goal::Digest(desired.digest()), &[]);
        assert_eq!(talk.hear(), Some(Event::Want));
        talk.say(&Packed::value(&desired).unwrap());
        let Some(Event::Observed(seen)) = talk.hear() else { panic!() };
        talk.say(&Order::Wait);
        talk.go(&seen, &blobs, true);
        talk.until(|e| matches!(e, Event::State { state: State::Checked, .. }));
        talk.say(&Order::Wait);
        assert_eq!(world.tree(), before);
        let ended = match end {
            "switch" => {
                talk.say(&Order::Switch);
                talk.end()
            }
            "leave" => {
                drop(talk.child.stdin.take());
                talk.end()
            }
            _ => {
                talk.say(&Order::Go(Go::default()));
                talk.end()
            }
        };
        match ended {
            Event::Switched { generation, token } if end == "switch" => {
                assert!(matches!(world.confirm(generation, &token), Event::Confirmed(_)));
                assert_ne!(world.tree(), before);
            }
            Event::Failed(fault) if end != "switch" => {
                assert_eq!(fault.code, Code::NotSwitched);
                assert_eq!((world.tree(), world.status().pending), (before, None));
            }
            other => panic!("{end}: {other:?}"),
        }
    }
}

#[test]
fn a_host_that_moved_since_it_was_looked_at_is_left_alone() {
    for hold in [false, true] {
        let world = World::new();
        world.settle(&first());
        let (desired, blobs) = flat(&second());
        let mut talk = world.begin(Goal::Digest(desired.digest()), &[]);
        talk.until(|e| *e == Event::Want);
        talk.say(&Packed::value(&desired).unwrap());
        let Some(Event::Observed(seen)) = talk.hear() else { panic!() };
        if hold {
            talk.go(&seen, &blobs, true);
            talk.until(|e| matches!(e, Event::State { state: State::Checked, .. }));
        }
        // Nothing tells that a look is no longer fresh but the time that passed.
        std::thread::sleep(Duration::from_millis(2100));
        world.put("/etc/db/db.conf", "by hand\n", 0o600);
        std::fs::remove_file(world.path("/etc/db/deep/key")).unwrap();
        let before = world.tree();
        if hold {
            talk.say(&Order::Switch)
        } else {
            talk.go(&seen, &blobs, false)
        }
        let Event::Failed(fault) = talk.end() else { panic!() };
        assert_eq!(fault.code, Code::WorldMoved);
        assert_eq!((world.tree(), world.status().pending), (before, None));
    }
}

#[test]
fn a_big_file_is_sent_in_pieces_and_goes_on_where_it_broke_off() {
    let world = World::new();
    let mut desired = first();
    let noise: String =
        (0..70_000u64).map(|i| artifact::hash_hex(&i.to_le_bytes())[..16].to_owned()).collect();
    desired.files.insert("/etc/web/big".into(), file("web", 0o644, &noise));
    let (want, blobs) = flat(&desired);
    let big = want.files["/etc/web/big"].sha256.clone();
    let pieces = chunks(&big, &blobs[&big], 0);
    assert!(pieces.len() > 4);
    let begin = || {
        let mut talk = world.begin(Goal::Digest(want.digest()), &[]);
        assert_eq!(talk.hear(), Some(Event::Want));
        talk.say(&Packed::value(&want).unwrap());
        let Some(Event::Observed(seen)) = talk.hear() else { panic!() };
        (talk, seen)
    };
    let broken = |pieces: &[Chunk]| {
        let (mut talk, seen) = begin();
        talk.say(&Order::Go(Go { plan: "p".into(), blobs: seen.lacking.len(), hold: false }));
        pieces.iter().for_each(|p| talk.say(p));
        drop(talk.child.stdin.take());
        let Event::Failed(fault) = talk.end() else { panic!() };
        (fault.code, seen.partial.get(&big).copied())
    };
    assert_eq!(broken(&pieces[..2]), (Code::BadRequest, None));
    let part = 2 * CHUNK as u64;
    // A piece that does not follow is refused and costs nothing of what is there.
    assert_eq!(broken(&pieces[3..4]), (Code::BlobMismatch, Some(part)));
    let stranger = chunks(&artifact::hash_hex(b"x"), b"x", 0);
    assert_eq!(broken(&stranger), (Code::BlobMismatch, Some(part)));
    // A part that was damaged is noticed at its end and begun anew.
    let at = world.path(&format!("/var/lib/fleetwright/blobs/{big}.part"));
    let whole = std::fs::read(&at).unwrap();
    std::fs::write(&at, vec![b'x'; whole.len()]).unwrap();
    assert_eq!(broken(&pieces[2..]), (Code::BlobMismatch, Some(part)));
    assert_eq!(broken(&pieces[..3]), (Code::BadRequest, None));
    let (mut talk, seen) = begin();
    assert_eq!(seen.partial[&big], 3 * CHUNK as u64);
    talk.go(&seen, &blobs, false);
    let Event::Switched { generation, token } = talk.end() else { panic!() };
    drop(talk);
    assert!(matches!(world.confirm(generation, &token), Event::Confirmed(_)));
    assert_eq!(world.text("/etc/web/big"), format!("{noise}\n"));
    assert!(!at.exists());
}

#[test]
fn a_kept_generation_is_gone_back_to_with_what_the_host_has() {
    let world = World::new();
    let big = "x".repeat(400 << 10);
    let mut one = first();
    one.files.insert("/etc/web/big".into(), file("web", 0o644, &big));
    // Right on the disk before the fleet came: kept all the same.
    world.put("/etc/db/db.conf", "size 1\n", 0o640);
    world.settle(&one);
    let (before, active) = (world.tree(), world.active());
    world.settle(&second());
    let back = |world: &World| {
        let mut talk = world.begin(Goal::Generation(1), &[]);
        let seen = match talk.hear() {
            Some(Event::Observed(seen)) => seen,
            Some(other) => return other,
            None => panic!(),
        };
        let desired: artifact::FlatDesired = seen.desired.as_ref().unwrap().open(1 << 22).unwrap();
        assert_eq!(desired, flat(&one).0);
        talk.go(&seen, &Default::default(), false);
        talk.end()
    };
    let blob =
        world.path(&format!("/var/lib/fleetwright/blobs/{}", flat(&one).0.files["/etc/web/big"].sha256));
    let bytes = std::fs::read(&blob).unwrap();
    std::fs::write(&blob, b"damaged").unwrap();
    let Event::Refused(fault) = back(&world) else { panic!() };
    assert_eq!(fault.code, Code::GenerationMissing);
    let listed = |world: &World| match world.ask("generations", &StatusRequest { hello: hello() }) {
        Event::Generations(list) => list,
        other => panic!("{other:?}"),
    };
    let list = listed(&world);
    assert_eq!(
        list.iter().map(|g| (g.generation, g.whole, g.current)).collect::<Vec<_>>(),
        [(1, false, false), (2, true, true)]
    );
    assert_eq!((list[0].who.as_str(), list[0].files, list[0].units), ("ann@desk", 6, 2));
    std::fs::write(&blob, bytes).unwrap();
    let Event::Switched { generation, token } = back(&world) else { panic!() };
    assert!(matches!(world.confirm(generation, &token), Event::Confirmed(_)));
    assert_eq!((world.tree(), world.active()), (before, active));
    assert!(listed(&world).iter().all(|g| g.whole && g.receipt));
    let mut talk = world.begin(Goal::Generation(77), &[]);
    let Event::Refused(fault) = talk.end() else { panic!() };
    assert_eq!(fault.code, Code::GenerationMissing);
}

#[test]
fn who_holds_a_host_is_said_and_the_lock_is_broken_by_name() {
    let world = World::new();
    let (desired, blobs) = flat(&first());
    let mut talk = world.begin(Goal::Digest(desired.digest()), &[]);
    talk.until(|e| *e == Event::Want);
    assert_eq!(world.status().claim.unwrap().who, "ann@desk");
    let Event::Refused(fault) = world.apply(&first()) else { panic!() };
    assert_eq!(fault.code, Code::LockHeld);
    for word in ["ann@desk", "10.0.0.9", "run-1"] {
        assert!(fault.message.contains(word), "{fault}");
    }
    talk.say(&Packed::value(&desired).unwrap());
    let Event::Observed(seen) = talk.hear().unwrap() else { panic!() };
    talk.go(&seen, &blobs, true);
    talk.until(|e| matches!(e, Event::State { state: State::Checked, .. }));
    let unlock =
        |holder: &str| world.ask("unlock", &UnlockRequest { hello: hello(), holder: holder.to_owned() });
    for wrong in ["bob@desk", ""] {
        let Event::Refused(fault) = unlock(wrong) else { panic!() };
        assert_eq!(fault.code, Code::LockHeld);
    }
    let Event::Unlocked(claim) = unlock("ann@desk") else { panic!() };
    assert_eq!(claim.run, "run-1");
    assert_eq!(talk.hear(), None);
    assert_eq!((world.status().claim, world.status().pending), (None, None));
    let Event::Refused(fault) = unlock("ann@desk") else { panic!() };
    assert_eq!(fault.code, Code::NoTransaction);
    drop(talk);
    // Past `armed` nobody is ended: the host goes back by itself.
    assert!(matches!(world.apply(&first()), Event::Switched { .. }));
    let Event::Refused(fault) = unlock("ann@desk") else { panic!() };
    assert_eq!(fault.code, Code::LockHeld);
}

#[test]
fn a_clock_that_is_a_day_off_is_told_and_decides_nothing() {
    let world = World::new();
    let mut command = world.agent(&["apply"]);
    let mut request = request(Goal::Digest(flat(&first()).0.digest()));
    request.claim.since -= 86_400;
    let input = world.path("request");
    let mut text = serde_json::to_vec(&request).unwrap();
    text.push(b'\n');
    std::fs::write(&input, text).unwrap();
    let out = command.stdin(std::fs::File::open(&input).unwrap()).output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    let mut lines = text.lines().map(|l| serde_json::from_str::<Event>(l).unwrap());
    let Some(Event::Said(said)) = lines.next() else { panic!("{text}") };
    assert!(said.starts_with("clock-skew") && said.contains("24 hours ahead"), "{said}");
    assert_eq!(lines.next(), Some(Event::Want));
    world.settle(&first());
}

#[test]
fn a_receipt_is_signed_by_the_hosts_own_key() {
    let world = World::new();
    world.settle(&first());
    assert_eq!(world.status().receipt.unwrap().signature, None, "a host without a key signs nothing");
    std::fs::create_dir_all(world.path("/etc/ssh")).unwrap();
    let key = world.path("/etc/ssh/ssh_host_ed25519_key");
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
    assert!(made.unwrap().success());
    world.settle(&second());
    let receipt = world.status().receipt.unwrap();
    let public = world.text("/etc/ssh/ssh_host_ed25519_key.pub");
    assert_eq!(signature::verify(&receipt, &[public.trim()]), Ok(public.trim()));
    assert_eq!((receipt.who.as_str(), receipt.run.as_str()), ("ann@desk", "run-1"));
}

#[test]
fn an_apply_that_is_stuck_past_its_deadline_is_ended_by_the_timer() {
    let world = World::new();
    world.settle(&first());
    let before = (world.tree(), world.active());
    let mut desired = second();
    // The reload stops its own agent: nobody is left who could give up.
    let script = "kill -STOP $PPID; sleep 100";
    let mut unit = unit(&["/etc/web/web.conf"], &[], &["db.service"]);
    unit.after.clear();
    unit.reload = ["/bin/sh", "-c", script].map(str::to_owned).into();
    desired.units.insert("web.service".into(), unit);
    let (want, blobs) = flat(&desired);
    let mut talk = world.begin(Goal::Digest(want.digest()), &[]);
    talk.until(|e| *e == Event::Want);
    talk.say(&Packed::value(&want).unwrap());
    let Event::Observed(seen) = talk.hear().unwrap() else { panic!() };
    talk.go(&seen, &blobs, false);
    talk.until(|e| matches!(e, Event::State { state: State::Switching, detail } if detail == "units"));
    let stopped = format!("/proc/{}/stat", talk.child.id());
    let until = Instant::now() + Duration::from_secs(10);
    while !std::fs::read_to_string(&stopped).unwrap().contains(") T ") {
        assert!(Instant::now() < until);
        // A process tells nobody that it was stopped but its parent.
        std::thread::sleep(Duration::from_millis(5));
    }
    let Event::Undone(report) = world.fire_deadman() else { panic!() };
    assert_eq!(report.remaining, Vec::<String>::new());
    assert_eq!((world.tree(), world.active()), before);
    assert_eq!(talk.hear(), None, "it was ended");
}

#[test]
fn a_reload_that_never_returns_is_given_up_at_the_deadline() {
    let world = World::new();
    world.settle(&first());
    let before = (world.tree(), world.active());
    let mut desired = first();
    desired.files.insert("/etc/web/web.conf".into(), file("web", 0o644, "listen 81"));
    let mut unit = unit(&["/etc/web/web.conf"], &[], &["db.service"]);
    unit.reload = vec!["/bin/sleep".into(), "100".into()];
    desired.units.insert("web.service".into(), unit);
    let (want, blobs) = flat(&desired);
    let mut first_line = request(Goal::Digest(want.digest()));
    first_line.deadline_s = 2;
    let mut talk = world.begin_with(&first_line, &[]);
    talk.until(|e| *e == Event::Want);
    talk.say(&Packed::value(&want).unwrap());
    let Event::Observed(seen) = talk.hear().unwrap() else { panic!() };
    talk.go(&seen, &blobs, false);
    let begun = Instant::now();
    let Event::Undone(report) = talk.end() else { panic!() };
    assert!(begun.elapsed() < Duration::from_secs(7), "{:?}", begun.elapsed());
    assert!(report.reason.contains("did not end within"), "{}", report.reason);
    assert_eq!(report.remaining, Vec::<String>::new());
    assert_eq!((world.tree(), world.active()), before);
}
