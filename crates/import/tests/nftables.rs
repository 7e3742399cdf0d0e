//! nftables' rules: to the model and back, and nothing of them is lost.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use import::nftables::{ENGINE, read};

/// Lines with more than comments, braces and ends of statements. A listing in JSON has no lines of its own.
fn means(text: &str) -> Vec<bool> {
    let said = text.lines().map(|line| line.split('#').next().unwrap_or("").trim());
    said.map(|line| line.chars().any(|c| !c.is_whitespace() && !matches!(c, '{' | '}' | ';' | '\\')))
        .collect()
}

support::holds_of_a_reader!("nftables", "a/nftables.conf");

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
        (ENGINE.normal)(&[import::ImportFile { path: name.into(), text }])
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
