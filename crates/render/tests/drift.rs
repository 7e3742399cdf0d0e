//! Hosts that look for drift by themselves: their timers as reviewed, read by systemd's own checker, and the rules
//! on what they say, fired by promtool's test runner.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use artifact::Desired;
use common::{checkers, examples, golden, id};
use model::HostId;
use std::collections::BTreeMap;
use std::process::Command;

fn rendered() -> BTreeMap<HostId, Desired> {
    let (hosts, report) = render::render(&examples::fixture("drift-watch"));
    assert!(!report.has_errors(), "{:#?}", report.items);
    hosts
}

#[test]
fn every_host_gets_its_timer_and_the_text_is_as_reviewed() {
    let mut hosts = rendered();
    for desired in hosts.values_mut() {
        checkers::all_pass(desired);
        let keep = ["fleetwright-drift", "node-exporter", "rules"];
        desired.files.retain(|path, _| keep.iter().any(|k| path.contains(k)));
        desired.units.retain(|unit, _| keep.iter().any(|k| unit.contains(k)));
    }
    golden::compare("drift-watch", &hosts);
}

#[test]
fn systemd_reads_the_units_without_a_word() {
    for desired in rendered().values() {
        let root = tempfile::tempdir().unwrap();
        checkers::stage(desired, root.path());
        let units = root.path().join("etc/systemd/system");
        let agent = root.path().join("agent");
        std::fs::write(&agent, "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(&agent, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let service = units.join("fleetwright-drift.service");
        let text = std::fs::read_to_string(&service).unwrap();
        assert!(text.contains(artifact::protocol::AGENT_PATH), "{text}");
        std::fs::write(&service, text.replace(artifact::protocol::AGENT_PATH, agent.to_str().unwrap()))
            .unwrap();
        let output = Command::new("systemd-analyze")
            .args(["verify", "--man=no"])
            .args([service, units.join("fleetwright-drift.timer")])
            .env("SYSTEMD_UNIT_PATH", format!("{}:", units.display()))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let ours: Vec<&str> = said.lines().filter(|l| l.contains("fleetwright-drift")).collect();
        assert!(output.status.success() && ours.is_empty(), "{said}");
    }
}

const UP: (&str, &str) = (r#"up{job="node",host="gw"}"#, "1x360");
const ITEMS: &str = r#"fleetwright_drift_items{host="gw"}"#;
const CHECKED: &str = r#"fleetwright_drift_checked_timestamp_seconds{host="gw"}"#;

/// Samples a minute apart over six hours.
struct Case {
    series: &'static [(&'static str, &'static str)],
    at: &'static str,
    alert: &'static str,
    /// The summary's end.
    fires: Option<&'static str>,
}

#[test]
fn rules_fire_as_meant() {
    let drift = |series, fires| Case { series, at: "90m", alert: "HostDrift", fires };
    let unchecked = |series, at, fires| Case { series, at, alert: "DriftUnchecked", fires };
    let says = Some("it no longer looks for drift");
    let cases = [
        drift(&[(ITEMS, "0x60 2x300")], Some("2 things are not as they were confirmed")),
        drift(&[(ITEMS, "2x60 0x300")], None),
        // The host is away: that is another alert.
        drift(&[(ITEMS, "2x30 stale")], None),
        // Looks every hour.
        unchecked(&[UP, (CHECKED, "0x59 3600x59 7200x59 10800x59 14400x59 18000x59")], "350m", None),
        // Looked once and never again.
        unchecked(&[UP, (CHECKED, "0x360")], "200m", None),
        unchecked(&[UP, (CHECKED, "0x360")], "250m", says),
        // Was never heard of; told only when the first look should have come.
        unchecked(&[UP], "50m", None),
        unchecked(&[UP], "70m", says),
        unchecked(&[(r#"up{job="node",host="gw"}"#, "0x360")], "350m", None),
    ];
    let desired = rendered().remove(&id("gw")).unwrap();
    let root = tempfile::tempdir().unwrap();
    checkers::stage(&desired, root.path());
    let mut test =
        "rule_files: [etc/prometheus/rules/fleetwright.yml]\nevaluation_interval: 1m\ntests:\n".to_owned();
    for case in &cases {
        test.push_str("  - interval: 1m\n    input_series:\n");
        for (series, values) in case.series {
            test.push_str(&format!("      - {{series: '{series}', values: '{values}'}}\n"));
        }
        let (at, alert) = (case.at, case.alert);
        test.push_str(&format!(
            "    alert_rule_test:\n      - eval_time: {at}\n        alertname: {alert}\n        exp_alerts:\n"
        ));
        match case.fires {
            None => test.push_str("          []\n"),
            Some(says) => test.push_str(&format!(
                "          - exp_labels: {{severity: warning, component: host/gw, site: home, host: gw}}\n            \
                 exp_annotations: {{summary: '{alert} host/gw: {says}'}}\n"
            )),
        }
    }
    std::fs::write(root.path().join("test.yml"), &test).unwrap();
    let output = Command::new("promtool")
        .args(["test", "rules", "test.yml"])
        .current_dir(root.path())
        .output()
        .unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{test}");
}
