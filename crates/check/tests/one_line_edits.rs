//! One-line edits of `examples/two-sites` that would break it for people outside are refused, each with the
//! broken hop named; an exception makes the refusal a warning, so that the twin can show it.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use diag::{Diagnostic, Severity};
use support::{read, repository};

/// Replaces a text that must be there in one file of the example, and adds a policy.
fn edited(file: &str, from: &str, to: &str, policy: Option<&str>) -> Vec<Diagnostic> {
    let mut sources = read(&repository().join("examples/two-sites")).unwrap();
    let text = String::from_utf8(sources.files.remove(file).unwrap()).unwrap();
    assert!(text.contains(from), "{file} no longer has `{from}`");
    sources.files.insert(file.to_owned(), text.replacen(from, to, 1).into_bytes());
    if let Some(policy) = policy {
        sources.files.insert("policies/insisted.yaml".to_owned(), policy.as_bytes().to_vec());
    }
    let (fleet, reading) = source::load(&sources);
    assert!(!reading.has_errors(), "{}", diag::render_plain(&reading));
    check::check_on(&fleet.unwrap(), Some("2026-11-21")).items
}

/// One edit: what it is, where, what is said about it, and how an exception names it.
struct Edit {
    file: &'static str,
    from: &'static str,
    to: &'static str,
    code: &'static str,
    names: &'static [&'static str],
    rule: &'static str,
    of: &'static str,
}

const EDITS: &[Edit] = &[
    Edit {
        file: "tunnels/kyiv-wroclaw.yaml",
        from: "network:",
        to: "override: {allowed-ips: {wroclaw-gw: 10.77.88.0/30}}\nnetwork:",
        code: "FW0508",
        names: &["tunnel `kyiv-wroclaw`", "end `wroclaw-gw`", "two-sites.example"],
        rule: "allowed-ips-narrow",
        of: "tunnels/kyiv-wroclaw",
    },
    Edit {
        file: "tunnels/kyiv-wroclaw.yaml",
        from: "network:",
        to: "override: {allowed-ips: {kyiv-gw: 10.77.88.0/30}}\nnetwork:",
        code: "FW0508",
        names: &["tunnel `kyiv-wroclaw`", "end `kyiv-gw`", "192.168.10.2"],
        rule: "allowed-ips-narrow",
        of: "tunnels/kyiv-wroclaw",
    },
    Edit {
        file: "tunnels/kyiv-wroclaw.yaml",
        from: "network:",
        to: "override: {policy-route: no}\nnetwork:",
        code: "FW0509",
        names: &["policy route", "`wroclaw-gw`", "tunnel `kyiv-wroclaw`"],
        rule: "policy-route",
        of: "tunnels/kyiv-wroclaw",
    },
    Edit {
        file: "services/photos.yaml",
        from: "auth: sso",
        to: "auth: sso, override: {dnat-interface: any}",
        code: "FW0416",
        names: &["DNAT on kyiv-gw", "photos.two-sites.example"],
        rule: "dnat-interface",
        of: "services/photos",
    },
    Edit {
        file: "services/photos.yaml",
        from: "auth: sso",
        to: "auth: sso, override: {dns: 100.64.10.2}",
        code: "FW0414",
        names: &["DNS record", "100.64.10.2", "RFC 6598"],
        rule: "dns-override",
        of: "services/photos",
    },
    Edit {
        file: "services/ingress.yaml",
        from: "on: mac-mini",
        to: "on: mac-mini\nlisten: 127.0.0.1",
        code: "FW0415",
        names: &["`ingress`", "127.0.0.1"],
        rule: "listens-on-loopback",
        of: "services/ingress",
    },
];

#[test]
fn each_edit_is_refused_with_its_hop() {
    for edit in EDITS {
        let said = edited(edit.file, edit.from, edit.to, None);
        let [only] = said.as_slice() else { panic!("{}: {said:#?}", edit.to) };
        assert_eq!((only.code, only.severity), (edit.code, Severity::Error), "{}", edit.to);
        assert_eq!(only.place.as_ref().map(|p| &*p.file), Some(edit.file), "{}", edit.to);
        for name in edit.names {
            assert!(only.message.contains(name), "`{name}` is not in `{}`", only.message);
        }
    }
}

#[test]
fn an_exception_lets_the_twin_show_it() {
    for edit in EDITS {
        let policy = |until: &str| {
            format!(
                "exceptions: [{{rule: {}, of: {}, reason: A drill, until: {until}}}]\n",
                edit.rule, edit.of
            )
        };
        let said = edited(edit.file, edit.from, edit.to, Some(&policy("2027-01-31")));
        assert!(said.iter().all(|d| d.severity == Severity::Warning), "{}: {said:#?}", edit.to);
        assert!(said.iter().any(|d| d.code == edit.code), "{}: {said:#?}", edit.to);
        let said = edited(edit.file, edit.from, edit.to, Some(&policy("2026-01-31")));
        let errors: Vec<&str> =
            said.iter().filter(|d| d.severity == Severity::Error).map(|d| d.code).collect();
        assert!(errors.contains(&edit.code) && errors.contains(&"FW0715"), "{}: {said:#?}", edit.to);
    }
}

/// What a drop of the tunnel's port does is left to the twin; that nobody looked at it here is said.
#[test]
fn raw_firewall_text_is_marked() {
    let said = edited(
        "hosts/kyiv-gw.yaml",
        "site: kyiv",
        "site: kyiv\noverride: {nftables: 'table inet mine { chain in { type filter hook input priority -10; udp dport 51820 drop; } }'}",
        None,
    );
    let [only] = said.as_slice() else { panic!("{said:#?}") };
    assert_eq!((only.code, only.severity), ("FW0425", Severity::Warning));
}

/// Edits that do no harm are let through: the whole of the internet in two halves, the right record.
#[test]
fn harmless_overrides_pass() {
    for (file, from, to) in [
        (
            "tunnels/kyiv-wroclaw.yaml",
            "network:",
            "override: {allowed-ips: {wroclaw-gw: [0.0.0.0/1, 128.0.0.0/1, '::/0']}}\nnetwork:",
        ),
        (
            "tunnels/kyiv-wroclaw.yaml",
            "network:",
            "override: {allowed-ips: {kyiv-gw: [192.168.10.0/24, 'fd77:10::/64', 10.77.88.0/30]}}\nnetwork:",
        ),
        ("tunnels/kyiv-wroclaw.yaml", "network:", "override: {policy-route: yes}\nnetwork:"),
        ("services/photos.yaml", "auth: sso", "auth: sso, override: {dns: [203.0.113.7, '2001:db8:7::7']}"),
        ("services/photos.yaml", "auth: sso", "auth: sso, override: {dnat-interface: wan}"),
        ("services/redis.yaml", "on: mac-mini", "on: mac-mini\nlisten: 127.0.0.1"),
    ] {
        let said = edited(file, from, to, None);
        assert!(said.is_empty(), "{to}: {said:#?}");
    }
}
