//! Changes that cut off their own way in: through the firewall, sshd, the host's address, the tunnel and the BGP
//! announcement one comes in by. Each host comes back alone, and the run says so. Needs root and what twins need.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::far::{Desk, Far};
use common::twin::Edited;
use serde_json::Value;
use std::time::{Duration, Instant};

/// Seconds a host waits to be confirmed.
const DEADLINE: u64 = 6;
/// And within so much more it is as it was.
const BACK: u64 = 5;

/// The hosts came back, within the time, and the run says that and why.
fn came_back(outcome: &Value, took: Duration, hosts: &[&str]) {
    assert_eq!(outcome["exit"], 3, "{outcome:#}");
    for host in hosts {
        let undone = &outcome["outcome"]["hosts"][host]["undone"];
        let reason = undone["reason"].as_str().unwrap_or_else(|| panic!("{host}: {outcome:#}"));
        assert!(reason.contains("confirmed"), "{host}: {reason}");
        assert_eq!(undone["report"]["remaining"], serde_json::json!([]), "{host}: {undone:#}");
    }
    // Reading, rendering and looking at the hosts come before the deadline begins.
    assert!(took < Duration::from_secs(DEADLINE + BACK), "{took:?}");
}

fn apply(run: impl Fn(&[&str]) -> Value, more: &[&str]) -> (Value, Duration) {
    let deadline = DEADLINE.to_string();
    let begun = Instant::now();
    let outcome = run(&[&["apply", "--yes", "--deadline", &deadline], more].concat());
    (outcome, begun.elapsed())
}

/// What a host was changed to.
fn generation(outcome: &Value, host: &str) -> u64 {
    let changed = &outcome["outcome"]["hosts"][host]["changed"];
    changed["generation"].as_u64().unwrap_or_else(|| panic!("{host}: {outcome:#}"))
}

/// It answers over SSH as before, and nothing waits.
fn answers(run: impl Fn(&[&str]) -> Value, more: &[&str], host: &str, generation: u64) {
    let status = run(&[&["status"], more].concat());
    let seen = &status["status"]["hosts"][host];
    assert_eq!(
        (&seen["generation"], &seen["pending"]),
        (&generation.into(), &Value::Null),
        "{host}: {status:#}"
    );
    assert_eq!(seen["drift"], serde_json::json!([]), "{host}");
}

#[test]
fn by_firewall_sshd_address_and_tunnel_of_two_sites() {
    let far = Far::up("two-sites", "cut-two");
    let twin = |args: &[&str]| far.json(&[args, &["--over", "ssh", "--twin"]].concat());

    // The firewall: a policy about ssh that forgets the administrator's desk.
    let policy = Edited::new(
        far.path(),
        "policies/ssh.yaml",
        "allow:\n  - {from: kyiv-nas, to: mac-mini, ports: ssh}\n",
    );
    let (outcome, took) = apply(twin, &["kyiv-nas", "mac-mini"]);
    came_back(&outcome, took, &["kyiv-nas", "mac-mini"]);
    drop(policy);
    answers(twin, &["kyiv-nas"], "kyiv-nas", 1);
    answers(twin, &["mac-mini"], "mac-mini", 1);

    // sshd: a valid configuration that lets nobody in.
    let file = "hosts/kyiv-nas.yaml";
    let sshd = Edited::of(
        far.path(),
        file,
        "site: kyiv\n",
        "site: kyiv\noverride: {sshd: \"AllowUsers nobody\\n\"}\n",
    );
    let (outcome, took) = apply(twin, &["kyiv-nas"]);
    came_back(&outcome, took, &["kyiv-nas"]);
    drop(sshd);
    answers(twin, &["kyiv-nas"], "kyiv-nas", 1);

    // The address one dials leaves the host.
    let kyiv = Desk::sits(&far, "desk-kyiv");
    kyiv.trusts(&["kyiv-nas", "wroclaw-gw"]);
    let here = |args: &[&str]| kyiv.json(args);
    let kept = generation(&apply(here, &["kyiv-nas"]).0, "kyiv-nas");
    let moved = Edited::of(
        far.path(),
        file,
        "address: [192.168.88.2,",
        "ssh: {address: 192.168.88.2}\naddress: [192.168.88.77,",
    );
    let (outcome, took) = apply(here, &["kyiv-nas"]);
    came_back(&outcome, took, &["kyiv-nas"]);
    drop(moved);
    answers(here, &["kyiv-nas"], "kyiv-nas", kept);

    // One end of the tunnel one comes in by goes elsewhere.
    let kept = generation(&apply(here, &["wroclaw-gw"]).0, "wroclaw-gw");
    let tunnel = "tunnels/kyiv-wroclaw.yaml";
    let text = std::fs::read_to_string(far.path().join(tunnel)).unwrap();
    let first = text.lines().next().unwrap();
    let port = Edited::of(far.path(), tunnel, first, &format!("{first}\nport: 51999"));
    let (outcome, took) = apply(here, &["wroclaw-gw"]);
    came_back(&outcome, took, &["wroclaw-gw"]);
    drop(port);
    answers(here, &["wroclaw-gw"], "wroclaw-gw", kept);
    far.down();
}

#[test]
fn by_what_anycast_announces() {
    let far = Far::up("anycast", "cut-any");
    // An address in the prefix the core announces, over a router that knows the way there from that alone.
    let file = "hosts/core1.yaml";
    let ssh = "ssh: {address: \"2001:db8:50::443\", jump: ixp-ams1}\nsite: ams";
    let _reached = Edited::of(far.path(), file, "site: ams", ssh);
    let client = Desk::sits_at_a_client(&far);
    client.trusts(&["ixp-ams1"]);
    client.trusts(&["core1"]);
    let run = |args: &[&str]| client.json(args);
    let kept = generation(&apply(run, &["core1"]).0, "core1");
    // Its routers expect it under its number: with another one they end the session and forget the way.
    let _number = Edited::of(far.path(), file, "asn: 65010", "asn: 65011");
    let (outcome, took) = apply(run, &["core1"]);
    came_back(&outcome, took, &["core1"]);
    answers(run, &["core1"], "core1", kept);
    far.down();
}
