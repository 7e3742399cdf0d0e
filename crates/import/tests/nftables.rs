//! nftables' rules: to the model and back, and nothing of them is lost.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use import::nftables::{ENGINE, read};
use import::{ImportFile, Input};
use proptest::prelude::*;

#[test]
fn each_case_is_as_expected() {
    support::hold(&ENGINE);
}

/// Lines with more than comments, braces and ends of statements. A listing in JSON has no lines of its own.
fn means(text: &str) -> Vec<bool> {
    let said = text.lines().map(|line| line.split('#').next().unwrap_or("").trim());
    said.map(|line| line.chars().any(|c| !c.is_whitespace() && !matches!(c, '{' | '}' | ';' | '\\')))
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
    for case in support::cases("nftables") {
        let files = support::inputs(&case);
        let (imported, told) = read(&Input { host: None, files: &files, fleet: None });
        if !imported.report.has_errors() {
            support::accounted(&imported, &told, &files, means).unwrap();
        }
    }
}

fn samples() -> Vec<String> {
    let all = support::cases("nftables")
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
        let files = [ImportFile { path: "a/nftables.conf".into(), text }];
        prop_assert_eq!(check(&files), Ok(()));
        let _ = (ENGINE.normal)(&files);
    }

    #[test]
    fn damaged_files_are_read_and_nothing_is_lost(
        which in any::<prop::sample::Index>(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..30, "[ -~\n]{0,12}"), 0..4),
    ) {
        let text = support::damaged(which.get::<String>(&samples()), &cuts);
        let files = [ImportFile { path: "a/nftables.conf".into(), text }];
        prop_assert_eq!(check(&files), Ok(()));
        let _ = (ENGINE.normal)(&files);
    }
}

fn normal(text: &str) -> import::Normal {
    (ENGINE.normal)(&[ImportFile { path: "a/nftables.conf".into(), text: text.into() }])
}

const GATE: &str = "table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    udp dport 99 drop
    ct state established,related accept
    iifname \"lo\" accept
    tcp dport { 22, 80, 443 } accept
    ip saddr 192.0.2.0/24 udp dport 161 accept
  }
}
";

#[test]
fn names_and_writing_mean_nothing_and_facts_and_order_do() {
    let other = "flush ruleset
define web = { https, http, ssh }
add table inet mine
add chain inet mine in { type filter hook input priority 0 ; policy drop ; }
add rule inet mine in udp dport 99 drop
add rule inet mine in ct state { related, established } counter packets 1 bytes 2 accept
add rule inet mine in iif lo accept comment \"ourselves\"
add rule inet mine in tcp dport $web accept
add rule inet mine in ip saddr 192.0.2.0/24 \\
  udp dport 161 accept
";
    assert_eq!(import::compare(&normal(GATE), &normal(other)), []);
    for (from, to) in [
        ("policy drop", "policy accept"),
        ("80,", "81,"),
        ("192.0.2.0/24", "192.0.2.0/25"),
        ("hook input", "hook output"),
        ("priority filter", "priority 10"),
        ("udp", "tcp"),
        ("161 accept", "161 drop"),
        (
            "    udp dport 99 drop\n    ct state established,related accept\n",
            "    ct state established,related accept\n    udp dport 99 drop\n",
        ),
    ] {
        assert_ne!(normal(GATE), normal(&GATE.replacen(from, to, 1)), "{from}");
    }
}

/// What `nft -j list ruleset` says of the rules that `as-text.nft` loads (nft 1.0.6).
#[test]
fn a_listing_means_what_its_file_means() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/nftables/listing");
    let read = |name: &str| {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        (ENGINE.normal)(&[ImportFile { path: name.into(), text }])
    };
    let (mut text, mut listing) = (read("as-text.nft"), read("in/nas/ruleset.json"));
    for side in [&mut text, &mut listing] {
        // A map of verdicts is compared as it is written.
        side.retain(|key, _| !key.contains("vmap"));
        for value in side.values_mut() {
            *value = value.split("; ").filter(|part| !part.contains("vmap")).collect::<Vec<_>>().join("; ");
        }
    }
    assert_eq!(import::compare(&text, &listing), []);
}
