//! Python's `dict`: ordered by insertion, keys compared as Python does (`1`, `1.0` and `True` are one key).

use crate::Value;
use foldhash::fast::FixedState;
use indexmap::{Equivalent, IndexMap};
use std::hash::{Hash, Hasher};

/// A `dict`.
#[derive(Clone, Debug, Default)]
pub struct Map {
    entries: IndexMap<Key, Value, FixedState>,
}

/// A key of a [`Map`]: a value that is hashed and compared as Python does.
#[derive(Clone, Debug)]
pub struct Key(pub Value);

/// A key that is only looked up.
struct Look<'v>(&'v Value);

/// A text that is only looked up.
struct LookText<'t>(&'t str);

impl Map {
    /// `{}`.
    pub fn new() -> Map {
        Map::default()
    }

    /// `{}` with room for so many.
    pub fn with_capacity(entries: usize) -> Map {
        Map { entries: IndexMap::with_capacity_and_hasher(entries, FixedState::default()) }
    }

    /// How many entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True without entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value under a key.
    pub fn get(&self, key: &Value) -> Option<&Value> {
        self.entries.get(&Look(key))
    }

    /// The value under a text.
    pub fn get_str(&self, key: &str) -> Option<&Value> {
        self.entries.get(&LookText(key))
    }

    /// The value under a text, to be changed.
    pub fn get_str_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.entries.get_mut(&LookText(key))
    }

    /// True when the key is there.
    pub fn contains(&self, key: &Value) -> bool {
        self.entries.contains_key(&Look(key))
    }

    /// True when the text is a key.
    pub fn contains_str(&self, key: &str) -> bool {
        self.entries.contains_key(&LookText(key))
    }

    /// `map[key] = value`: a key that is there keeps its place and its first form, as in Python. Gives back
    /// what stood there.
    pub fn insert(&mut self, key: impl Into<Value>, value: impl Into<Value>) -> Option<Value> {
        self.entries.insert(Key(key.into()), value.into())
    }

    /// `del map[key]`: the others keep their order.
    pub fn remove(&mut self, key: &Value) -> Option<Value> {
        self.entries.shift_remove(&Look(key))
    }

    /// Entries in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Value, &Value)> + DoubleEndedIterator {
        self.entries.iter().map(|(key, value)| (&key.0, value))
    }

    /// Entries in their order, values to be changed.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = (&Value, &mut Value)> {
        self.entries.iter_mut().map(|(key, value)| (&key.0, value))
    }

    /// Keys in their order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Value> + DoubleEndedIterator {
        self.entries.keys().map(|key| &key.0)
    }

    /// Values in the order of their keys.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Value> + DoubleEndedIterator {
        self.entries.values()
    }

    /// `map.update(other)`.
    pub fn update(&mut self, other: Map) {
        self.entries.extend(other.entries);
    }
}

/// Exact, whatever the order.
impl PartialEq for Map {
    fn eq(&self, other: &Map) -> bool {
        self.len() == other.len()
            && self.entries.iter().all(|(key, value)| {
                other.entries.get_key_value(key).is_some_and(|(k, v)| k.0 == key.0 && v == value)
            })
    }
}

impl IntoIterator for Map {
    type Item = (Value, Value);
    type IntoIter = std::iter::Map<indexmap::map::IntoIter<Key, Value>, fn((Key, Value)) -> (Value, Value)>;
    fn into_iter(self) -> Self::IntoIter {
        fn open((key, value): (Key, Value)) -> (Value, Value) {
            (key.0, value)
        }
        self.entries.into_iter().map(open as fn((Key, Value)) -> (Value, Value))
    }
}

impl<K: Into<Value>, V: Into<Value>> FromIterator<(K, V)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Map {
        let mut map = Map::new();
        for (key, value) in entries {
            map.insert(key, value);
        }
        map
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        same(&self.0, &other.0)
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash(&self.0, state);
    }
}

impl Hash for Look<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash(self.0, state);
    }
}

impl Hash for LookText<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_text(self.0, state);
    }
}

impl Equivalent<Key> for Look<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        same(self.0, &key.0)
    }
}

impl Equivalent<Key> for LookText<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        key.0.as_str() == Some(self.0)
    }
}

/// As Python's dictionaries see it: identity or equality, so a NaN finds itself.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Float(a), Value::Float(b)) if a.is_nan() => b.is_nan(),
        _ => a.equals(b),
    }
}

fn hash_text<H: Hasher>(text: &str, state: &mut H) {
    state.write_u8(1);
    text.hash(state);
}

fn hash<H: Hasher>(value: &Value, state: &mut H) {
    match value {
        Value::Str(text) => hash_text(text, state),
        Value::Bool(_) | Value::Int(_) => {
            state.write_u8(2);
            state.write_i128(value.as_int().unwrap_or_default());
        }
        // A whole float is the same key as the int.
        Value::Float(x) if *x == x.trunc() && x.abs() < 2f64.powi(127) => {
            state.write_u8(2);
            state.write_i128(*x as i128);
        }
        Value::Float(x) => {
            state.write_u8(3);
            state.write_u64(if x.is_nan() { 0 } else { x.to_bits() });
        }
        Value::None => state.write_u8(0),
        Value::Bytes(bytes) => {
            state.write_u8(4);
            bytes.hash(state);
        }
        Value::Date(text) => {
            state.write_u8(5);
            text.hash(state);
        }
        // Python refuses these as keys; where one is made all the same, equality decides alone.
        Value::List(_) | Value::Map(_) => state.write_u8(6),
    }
}
