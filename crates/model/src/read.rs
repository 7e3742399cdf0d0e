//! What `record!` and `choice!` call: known keys, fields, words.

use crate::codes;
use crate::decode::{Cx, Decode, wrong};
use crate::node::{Key, Node, NodeKind};
use diag::Diagnostic;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// How a node can stand for a record.
pub enum AsRecord {
    /// It is a map (or nothing, which is an empty map).
    Map,
    /// It stands for one field.
    Wrapped(Node),
    /// It cannot.
    Not,
}

/// Decides how a node stands for a record whose bare form is the field `short`.
pub fn as_record(node: &Node, short: Option<&str>) -> AsRecord {
    match (&node.kind, short) {
        (NodeKind::Map(_) | NodeKind::Null, _) => AsRecord::Map,
        (NodeKind::Scalar { .. } | NodeKind::List(_), Some(field)) => AsRecord::Wrapped(Node {
            kind: NodeKind::Map(vec![(
                Key { text: field.to_owned(), place: node.place.clone() },
                node.clone(),
            )]),
            place: node.place.clone(),
        }),
        (NodeKind::Scalar { .. } | NodeKind::List(_), None) => AsRecord::Not,
    }
}

/// The key as written for a field's Rust name.
pub fn static_key(ident: &'static str) -> &'static str {
    let plain = ident.strip_prefix("r#").unwrap_or(ident);
    if !plain.contains('_') {
        return plain;
    }
    // Field names are finite: each is leaked once.
    static KEYS: Mutex<BTreeMap<&'static str, &'static str>> = Mutex::new(BTreeMap::new());
    let mut keys = KEYS.lock().unwrap_or_else(PoisonError::into_inner);
    keys.entry(ident).or_insert_with(|| Box::leak(plain.replace('_', "-").into_boxed_str()))
}

/// What a record is written as, for messages.
pub fn settings_of(record: &str) -> String {
    format!("a map of settings ({})", plain_name(record))
}

/// Reports every key of a map that is not one of these.
pub fn known_keys(node: &Node, idents: &[&'static str], record: &str, cx: &mut Cx) {
    let NodeKind::Map(entries) = &node.kind else { return };
    let keys: Vec<&'static str> = idents.iter().map(|i| static_key(i)).collect();
    for (key, _) in entries {
        if !keys.contains(&key.text.as_str()) {
            let mut diagnostic = Diagnostic::error(
                codes::UNKNOWN_KEY,
                &key.place,
                format!("unknown key `{}` in {}", key.text, plain_name(record)),
            );
            diagnostic = match diag::nearest(&key.text, keys.iter().copied()) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic.help(format!("known keys: {}", keys.join(", "))),
            };
            cx.report.push(diagnostic);
        }
    }
}

/// `HostBgp` as "host bgp".
pub fn plain_name(record: &str) -> String {
    let mut out = String::new();
    for c in record.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push(' ');
        }
        out.extend(c.to_lowercase());
    }
    out
}

/// Reads one field.
pub fn field<T: Decode>(node: &Node, ident: &'static str, cx: &mut Cx) -> Option<T> {
    let key = static_key(ident);
    match node.get(key) {
        Some(value) => T::decode(value, cx).or_else(|| T::absent(&value.place)),
        None => {
            let absent = T::absent(&node.place);
            if absent.is_none() {
                cx.report.push(Diagnostic::error(
                    codes::MISSING_KEY,
                    &node.place,
                    format!("`{key}` is missing here"),
                ));
            }
            absent
        }
    }
}

/// Reads one of some words.
pub fn word<T>(
    node: &Node,
    words: &'static [(&'static str, &'static str)],
    of: impl Fn(&str) -> Option<T>,
    cx: &mut Cx,
) -> Option<T> {
    let list = || words.iter().map(|(w, _)| format!("`{w}`")).collect::<Vec<_>>().join(", ");
    let Some(text) = node.text() else { return wrong(node, &format!("one of {}", list()), cx) };
    let value = of(text);
    if value.is_none() {
        cx.report.push(
            Diagnostic::error(codes::UNKNOWN_WORD, &node.place, format!("`{text}` is not one of {}", list()))
                .suggest(text, words.iter().map(|(w, _)| *w)),
        );
    }
    value
}
