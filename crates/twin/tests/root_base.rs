//! Builds of base images that do not come to their end. Needs root and debootstrap, and fails without.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use twin::base::Recipe;
use twin::{Base, TwinError, Watch};

/// An image nobody else builds.
fn recipe(test: &str) -> Recipe {
    Recipe {
        suite: "bookworm".to_owned(),
        packages: vec![format!("no-such-package-{test}-{}", std::process::id())],
    }
}

/// Unfinished images, and control groups of builds that have processes.
fn unfinished() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir("/var/cache/fleetwright/base").into_iter().flatten().flatten() {
        let name = entry.file_name().into_string().unwrap();
        found.extend(name.starts_with('.').then_some(name));
    }
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    for line in mounts.lines().filter(|l| l.contains(" - cgroup")) {
        let groups = format!("{}/fw", line.split(' ').nth(4).unwrap());
        for entry in fs::read_dir(groups).into_iter().flatten().flatten() {
            let name = entry.file_name().into_string().unwrap();
            found.extend(name.starts_with(".base").then(|| entry.path().display().to_string()));
        }
    }
    found
}

/// Not a test: what `a_killed_build_is_released` kills.
#[test]
#[ignore = "started by another test"]
fn victim() {
    let packages = vec![std::env::var("FW_VICTIM").unwrap()];
    let recipe = Recipe { suite: "bookworm".to_owned(), packages };
    Base::ensure(&recipe, &Watch::quiet()).unwrap();
}

#[test]
fn a_killed_build_is_released() {
    let before = unfinished();
    let recipe = recipe("killed");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["victim", "--exact", "--ignored"])
        .env("FW_VICTIM", &recipe.packages[0])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    let new = || unfinished().difference(&before).cloned().collect::<Vec<_>>();
    let runs =
        |group: &String| !fs::read_to_string(format!("{group}/cgroup.procs")).unwrap_or_default().is_empty();
    let building = || new().iter().any(runs);
    while !building() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the build did not begin: {:?}", new());
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let outlived = building();
    while !new().is_empty() {
        twin::gc().unwrap();
        assert!(begun.elapsed() < Duration::from_secs(30), "still there: {:?}", new());
    }
    assert!(outlived, "nothing outlived the builder: this test shows nothing");
}

#[test]
fn a_cancelled_build_leaves_nothing() {
    let before = unfinished();
    let cancel = Arc::new(AtomicBool::new(false));
    let flag = cancel.clone();
    let watch = Watch::new(move |line| flag.store(line.contains("Retrieving"), Ordering::Relaxed), cancel);
    assert_eq!(Base::ensure(&recipe("cancelled"), &watch), Err(TwinError::Cancelled));
    assert_eq!(unfinished().difference(&before).collect::<Vec<_>>(), Vec::<&String>::new());
}
