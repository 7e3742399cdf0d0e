//! `fleetwright twin`, `plan`, `apply` and `status` on the booted two-sites example, as a person runs them.
//! Needs root, the programs of `twin::preflight`, and the agent and stand-in built beside the program.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{Ran, copy, json, program, ran, run, run_in};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Takes the twin down whatever happens to the test.
struct Up(&'static str);

impl Drop for Up {
    fn drop(&mut self) {
        let _ = program().args(["--quiet", "twin", "down", self.0]).output();
        let _ = program().args(["--quiet", "twin", "gc"]).output();
    }
}

fn up(fleet: &Path, name: &'static str) -> (Up, Value) {
    let up = Up(name);
    (up, json(fleet, &["twin", "up", "--name", name]))
}

fn outcome(id: &str, verdicts: &Value) -> Value {
    verdicts
        .as_array()
        .unwrap()
        .iter()
        .find(|v| v["id"] == id)
        .unwrap_or_else(|| panic!("no verdict {id}"))
        .clone()
}

fn all_proved(answer: &Value) {
    let verdicts = answer["verdicts"].as_array().unwrap();
    let rest: Vec<&Value> = verdicts.iter().filter(|v| v["outcome"] != "proved").collect();
    assert!(rest.is_empty() && !verdicts.is_empty(), "{rest:#?}");
    assert_eq!(answer["exit"], 0);
}

fn unit_starts(fleet: &Path) -> Value {
    let status = json(fleet, &["status", "--twin"]);
    assert_eq!(status["exit"], 0, "{status:#}");
    status["status"]["hosts"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(host, s)| {
            let starts: serde_json::Map<String, Value> = s["units"]
                .as_object()
                .unwrap()
                .iter()
                .map(|(unit, seen)| (unit.clone(), seen["main_start_us"].clone()))
                .collect();
            (host.clone(), Value::Object(starts))
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[test]
fn two_sites_is_proved_changed_broken_healed_and_released() {
    let fleet = copy("two-sites");
    let fleet = fleet.path();
    let lock_before = fs::read(fleet.join("fleet.lock")).ok();
    let (guard, answer) = up(fleet, "cli-two");
    assert_eq!((&answer["exit"], &answer["machines"]), (&0.into(), &4.into()), "{answer:#}");
    assert!(!answer["differs"]["alterations"].as_array().unwrap().is_empty());
    assert_eq!(fs::read(fleet.join("fleet.lock")).ok(), lock_before, "a twin leaves the lock alone");

    let proved = json(fleet, &["twin", "prove"]);
    all_proved(&proved);
    assert!(proved["verdicts"].as_array().unwrap().len() > 100);

    // A second plan is empty and a second apply restarts nothing.
    let plan = json(fleet, &["plan", "--twin"]);
    assert_eq!((&plan["empty"], &plan["exit"]), (&true.into(), &0.into()), "{plan:#}");
    let before = unit_starts(fleet);
    assert_eq!(json(fleet, &["apply", "--twin"])["exit"], 0);
    assert_eq!(unit_starts(fleet), before);

    a_shell_is_on_the_host(fleet);
    one_edited_line_reaches_the_twin(fleet);
    a_broken_tunnel_is_named(fleet);

    let ls = json(fleet, &["twin", "ls"]);
    let mine = ls["twins"].as_array().unwrap().iter().find(|t| t["name"] == "cli-two").unwrap();
    assert_eq!((&mine["condition"], &mine["powered"]), (&"running".into(), &4.into()));
    let down = json(fleet, &["twin", "down"]);
    assert_eq!(down["released"], serde_json::json!(["cli-two"]));
    drop(guard);
    for left in [
        "/run/netns/fw-cli-two.mac-mini",
        "/var/lib/fleetwright/twins/cli-two",
        "/run/fleetwright/twins/cli-two",
    ] {
        assert!(!Path::new(left).exists(), "{left}");
    }
    let ran = run(fleet, &["plan", "--twin"]);
    assert!(ran.code == 1 && ran.err.contains("FW3007"), "{}", ran.err);
}

fn a_shell_is_on_the_host(fleet: &Path) {
    let shell = |args: &[&str]| -> Ran { run(fleet, &[&["twin", "shell"], args].concat()) };
    let ran = shell(&["mac-mini", "--", "cat", "/etc/hostname"]);
    assert_eq!((ran.code, ran.out.trim()), (0, "mac-mini"), "{}", ran.err);
    assert_eq!(shell(&["mac-mini", "--", "sh", "-c", "exit 7"]).code, 7);
    let ran = shell(&["internet", "--", "ip", "route"]);
    assert!(ran.code == 0 && ran.out.contains("203.0.113.0/24"), "{}{}", ran.out, ran.err);
    let ran = shell(&["mac-mni"]);
    assert!(ran.code == 1 && ran.err.contains("did you mean `mac-mini`?"), "{}", ran.err);
}

fn one_edited_line_reaches_the_twin(fleet: &Path) {
    let file = fleet.join("services/photos.yaml");
    let before = fs::read_to_string(&file).unwrap();
    fs::write(&file, before.replace("auth: sso", "auth: own")).unwrap();
    let ran = run(fleet, &["plan", "--twin", "--diff"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    for word in
        ["mac-mini: ", "/etc/caddy/Caddyfile", "services/photos.yaml:4", "reload", "3 with nothing to do"]
    {
        assert!(ran.out.contains(word), "{word}:\n{}", ran.out);
    }
    let applied = json(fleet, &["twin", "apply"]);
    all_proved(&applied);
    let hosts = applied["outcome"]["hosts"].as_object().unwrap();
    let changed: Vec<&String> =
        hosts.iter().filter(|(_, h)| h.get("changed").is_some()).map(|(n, _)| n).collect();
    assert_eq!(changed, ["mac-mini"], "{hosts:#?}");
    fs::write(&file, before).unwrap();
    all_proved(&json(fleet, &["twin", "apply"]));
}

fn a_broken_tunnel_is_named(fleet: &Path) {
    let broken = json(fleet, &["twin", "break", "tunnel/kyiv-wroclaw"]);
    assert_eq!(broken["exit"], 0, "{broken}");
    let ran = run(fleet, &["twin", "prove", "expose/emby*", "--json"]);
    assert_eq!(ran.code, 3, "{}", ran.out);
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    let named = answer["verdicts"].as_array().unwrap().iter().any(|v| {
        v["outcome"] == "refuted"
            && v["hop"]["what"].as_str().is_some_and(|w| w.contains("tunnel kyiv-wroclaw"))
    });
    assert!(named, "{answer:#}");
    json(fleet, &["twin", "heal", "tunnel/kyiv-wroclaw"]);
    let junit = fleet.join("proofs.xml");
    let ran = run(fleet, &["twin", "prove", "tunnel", "--junit", junit.to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(fs::read_to_string(junit).unwrap().contains("<testsuite"));
}

#[test]
fn a_name_is_found_again_from_anywhere_and_a_second_twin_is_beside_it() {
    let fleet = copy("two-sites");
    let (_one, first) = up(fleet.path(), "cli-a");
    assert_eq!(first["exit"], 0, "{first:#}");
    let ran = run(fleet.path(), &["twin", "up", "--name", "cli-a"]);
    assert!(ran.code == 1 && ran.err.contains("running already"), "{}", ran.err);
    let (_two, second) = up(fleet.path(), "cli-b");
    assert_eq!(second["exit"], 0, "{second:#}");
    // Two twins of one fleet: it must be said which.
    let ran = run(fleet.path(), &["twin", "prove"]);
    assert!(ran.code == 1 && ran.err.contains("cli-a, cli-b"), "{}", ran.err);
    for name in ["cli-a", "cli-b"] {
        let ran = run_in(Path::new("/"), &["twin", "prove", "tunnel", "--name", name]);
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    }
}

#[test]
fn ctrl_c_releases_everything() {
    let fleet = copy("two-sites");
    let _guard = Up("cli-c");
    let child = program()
        .arg("-C")
        .arg(fleet.path())
        .args(["twin", "up", "--name", "cli-c", "--json"])
        .spawn()
        .unwrap();
    let begun = std::time::Instant::now();
    // The first thing a twin makes is its directory; there is no event to wait for.
    while !Path::new("/run/fleetwright/twins/cli-c").exists() {
        assert!(begun.elapsed().as_secs() < 60, "the twin never began");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let ran = ran(child.wait_with_output().unwrap());
    assert_eq!(ran.code, 130, "{}{}", ran.out, ran.err);
    for left in
        ["/run/fleetwright/twins/cli-c", "/var/lib/fleetwright/twins/cli-c", "/run/netns/fw-cli-c..switch"]
    {
        assert!(!Path::new(left).exists(), "{left}");
    }
}

#[test]
fn a_single_verdict_can_be_asked_for_by_id() {
    let fleet = copy("two-sites");
    let (_guard, answer) = up(fleet.path(), "cli-d");
    assert_eq!(answer["exit"], 0, "{answer:#}");
    let all = json(fleet.path(), &["twin", "prove", "tunnel"]);
    let id = all["verdicts"][0]["id"].as_str().unwrap().to_owned();
    let one = json(fleet.path(), &["twin", "prove", &id]);
    assert_eq!(one["verdicts"].as_array().unwrap().len(), 1);
    assert_eq!(outcome(&id, &one["verdicts"])["outcome"], "proved");
    // A question nobody asks proves nothing.
    let none = json(fleet.path(), &["twin", "prove", "nonsense"]);
    assert_eq!(none["exit"], 4);
}

#[test]
fn a_new_fleet_is_proved() {
    let folder = tempfile::tempdir().unwrap();
    let fleet = folder.path().join("new");
    assert_eq!(run_in(folder.path(), &["init", "new", "--uplink", "203.0.113.7", "--yes"]).code, 0);
    let (_guard, answer) = up(&fleet, "cli-new");
    assert_eq!(answer["exit"], 0, "{answer:#}");
    all_proved(&json(&fleet, &["twin", "prove"]));
}
