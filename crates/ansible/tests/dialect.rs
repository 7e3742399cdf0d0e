//! The dialect where each top-level key is a group and merging is flat.

#![allow(clippy::unwrap_used, clippy::panic)]

use ansible::Layer;
use ansible::dialect::{merge, variables};
use diag::Report;
use py::{NoTags, Node};

fn yaml(file: &str, text: &str) -> Node {
    let mut report = Report::new();
    let node = py::load(file, text, &NoTags, &mut report);
    assert!(report.items.is_empty());
    node.unwrap()
}

#[test]
fn later_layers_win_whole_and_say_so() {
    let inventory = yaml(
        "inventory.yml",
        "core:\n  hosts:\n    c1: {a: host, b: host, map: {x: 1}}\n  vars: {a: group, map: {y: 2}, inventory_hostname: odd}\nixp:\n  hosts:\n    c1:\n    i1: {token: plain}\n",
    );
    let outputs = yaml("outputs.json", "{b: output}");
    let secrets = yaml("secrets.yml", "{token: secret}");
    let mut report = Report::new();
    let outputs = variables(&outputs, Layer::Outputs, "outputs", &mut report);
    let secrets = variables(&secrets, Layer::Secrets, "secrets", &mut report);
    let hosts = merge(&inventory, &[&outputs, &secrets], &mut report);
    assert!(report.items.is_empty(), "{}", diag::render_plain(&report));
    let shown: Vec<String> = hosts
        .iter()
        .map(|h| format!("{} {} {}", h.group, h.name, py::repr(&h.vars.to_map().into())))
        .collect();
    assert_eq!(
        shown,
        [
            "core c1 {'a': 'host', 'map': {'x': 1}, 'inventory_hostname': 'c1', 'b': 'output', 'token': 'secret'}",
            "ixp c1 {'b': 'output', 'token': 'secret', 'inventory_hostname': 'c1'}",
            "ixp i1 {'token': 'secret', 'b': 'output', 'inventory_hostname': 'i1'}",
        ]
    );
    let b = hosts[0].vars.get("b").unwrap();
    assert_eq!(b.origin.place.to_string(), "outputs.json:1:2");
    let shadowed: Vec<String> = b.shadowed.iter().map(|o| format!("{} ({})", o.place, o.layer)).collect();
    assert_eq!(shadowed, ["inventory.yml:3:19 (host)"]);
}

#[test]
fn what_the_dialect_does_not_read_is_said() {
    let inventory =
        yaml("inventory.yml", "core:\n  children: {x: }\n  hosts: [a]\n2:\n  hosts: {}\nlist: []\nnone:\n");
    let mut report = Report::new();
    assert!(merge(&inventory, &[], &mut report).is_empty());
    report.sort();
    let said: Vec<String> = report.items.iter().map(|i| i.message.clone()).collect();
    assert_eq!(
        said,
        [
            "'children' of group `core` is not read in this dialect",
            "`hosts` of group `core` is no map",
            "2 is no group's name: it is not a text",
            "group `list` is no map",
        ]
    );
}
