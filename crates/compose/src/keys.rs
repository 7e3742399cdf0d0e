//! Keys of a map as it is read: merge keys, and keys that cannot be one.

use crate::codes;
use crate::node::{Map, Node, Value};
use diag::{Diagnostic, Place, Report};

/// What comes next in a map that is being read.
pub(crate) enum Key {
    /// A key.
    Wanted,
    /// This key's value.
    Read(String, Place),
    /// What is merged.
    Merge(Place),
    /// A value that is dropped: its key was refused.
    Refused,
}

/// A map's own keys, then what it merges; what is said first wins.
pub(crate) fn together(mut own: Map, merged: Vec<Map>) -> Map {
    for map in merged {
        for (key, entry) in map {
            if !own.contains(&key) {
                own.insert(key, &entry.at, entry.node);
            }
        }
    }
    own
}

/// What `<<` brings.
pub(crate) fn merge(node: Node, at: &Place, merged: &mut Vec<Map>, report: &mut Report) {
    let mut refuse = |place: &Place| {
        report.push(
            Diagnostic::error(codes::MERGE_KEY, place, "`<<` merges maps, and this is none")
                .help("write `<<: *anchor` or `<<: [*one, *two]`, with anchors on maps"),
        );
    };
    match node.value {
        Value::Map(map) => merged.push(map),
        Value::List(items) => {
            for item in items {
                match item.value {
                    Value::Map(map) => merged.push(map),
                    _ => refuse(&item.place),
                }
            }
        }
        _ => refuse(at),
    }
}

/// A key; `merge` when it is a plain `<<`.
pub(crate) fn read(node: Node, merge: bool, own: &Map, merged: &[Map], report: &mut Report) -> Key {
    let place = node.place;
    if merge {
        if merged.is_empty() {
            return Key::Merge(place);
        }
        report.push(
            Diagnostic::error(codes::DUPLICATE_KEY, &place, "`<<` stands twice in this map")
                .help("merge both with one: `<<: [*one, *two]`"),
        );
        return Key::Refused;
    }
    let text = match node.value {
        Value::Text(text) => text,
        other => {
            let word = Node::new(&place, other).word();
            report.push(
                Diagnostic::error(codes::STRANGE_KEY, &place, format!("a key is a text, and this is {word}"))
                    .help("write it in quotes"),
            );
            return Key::Refused;
        }
    };
    if let Some(first) = own.entry(&text) {
        report.push(
            Diagnostic::error(codes::DUPLICATE_KEY, &place, format!("`{text}` stands twice in this map"))
                .label(&first.at, "first here")
                .help("keep one of them"),
        );
        return Key::Refused;
    }
    Key::Read(text, place)
}
