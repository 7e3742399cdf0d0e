//! Caddyfiles: to the model and back, and nothing of them is lost.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use import::caddy::{ENGINE, read};

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

support::holds_of_a_reader!("caddy", "a/Caddyfile");

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
