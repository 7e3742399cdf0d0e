//! Python's `ast.literal_eval`, as far as its values go: INI inventories are read with it.

mod number;
mod string;

use crate::Value;
use crate::map::Key;
use std::collections::HashSet;
use std::sync::Arc;

/// What a text is to `ast.literal_eval`.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// A value. Tuples and sets are lists, a complex number and `...` are their text: what Ansible's INI
    /// inventory makes of them.
    Value(Value),
    /// Not a literal (Python's `ValueError` or `SyntaxError`): the text stays what it is.
    No,
    /// A literal that has no value here, and why.
    Beyond(&'static str),
}

/// Deepest nesting; Python's tokenizer has the same bound.
const MAX_DEPTH: usize = 200;

/// Reads a text as a literal.
pub fn literal(text: &str) -> Literal {
    if text.contains('\0') {
        return Literal::No;
    }
    let text = text.trim_start_matches([' ', '\t']);
    let mut reader = Reader { text: text.as_bytes(), source: text, at: 0, depth: 0 };
    let read = reader.top();
    match read {
        Ok(value) => value.value().map_or(Literal::No, Literal::Value),
        Err(Stop::No) => Literal::No,
        Err(Stop::Beyond(why)) => Literal::Beyond(why),
    }
}

/// The same as [`literal`], with the text itself where it is none.
pub fn literal_or_text(text: &str) -> Result<Value, &'static str> {
    match literal(text) {
        Literal::Value(value) => Ok(value),
        Literal::No => Ok(Value::Str(Arc::from(text))),
        Literal::Beyond(why) => Err(why),
    }
}

enum Stop {
    No,
    Beyond(&'static str),
}

/// What stands in a literal before it becomes a value.
enum Item {
    Value(Value),
    /// Real and imaginary part.
    Complex(f64, f64),
    Ellipsis,
    /// `set()`.
    EmptySet,
}

impl Item {
    fn value(self) -> Option<Value> {
        Some(match self {
            Item::Value(value) => value,
            Item::Complex(real, imaginary) => Value::from(complex_text(real, imaginary)),
            Item::Ellipsis => Value::from("..."),
            Item::EmptySet => Value::List(Vec::new()),
        })
    }
}

/// `str()` of a complex number.
fn complex_text(real: f64, imaginary: f64) -> String {
    let part = |x: f64| {
        let text = crate::float::repr(x);
        text.strip_suffix(".0").unwrap_or(&text).to_owned()
    };
    if real == 0.0 && real.is_sign_positive() {
        return format!("{}j", part(imaginary));
    }
    let sign = if imaginary.is_sign_negative() { "" } else { "+" };
    format!("({}{sign}{}j)", part(real), part(imaginary))
}

struct Reader<'t> {
    text: &'t [u8],
    source: &'t str,
    at: usize,
    /// How many brackets are open; inside them a line break is a blank.
    depth: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn blanks(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\x0c') => self.at += 1,
                Some(b'\n' | b'\r') if self.depth > 0 => self.at += 1,
                Some(b'\\') if self.text.get(self.at + 1) == Some(&b'\n') => self.at += 2,
                Some(b'#') => {
                    while self.peek().is_some_and(|b| b != b'\n') {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        self.blanks();
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn top(&mut self) -> Result<Item, Stop> {
        let first = self.expression()?;
        let item = if self.take(b',') { self.tuple(first, None)? } else { first };
        self.blanks();
        // Only empty lines and comments may follow.
        while let Some(b'\n' | b'\r') = self.peek() {
            self.at += 1;
            self.blanks();
        }
        if self.at < self.text.len() { Err(Stop::No) } else { Ok(item) }
    }

    /// The rest of `a, b, …`, after its first comma.
    fn tuple(&mut self, first: Item, closing: Option<u8>) -> Result<Item, Stop> {
        let mut items = vec![first.value().ok_or(Stop::No)?];
        loop {
            self.blanks();
            match self.peek() {
                None | Some(b'\n' | b'\r') if closing.is_none() => break,
                byte if byte.is_some() && byte == closing => break,
                _ => {}
            }
            items.push(self.expression()?.value().ok_or(Stop::No)?);
            if !self.take(b',') {
                break;
            }
        }
        Ok(Item::Value(Value::List(items)))
    }

    /// A signed number, or two that make a complex one, or anything else.
    fn expression(&mut self) -> Result<Item, Stop> {
        let left = self.signed()?;
        self.blanks();
        let sign = match self.peek() {
            Some(b'+') => 1.0,
            Some(b'-') => -1.0,
            _ => return Ok(left),
        };
        let real = match left {
            Item::Value(Value::Int(n)) => n as f64,
            Item::Value(Value::Float(x)) => x,
            _ => return Err(Stop::No),
        };
        self.at += 1;
        match self.atom()? {
            Item::Complex(_, imaginary) => Ok(Item::Complex(real, sign * imaginary)),
            _ => Err(Stop::No),
        }
    }

    fn signed(&mut self) -> Result<Item, Stop> {
        self.blanks();
        let minus = match self.peek() {
            Some(b'-') => true,
            Some(b'+') => false,
            _ => return self.atom(),
        };
        self.at += 1;
        Ok(match self.atom()? {
            Item::Value(Value::Int(n)) => Item::Value(Value::Int(if minus { -n } else { n })),
            Item::Value(Value::Float(x)) => Item::Value(Value::Float(if minus { -x } else { x })),
            Item::Complex(real, imaginary) if minus => Item::Complex(-real, -imaginary),
            Item::Complex(real, imaginary) => Item::Complex(real, imaginary),
            _ => return Err(Stop::No),
        })
    }

    fn atom(&mut self) -> Result<Item, Stop> {
        self.blanks();
        match self.peek() {
            Some(b'[') => self.inside(|reader| {
                let items = reader.items(b']')?;
                Ok(Item::Value(Value::List(items)))
            }),
            Some(b'(') => self.inside(Reader::parenthesis),
            Some(b'{') => self.inside(Reader::brace),
            Some(b'0'..=b'9') => self.number(),
            Some(b'.') if self.source[self.at..].starts_with("...") => {
                self.at += 3;
                Ok(Item::Ellipsis)
            }
            Some(b'.') => self.number(),
            Some(b'"' | b'\'') => self.strings(),
            Some(b) if b.is_ascii_alphabetic() || b == b'_' || !b.is_ascii() => self.word(),
            _ => Err(Stop::No),
        }
    }

    fn inside(&mut self, read: impl FnOnce(&mut Self) -> Result<Item, Stop>) -> Result<Item, Stop> {
        if self.depth >= MAX_DEPTH {
            return Err(Stop::No);
        }
        self.at += 1;
        self.depth += 1;
        let item = read(self);
        self.depth -= 1;
        item
    }

    fn items(&mut self, closing: u8) -> Result<Vec<Value>, Stop> {
        let mut items = Vec::new();
        loop {
            if self.take(closing) {
                return Ok(items);
            }
            items.push(self.expression()?.value().ok_or(Stop::No)?);
            if !self.take(b',') {
                return if self.take(closing) { Ok(items) } else { Err(Stop::No) };
            }
        }
    }

    fn parenthesis(&mut self) -> Result<Item, Stop> {
        if self.take(b')') {
            return Ok(Item::Value(Value::List(Vec::new())));
        }
        let first = self.expression()?;
        let item = if self.take(b',') { self.tuple(first, Some(b')'))? } else { first };
        if self.take(b')') { Ok(item) } else { Err(Stop::No) }
    }

    fn brace(&mut self) -> Result<Item, Stop> {
        if self.take(b'}') {
            return Ok(Item::Value(Value::Map(crate::Map::new())));
        }
        let first = self.hashable()?;
        if !self.take(b':') {
            return self.set(first);
        }
        let mut map = crate::Map::new();
        let mut key = first;
        loop {
            let value = self.expression()?.value().ok_or(Stop::No)?;
            map.insert(key, value);
            if !self.take(b',') {
                return if self.take(b'}') { Ok(Item::Value(Value::Map(map))) } else { Err(Stop::No) };
            }
            if self.take(b'}') {
                return Ok(Item::Value(Value::Map(map)));
            }
            key = self.hashable()?;
            if !self.take(b':') {
                return Err(Stop::No);
            }
        }
    }

    /// A set has no order in Python; here it keeps the one it is written in.
    fn set(&mut self, first: Value) -> Result<Item, Stop> {
        let mut seen = HashSet::from([Key(first.clone())]);
        let mut items = vec![first];
        loop {
            if !self.take(b',') {
                return if self.take(b'}') { Ok(Item::Value(Value::List(items))) } else { Err(Stop::No) };
            }
            if self.take(b'}') {
                return Ok(Item::Value(Value::List(items)));
            }
            let item = self.hashable()?;
            if seen.insert(Key(item.clone())) {
                items.push(item);
            }
        }
    }

    fn hashable(&mut self) -> Result<Value, Stop> {
        match self.expression()?.value().ok_or(Stop::No)? {
            Value::List(_) | Value::Map(_) => {
                Err(Stop::Beyond("a list, tuple, set or dict as a key or in a set"))
            }
            value => Ok(value),
        }
    }

    fn word(&mut self) -> Result<Item, Stop> {
        let rest = &self.source[self.at..];
        let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let word = &rest[..length];
        if matches!(rest.as_bytes().get(length), Some(b'"' | b'\'')) {
            return self.strings();
        }
        self.at += length;
        let value = match word {
            "True" => Value::Bool(true),
            "False" => Value::Bool(false),
            "None" => Value::None,
            "set" => {
                return if self.take(b'(') && self.take(b')') { Ok(Item::EmptySet) } else { Err(Stop::No) };
            }
            _ => return Err(Stop::No),
        };
        Ok(Item::Value(value))
    }
}
