//! The examples applied over SSH: to their twins' real sshd, and from a desk in a twin's world as one applies to
//! real hosts. Needs root and what twins need.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::far::{Desk, Far};
use common::json;
use common::twin::Lab;
use std::process::Command;

#[test]
fn two_sites_is_applied_over_ssh_and_its_hosts_are_trusted_by_hand() {
    let far = Far::up("two-sites", "far-two");
    far.proves("tunnel");
    far.proves("expose");
    far.is_settled();

    let desk = Desk::sits(&far, "desk-wroclaw");
    let refused = desk.run(&["status", "mac-mini"]);
    assert!(refused.code == 4 && refused.out.contains("FW1005"), "{}{}", refused.out, refused.err);
    trust(&desk);
    let status = desk.run(&["status", "mac-mini"]);
    assert_eq!(status.code, 0, "{}{}", status.out, status.err);
    assert!(status.out.contains("generation 1"), "{}", status.out);
    over_a_host_of_the_fleet(&far);
    far.down();
}

/// From the other site, through the router that `jump` names: its address is the fleet's to know.
fn over_a_host_of_the_fleet(far: &Far) {
    let desk = Desk::sits(far, "desk-kyiv");
    for (host, ssh) in [("mac-mini", "{jump: wroclaw-gw}"), ("wroclaw-gw", "{user: root}")] {
        let file = far.path().join(format!("hosts/{host}.yaml"));
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, format!("{text}ssh: {ssh}\n")).unwrap();
    }
    let unknown = desk.run(&["status", "mac-mini"]);
    assert!(unknown.code == 4 && unknown.out.contains("at wroclaw-gw"), "{}{}", unknown.out, unknown.err);
    assert_eq!(desk.json(&["trust", "wroclaw-gw", "--yes"])["pinned"], 1);
    let status = desk.run(&["status", "mac-mini"]);
    assert_eq!(status.code, 0, "{}{}", status.out, status.err);
}

/// Nothing is pinned without somebody's word; what was pinned is not silently another one.
fn trust(desk: &Desk<'_>) {
    let pins = desk.far.path().join("known_hosts");
    let unasked = desk.run(&["trust", "mac-mini"]);
    assert!(unasked.code == 1 && unasked.err.contains("FW3011"), "{}", unasked.err);
    let wrong = desk.run(&["trust", "mac-mini", "--fingerprint", "SHA256:nobody"]);
    assert!(wrong.code == 3 && wrong.err.contains("SHA256:nobody"), "{}", wrong.err);
    assert!(!pins.exists(), "nothing was agreed to");

    let first = desk.json(&["trust", "mac-mini", "--yes"]);
    assert_eq!((&first["exit"], &first["pinned"]), (&0.into(), &1.into()), "{first:#}");
    let shown = first["keys"][0]["fingerprint"].as_str().unwrap().to_owned();
    let line = std::fs::read_to_string(&pins).unwrap();
    assert!(line.starts_with("mac-mini ssh-ed25519 ") && line.lines().count() == 1, "{line}");
    let again = desk.json(&["trust", "mac-mini", "--fingerprint", &shown]);
    assert_eq!((&again["pinned"], &again["keys"][0]["state"]), (&0.into(), &"pinned".into()), "{again:#}");

    // Another machine's key in its place.
    let other = Command::new("sh")
        .args([
            "-c",
            "d=$(mktemp -d); ssh-keygen -q -t ed25519 -N '' -f $d/k; cut -d' ' -f1,2 $d/k.pub; rm -r $d",
        ])
        .output()
        .unwrap();
    let other = String::from_utf8(other.stdout).unwrap();
    std::fs::write(&pins, format!("mac-mini {other}")).unwrap();
    let changed = desk.run(&["status", "mac-mini"]);
    assert!(changed.code == 4 && changed.out.contains("FW1006"), "{}{}", changed.out, changed.err);
    let kept = desk.run(&["trust", "mac-mini", "--yes"]);
    assert!(kept.code == 3 && kept.err.contains("FW1006") && kept.err.contains(&shown), "{}", kept.err);
    assert_eq!(std::fs::read_to_string(&pins).unwrap(), format!("mac-mini {other}"));
    let replaced = desk.json(&["trust", "mac-mini", "--yes", "--replace"]);
    assert_eq!(replaced["keys"][0]["state"], "changed", "{replaced:#}");
    assert_eq!(std::fs::read_to_string(&pins).unwrap(), line);
}

#[test]
fn anycast_is_applied_over_ssh_from_the_internet() {
    let far = Far::up("anycast", "far-any");
    far.proves("host");
    far.proves("bgp");
    far.proves("refused");
    far.is_settled();
    far.down();
}

/// A twin that was booted the ordinary way is reached by SSH as well.
#[test]
fn any_running_twin_can_be_reached_by_ssh() {
    let lab = Lab::up("two-sites", "far-lab");
    let plan = json(lab.path(), &["plan", "--over", "ssh", "--twin", lab.name()]);
    assert_eq!((&plan["exit"], &plan["empty"]), (&0.into(), &true.into()), "{plan:#}");
    lab.down();
}
