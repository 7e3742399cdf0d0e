//! Prometheus' files: to the model and back, and nothing of them is lost.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use import::prometheus::{ENGINE, read};
use import::{ImportFile, Input};
use proptest::prelude::*;

#[test]
fn each_case_is_as_expected() {
    support::hold(&ENGINE);
}

/// Lines that have a key or a value of their own; the heads of lists and maps say nothing by themselves.
fn means(text: &str) -> Vec<bool> {
    const HEADS: [&str; 9] = [
        "scrape_configs:",
        "static_configs:",
        "- static_configs:",
        "groups:",
        "rules:",
        "global:",
        "- targets:",
        "receivers:",
        "alertmanagers:",
    ];
    let said = text.lines().map(|line| line.split(" #").next().unwrap_or("").trim());
    said.map(|line| {
        !line.is_empty()
            && !line.starts_with('#')
            && !HEADS.contains(&line)
            && line.contains(char::is_alphanumeric)
    })
    .collect()
}

fn check(files: &[ImportFile]) -> Result<(), String> {
    let (imported, told) = read(&Input { host: Some("gate"), files, fleet: None });
    // Of a file that is not as Prometheus has it, nothing is written.
    if imported.report.has_errors() {
        return Ok(());
    }
    support::accounted(&imported, &told, files, means)
}

#[test]
fn nothing_of_the_cases_is_lost() {
    for case in support::cases("prometheus") {
        let files = support::inputs(&case);
        let (imported, told) = read(&Input { host: None, files: &files, fleet: None });
        if !imported.report.has_errors() {
            support::accounted(&imported, &told, &files, means).unwrap();
        }
    }
}

fn samples() -> Vec<String> {
    let all = support::cases("prometheus")
        .iter()
        .flat_map(|c| support::inputs(c))
        .map(|f| f.text)
        .collect::<Vec<_>>();
    assert!(!all.is_empty());
    all
}

proptest! {
    #[test]
    fn any_text_is_read(text in any::<String>()) {
        let files = [ImportFile { path: "a/prometheus.yml".into(), text }];
        prop_assert_eq!(check(&files), Ok(()));
        let _ = (ENGINE.normal)(&files);
    }

    #[test]
    fn damaged_files_are_read_and_nothing_is_lost(
        which in any::<prop::sample::Index>(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..30, "[ -~\n]{0,12}"), 0..4),
    ) {
        let text = support::damaged(which.get::<String>(&samples()), &cuts);
        let files = [ImportFile { path: "a/prometheus.yml".into(), text }];
        prop_assert_eq!(check(&files), Ok(()));
        let _ = (ENGINE.normal)(&files);
    }
}

fn normal(text: &str) -> import::Normal {
    (ENGINE.normal)(&[ImportFile { path: "a/prometheus.yml".into(), text: text.into() }])
}

const WATCH: &str = "global: {scrape_interval: 60s}
scrape_configs:
  - job_name: node
    static_configs:
      - targets: ['a:9100', 'b:9100']
        labels: {site: x, host: y}
  - job_name: fleet
    metrics_path: /federate
    params: {'match[]': [up]}
    scheme: https
    static_configs: [{targets: ['c:9090']}]
groups:
  - name: g
    rules:
      - {alert: Down, expr: up == 0, for: 60s, labels: {severity: page}}
";

#[test]
fn order_and_writing_mean_nothing_and_facts_do() {
    let other = "# the same
groups:
- name: other
  rules:
  - alert: Down
    labels:
      severity: page
    for: 1m
    expr: >-
      up
      == 0
scrape_configs:
- scheme: https
  job_name: fleet
  static_configs:
  - targets:
    - c:9090
    labels: {__metrics_path__: /federate, '__param_match[]': up}
- job_name: node
  static_configs:
  - {labels: {host: y, site: x}, targets: [b:9100]}
  - {labels: {host: y, site: x}, targets: [a:9100]}
global:
  scrape_interval: 1m
";
    let (mut a, mut b) = (normal(WATCH), normal(other));
    for side in [&mut a, &mut b] {
        side.retain(|key, _| key != "group.name");
    }
    assert_eq!(import::compare(&a, &b), []);
    for (from, to) in [
        ("60s}", "61s}"),
        ("a:9100", "a:9101"),
        ("site: x", "site: z"),
        ("job_name: node", "job_name: nodes"),
        ("/federate", "/metrics"),
        ("[up]", "[down]"),
        ("scheme: https", "scheme: http"),
        ("up == 0", "up == 1"),
        ("for: 60s", "for: 2m"),
        ("severity: page", "severity: mail"),
    ] {
        assert_ne!(normal(WATCH), normal(&WATCH.replacen(from, to, 1)), "{from}");
    }
}
