//! Caddyfiles: to the model and back, and nothing of them is lost.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use import::caddy::{ENGINE, read};
use import::{ImportFile, Input};
use proptest::prelude::*;

#[test]
fn each_case_is_as_expected() {
    support::hold(&ENGINE);
}

/// Lines with more than comments and braces.
fn means(text: &str) -> Vec<bool> {
    let said = text.lines().map(str::trim).map(|line| if line.starts_with('#') { "" } else { line });
    said.map(|line| {
        line.split(" #")
            .next()
            .unwrap_or("")
            .chars()
            .any(|c| !c.is_whitespace() && !matches!(c, '{' | '}' | '\\'))
    })
    .collect()
}

fn check(files: &[ImportFile]) -> Result<(), String> {
    let (imported, told) = read(&Input { host: Some("gate"), files, fleet: None });
    if imported.report.has_errors() {
        return Ok(());
    }
    support::accounted(&imported, &told, files, means)
}

#[test]
fn nothing_of_the_cases_is_lost() {
    for case in support::cases("caddy") {
        let files = support::inputs(&case);
        let (imported, told) = read(&Input { host: None, files: &files, fleet: None });
        if !imported.report.has_errors() {
            support::accounted(&imported, &told, &files, means).unwrap();
        }
    }
}

fn samples() -> Vec<String> {
    let all =
        support::cases("caddy").iter().flat_map(|c| support::inputs(c)).map(|f| f.text).collect::<Vec<_>>();
    assert!(!all.is_empty());
    all
}

proptest! {
    #[test]
    fn any_text_is_read(text in any::<String>()) {
        let files = [ImportFile { path: "a/Caddyfile".into(), text }];
        prop_assert_eq!(check(&files), Ok(()));
        let _ = (ENGINE.normal)(&files);
    }

    #[test]
    fn damaged_files_are_read_and_nothing_is_lost(
        which in any::<prop::sample::Index>(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..30, "[ -~\n]{0,12}"), 0..4),
    ) {
        let text = support::damaged(which.get::<String>(&samples()), &cuts);
        let files = [ImportFile { path: "a/Caddyfile".into(), text }];
        prop_assert_eq!(check(&files), Ok(()));
        let _ = (ENGINE.normal)(&files);
    }
}

fn normal(text: &str) -> import::Normal {
    (ENGINE.normal)(&[ImportFile { path: "a/Caddyfile".into(), text: text.into() }])
}

const GATE: &str = "{
	email me@home.example
}
photos.home.example {
	header X-A b
	reverse_proxy 127.0.0.1:2283 {
		lb_policy first
	}
}
http://plain.home.example {
	@in remote_ip 10.0.0.0/8
	reverse_proxy @in 10.0.0.1:80
}
";

#[test]
fn snippets_wrappers_order_and_writing_mean_nothing_and_facts_do() {
    let other = "{
  email \"me@home.example\"   # who
}
(common) {
  header X-A {args[0]}
}
plain.home.example:80 {
  route {
    @in remote_ip 10.0.0.0/8
    reverse_proxy @in 10.0.0.1:80
  }
}
https://Photos.home.example:443 {
  handle {
    reverse_proxy http://localhost:2283 {
      lb_policy first
    }
  }
  import common b
}
";
    assert_eq!(import::compare(&normal(GATE), &normal(other)), []);
    for (from, to) in [
        ("me@", "you@"),
        ("2283", "2284"),
        ("photos.", "photo."),
        ("http://", "https://"),
        ("X-A b", "X-A c"),
        ("policy first", "policy random"),
        ("@in 10", "10"),
        ("10.0.0.0/8", "10.0.0.0/9"),
    ] {
        assert_ne!(normal(GATE), normal(&GATE.replacen(from, to, 1)), "{from}");
    }
}
