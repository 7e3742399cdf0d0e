//! A value of a Compose file with the places of its parts.

use diag::Place;
use indexmap::IndexMap;

/// A value and where it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it starts; of a block list or map, where its key stands.
    pub place: Place,
    /// What it is.
    pub value: Value,
    /// `!reset` or `!override` before it.
    pub mark: Option<Mark>,
    /// A number as it was written, where reading changes its text: `1.10`, `0644`.
    pub written: Option<Box<str>>,
}

/// What a [`Node`] is. Plain scalars are resolved as Go's yaml.v3 resolves them.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing, `~`, `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number of 64 bits, signed or unsigned.
    Int(i128),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order it was written.
    Map(Map),
}

/// How an override wants to be merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// `!reset`: the value below goes, and nothing takes its place.
    Reset,
    /// `!override`: the value below goes, and this one takes its place.
    Override,
}

/// The keys of a map with their values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map(IndexMap<String, Entry>);

/// A key's place and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Where the key stands.
    pub at: Place,
    /// The value.
    pub node: Node,
}

impl Node {
    /// A value at a place.
    pub fn new(place: &Place, value: Value) -> Node {
        Node { place: place.clone(), value, mark: None, written: None }
    }
    /// A text at a place.
    pub fn text(place: &Place, text: impl Into<String>) -> Node {
        Node::new(place, Value::Text(text.into()))
    }
    /// An empty map at a place.
    pub fn map(place: &Place) -> Node {
        Node::new(place, Value::Map(Map::default()))
    }
    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
    /// The map, if it is one.
    pub fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }
    /// The map, if it is one.
    pub fn as_map_mut(&mut self) -> Option<&mut Map> {
        match &mut self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }
    /// The items, if it is a list.
    pub fn as_list(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }
    /// The value under a key of a map.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.get(key)
    }
    /// The value down a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }
    /// True for nothing.
    pub fn is_null(&self) -> bool {
        self.value == Value::Null
    }
    /// The text of a scalar as Go prints it (`%v`); nothing for lists, maps and null.
    pub fn scalar_text(&self) -> Option<String> {
        match &self.value {
            Value::Bool(b) => Some(b.to_string()),
            Value::Int(i) => Some(i.to_string()),
            Value::Float(f) => Some(crate::scalar::go_float(*f)),
            Value::Text(text) => Some(text.clone()),
            Value::Null | Value::List(_) | Value::Map(_) => None,
        }
    }
    /// What it is, in a word for people.
    pub fn word(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Int(_) | Value::Float(_) => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
    /// The same value, wherever the two stand.
    pub fn same(&self, other: &Node) -> bool {
        match (&self.value, &other.value) {
            (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b)),
            (Value::Map(a), Value::Map(b)) => {
                a.len() == b.len()
                    && a.iter().all(|(key, entry)| b.get(key).is_some_and(|n| entry.node.same(n)))
            }
            (a, b) => a == b,
        }
    }
}

impl Map {
    /// How many keys.
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// No keys.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// The value under a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.0.get(key).map(|entry| &entry.node)
    }
    /// The value under a key.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.0.get_mut(key).map(|entry| &mut entry.node)
    }
    /// The key's place and value.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.0.get(key)
    }
    /// True when the key is there.
    pub fn contains(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }
    /// Puts a value under a key; a value that was there goes, its place in the order stays.
    pub fn insert(&mut self, key: impl Into<String>, at: &Place, node: Node) {
        self.0.insert(key.into(), Entry { at: at.clone(), node });
    }
    /// Takes a key out; the order of the others stays.
    pub fn remove(&mut self, key: &str) -> Option<Entry> {
        self.0.shift_remove(key)
    }
    /// Keys and values in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.0.iter().map(|(key, entry)| (key.as_str(), entry))
    }
    /// Keys and values in their order.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut Entry)> {
        self.0.iter_mut().map(|(key, entry)| (key.as_str(), entry))
    }
    /// Keys in their order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
    /// Keeps the entries the rule says yes to.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &mut Entry) -> bool) {
        self.0.retain(|key, entry| keep(key, entry));
    }
}

impl IntoIterator for Map {
    type Item = (String, Entry);
    type IntoIter = indexmap::map::IntoIter<String, Entry>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
