//! Incus's answers, and any text in their place.
#![allow(clippy::unwrap_used, clippy::panic)]

use import::{ImportFile, Imported, Input, incus};
use proptest::prelude::*;

fn read(text: &str) -> Imported {
    let files = [ImportFile { path: "answer.json".into(), text: text.into() }];
    incus::read(&Input { host: Some("cluster01"), files: &files, fleet: None })
}

const ANSWER: &str = r#"[
 {"name": "net_1", "type": "bridge", "managed": true, "config": {"ipv4.address": "10.5.0.1/24", "ipv6.address": "none", "dns.domain": "lab"}},
 {"name": "eno1", "type": "physical", "managed": false, "config": {}},
 {"name": "db", "type": "virtual-machine", "profiles": ["default", "big"],
  "config": {"limits.memory": "4GiB", "limits.cpu": "0-3", "image.os": "Ubuntu", "image.release": "noble", "image.variant": "cloud"},
  "expanded_devices": {"nic": {"type": "nic", "network": "net_1", "name": "enp5s0", "ipv4.address": "10.5.0.7"},
                       "gpu": {"type": "gpu"}, "wan": {"type": "nic", "parent": "br9", "name": "wan"}}},
 {"name": "big", "config": {}, "devices": {}}
]"#;

#[test]
fn instances_networks_and_what_stays_in_incus() {
    let made = read(ANSWER);
    assert!(!made.report.has_errors(), "{:?}", made.report);
    let files: Vec<(&str, &str)> = made.files.iter().map(|f| (f.path.as_str(), f.text.as_str())).collect();
    assert_eq!(
        files,
        [
            ("environments/cluster01.yaml", "engine: incus\n"),
            (
                "hosts/db.yaml",
                "environment: cluster01\ninterfaces: {enp5s0: {network: net-1, ipv4: 10.5.0.7}}\n\
                 capacity: {memory: 4GiB}\n\
                 machine: {engine: incus, image: images:ubuntu/noble/cloud, config: {limits-cpu: \"0-3\"}}\n"
            ),
            (
                "networks/net-1.yaml",
                "# `net_1` in Incus.\nenvironment: cluster01\nkind: bridge\nipv4: 10.5.0.0/24\n"
            ),
        ]
    );
    let told: Vec<&str> = made.notes.iter().map(|n| n.what.as_str()).collect();
    assert_eq!(
        told,
        ["network net_1: dns.domain = lab", "db: gpu gpu", "db: wan", "db: profile big", "profile big"]
    );
}

#[test]
fn what_is_not_incus_is_said() {
    for text in ["{}", "[1]", "[{\"name\": \"x\"}]", "| web | RUNNING |", ""] {
        let made = read(text);
        assert!(made.report.has_errors() && made.files.is_empty(), "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read(text in any::<String>()) {
        read(&text);
    }

    #[test]
    fn damaged_answers_are_read(at in any::<prop::sample::Index>(), length in 0_usize..40, new in "[ -~\n]{0,8}") {
        let mut chars: Vec<char> = ANSWER.chars().collect();
        let from = at.index(chars.len());
        let to = (from + length).min(chars.len());
        chars.splice(from..to, new.chars());
        read(&chars.into_iter().collect::<String>());
    }
}
