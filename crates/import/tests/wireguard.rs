//! WireGuard files: to the model and back, and nothing of them is lost.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use import::wireguard::{ENGINE, read};

/// Blank lines, comments and section heads say nothing by themselves.
fn means(text: &str) -> Vec<bool> {
    let said = text.lines().map(|line| line.split('#').next().unwrap_or("").trim());
    said.map(|line| !line.is_empty() && !line.starts_with('[')).collect()
}

support::holds_of_a_reader!("wireguard", "a/wg0.conf");

const GATE: &str = "[Interface]
PrivateKey = mITs4egpdlrk6Y0oaYetAHT20cFOW1hKvuZskNe7fUs=
ListenPort = 51820
Address = 10.8.0.1/24
[Peer]
PublicKey = iBIh+IvOSb/xh/enilcvpaZ0n/kdArLOT5hXa7eQl3o=
AllowedIPs = 10.8.0.2/32, 192.168.1.0/24
[Peer]
PublicKey = nCB5krYDk6hWMGzVlrjx6/+pOUeIhGZ+U9zzGGrsWUE=
AllowedIPs = 10.8.0.3/32
";

#[test]
fn order_spaces_comments_and_names_mean_nothing_and_facts_do() {
    let other = "# of gate
[peer]
allowedips=10.8.0.3
publickey=nCB5krYDk6hWMGzVlrjx6/+pOUeIhGZ+U9zzGGrsWUE=

[Peer]   # wroclaw
AllowedIPs =  192.168.1.0/24
PublicKey=iBIh+IvOSb/xh/enilcvpaZ0n/kdArLOT5hXa7eQl3o=
AllowedIPs = 10.8.0.2/32
PersistentKeepalive = off
[Interface]
MTU = 1420
Address=10.8.0.1/24
ListenPort=51820
PrivateKey=mITs4egpdlrk6Y0oaYetAHT20cFOW1hKvuZskNe7fUs=
";
    assert_eq!(normal(GATE), normal(other));
    for (from, to) in [
        ("10.8.0.3/32", "10.8.0.4/32"),
        ("51820", "51821"),
        ("192.168.1.0/24", "192.168.1.0/25"),
        ("4egpdl", "4egpdm"),
        ("10.8.0.1/24", "10.8.0.1/25"),
        ("[Peer]\n", "[Peer]\nEndpoint = 192.0.2.1:51820\n"),
        ("[Peer]\n", "[Peer]\nPersistentKeepalive = 25\n"),
    ] {
        assert_ne!(normal(GATE), normal(&GATE.replacen(from, to, 1)), "{from}");
    }
}
