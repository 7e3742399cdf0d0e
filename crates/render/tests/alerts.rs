//! Metrics and alerts: the rules fire as modelled by promtool's own test runner, and a running Alertmanager
//! inhibits as modelled.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use artifact::Desired;
use common::watched::{gateway, mac, postgres, tunnel, watched};
use common::{checkers, golden, id};
use derive::fleet::Component;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn mac_mini() -> Desired {
    let (mut hosts, report) = render::render(&watched());
    assert!(!report.has_errors(), "{:#?}", report.items);
    hosts.remove(&id("mac-mini")).unwrap()
}

#[test]
fn every_checker_passes_and_the_text_is_as_reviewed() {
    let desired = mac_mini();
    checkers::all_pass(&desired);
    let keep = |path: &str| path.contains("prometheus");
    let mut only = desired.clone();
    only.files.retain(|path, _| keep(path));
    golden::compare("render-watched", &BTreeMap::from([(id("mac-mini"), only)]));
}

/// One case for promtool: series over ten minutes, and the alerts about a component at some time.
struct Case {
    series: &'static [(&'static str, &'static str)],
    at: &'static str,
    alert: &'static str,
    fires: bool,
    about: Component,
}

const UP: &str = "1x40";
const DOWN: &str = "1 1 0x40";
const GW: &str = r#"probe_success{ping="kyiv-gw"}"#;
const GW6: &str = r#"probe_success{ping="kyiv-gw-6"}"#;
const PUBLIC: &str = r#"probe_success{ping="kyiv-gw-public"}"#;
const UNIT: &str =
    r#"node_systemd_unit_state{host="mac-mini",name="postgresql@15-main.service",state="active"}"#;
const OTHER: &str = r#"node_systemd_unit_state{host="mac-mini",name="caddy.service",state="active"}"#;
const SCRAPE: &str = r#"up{job="host-metrics",host="kyiv-gw"}"#;

#[test]
fn rules_fire_as_modelled() {
    let service = Component::Service(model::ServiceId::new("host-metrics"), id("kyiv-gw"));
    let all_down: &[_] = &[(GW, DOWN), (GW6, DOWN), (PUBLIC, DOWN)];
    let cases = [
        Case { series: all_down, at: "1m", alert: "HostDown", fires: false, about: gateway() },
        Case { series: all_down, at: "4m", alert: "HostDown", fires: true, about: gateway() },
        Case { series: all_down, at: "4m", alert: "TunnelDown", fires: false, about: tunnel() },
        Case {
            series: &[(GW, DOWN), (GW6, DOWN), (PUBLIC, UP)],
            at: "4m",
            alert: "HostDown",
            fires: false,
            about: gateway(),
        },
        Case {
            series: &[(GW, DOWN), (GW6, DOWN), (PUBLIC, UP)],
            at: "4m",
            alert: "TunnelDown",
            fires: true,
            about: tunnel(),
        },
        // Nothing is known: no alert of this kind.
        Case { series: &[(GW, "1 1 stalex40")], at: "4m", alert: "HostDown", fires: false, about: gateway() },
        Case {
            series: &[(UNIT, DOWN), (OTHER, UP)],
            at: "4m",
            alert: "ServiceDown",
            fires: true,
            about: postgres(),
        },
        Case {
            series: &[(UNIT, UP), (OTHER, UP)],
            at: "4m",
            alert: "ServiceDown",
            fires: false,
            about: postgres(),
        },
        // systemd has unloaded it.
        Case {
            series: &[(UNIT, "1 1 stalex40"), (OTHER, UP)],
            at: "8m",
            alert: "ServiceDown",
            fires: true,
            about: postgres(),
        },
        // The host's metrics are away.
        Case {
            series: &[(UNIT, "1 1 stalex40"), (OTHER, "1 1 stalex40")],
            at: "8m",
            alert: "ServiceDown",
            fires: false,
            about: postgres(),
        },
        Case { series: &[(SCRAPE, DOWN)], at: "4m", alert: "ServiceDown", fires: true, about: service },
        Case {
            series: &[(r#"probe_success{ping="mac-mini"}"#, DOWN)],
            at: "4m",
            alert: "HostDown",
            fires: true,
            about: mac(),
        },
    ];
    let desired = mac_mini();
    let root = tempfile::tempdir().unwrap();
    checkers::stage(&desired, root.path());
    let mut test =
        "rule_files: [etc/prometheus/rules/fleetwright.yml]\nevaluation_interval: 15s\ntests:\n".to_owned();
    for case in &cases {
        test.push_str("  - interval: 30s\n    input_series:\n");
        for (series, values) in case.series {
            // The runner takes a stale marker for one step only.
            let values = values.replace("stalex40", "stale");
            test.push_str(&format!("      - {{series: '{series}', values: '{values}'}}\n"));
        }
        test.push_str(&format!(
            "    alert_rule_test:\n      - eval_time: {}\n        alertname: {}\n        exp_alerts:\n",
            case.at, case.alert
        ));
        if !case.fires {
            test.push_str("          []\n");
            continue;
        }
        let component = render::component_label(&case.about);
        test.push_str(&format!("          - exp_labels: {{severity: page, component: '{component}'"));
        for (name, value) in labels(&case.about) {
            test.push_str(&format!(", {name}: {value}"));
        }
        test.push_str(&format!(
            "}}\n            exp_annotations: {{summary: '{} {component}'}}\n",
            case.alert
        ));
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

fn labels(of: &Component) -> Vec<(&'static str, String)> {
    let site = |host: &model::HostId| if host.as_str() == "kyiv-gw" { "kyiv" } else { "wroclaw" }.to_owned();
    match of {
        Component::Host(host) => vec![("site", site(host)), ("host", host.to_string())],
        Component::Service(service, host) => {
            vec![("site", site(host)), ("host", host.to_string()), ("service", service.to_string())]
        }
        _ => Vec::new(),
    }
}

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn http(port: u16, method: &str, path: &str, body: &str) -> Option<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// Polls, because Alertmanager has no event for it; at most ten seconds.
fn eventually<T>(mut seen: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        match seen() {
            Some(value) => return value,
            None if Instant::now() > end => panic!("not seen within ten seconds"),
            None => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

#[test]
fn what_lies_behind_a_suspect_is_inhibited_and_nothing_else() {
    let desired = mac_mini();
    let root = tempfile::tempdir().unwrap();
    checkers::stage(&desired, root.path());
    let free = |_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let port = free(());
    let _running = Running(
        Command::new("prometheus-alertmanager")
            .arg(format!("--config.file={}", root.path().join("etc/prometheus/alertmanager.yml").display()))
            .arg(format!("--storage.path={}", root.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--cluster.listen-address=")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    eventually(|| http(port, "GET", "/-/ready", "").filter(|a| a.starts_with("HTTP/1.0 200")));
    let by = |watcher: &str, name: &str, severity: &str, of: &Component| {
        let component = render::component_label(of);
        format!(
            r#"{{"labels":{{"alertname":"{name}","severity":"{severity}","component":"{component}","watcher":"{watcher}"}}}}"#
        )
    };
    let alert = |name: &str, severity: &str, of: &Component| by("metrics/mac-mini", name, severity, of);
    let service = Component::Service(model::ServiceId::new("host-metrics"), id("kyiv-gw"));
    let alerts = [
        alert("FleetSuspect", "suspect", &gateway()),
        alert("HostDown", "page", &gateway()),
        alert("TunnelDown", "page", &tunnel()),
        alert("ServiceDown", "page", &service),
        alert("ServiceDown", "page", &postgres()),
        // Another watcher stands elsewhere: what this one suspects explains nothing there.
        by("metrics/elsewhere", "UplinkDown", "page", &tunnel()),
    ];
    http(port, "POST", "/api/v2/alerts", &format!("[{}]", alerts.join(","))).unwrap();
    // Inhibition is asked for when an alert is dispatched or listed.
    let listed = |inhibited: bool| {
        let path = format!("/api/v2/alerts?active={}&inhibited={inhibited}&silenced=false", !inhibited);
        let answer = http(port, "GET", &path, "")?;
        let mut found: Vec<String> = answer
            .split("\"component\":\"")
            .skip(1)
            .map(|p| p.split('"').next().unwrap().to_owned())
            .collect();
        found.sort();
        found.dedup();
        Some(found)
    };
    let label = render::component_label;
    let mut behind = vec![label(&service), label(&tunnel())];
    behind.sort();
    eventually(|| listed(true).filter(|found| *found == behind));
    let mut others = vec![label(&gateway()), label(&postgres()), label(&tunnel())];
    others.sort();
    assert_eq!(listed(false).unwrap(), others);
}

#[test]
fn a_metrics_path_is_asked_for_with_its_query() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut fleet = watched();
    fleet.timers.scrape_ms = 1_000;
    let scrapes = &mut fleet.watchers[0].scrapes;
    scrapes.retain(|s| s.job == "discovery");
    scrapes[0].address = Ipv4Addr::LOCALHOST.into();
    scrapes[0].port = listener.local_addr().unwrap().port();
    let (mut hosts, report) = render::render(&fleet);
    assert!(!report.has_errors(), "{:#?}", report.items);
    let desired = hosts.remove(&id("mac-mini")).unwrap();
    let root = tempfile::tempdir().unwrap();
    checkers::stage(&desired, root.path());
    let _running = Running(
        Command::new("prometheus")
            .arg(format!("--config.file={}", root.path().join("etc/prometheus/prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", root.path().join("data").display()))
            .arg("--web.listen-address=127.0.0.1:0")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    listener.set_nonblocking(true).unwrap();
    let mut asked = eventually(|| listener.accept().ok()).0;
    asked.set_nonblocking(false).unwrap();
    let mut said = [0; 256];
    let n = asked.read(&mut said).unwrap();
    let said = String::from_utf8_lossy(&said[..n]);
    assert!(said.starts_with("GET /v1/agent/metrics?format=prometheus HTTP/1.1"), "{said}");
}
