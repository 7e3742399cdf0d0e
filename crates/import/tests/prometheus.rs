//! Prometheus' files: to the model and back, and nothing of them is lost.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use import::prometheus::{ENGINE, read};

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

support::holds_of_a_reader!("prometheus", "a/prometheus.yml");

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
