//! The filters of `ansible.utils` on addresses, against what its documentation shows, and against what the
//! collection itself answered once: it is no package of pip's of its own.

#![allow(clippy::unwrap_used, clippy::panic)]

use diag::Report;
use jinja::{Engine, NoWorld, Options, Variables};

fn shown(expression: &str) -> String {
    let engine = Engine::new(Options::default());
    let mut report = Report::new();
    let template = format!("{{{{ {expression} }}}}");
    match engine.render_text("t", &template, &Variables::new(), &NoWorld, &mut report) {
        Some(rendered) => rendered.text,
        None => diag::render_plain(&report),
    }
}

#[test]
fn addresses_are_as_documented() {
    let table = [
        ("'192.0.2.230' | ipaddr", "192.0.2.230"),
        ("'192.0.2.0/24' | ipaddr", "192.0.2.0/24"),
        ("'host.fqdn' | ipaddr", "False"),
        ("'' | ipaddr", "False"),
        ("true | ipaddr", "False"),
        (
            "['192.24.2.1', 'host.fqdn', '::1', '', '192.168.32.0/24', 'fe80::100/10', true, '42540766412265424405338506004571095040/64'] | ipaddr",
            "['192.24.2.1', '::1', '192.168.32.0/24', 'fe80::100/10', '2001:db8:32c:faad::/64']",
        ),
        (
            "['192.24.2.1', '::1', '192.168.32.0/24', 'fe80::100/10'] | ipv4",
            "['192.24.2.1', '192.168.32.0/24']",
        ),
        ("['192.24.2.1', '::1', '192.168.32.0/24', 'fe80::100/10'] | ipv6", "['::1', 'fe80::100/10']"),
        (
            "['192.24.2.1', '192.168.32.0/24', '192.168.1.5/24'] | ipaddr('address')",
            "['192.24.2.1', '192.168.1.5']",
        ),
        (
            "['192.24.2.1', '192.168.32.0/24', 'fe80::100/10'] | ipaddr('host')",
            "['192.24.2.1/32', 'fe80::100/10']",
        ),
        ("['192.24.2.1', '192.168.32.0/24'] | ipaddr('net')", "['192.168.32.0/24']"),
        ("['192.24.2.1', '192.168.32.0/24', '10.1.2.3'] | ipaddr('public')", "['192.24.2.1']"),
        (
            "['192.24.2.1', '192.168.32.0/24', '10.1.2.3'] | ipaddr('private')",
            "['192.168.32.0/24', '10.1.2.3']",
        ),
        (
            "['192.24.2.1', '192.168.32.0/24', '192.168.32.7'] | ipaddr('192.168.32.0/24')",
            "['192.168.32.0/24', '192.168.32.7']",
        ),
        ("'192.0.2.1/24' | ipaddr('netmask')", "255.255.255.0"),
        ("'192.0.2.1/24' | ipaddr('prefix')", "24"),
        ("'192.0.2.1/24' | ipaddr('network')", "192.0.2.0"),
        ("'192.0.2.1/24' | ipaddr('broadcast')", "192.0.2.255"),
        ("'192.0.2.1/24' | ipaddr('subnet')", "192.0.2.0/24"),
        ("'192.0.2.1/24' | ipaddr('hostmask')", "0.0.0.255"),
        ("'192.0.2.1/24' | ipaddr('size')", "256"),
        ("'192.0.2.1/24' | ipaddr('type')", "address"),
        ("'192.0.2.0/24' | ipaddr('type')", "network"),
        ("'192.0.2.1/255.255.255.0' | ipaddr('prefix')", "24"),
        ("'192.0.2.0/24' | ipaddr('first_usable')", "192.0.2.1"),
        ("'192.0.2.0/24' | ipaddr('last_usable')", "192.0.2.254"),
        ("'192.0.2.0/24' | ipaddr('range_usable')", "192.0.2.1-192.0.2.254"),
        ("'192.0.2.0/31' | ipaddr('range_usable')", "192.0.2.0-192.0.2.1"),
        ("'192.0.2.7/24' | ipaddr('next_usable')", "192.0.2.8"),
        ("'192.0.2.1/24' | ipaddr('previous_usable')", "None"),
        ("'10.1.1.1/30' | ipaddr('peer')", "10.1.1.2"),
        ("'10.1.1.0/31' | ipaddr('peer')", "10.1.1.1"),
        ("'192.0.2.0/24' | ipaddr('5')", "192.0.2.5/24"),
        ("'192.0.2.0/24' | ipaddr(1) | ipaddr('address')", "192.0.2.1"),
        ("'192.0.2.0/24' | ipaddr('-1')", "192.0.2.255/24"),
        ("'192.0.2.0/24' | ipaddr('300')", "False"),
        ("'192.168.0.5' | ipaddr('int')", "3232235525"),
        ("3232235525 | ipaddr", "192.168.0.5"),
        ("'192.0.2.5' | ipaddr('revdns')", "5.2.0.192.in-addr.arpa."),
        (
            "'2001:db8::1' | ipaddr('revdns')",
            "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.",
        ),
        ("'2001:db8:0:0::1/64' | ipaddr('network/prefix')", "2001:db8::/64"),
        ("'2001:db8::1/64' | ipaddr('ip/prefix')", "2001:db8::1/64"),
        ("'193.0.2.1' | ipaddr('6to4')", "2002:c100:0201::1/48"),
        ("'192.0.2.1' | ipaddr('version')", "4"),
        ("'::1' | ipaddr('loopback')", "::1"),
        ("'fe80::1/64' | ipaddr('link-local')", "fe80::1/64"),
        ("'224.0.0.5' | ipaddr('multicast')", "224.0.0.5"),
        ("'192.0.2.1/24' | ipaddr('ip_netmask')", "192.0.2.1 255.255.255.0"),
        ("'192.0.2.1/24' | ipaddr('network_wildcard')", "192.0.2.0 0.0.0.255"),
        (
            "['192.24.2.1', 'host.fqdn', '::1', 'fe80::100/10'] | ipwrap",
            "['192.24.2.1', 'host.fqdn', '[::1]', '[fe80::100]/10']",
        ),
        ("'host.fqdn' | ipwrap", "host.fqdn"),
        ("'::1' | ipwrap", "[::1]"),
        ("'192.168.1.5' | ipmath(5)", "192.168.1.10"),
        ("'192.168.0.5' | ipmath(-10)", "192.167.255.251"),
        ("'192.168.1.1/24' | ipmath(5)", "192.168.1.6"),
        ("'2001::1' | ipmath(9)", "2001::a"),
        ("'10.0.0.0/8' | nthhost(305)", "10.0.1.49"),
        ("'192.168.144.5' | ipsubnet", "192.168.144.5/32"),
        ("'192.168.0.0/16' | ipsubnet(20)", "16"),
        ("'192.168.0.0/16' | ipsubnet(20, 0)", "192.168.0.0/20"),
        ("'192.168.0.0/16' | ipsubnet(20, -1)", "192.168.240.0/20"),
        ("'192.168.0.0/16' | ipsubnet(20, 5)", "192.168.80.0/20"),
        ("'192.168.144.5' | ipsubnet(20)", "192.168.144.0/20"),
        ("'192.168.144.5' | ipsubnet(18, 0)", "192.168.128.0/18"),
        ("'192.168.144.5' | ipsubnet(18, -1)", "192.168.144.4/31"),
        ("'192.168.144.5' | ipsubnet('192.168.0.0/16')", "36870"),
        ("'192.168.144.0/24' | ipsubnet('192.168.0.0/16')", "145"),
        ("'192.168.144.1/30' | ipsubnet('192.168.144.0/24')", "1"),
        ("'192.168.144.16/30' | ipsubnet('192.168.144.0/24')", "5"),
        ("'192.168.0.0/24' | network_in_usable('192.168.0.1')", "True"),
        ("'192.168.0.0/24' | network_in_usable('192.168.0.255')", "False"),
        ("'192.168.0.0/16' | network_in_usable('192.168.0.255')", "True"),
    ];
    let wrong: Vec<String> = table
        .into_iter()
        .map(|(expression, expected)| (expression, expected, shown(expression)))
        .filter(|(_, expected, shown)| expected != shown)
        .map(|(expression, expected, shown)| format!("{expression}\n  {expected}\n  {shown}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn questions_that_make_no_sense_are_errors() {
    for expression in [
        "'192.0.2.1' | ipaddr('frob')",
        "'192.0.2.1' | ipaddr('first_usable')",
        "'192.0.2.0/30' | ipaddr('peer')",
        "'x' | ipmath(1)",
        "'255.255.255.255' | ipmath(1)",
        "'10.0.0.0/24' | ipsubnet(8)",
        "'10.0.0.1' | ipsubnet('192.0.2.0/24')",
    ] {
        assert!(shown(expression).contains("FW1306"), "{expression}: {}", shown(expression));
    }
}

#[test]
fn addresses_are_as_the_collection_answered() {
    let table = include_str!("cases/addresses.table");
    let mut count = 0;
    let mut wrong = String::new();
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let (expression, expected) = line.split_once(" => ").unwrap();
        let shown = shown(expression);
        let shown = if shown.starts_with("error[") { "!" } else { &shown };
        if shown != expected {
            wrong.push_str(&format!("{expression}\n  {expected}\n  {shown}\n"));
        }
        count += 1;
    }
    assert!(count > 700 && wrong.is_empty(), "{count} answers\n{wrong}");
}
