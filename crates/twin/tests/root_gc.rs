//! Twins that outlive whoever made them, or were left half-made. Needs root and the engines, and fails without.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{base, name, remains, sh, world};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use twin::{Condition, PowerOff, Seeds, Twin, TwinError, Watch};

/// Not a test: what other tests start and kill.
#[test]
#[ignore = "started by another test"]
fn victim() {
    let name = std::env::var("FW_VICTIM").unwrap();
    Twin::up(&name, world(), &Seeds::default(), &base(), &Watch::quiet()).unwrap();
}

fn start_victim(name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["victim", "--exact", "--ignored", "--nocapture"]).env("FW_VICTIM", name);
    command
}

#[test]
fn a_twin_outlives_the_process_that_made_it() {
    let name = name("outlives");
    // This would wait for ever if the twin held the output open.
    let output = start_victim(&name).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let twin = Twin::open(&name).unwrap();
    assert_eq!(twin::gc().unwrap().iter().filter(|n| **n == name).count(), 0, "gc took a running twin");
    assert_eq!(sh(&twin.remote("a").unwrap(), "systemctl is-system-running"), "running");
    let info = twin::twins().unwrap().into_iter().find(|t| t.name == name).unwrap();
    assert_eq!((info.condition, info.machines, info.powered), (Condition::Running, 3, 3));
    twin.power_off("a", PowerOff::Cut).unwrap();
    twin.power_on("a", &Watch::quiet()).unwrap();
    assert_eq!(sh(&twin.remote("a").unwrap(), "systemctl is-system-running"), "running");
    twin.down().unwrap();
    assert!(matches!(Twin::open(&name), Err(TwinError::NoTwin(_))));
    assert_eq!(remains(&name), Vec::<String>::new());
}

#[test]
fn gc_releases_whatever_a_killed_up_left() {
    base();
    let mut stages = std::collections::BTreeSet::new();
    for after in [1, 4, 8, 12, 16, 20, 25, 30, 40, 60, 90, 140, 250] {
        let name = name(&format!("killed{after}"));
        let mut child = start_victim(&name).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(after));
        child.kill().unwrap();
        child.wait().unwrap();
        let left = remains(&name);
        stages.insert(left.len().min(40));
        // A child that was about to start keeps the lock until it has started.
        let begun = Instant::now();
        while !remains(&name).is_empty() {
            if Twin::open(&name).is_ok() {
                Twin::open(&name).unwrap().down().unwrap();
            } else {
                twin::gc().unwrap();
            }
            assert!(begun.elapsed() < Duration::from_secs(5), "after {after} ms: {:?}", remains(&name));
        }
        assert!(twin::gc().unwrap().iter().all(|n| n != &name), "gc is not idempotent");
    }
    assert!(stages.len() > 2, "the kills did not hit different stages: {stages:?}");
}
