//! What stopped and killed commands leave on the machine: nothing, at the latest after `twin gc`; and twins of
//! one fleet beside each other.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::twin::{Lab, all_proved, release, remains, unique};
use common::{copy, json, program, ran, run};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// A `twin up` that a test stops, and whatever it made.
struct Begun {
    name: String,
    child: Option<Child>,
}

impl Drop for Begun {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        release(&self.name);
    }
}

fn begin(fleet: &Path, test: &str) -> Begun {
    let name = unique(test);
    let mut up = program();
    up.arg("-C").arg(fleet).args(["--json", "twin", "up", "--name", &name]);
    let child = up.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    Begun { name, child: Some(child) }
}

impl Begun {
    /// Waits until the twin shows on the machine: there is no event to wait for.
    fn shows(&self) {
        let begun = Instant::now();
        let state = Path::new("/run/fleetwright/twins").join(&self.name);
        while !state.exists() {
            assert!(begun.elapsed() < Duration::from_secs(60), "the twin never began");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn signal(&mut self, signal: Signal) -> std::process::Output {
        let child = self.child.take().unwrap();
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
        child.wait_with_output().unwrap()
    }
}

/// How long after the first trace of a twin it is stopped: amid namespaces, boot and apply.
const STAGES: [u64; 5] = [0, 60, 300, 1200, 2500];

#[test]
fn a_stop_by_ctrl_c_leaves_nothing() {
    let fleet = copy("two-sites");
    for after in STAGES {
        let mut up = begin(fleet.path(), &format!("int{after}"));
        up.shows();
        std::thread::sleep(Duration::from_millis(after));
        let begun = Instant::now();
        let ran = ran(up.signal(Signal::INT));
        assert_eq!(ran.code, 130, "after {after} ms: {}{}", ran.out, ran.err);
        assert!(begun.elapsed() < Duration::from_secs(10), "after {after} ms: {:?}", begun.elapsed());
        assert_eq!(remains(&up.name), Vec::<String>::new(), "after {after} ms");
    }
}

#[test]
fn what_a_killed_up_leaves_is_collected() {
    let fleet = copy("two-sites");
    let mut stages = BTreeSet::new();
    for after in STAGES {
        let mut up = begin(fleet.path(), &format!("kill{after}"));
        up.shows();
        std::thread::sleep(Duration::from_millis(after));
        up.signal(Signal::KILL);
        stages.insert(remains(&up.name).len());
        // A child that was about to start keeps the lock until it has started.
        let begun = Instant::now();
        while !remains(&up.name).is_empty() {
            let gc = json(fleet.path(), &["twin", "gc"]);
            assert_eq!(gc["exit"], 0, "{gc:#}");
            // Killed amid the apply it is a twin that runs, which `gc` leaves alone.
            run(fleet.path(), &["twin", "down", &up.name]);
            assert!(begun.elapsed() < Duration::from_secs(10), "after {after} ms: {:?}", remains(&up.name));
        }
    }
    assert!(stages.len() > 2, "the kills did not hit different stages: {stages:?}");
}

#[test]
fn twins_of_one_fleet_stand_side_by_side() {
    let one = Lab::up("two-sites", "one");
    let folder = copy("two-sites");
    let two = Lab::up_in(folder, "two");
    all_proved(&one.prove());
    all_proved(&two.prove());
    // The same fleet: the same addresses, each in its own world.
    let keys = |lab: &Lab| lab.sh("kyiv-gw", "ip -br address show dev wan; wg show all public-key");
    assert_ne!(keys(&one), keys(&two));
    assert!(keys(&one).contains("203.0.113.7/24") && keys(&two).contains("203.0.113.7/24"));
    let other = two.name().to_owned();
    one.down();
    assert!(!remains(&other).is_empty());
    all_proved(&json(two.path(), &["twin", "prove", "tunnel", "--name", &other]));
    two.down();
}
