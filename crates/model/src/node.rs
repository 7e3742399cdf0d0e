//! A tree of text with places: what YAML (or another front end) is before it means anything.

use diag::Place;

/// A key of a map and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The key.
    pub text: String,
    /// Where.
    pub place: Place,
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The value.
    pub kind: NodeKind,
    /// Where it starts.
    pub place: Place,
}

/// The four shapes of a value. Scalars stay text: what they mean is decided by the field that reads them,
/// so `no`, `1.10` and `0644` never change under the reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// Nothing, `~` or `null`.
    Null,
    /// A scalar; `quoted` when it was written with quotes or as a block.
    Scalar {
        /// The text.
        text: String,
        /// Written with quotes or as a block.
        quoted: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A map in the order of the text; keys are unique.
    Map(Vec<(Key, Node)>),
}

impl Node {
    /// A map's value by key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.kind {
            NodeKind::Map(entries) => entries.iter().find(|(k, _)| k.text == key).map(|(_, v)| v),
            _ => None,
        }
    }
    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }
    /// What it is, for messages.
    pub fn describe(&self) -> String {
        match &self.kind {
            NodeKind::Null => "nothing".to_owned(),
            NodeKind::Scalar { text, .. } if text.chars().count() <= 40 => format!("`{text}`"),
            NodeKind::Scalar { .. } => "a text".to_owned(),
            NodeKind::List(_) => "a list".to_owned(),
            NodeKind::Map(_) => "a map".to_owned(),
        }
    }
}
