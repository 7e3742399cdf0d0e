//! What is written is read back as it was, by the reader of the fleet's own sources.
#![allow(clippy::unwrap_used, clippy::panic)]

use import::yaml::{Map, Yaml, text};
use model::{Node, NodeKind};
use proptest::prelude::*;

fn back(written: &str) -> Node {
    let mut report = diag::Report::new();
    let node = source::yaml::parse("t.yaml", written, &mut report);
    assert!(report.items.is_empty(), "{written}\n{report:?}");
    node.unwrap()
}

/// Whether a node is what was written, and guessed texts are quoted.
fn same(value: &Yaml, node: &Node) -> bool {
    match (value, &node.kind) {
        (Yaml::Word(text), NodeKind::Scalar { text: read, .. }) => text == read,
        (Yaml::Text(text), NodeKind::Scalar { text: read, quoted }) => {
            text == read && (*quoted || text.parse::<f64>().is_err())
        }
        (Yaml::List(items), NodeKind::List(read)) => {
            items.len() == read.len() && items.iter().zip(read).all(|(i, r)| same(i, r))
        }
        (Yaml::Map(map), NodeKind::Map(read)) => {
            map.len() == read.len()
                && map.iter().zip(read).all(|((key, v), (k, r))| key == k.text && same(v, r))
        }
        _ => false,
    }
}

fn value() -> impl Strategy<Value = Yaml> {
    let words = prop_oneof![
        any::<String>().prop_map(Yaml::Word),
        any::<String>().prop_map(Yaml::Text),
        "[-a-z0-9:#,&*!|>'\"%@` ~{}\\[\\]\n]{0,12}".prop_map(Yaml::Word),
        "[-0-9.eyno:]{0,5}".prop_map(Yaml::Text),
        "[ a-z#:\n]{0,150}".prop_map(Yaml::Text),
    ];
    words.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Yaml::List),
            prop::collection::vec((any::<String>(), inner, any::<bool>(), "[ -~\n]{0,8}"), 0..6).prop_map(
                |entries| {
                    let mut map = Map::new();
                    for (key, value, told, comment) in entries {
                        map.set(key.clone(), value);
                        if told {
                            map.comment(Some(&key), &comment).beside(&key, comment.clone());
                        }
                    }
                    Yaml::Map(map)
                }
            ),
        ]
    })
}

proptest! {
    #[test]
    fn any_value_comes_back(value in value(), head in "[ -~\n]{0,20}") {
        let mut map = Map::new();
        map.set("it", value.clone());
        let written = text(&head, &map);
        let node = back(&written);
        prop_assert!(same(&Yaml::Map(map), &node), "{}\n{:?}\n{:?}", written, value, node);
    }
}

#[test]
fn it_reads_like_the_examples() {
    let mut map = Map::new();
    map.set("between", vec!["kyiv-gw", "wroclaw-gw"]).set("network", "10.77.88.0/30").set("port", 51820_u16);
    map.comment(Some("port"), "the port is written because the other end is not ours");
    map.set("address", vec!["10.0.0.1", "fd00::1"]).beside("address", "as in the file");
    map.set("keepalive", "25s").set("public", true);
    let mut vars = Map::new();
    vars.set("zone", Yaml::Text("80".into()))
        .set("weight", "0.5")
        .set("name", Yaml::Text("plain text".into()));
    map.set("vars", vars).set("override", "a\nb\n").comment(None, "what follows was not carried");
    assert_eq!(
        text("From wg0.conf.", &map),
        "# From wg0.conf.\nbetween: [kyiv-gw, wroclaw-gw]\nnetwork: 10.77.88.0/30\n\
         # the port is written because the other end is not ours\nport: 51820\n\
         address: [10.0.0.1, \"fd00::1\"]    # as in the file\nkeepalive: 25s\npublic: yes\n\
         vars: {zone: \"80\", weight: 0.5, name: plain text}\noverride: |\n  a\n  b\n\
         # what follows was not carried\n"
    );
}
