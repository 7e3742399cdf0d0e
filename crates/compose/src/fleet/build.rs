//! Trees of the model, with places.

use diag::Place;
use model::{Key, Node, NodeKind};

/// A text, whatever it looks like.
pub(super) fn text(value: impl Into<String>, place: &Place) -> Node {
    Node { kind: NodeKind::Scalar { text: value.into(), quoted: true }, place: place.clone() }
}

/// A word of the language: `yes`, `64MiB`, `dynamic`.
pub(super) fn word(value: impl Into<String>, place: &Place) -> Node {
    Node { kind: NodeKind::Scalar { text: value.into(), quoted: false }, place: place.clone() }
}

/// A list at its first item's place.
pub(super) fn list(items: Vec<Node>, place: &Place) -> Node {
    Node { kind: NodeKind::List(items), place: place.clone() }
}

/// A map that is being made.
#[derive(Default)]
pub(super) struct Fields(Vec<(Key, Node)>);

impl Fields {
    /// Puts a value under a key that is not there yet; the key stands where the value stands.
    pub(super) fn set(&mut self, key: impl Into<String>, node: Node) {
        let key = Key { text: key.into(), place: node.place.clone() };
        if !self.0.iter().any(|(k, _)| k.text == key.text) {
            self.0.push((key, node));
        }
    }
    /// As [`Fields::set`], where there is a value.
    pub(super) fn maybe(&mut self, key: &str, node: Option<Node>) {
        if let Some(node) = node {
            self.set(key, node);
        }
    }
    /// A list of values, where there are any.
    pub(super) fn items(&mut self, key: &str, items: Vec<Node>) {
        if let Some(first) = items.first().map(|n| n.place.clone()) {
            self.set(key, list(items, &first));
        }
    }
    /// A map inside, where there is anything in it.
    pub(super) fn inner(&mut self, key: &str, fields: Fields) {
        if let Some(place) = fields.0.first().map(|(_, n)| n.place.clone()) {
            self.set(key, fields.node(&place));
        }
    }
    /// Another map's keys, after its own.
    pub(super) fn extend(&mut self, other: Fields) {
        for (key, node) in other.0 {
            if !self.has(&key.text) {
                self.0.push((key, node));
            }
        }
    }
    /// True when a value under this key is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.0.iter().any(|(k, _)| k.text == key)
    }
    /// The keys, in their order.
    pub(super) fn names(&self) -> Vec<String> {
        self.0.iter().map(|(key, _)| key.text.clone()).collect()
    }
    pub(super) fn node(self, place: &Place) -> Node {
        Node { kind: NodeKind::Map(self.0), place: place.clone() }
    }
}
