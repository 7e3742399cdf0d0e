//! What somebody changes by hand on a host: seen with its diff, adopted by the printed edit, undone by an apply;
//! plans that are applied exactly or not at all; and what the history says of it all. On a twin.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::twin::Lab;
use common::{Ran, json, run};
use serde_json::Value;
use std::fs;
use std::path::Path;

const DNS: &str = "/etc/fleetwright/dnsmasq.conf";
const SYSCTL: &str = "/etc/sysctl.d/60-fleetwright.conf";
const TABLE: &str = "nft -s list table inet fleetwright";
const STARTED: &str =
    "systemctl show -P ActiveEnterTimestampMonotonic systemd-networkd fleetwright-nftables 'wg-quick@*'";

fn go(lab: &Lab, args: &[&str]) -> Ran {
    run(lab.path(), &[args, &["--twin", lab.name()]].concat())
}

fn ask(lab: &Lab, args: &[&str]) -> Value {
    json(lab.path(), &[args, &["--twin", lab.name()]].concat())
}

fn applied(lab: &Lab, args: &[&str]) {
    let answer = ask(lab, args);
    assert_eq!(answer["exit"], 0, "{:#}\n{:#}", answer["diagnostics"], answer["outcome"]);
}

fn nothing_to_do(lab: &Lab) {
    let plan = ask(lab, &["plan"]);
    assert_eq!(plan["empty"], true, "{plan:#}");
    let status = go(lab, &["status", "--drift"]);
    assert_eq!(status.code, 0, "{}{}", status.out, status.err);
}

fn edit_by_hand(lab: &Lab) {
    lab.sh("kyiv-gw", &format!("sed -i s/192.0.2.53/192.0.2.99/ {DNS}; echo vm.swappiness=10 >>{SYSCTL}"));
}

/// Seen as drift with its diff, adopted by the printed edit, and then nothing is left to do.
fn a_hand_edit_is_seen_and_adopted(lab: &Lab) {
    edit_by_hand(lab);
    let status = go(lab, &["status", "--drift"]);
    assert_eq!(status.code, 3, "{}{}", status.out, status.err);
    for line in ["-server=192.0.2.53", "+server=192.0.2.99", "+vm.swappiness=10"] {
        assert!(status.out.lines().any(|l| l.trim() == line), "{line}: {}", status.out);
    }
    // Lines of files are shown whole, ours fit.
    let ours = |l: &&str| !l.starts_with(' ') || l.trim_start().starts_with("- ");
    assert!(status.out.lines().filter(ours).all(|l| l.chars().count() <= 80), "{}", status.out);
    let printed = go(lab, &["adopt", "kyiv-gw"]);
    assert_eq!(printed.code, 0, "{}{}", printed.out, printed.err);
    assert!(printed.out.contains("+  upstream: [192.0.2.99, 2001:db8:53::53]"), "{}", printed.out);
    assert!(printed.err.contains("changes with it: wroclaw-gw:"), "{}", printed.err);
    let fleet = || fs::read_to_string(lab.path().join("fleet.yaml")).unwrap();
    assert!(fleet().contains("192.0.2.53"), "nothing is written without --write");

    // What is printed is a patch.
    let patch = lab.path().join("adopt.patch");
    fs::write(&patch, &printed.out).unwrap();
    let git = |args: &[&str]| {
        let ran = std::process::Command::new("git").args(args).current_dir(lab.path()).output().unwrap();
        assert!(ran.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&ran.stderr));
    };
    git(&["apply", "--check", "-p1", "adopt.patch"]);
    fs::remove_file(patch).unwrap();

    let written = ask(lab, &["adopt", "kyiv-gw", "--write"]);
    assert_eq!((&written["exit"], &written["written"]), (&0.into(), &true.into()), "{written:#}");
    assert!(fleet().contains("192.0.2.99"));
    let plan = ask(lab, &["plan", "kyiv-gw"]);
    assert_eq!(plan["plan"]["hosts"]["kyiv-gw"]["steps"], Value::Array(vec![]), "{plan:#}");
    // The other hosts that read the line are brought there, and then all is as the sources say.
    let applied = ask(lab, &["apply"]);
    assert_eq!(applied["exit"], 0, "{applied:#}");
    nothing_to_do(lab);
}

/// What nobody adopts is undone by an apply, and the units that read it run with it again.
fn a_hand_edit_is_undone_by_an_apply(lab: &Lab) {
    lab.sh("mac-mini", "sed -i 's/^port 6379$/port 6380/' /etc/redis/redis.conf");
    let left = ask(lab, &["adopt", "mac-mini:/etc/redis/redis.conf"]);
    assert_eq!((&left["exit"], &left["edits"]), (&3.into(), &Value::Array(vec![])), "{left:#}");
    assert_eq!(left["items"][0]["left"][0]["theirs"], "port 6380", "{left:#}");
    let applied = ask(lab, &["apply", "--undo-on-failure", "--canary", "mac-mini"]);
    assert_eq!(applied["exit"], 0, "{applied:#}");
    assert!(lab.sh("mac-mini", "cat /etc/redis/redis.conf").contains("\nport 6379\n"));
    nothing_to_do(lab);
}

/// What somebody changed without touching a file: planned with the reason and what would change, brought back by an
/// apply without a restart, and then nothing is left to do.
fn what_only_runs_is_brought_back_by_an_apply(lab: &Lab) {
    let host = "kyiv-gw";
    let peers = || lab.sh(host, "wg show all allowed-ips");
    let (peers_before, table) = (peers(), lab.sh(host, TABLE));
    let started = lab.sh(host, STARTED);
    let mut words = peers_before.split_whitespace();
    let (tunnel, peer) = (words.next().unwrap(), words.next().unwrap());
    lab.sh(
        host,
        &format!(
            "nft insert rule inet fleetwright input tcp dport 4444 accept; nft add chain inet fleetwright by-hand; \
             ip address add 192.0.2.77/32 dev lan; wg set {tunnel} peer {peer} allowed-ips 192.0.2.88/32"
        ),
    );
    let status = go(lab, &["status", "--drift"]);
    assert_eq!(status.code, 3, "{}{}", status.out, status.err);
    for line in ["+lan: ", "dport 4444 accept", "allowed 192.0.2.88/32"] {
        assert!(status.out.contains(line), "{line}: {}", status.out);
    }
    let plan = ask(lab, &["plan", host])["plan"]["hosts"][host].clone();
    let steps: Vec<[&str; 3]> = plan["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| [&s["name"], &s["change"], &s["detail"][0]].map(|v| v.as_str().unwrap()))
        .collect();
    let wg = format!("wg-quick@{tunnel}.service");
    let of_tunnel = format!("running wireguard of {tunnel} is not as it was confirmed");
    assert_eq!(
        steps,
        [
            ["fleetwright-nftables.service", "reload", "running nft is not as it was confirmed"],
            ["systemd-networkd.service", "reload", "running addresses is not as it was confirmed"],
            [&wg, "reload", &of_tunnel],
        ],
        "{plan:#}"
    );
    assert!(plan["steps"][0]["diff"].as_str().unwrap().contains("-\t\ttcp dport 4444 accept"), "{plan:#}");
    assert_eq!(plan["drift"], serde_json::json!(["running addresses", "running nft", "running wireguard"]));
    applied(lab, &["apply", host]);
    assert_eq!((peers(), lab.sh(host, TABLE)), (peers_before.clone(), table));
    assert!(!lab.sh(host, "ip address").contains("192.0.2.77"));
    assert_eq!(lab.sh(host, STARTED), started, "nothing was restarted");
    nothing_to_do(lab);
}

/// A kept plan is applied as it is, or refused: when the host, the sources or the file have changed.
fn a_kept_plan_is_applied_exactly_or_not_at_all(lab: &Lab) {
    let kept = lab.path().join("plan.bin");
    let file = kept.to_str().unwrap();
    let refused = |code: &str| {
        let ran = go(lab, &["apply", file]);
        assert!(ran.code != 0 && ran.err.contains(code), "{code}: {}{}", ran.out, ran.err);
        ran.err
    };
    let edit = lab.edit("fleet.yaml", "192.0.2.99", "192.0.2.98");
    let made = go(lab, &["plan", "--out", file]);
    assert_eq!(made.code, 0, "{}", made.err);
    let text = fs::read_to_string(&kept).unwrap();
    for entry in walk(&lab.path().join(".fleetwright/secrets")) {
        let value = fs::read_to_string(&entry).unwrap();
        assert!(!text.contains(value.trim()), "{} is in the plan", entry.display());
    }
    fs::write(&kept, text.replacen("kyiv-gw", "kyiv-qq", 1)).unwrap();
    refused("FW1030");
    fs::write(&kept, &text).unwrap();

    lab.sh("kyiv-gw", &format!("chmod 600 {DNS}"));
    let said = refused("FW1032");
    assert!(said.contains("kyiv-gw") && !said.contains("wroclaw-gw"), "{said}");
    lab.sh("kyiv-gw", &format!("chmod 644 {DNS}"));

    let more = lab.edit("fleet.yaml", "2001:db8:53::53", "2001:db8:53::54");
    assert!(refused("FW1032").contains("sources"));
    drop(more);
    let ran = go(lab, &["apply", file]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    refused("FW1032");
    drop(edit);
    applied(lab, &["apply"]);
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { all.extend(walk(&path)) } else { all.push(path) }
    }
    all
}

/// Every run is there with who, when, how it ended, and what the hosts signed.
fn the_history_is_true(lab: &Lab) {
    let history = json(lab.path(), &["history", "--by", "root", "--host", "kyiv-gw"]);
    let runs = history["runs"].as_array().unwrap();
    assert!(runs.len() >= 3, "{history:#}");
    let changed = runs.iter().rfind(|r| r["run"]["hosts"]["kyiv-gw"]["outcome"] == "changed").unwrap();
    let (run_, trust) = (&changed["run"], &changed["trust"]["kyiv-gw"]);
    assert!(trust == "unpinned" || trust == "verified", "{changed:#}");
    assert_eq!(run_["hosts"]["kyiv-gw"]["receipt"]["run"], run_["id"], "{changed:#}");
    let number = run_["number"].to_string();
    let shown = run(lab.path(), &["show", &number]);
    assert!(
        shown.code == 0 && shown.out.contains(run_["id"].as_str().unwrap()),
        "{}{}",
        shown.out,
        shown.err
    );

    // With the host's key pinned the receipt verifies; with another one it is bad.
    let key = lab.sh("kyiv-gw", "cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub");
    let other = lab.sh("kyiv-nas", "cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub");
    for (pinned, word) in [(&key, "verified"), (&other, "BAD")] {
        fs::write(lab.path().join("known_hosts"), format!("kyiv-gw {pinned}")).unwrap();
        let shown = run(lab.path(), &["show", &number]);
        assert!(shown.out.contains(word), "{word}: {}", shown.out);
    }
    fs::remove_file(lab.path().join("known_hosts")).unwrap();
    let logs = Path::new(run_["log"].as_str().unwrap()).join("kyiv-gw.log");
    let log = fs::read_to_string(&logs).unwrap_or_else(|e| panic!("{}: {e}", logs.display()));
    for state in ["staged", "checked", "armed", "switching", "switched", "confirming", "done"] {
        assert!(log.contains(state), "{state}: {log}");
    }
}

/// Back to the generation before, as a transaction, and recorded; forward again by an apply.
fn a_host_goes_back_and_forward(lab: &Lab) {
    let all = ask(lab, &["generations", "kyiv-gw"])["generations"].clone();
    let all = all.as_array().unwrap();
    let current = all.iter().find(|g| g["current"] == true).unwrap();
    let number = current["generation"].as_u64().unwrap();
    assert!(all.len() >= 2 && current["who"].as_str().unwrap().contains('@'), "{all:#?}");
    let missing = go(lab, &["rollback", "kyiv-gw", "99"]);
    assert!(missing.code == 1 && missing.err.contains("FW1023"), "{}", missing.err);

    let before = lab.sh("kyiv-gw", &format!("cat {DNS}"));
    let edit = lab.edit("fleet.yaml", "2001:db8:53::53", "2001:db8:53::54");
    applied(lab, &["apply", "kyiv-gw"]);
    assert!(lab.sh("kyiv-gw", &format!("cat {DNS}")).contains("2001:db8:53::54"));
    let back = ask(lab, &["rollback", "kyiv-gw"]);
    assert_eq!(back["exit"], 0, "{back:#}");
    assert!(back["outcome"]["hosts"]["kyiv-gw"].get("changed").is_some(), "{back:#}");
    assert_eq!(lab.sh("kyiv-gw", &format!("cat {DNS}")), before);
    let shown = json(lab.path(), &["show", &back["run"].to_string()]);
    assert_eq!((&shown["run"]["kind"], &shown["run"]["plan"]), (&"rollback".into(), &Value::Null));
    let named = ask(lab, &["rollback", "kyiv-gw", &(number + 1).to_string()]);
    assert_eq!(named["exit"], 0, "{named:#}");
    assert!(lab.sh("kyiv-gw", &format!("cat {DNS}")).contains("2001:db8:53::54"));
    drop(edit);
    applied(lab, &["apply"]);
    nothing_to_do(lab);
}

/// What has no answer has a code and is never taken for "nothing to do".
fn a_host_that_is_off_is_unknown_with_a_code(lab: &Lab) {
    let name = ["--name", lab.name()];
    let twin = |what: &str| run(lab.path(), &[&["twin", what], &name[..], &["host/kyiv-nas"]].concat());
    let broken = twin("break");
    assert_eq!(broken.code, 0, "{}{}", broken.out, broken.err);
    for command in ["plan", "status", "apply"] {
        let answer = ask(lab, &[command]);
        let codes: Vec<&Value> =
            answer["diagnostics"].as_array().unwrap().iter().map(|d| &d["code"]).collect();
        assert!(answer["exit"] == 4 && codes.contains(&&"FW1016".into()), "{command}: {answer:#}");
    }
    let allowed = ask(lab, &["apply", "--allow-unreachable", "kyiv-nas"]);
    assert_eq!(allowed["exit"], 0, "{allowed:#}");
    let unlock = go(lab, &["unlock", "kyiv-gw", "--holder", "nobody@nowhere"]);
    assert!(unlock.code != 0 && unlock.err.contains("kyiv-gw"), "{}", unlock.err);
    let healed = twin("heal");
    assert_eq!(healed.code, 0, "{}{}", healed.out, healed.err);
}

#[test]
fn drift_plans_and_history() {
    let lab = Lab::up("two-sites", "drift");
    nothing_to_do(&lab);
    a_hand_edit_is_seen_and_adopted(&lab);
    a_hand_edit_is_undone_by_an_apply(&lab);
    what_only_runs_is_brought_back_by_an_apply(&lab);
    a_kept_plan_is_applied_exactly_or_not_at_all(&lab);
    a_host_goes_back_and_forward(&lab);
    the_history_is_true(&lab);
    a_host_that_is_off_is_unknown_with_a_code(&lab);
    lab.down();
}
