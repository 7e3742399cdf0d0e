//! The packet filter under random firewalls: nft reads every one of them.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use artifact::Why;
use common::{checkers, fleet, host, id, interface, ip, why};
use derive::fleet::{Dnat, Firewall, Fleet, Masquerade, ReturnPath, Rule, Traffic};
use ipnet::IpNet;
use model::Proto;
use proptest::prelude::*;
use std::io::Write;
use std::net::IpAddr;
use std::process::{Command, Stdio};

fn with(firewall: Firewall) -> Fleet {
    let mut fleet = fleet();
    let mut router = host("router");
    router.interfaces = vec![interface("wan", "uplink", "internet", &["203.0.113.7/24"])];
    router.forwarding = true;
    router.firewall = firewall;
    fleet.hosts.insert(router.id.clone(), router);
    fleet
}

fn reason() -> Why {
    why("fleet.yaml", "a rule")
}

fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<u32>().prop_map(|n| IpAddr::V4(n.into())),
        any::<u128>().prop_map(|n| IpAddr::V6(n.into()))
    ]
}

fn prefix() -> impl Strategy<Value = IpNet> {
    (address(), 0u8..=128).prop_map(|(ip, length)| {
        let most = if ip.is_ipv4() { 32 } else { 128 };
        IpNet::new(ip, length.min(most)).unwrap().trunc()
    })
}

fn name() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9-]{0,13}[a-z0-9]"
}

fn traffic() -> impl Strategy<Value = Traffic> {
    let proto = prop_oneof![Just(Proto::Tcp), Just(Proto::Udp)];
    prop_oneof![
        Just(Traffic::Any),
        Just(Traffic::Icmp),
        Just(Traffic::Dnat),
        (proto, proptest::collection::vec(1u16.., 0..5)).prop_map(|(p, ports)| Traffic::Ports(p, ports)),
        prop_oneof!["ospf", "esp", "gre", "vrrp", "89"].prop_map(Traffic::Protocol),
    ]
}

fn rule(forward: bool) -> impl Strategy<Value = Rule> {
    let names = || proptest::collection::vec(name(), 0..3);
    let nets = || proptest::collection::vec(prefix(), 0..4);
    (names(), names(), nets(), nets(), traffic()).prop_map(move |(iif, oif, from, to, traffic)| Rule {
        iif,
        oif: if forward { oif } else { Vec::new() },
        from,
        to,
        traffic,
        why: reason(),
    })
}

fn dnat() -> impl Strategy<Value = Dnat> {
    let ends = (proptest::option::of(address()), address(), proptest::collection::vec(prefix(), 0..3));
    (proptest::option::of(name()), ends, 1u16.., 1u16..).prop_map(
        |(iif, (to, target, from), port, target_port)| Dnat {
            iif,
            to,
            from,
            proto: Proto::Tcp,
            port,
            target,
            target_port,
            why: reason(),
        },
    )
}

fn firewall() -> impl Strategy<Value = Firewall> {
    let rules = (proptest::collection::vec(rule(false), 0..6), proptest::collection::vec(rule(true), 0..6));
    let nets = || proptest::collection::vec(prefix(), 0..4);
    let masquerade = proptest::collection::vec(
        (name(), nets()).prop_map(|(oif, from)| Masquerade { oif, from, why: reason() }),
        0..3,
    );
    let returns = proptest::collection::vec(
        (name(), 1u32.., nets()).prop_map(|(iif, mark, except)| ReturnPath {
            iif,
            mark,
            except,
            why: reason(),
        }),
        0..3,
    );
    let others = (proptest::collection::vec(name(), 0..3), nets(), proptest::collection::vec(name(), 0..3));
    (rules, proptest::collection::vec(dnat(), 0..4), masquerade, returns, others).prop_map(
        |((input, forward), dnat, masquerade, returns, (clamp, untracked, inside))| Firewall {
            input,
            forward,
            dnat,
            masquerade,
            returns,
            clamp_mss: clamp.into_iter().map(|i| (i, reason())).collect(),
            inside,
            untracked: untracked.into_iter().map(|n| (n, reason())).collect(),
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    /// Rules whose families cannot meet are named; everything else is read, and every line knows why.
    #[test]
    fn nft_reads_every_firewall(firewall in firewall()) {
        let (hosts, report) = render::render(&with(firewall));
        for item in &report.items {
            prop_assert_eq!(item.code, "FW0906", "{:?}", item);
        }
        let desired = &hosts[&id("router")];
        checkers::all_pass(desired);
        for line in desired.files["/etc/fleetwright/nftables.nft"].text.lines.iter() {
            prop_assert!(!line.why.reason.is_empty());
        }
    }
}

/// A namespace of its own, so that the machine's packet filter is left alone.
fn nft_in_namespace(script: &str) -> String {
    let mut child = Command::new("unshare")
        .args(["--net", "sh", "-eu"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

#[test]
fn loading_twice_is_loading_once_and_other_tables_stay() {
    let mut fleet = with(Firewall::default());
    let router = fleet.hosts.get_mut("router").unwrap();
    router.firewall.input.push(common::rule(&["wan"], &[], &[], Traffic::Ports(Proto::Tcp, vec![22])));
    router.firewall.dnat.push(Dnat {
        iif: Some("wan".into()),
        to: Some(ip("203.0.113.7")),
        from: Vec::new(),
        proto: Proto::Tcp,
        port: 443,
        target: ip("192.168.10.2"),
        target_port: 443,
        why: reason(),
    });
    let (hosts, _) = render::render(&fleet);
    let root = tempfile::tempdir().unwrap();
    checkers::stage(&hosts[&id("router")], root.path());
    let file = root.path().join("etc/fleetwright/nftables.nft");
    let said = nft_in_namespace(&format!(
        "nft add table ip other\nnft add chain ip other mine\nnft -f {f}\nnft list ruleset >{d}/once\n\
         nft -f {f}\nnft list ruleset >{d}/twice\ncmp {d}/once {d}/twice\ncat {d}/twice",
        f = file.display(),
        d = root.path().display()
    ));
    assert!(said.contains("table ip other"), "{said}");
    assert_eq!(said.matches("tcp dport 22 accept").count(), 1, "{said}");
}

#[test]
fn raw_text_comes_before_every_rule() {
    let mut fleet = with(Firewall::default());
    let router = fleet.hosts.get_mut("router").unwrap();
    router
        .overrides
        .insert("nftables".into(), ("udp dport 51820 drop\n".into(), common::place("hosts/router.yaml")));
    let (hosts, report) = render::render(&fleet);
    assert!(report.items.is_empty(), "{:#?}", report.items);
    checkers::all_pass(&hosts[&id("router")]);
    let text = hosts[&id("router")].files["/etc/fleetwright/nftables.nft"].text.public();
    let (raw, first) = (text.find("udp dport 51820 drop").unwrap(), text.find("established").unwrap());
    assert!(raw < first, "{text}");
}
