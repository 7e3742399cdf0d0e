//! A value with the places of its parts.

use crate::{Map, Value};
use diag::Place;
use std::fmt;

/// A value as a text gave it, each part with its place.
#[derive(Clone, PartialEq)]
pub struct Node {
    /// Where it starts.
    pub place: Place,
    /// What tags said about it; on a list or dict they hold for all of it.
    pub marks: Marks,
    /// What it is.
    pub kind: Kind,
}

/// What a tag says about a value beside its type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// `!unsafe`: never a template, whatever braces it holds.
    pub raw: bool,
    /// It was encrypted: not to be shown. [`Node`]'s `Debug` hides it.
    pub secret: bool,
}

/// What a [`Node`] is.
#[derive(Clone, PartialEq)]
pub enum Kind {
    /// Anything but a list or a dict.
    Scalar(Value),
    /// A list.
    List(Vec<Node>),
    /// A dict: keys are unique as Python compares them, in the order Python keeps.
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: Value,
    /// Where the key stands.
    pub place: Place,
    /// The value.
    pub node: Node,
}

impl Node {
    /// A scalar.
    pub fn scalar(place: &Place, value: Value) -> Node {
        Node { place: place.clone(), marks: Marks::default(), kind: Kind::Scalar(value) }
    }

    /// A value all of whose parts have one place.
    pub fn from_value(place: &Place, value: Value) -> Node {
        let kind = match value {
            Value::List(items) => {
                Kind::List(items.into_iter().map(|item| Node::from_value(place, item)).collect())
            }
            Value::Map(map) => Kind::Map(
                map.into_iter()
                    .map(|(key, value)| Entry {
                        key,
                        place: place.clone(),
                        node: Node::from_value(place, value),
                    })
                    .collect(),
            ),
            scalar => Kind::Scalar(scalar),
        };
        Node { place: place.clone(), marks: Marks::default(), kind }
    }

    /// The value without its places.
    pub fn value(&self) -> Value {
        match &self.kind {
            Kind::Scalar(value) => value.clone(),
            Kind::List(items) => items.iter().map(Node::value).collect(),
            Kind::Map(entries) => {
                Value::Map(entries.iter().map(|e| (e.key.clone(), e.node.value())).collect::<Map>())
            }
        }
    }

    /// The entries of a dict, nothing for any other kind.
    pub fn entries(&self) -> Option<&[Entry]> {
        match &self.kind {
            Kind::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The items of a list, nothing for any other kind.
    pub fn items(&self) -> Option<&[Node]> {
        match &self.kind {
            Kind::List(items) => Some(items),
            _ => None,
        }
    }

    /// The scalar, nothing for a list or a dict.
    pub fn as_scalar(&self) -> Option<&Value> {
        match &self.kind {
            Kind::Scalar(value) => Some(value),
            _ => None,
        }
    }

    /// The value under a text of a dict.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries()?.iter().find(|e| e.key.as_str() == Some(key)).map(|e| &e.node)
    }

    /// Whether it, or something in it, was encrypted.
    pub fn holds_secret(&self) -> bool {
        self.marks.secret
            || match &self.kind {
                Kind::Scalar(_) => false,
                Kind::List(items) => items.iter().any(Node::holds_secret),
                Kind::Map(entries) => entries.iter().any(|entry| entry.node.holds_secret()),
            }
    }

    /// Adds marks to it and to all in it.
    pub fn mark(&mut self, marks: Marks) {
        self.marks.raw |= marks.raw;
        self.marks.secret |= marks.secret;
        match &mut self.kind {
            Kind::Scalar(_) => {}
            Kind::List(items) => items.iter_mut().for_each(|item| item.mark(marks)),
            Kind::Map(entries) => entries.iter_mut().for_each(|entry| entry.node.mark(marks)),
        }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.marks.secret {
            return write!(f, "(secret at {})", self.place);
        }
        match &self.kind {
            Kind::Scalar(value) => write!(f, "{}", crate::repr(value)),
            Kind::List(items) => f.debug_list().entries(items).finish(),
            Kind::Map(entries) => {
                f.debug_map().entries(entries.iter().map(|e| (crate::repr(&e.key), &e.node))).finish()
            }
        }
    }
}
