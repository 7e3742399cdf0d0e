//! A host that looks by itself for what was changed by hand, on a twin: its timer waits, and what it sees reaches
//! the journal, `status`, node exporter, Prometheus and Alertmanager, until an apply has undone it.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::twin::{Lab, all_proved};
use common::{Ran, json, run};
use serde_json::Value;
use std::path::Path;
use std::time::{Duration, Instant};

const SYSCTL: &str = "/etc/sysctl.d/60-fleetwright.conf";

/// The fleet's sources alone, without what it renders to.
fn sources() -> tempfile::TempDir {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fleets/drift-watch/fleet.yaml");
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(from, folder.path().join("fleet.yaml")).unwrap();
    folder
}

fn status(lab: &Lab) -> Ran {
    run(lab.path(), &["status", "--twin", lab.name()])
}

/// One look, as the timer starts it; what the journal was told by it, with its priority.
fn look(lab: &Lab, host: &str) -> Vec<String> {
    lab.sh(host, "systemctl start fleetwright-drift.service");
    let run = lab.sh(host, "systemctl show -P InvocationID fleetwright-drift.service");
    let said = format!(
        "journalctl --sync; journalctl -q -o json -t fleetwright-agent _SYSTEMD_INVOCATION_ID={}",
        run.trim()
    );
    let said = lab.sh(host, &said);
    let entries = said.lines().map(|l| serde_json::from_str::<Value>(l).unwrap());
    entries
        .map(|e| format!("{} {}", e["PRIORITY"].as_str().unwrap(), e["MESSAGE"].as_str().unwrap()))
        .collect()
}

/// An answer from a port of the gateway's own, asked for there.
fn ask(lab: &Lab, port: u16, path: &str) -> String {
    let script = format!(
        "bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}; printf \"GET {path} HTTP/1.0\\r\\n\\r\\n\" >&3; cat <&3'"
    );
    let answer = lab.sh("gw", &script);
    answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or(answer)
}

fn samples(lab: &Lab) -> Vec<String> {
    let ours = |l: &&str| l.starts_with("fleetwright_") || l.starts_with("node_textfile_scrape_error");
    ask(lab, 9100, "/metrics").lines().filter(ours).map(str::to_owned).collect()
}

/// What the alertmanager has active, as `NAME SEVERITY`, once it is as wanted.
fn await_alerts(lab: &Lab, wanted: &[&str]) {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let all: Value = serde_json::from_str(&ask(lab, 9093, "/api/v2/alerts")).unwrap();
        let label = |a: &Value, l: &str| a["labels"][l].as_str().unwrap_or_default().to_owned();
        let all: Vec<String> = all
            .as_array()
            .into_iter()
            .flatten()
            .map(|a| format!("{} {} {}", label(a, "alertname"), label(a, "severity"), label(a, "component")))
            .collect();
        if all == wanted {
            return;
        }
        assert!(Instant::now() < end, "wanted {wanted:?}, active {all:?}");
        std::thread::sleep(Duration::from_millis(500));
    }
}

#[test]
fn a_host_says_by_itself_what_was_changed_by_hand() {
    let lab = Lab::up_in(sources(), "drift-watch");
    for host in ["gw", "box"] {
        assert_eq!(lab.sh(host, "systemctl is-active fleetwright-drift.timer").trim(), "active");
        let next = lab.sh(host, "systemctl show -P NextElapseUSecMonotonic fleetwright-drift.timer");
        assert!(!next.trim().is_empty() && next.trim() != "infinity", "{next}");
        assert_eq!(look(&lab, host), ["6 as generation 1 was confirmed"]);
    }
    all_proved(&lab.prove());
    assert!(samples(&lab).contains(&"fleetwright_drift_items 0".to_owned()));

    lab.sh("gw", &format!("echo vm.swappiness=10 >>{SYSCTL}; nft add chain inet fleetwright by-hand"));
    lab.sh("box", "ip address add 192.168.1.77/24 dev lan");
    assert_eq!(
        look(&lab, "gw"),
        [
            &format!("4 drift: file {SYSCTL}: content"),
            "4 drift: running nft: is not as it was confirmed",
            "4 2 things are not as generation 1 was confirmed",
        ]
    );
    assert_eq!(
        look(&lab, "box"),
        [
            "4 drift: running addresses: is not as it was confirmed",
            "4 1 thing is not as generation 1 was confirmed",
        ]
    );
    let told = status(&lab);
    let flat = told.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(told.code, 3, "{}{}", told.out, told.err);
    for words in ["2 things differ since 20", "1 thing differs since 20"] {
        assert!(flat.contains(words), "{words}: {}", told.out);
    }
    assert!(flat.contains("seen by the host itself: running addresses"), "{}", told.out);
    let shown = samples(&lab);
    assert!(shown.contains(&"fleetwright_drift_items 2".to_owned()), "{shown:?}");
    assert!(shown.contains(&"node_textfile_scrape_error 0".to_owned()), "{shown:?}");
    await_alerts(&lab, &["HostDrift warning host/gw"]);

    // What only runs is in no file, and undone all the same.
    let applied = json(lab.path(), &["apply", "--twin", lab.name()]);
    assert_eq!(applied["exit"], 0, "{applied:#}");
    let generation = |host: &str| lab.sh(host, "cat /var/lib/fleetwright/current");
    let as_confirmed = |host: &str| {
        let current: Value = serde_json::from_str(&generation(host)).unwrap();
        format!("6 as generation {} was confirmed", current["generation"])
    };
    for host in ["gw", "box"] {
        assert_eq!(look(&lab, host), [as_confirmed(host)]);
    }
    assert_eq!(lab.shell("gw", "nft list chain inet fleetwright by-hand").code, 1);
    assert!(!lab.sh("box", "ip address show dev lan").contains("192.168.1.77"));
    assert_eq!(lab.plan()["empty"], true);
    let told = status(&lab);
    assert_eq!(told.code, 0, "{}{}", told.out, told.err);
    assert!(samples(&lab).contains(&"fleetwright_drift_items 0".to_owned()));
    await_alerts(&lab, &[]);
    lab.down();
}
