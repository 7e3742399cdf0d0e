//! Entries of a map: keys that stand twice, and what `<<` merges.

use crate::map::Key;
use crate::{Entry, Kind, Node, codes};
use diag::{Diagnostic, Place, Report};
use foldhash::fast::FixedState;
use std::collections::HashMap;

/// `entries[key] = value`, with a warning where the key stands there already.
pub(super) fn add(
    entries: &mut Vec<Entry>,
    index: &mut HashMap<Key, usize, FixedState>,
    entry: Entry,
    report: Option<&mut Report>,
) {
    match index.entry(Key(entry.key.clone())) {
        std::collections::hash_map::Entry::Vacant(free) => {
            free.insert(entries.len());
            entries.push(entry);
        }
        std::collections::hash_map::Entry::Occupied(taken) => {
            let old = &mut entries[*taken.get()];
            if let Some(report) = report {
                let message =
                    format!("`{}` stands twice in this map; the last one holds", crate::str(&entry.key));
                report.push(
                    Diagnostic::warning(codes::DUPLICATE_KEY, &entry.place, message)
                        .label(&old.place, "first here")
                        .help("keep one of them"),
                );
            }
            old.place = entry.place;
            old.node = entry.node;
        }
    }
}

/// Merged entries first, as PyYAML puts them, then the map's own over them.
pub(super) fn together(merged: Vec<Entry>, own: Vec<Entry>) -> Vec<Entry> {
    if merged.is_empty() {
        return own;
    }
    let mut entries = Vec::with_capacity(merged.len() + own.len());
    let mut index = HashMap::default();
    for entry in merged.into_iter().chain(own) {
        add(&mut entries, &mut index, entry, None);
    }
    entries
}

/// What `<<` brings.
pub(super) fn merge(node: Node, merged: &mut Vec<Entry>, report: &mut Report) {
    let mut refuse = |place: &Place| {
        report.push(
            Diagnostic::error(codes::MERGE, place, "`<<` merges maps, and this is none")
                .help("write `<<: *anchor` or `<<: [*one, *two]`, with anchors on maps"),
        );
    };
    match node.kind {
        Kind::Map(entries) => merged.extend(entries),
        Kind::List(items) => {
            // The first of a list wins, so it is laid over the others.
            for item in items.into_iter().rev() {
                match item.kind {
                    Kind::Map(entries) => merged.extend(entries),
                    _ => refuse(&item.place),
                }
            }
        }
        Kind::Scalar(_) => refuse(&node.place),
    }
}
