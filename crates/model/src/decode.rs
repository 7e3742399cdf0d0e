//! Reading typed values from a tree of text. Every fault is reported with its place; reading goes on.

use crate::node::{Node, NodeKind};
use crate::shape::Shape;
use diag::{Diagnostic, Place, Report};
use std::collections::BTreeMap;
use std::ops::Deref;

/// Where reading puts what it has to say.
#[derive(Debug, Default)]
pub struct Cx {
    /// What was found.
    pub report: Report,
    /// An entry of a map could not be read even in outline: names that refer to it lead nowhere.
    pub lost: bool,
}

/// A value that can be read from a tree, and that can say how it is written.
pub trait Decode: Sized {
    /// Reads it. `None` means at least one error was reported. `Some` may have errors too: a part that cannot
    /// be read and need not be written is left out, so that the rest can still be looked at.
    fn decode(node: &Node, cx: &mut Cx) -> Option<Self>;

    /// The value of a field that is not written; `None` when the field is required.
    fn absent(_place: &Place) -> Option<Self> {
        None
    }

    /// How it is written.
    fn shape() -> Shape;
}

/// A value and where it stands. `PartialEq` looks at the value only.
#[derive(Clone)]
pub struct Sp<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub place: Place,
}

impl<T> Sp<T> {
    /// A value at a place.
    pub fn new(value: T, place: &Place) -> Self {
        Sp { value, place: place.clone() }
    }
}

impl<T> Deref for Sp<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: PartialEq> PartialEq for Sp<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}
impl<T: Eq> Eq for Sp<T> {}

impl<T: std::fmt::Debug> std::fmt::Debug for Sp<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}@{}", self.value, self.place)
    }
}

impl<T: Decode> Decode for Sp<T> {
    fn decode(node: &Node, cx: &mut Cx) -> Option<Self> {
        T::decode(node, cx).map(|value| Sp { value, place: node.place.clone() })
    }
    fn absent(place: &Place) -> Option<Self> {
        T::absent(place).map(|value| Sp { value, place: place.clone() })
    }
    fn shape() -> Shape {
        T::shape()
    }
}

impl<T: Decode> Decode for Option<T> {
    fn decode(node: &Node, cx: &mut Cx) -> Option<Self> {
        if matches!(node.kind, NodeKind::Null) {
            return Some(None);
        }
        T::decode(node, cx).map(Some)
    }
    fn absent(_place: &Place) -> Option<Self> {
        Some(None)
    }
    fn shape() -> Shape {
        T::shape()
    }
}

impl<T: Decode> Decode for Box<T> {
    fn decode(node: &Node, cx: &mut Cx) -> Option<Self> {
        T::decode(node, cx).map(Box::new)
    }
    fn absent(place: &Place) -> Option<Self> {
        T::absent(place).map(Box::new)
    }
    fn shape() -> Shape {
        T::shape()
    }
}

/// A list; one value alone is a list of one.
impl<T: Decode> Decode for Vec<T> {
    fn decode(node: &Node, cx: &mut Cx) -> Option<Self> {
        match &node.kind {
            NodeKind::Null => Some(Vec::new()),
            NodeKind::List(items) => Some(items.iter().filter_map(|item| T::decode(item, cx)).collect()),
            NodeKind::Scalar { .. } | NodeKind::Map(_) => T::decode(node, cx).map(|one| vec![one]),
        }
    }
    fn absent(_place: &Place) -> Option<Self> {
        Some(Vec::new())
    }
    fn shape() -> Shape {
        Shape::List(Box::new(T::shape()))
    }
}

/// A map with named entries.
impl<K: Decode + Ord, T: Decode> Decode for BTreeMap<K, T> {
    fn decode(node: &Node, cx: &mut Cx) -> Option<Self> {
        match &node.kind {
            NodeKind::Null => Some(BTreeMap::new()),
            NodeKind::Map(entries) => {
                let mut map = BTreeMap::new();
                for (key, value) in entries {
                    let key_node = Node {
                        kind: NodeKind::Scalar { text: key.text.clone(), quoted: true },
                        place: key.place.clone(),
                    };
                    // An entry written as a bare `name:` takes its place from its key.
                    let stand_in;
                    let value = if matches!(value.kind, NodeKind::Null) {
                        stand_in = Node { kind: NodeKind::Null, place: key.place.clone() };
                        &stand_in
                    } else {
                        value
                    };
                    match (K::decode(&key_node, cx), T::decode(value, cx)) {
                        (Some(key), Some(value)) => {
                            map.insert(key, value);
                        }
                        _ => cx.lost = true,
                    }
                }
                Some(map)
            }
            NodeKind::List(_) | NodeKind::Scalar { .. } => wrong(node, "a map of names to values", cx),
        }
    }
    fn absent(_place: &Place) -> Option<Self> {
        Some(BTreeMap::new())
    }
    fn shape() -> Shape {
        Shape::Map(Box::new(T::shape()))
    }
}

/// Reports a value of the wrong type.
pub fn wrong<T>(node: &Node, expected: &str, cx: &mut Cx) -> Option<T> {
    cx.report.push(Diagnostic::error(
        crate::codes::WRONG_TYPE,
        &node.place,
        format!("expected {expected}, found {}", node.describe()),
    ));
    None
}

/// Reads a scalar by a parser that says what is wrong with it.
pub fn scalar<T>(
    node: &Node,
    cx: &mut Cx,
    expected: &str,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Option<T> {
    let Some(text) = node.text() else { return wrong(node, expected, cx) };
    match parse(text) {
        Ok(value) => Some(value),
        Err(why) => {
            let why = if why.is_empty() { String::new() } else { format!(": {why}") };
            cx.report.push(Diagnostic::error(
                crate::codes::WRONG_TYPE,
                &node.place,
                format!("expected {expected}, found {}{why}", node.describe()),
            ));
            None
        }
    }
}
