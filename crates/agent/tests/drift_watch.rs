//! A host that looks by itself: what its journal, `status` and node exporter are told, and when it says nothing.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use artifact::Desired;
use artifact::protocol::Event;
use common::{World, file, first};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

const METRICS: &str = "/srv/drift.prom";

fn look(world: &World) -> Output {
    world.agent(&["drift-watch", "--metrics", METRICS]).output().unwrap()
}

fn told(world: &World) -> Vec<String> {
    let out = look(world);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    assert!(out.stdout.is_empty(), "its reader is the journal");
    String::from_utf8(out.stderr).unwrap().lines().map(str::to_owned).collect()
}

fn counted(world: &World) -> Option<u64> {
    let text = std::fs::read_to_string(world.path(METRICS)).ok()?;
    text.lines().find_map(|l| l.strip_prefix("fleetwright_drift_items "))?.parse().ok()
}

fn with_secret() -> Desired {
    let mut desired = first();
    desired.files.insert("/etc/web/key".into(), common::secret_file("web"));
    desired
}

#[test]
fn a_change_by_hand_is_told_to_all_who_read_and_forgotten_when_it_is_undone() {
    let world = World::new();
    assert_eq!(told(&world), ["<6>not looked at: nothing was confirmed yet"]);
    assert_eq!((counted(&world), world.status().watch), (None, None));
    let desired = with_secret();
    let generation = world.settle(&desired);
    assert_eq!(told(&world), [format!("<6>as generation {generation} was confirmed")]);
    assert_eq!((counted(&world), world.status().watch.unwrap().count), (Some(0), 0));

    world.put("/etc/web/web.conf", "listen 99\n", 0o644);
    world.put("/etc/web/key", "key = by-hand-and-secret\n", 0o600);
    let before = world.tree();
    let lines = told(&world);
    assert_eq!(
        lines,
        [
            "<4>drift: file /etc/web/key: content, with secrets".to_owned(),
            "<4>drift: file /etc/web/web.conf: content".to_owned(),
            format!("<4>2 things are not as generation {generation} was confirmed"),
        ]
    );
    let mut after = world.tree();
    after.insert(METRICS.to_owned(), before[METRICS].clone());
    assert_eq!(after, before, "it changes nothing but its own files");
    let seen = world.status().watch.unwrap();
    assert_eq!((seen.generation, seen.count, seen.since), (generation, 2, Some(seen.at)));
    assert!(seen.items.iter().all(|i| i.diff.is_none()));
    assert_eq!(counted(&world), Some(2));
    let kept = world.text("/var/lib/fleetwright/drift.json");
    assert!(!kept.contains("by-hand") && !kept.contains("listen"), "{kept}");

    let next = world.settle(&desired);
    assert!(next > generation);
    assert_eq!(world.status().watch, None, "it was seen of another generation");
    assert_eq!(told(&world), [format!("<6>as generation {next} was confirmed")]);
    assert_eq!((counted(&world), world.status().watch.unwrap().since), (Some(0), None));
}

#[test]
fn it_keeps_out_of_the_way_of_a_change() {
    let world = World::new();
    let mut desired = first();
    world.settle(&desired);
    told(&world);
    let seen = world.status().watch;
    desired.files.insert("/etc/web/web.conf".into(), file("web", 0o644, "listen 82\n"));
    let Event::Switched { generation, token } = world.apply(&desired) else { panic!("it did not switch") };
    assert_eq!(told(&world), [format!("<6>not looked at: generation {generation} is observed")]);
    assert_eq!((world.status().watch, counted(&world)), (seen, Some(0)), "what was known stays");
    assert!(
        matches!(world.confirm(generation, &token), Event::Confirmed(_)),
        "and nothing hindered the change"
    );
    assert_eq!(told(&world), [format!("<6>as generation {generation} was confirmed")]);
}

#[test]
fn what_cannot_be_looked_at_is_no_all_clear() {
    let world = World::new();
    world.settle(&first());
    told(&world);
    std::fs::write(world.path("/var/lib/fleetwright/journal"), "no journal\nat all\n").unwrap();
    let out = look(&world);
    let said = String::from_utf8(out.stderr).unwrap();
    assert!(
        !out.status.success() && said.starts_with("<3>could not look for drift: journal-damaged"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
    assert_eq!(counted(&world), Some(0), "the last word, which grows old");
}

/// The packet filter answers only when it is let, so that a whole change fits into one look.
#[test]
fn a_change_during_a_look_is_not_kept_waiting_and_what_was_seen_is_thrown_away() {
    let world = World::new();
    let srv = world.path("/srv").display().to_string();
    let nft = format!(
        "#!/bin/sh\nmv {srv}/hold {srv}/asked 2>/dev/null || exit 0\nwhile [ -e {srv}/asked ]; do sleep 0.02; done\n"
    );
    world.put("/usr/sbin/nft", &nft, 0o755);
    // No units: the stand-in for systemd talks to one at a time.
    let mut desired = Desired { host: "web".into(), ..Desired::default() };
    desired.files.insert("/etc/nftables.conf".into(), file("nftables", 0o600, "table inet fleetwright {}"));
    world.settle(&desired);
    world.put("/srv/hold", "", 0o644);
    let mut looking = world.agent(&["drift-watch", "--metrics", METRICS]);
    let looking = looking.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let end = Instant::now() + Duration::from_secs(10);
    while !world.path("/srv/asked").exists() {
        assert!(Instant::now() < end, "it never asked");
        std::thread::sleep(Duration::from_millis(5));
    }
    desired.files.insert("/etc/web/web.conf".into(), file("web", 0o644, "listen 82\n"));
    world.settle(&desired);
    std::fs::remove_file(world.path("/srv/asked")).expect("the change was through before the look was");
    let out = looking.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&out.stderr), "<6>not looked at: something was applied meanwhile\n");
    assert_eq!((world.status().watch, counted(&world)), (None, None));
}
