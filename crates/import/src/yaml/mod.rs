//! Model files as text: ordered, with comments, quoted only where they must be.

mod scalar;
mod write;

pub use write::text;

/// A value to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Yaml {
    /// A word of the language: plain wherever it is read back as it is.
    Word(String),
    /// A text that must stay one also where types are guessed (`vars`): quoted where a plain word could be taken
    /// for a number, a truth or nothing.
    Text(String),
    /// A number, a truth, a date or nothing, in YAML's own writing: goes out as it is.
    Typed(String),
    /// A list.
    List(Vec<Yaml>),
    /// A map.
    Map(Map),
}

/// A map in the order its keys were added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Map {
    pub(crate) entries: Vec<Entry>,
    /// Comments after the last key.
    pub(crate) end: Vec<String>,
}

/// A key with its value and what is said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) value: Yaml,
    /// Lines of comment above.
    pub(crate) above: Vec<String>,
    /// Comment behind a value that stands on the key's line.
    pub(crate) beside: Option<String>,
}

impl Map {
    /// Nothing yet.
    pub fn new() -> Map {
        Map::default()
    }
    /// Adds a key, or replaces its value in place.
    pub fn set(&mut self, key: impl Into<String>, value: impl Into<Yaml>) -> &mut Self {
        let (key, value) = (key.into(), value.into());
        match self.entries.iter_mut().find(|e| e.key == key) {
            Some(entry) => entry.value = value,
            None => self.entries.push(Entry { key, value, above: Vec::new(), beside: None }),
        }
        self
    }
    /// Adds a key where there is a value.
    pub fn maybe(&mut self, key: &str, value: Option<impl Into<Yaml>>) -> &mut Self {
        if let Some(value) = value {
            self.set(key, value);
        }
        self
    }
    /// Adds a key where the list or map is not empty.
    pub fn unless_empty(&mut self, key: &str, value: impl Into<Yaml>) -> &mut Self {
        let value = value.into();
        if !value.is_empty() {
            self.set(key, value);
        }
        self
    }
    /// The map at a key, made when it is not there. `None` when something else is.
    pub fn inner(&mut self, key: &str) -> Option<&mut Map> {
        if !self.has(key) {
            self.set(key, Map::new());
        }
        match self.entries.iter_mut().find(|e| e.key == key).map(|e| &mut e.value) {
            Some(Yaml::Map(map)) => Some(map),
            _ => None,
        }
    }
    /// A comment above the next lines: above `key` when it is there, else at the end.
    pub fn comment(&mut self, key: Option<&str>, text: impl AsRef<str>) -> &mut Self {
        let lines = text.as_ref().lines().map(str::to_owned);
        match key.and_then(|k| self.entries.iter_mut().find(|e| e.key == k)) {
            Some(entry) => entry.above.extend(lines),
            None => self.end.extend(lines),
        }
        self
    }
    /// A comment behind the value of a key. A value of several lines has it above.
    pub fn beside(&mut self, key: &str, text: impl Into<String>) -> &mut Self {
        if let Some(entry) = self.entries.iter_mut().find(|e| e.key == key) {
            entry.beside = Some(text.into());
        }
        self
    }
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Yaml> {
        self.entries.iter().find(|e| e.key == key).map(|e| &e.value)
    }
    /// Whether a key is there.
    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }
    /// Whether it has no keys.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
    /// How many keys it has.
    pub fn len(&self) -> usize {
        self.entries.len()
    }
    /// Keys and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Yaml)> {
        self.entries.iter().map(|e| (e.key.as_str(), &e.value))
    }
}

impl Yaml {
    /// A word or a list: one alone is written without brackets, as the language takes it.
    pub fn one_or_list(items: impl IntoIterator<Item = impl Into<Yaml>>) -> Yaml {
        let mut items: Vec<Yaml> = items.into_iter().map(Into::into).collect();
        match items.len() {
            1 => items.remove(0),
            _ => Yaml::List(items),
        }
    }
    /// Whether it is a list or map without anything in it.
    pub fn is_empty(&self) -> bool {
        match self {
            Yaml::List(items) => items.is_empty(),
            Yaml::Map(map) => map.is_empty(),
            Yaml::Word(_) | Yaml::Text(_) | Yaml::Typed(_) => false,
        }
    }
}

impl From<&str> for Yaml {
    fn from(text: &str) -> Yaml {
        Yaml::Word(text.to_owned())
    }
}
impl From<String> for Yaml {
    fn from(text: String) -> Yaml {
        Yaml::Word(text)
    }
}
impl From<&String> for Yaml {
    fn from(text: &String) -> Yaml {
        Yaml::Word(text.clone())
    }
}
impl From<bool> for Yaml {
    fn from(truth: bool) -> Yaml {
        Yaml::Word(if truth { "yes" } else { "no" }.to_owned())
    }
}
macro_rules! numbers {
    ($($t:ty),*) => { $(impl From<$t> for Yaml { fn from(n: $t) -> Yaml { Yaml::Word(n.to_string()) } })* };
}
numbers!(u8, u16, u32, u64, usize, i64);
impl From<Map> for Yaml {
    fn from(map: Map) -> Yaml {
        Yaml::Map(map)
    }
}
impl<T: Into<Yaml>> From<Vec<T>> for Yaml {
    fn from(items: Vec<T>) -> Yaml {
        Yaml::List(items.into_iter().map(Into::into).collect())
    }
}
