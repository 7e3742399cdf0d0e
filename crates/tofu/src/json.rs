//! JSON in which each value knows its line: what is missing is told with the place it is missing from.

use crate::codes;
use diag::{Diagnostic, Place};
use serde_json::{Map, Number, Value};
use std::sync::Arc;

/// Largest file that is read, in bytes. States of thousands of resources are about 20 MB.
pub const MAX_BYTES: usize = 64 << 20;
/// Objects and lists in one another. State files of real providers stay under twenty.
const DEEPEST: usize = 128;

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it is.
    pub value: Json,
    /// Where its first character is.
    pub place: Place,
}

/// What JSON knows. Keys keep their order; of a repeated key the last counts, as in Go.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    String(String),
    /// A list.
    Array(Vec<Node>),
    /// An object.
    Object(Vec<(String, Node)>),
}

impl Node {
    /// The value of a key, where this is an object that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Json::Object(entries) => entries.iter().rev().find(|(k, _)| k == key).map(|(_, node)| node),
            _ => None,
        }
    }

    /// The keys of an object in their order; none of anything else.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let entries: &[(String, Node)] = match &self.value {
            Json::Object(entries) => entries,
            _ => &[],
        };
        entries.iter().map(|(key, _)| key.as_str())
    }

    /// The elements of a list; none of anything else.
    pub fn elements(&self) -> &[Node] {
        match &self.value {
            Json::Array(elements) => elements,
            _ => &[],
        }
    }

    /// The text, where it is one.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    /// `an object`, `a list` …, for messages.
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Json::Null => "null",
            Json::Bool(_) => "a boolean",
            Json::Number(_) => "a number",
            Json::String(_) => "a text",
            Json::Array(_) => "a list",
            Json::Object(_) => "an object",
        }
    }

    /// The same without places.
    pub fn to_value(&self) -> Value {
        match &self.value {
            Json::Null => Value::Null,
            Json::Bool(b) => Value::Bool(*b),
            Json::Number(n) => Value::Number(n.clone()),
            Json::String(s) => Value::String(s.clone()),
            Json::Array(elements) => elements.iter().map(Node::to_value).collect(),
            Json::Object(entries) => {
                Value::Object(entries.iter().map(|(k, n)| (k.clone(), n.to_value())).collect::<Map<_, _>>())
            }
        }
    }
}

/// Reads one JSON text (RFC 8259).
///
/// # Errors
/// [`codes::TOO_BIG`], [`codes::NOT_UTF8`], [`codes::NOT_JSON`] and [`codes::TOO_DEEP`], at the character where reading stopped.
pub fn parse(file: &str, bytes: &[u8]) -> Result<Node, Diagnostic> {
    if bytes.len() > MAX_BYTES {
        let message = format!("{} bytes; an output or state has at most {MAX_BYTES}", bytes.len());
        return Err(Diagnostic::error(codes::TOO_BIG, &Place::file(file), message)
            .help("name a smaller file: the outputs in place of the state"));
    }
    let text = utf8(file, bytes)?;
    let mut reader = Reader { text, at: 0, line: 1, line_start: 0, file: Arc::from(file) };
    reader.blank();
    let node = reader.value(0)?;
    reader.blank();
    if reader.at < text.len() {
        return Err(reader.wrong("more text after the end of the JSON value"));
    }
    Ok(node)
}

/// The bytes as text, or where they stop being it.
pub(crate) fn utf8<'t>(file: &str, bytes: &'t [u8]) -> Result<&'t str, Diagnostic> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        let place = Place::new(file, number(line), 1);
        Diagnostic::error(codes::NOT_UTF8, &place, "bytes that are not UTF-8")
            .help("save the file as UTF-8; if it is compressed or encrypted, unpack it first")
    })
}

pub(crate) fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    line: usize,
    line_start: usize,
    file: Arc<str>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn place(&self) -> Place {
        let column = self.text.get(self.line_start..self.at).map_or(1, |before| before.chars().count() + 1);
        Place::new(self.file.clone(), number(self.line), number(column))
    }

    fn wrong(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(codes::NOT_JSON, &self.place(), message)
            .help("give the JSON as the program wrote it: `tofu output -json`, without other lines around it")
    }

    fn blank(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b'\n' => {
                    self.line += 1;
                    self.line_start = self.at + 1;
                }
                b' ' | b'\t' | b'\r' => {}
                _ => break,
            }
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, Diagnostic> {
        let place = self.place();
        if depth > DEEPEST {
            return Err(Diagnostic::error(
                codes::TOO_DEEP,
                &place,
                format!("lists and objects nested more than {DEEPEST} deep"),
            )
            .help("no output or state is nested like that; look at what wrote the file"));
        }
        let value = match self.peek() {
            None => return Err(self.wrong("the text ends where a value should be")),
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => Json::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(_) => self.word()?,
        };
        Ok(Node { value, place })
    }

    fn object(&mut self, depth: usize) -> Result<Json, Diagnostic> {
        self.at += 1;
        let mut entries = Vec::new();
        self.blank();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Json::Object(entries));
        }
        loop {
            self.blank();
            if self.peek() != Some(b'"') {
                return Err(self.wrong("a key in double quotes should be here"));
            }
            let key = self.string()?;
            self.blank();
            if self.peek() != Some(b':') {
                return Err(self.wrong(format!("`:` should follow the key `{key}`")));
            }
            self.at += 1;
            self.blank();
            entries.push((key, self.value(depth + 1)?));
            if self.end_or_comma(b'}')? {
                return Ok(Json::Object(entries));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Json, Diagnostic> {
        self.at += 1;
        let mut elements = Vec::new();
        self.blank();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Json::Array(elements));
        }
        loop {
            self.blank();
            elements.push(self.value(depth + 1)?);
            if self.end_or_comma(b']')? {
                return Ok(Json::Array(elements));
            }
        }
    }

    fn end_or_comma(&mut self, end: u8) -> Result<bool, Diagnostic> {
        self.blank();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                Ok(false)
            }
            Some(byte) if byte == end => {
                self.at += 1;
                Ok(true)
            }
            _ => Err(self.wrong(format!("`,` or `{}` should be here", char::from(end)))),
        }
    }

    /// A quoted text; the escapes are serde_json's to read.
    fn string(&mut self) -> Result<String, Diagnostic> {
        let bytes = self.text.as_bytes();
        let mut end = self.at + 1;
        loop {
            match bytes.get(end) {
                None | Some(b'\n') => return Err(self.wrong("a text without its closing quote")),
                Some(b'"') => break,
                Some(b'\\') => end += 2,
                Some(_) => end += 1,
            }
        }
        let quoted = self.text.get(self.at..=end).unwrap_or_default();
        let text = serde_json::from_str(quoted)
            .map_err(|_| self.wrong("a text with an escape JSON does not have"))?;
        self.at = end + 1;
        Ok(text)
    }

    fn number(&mut self) -> Result<Json, Diagnostic> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end =
            rest.find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E')).unwrap_or(rest.len());
        let digits = rest.get(..end).unwrap_or_default();
        let number = serde_json::from_str(digits).map_err(|_| self.wrong("a number that cannot be read"))?;
        self.at += end;
        Ok(Json::Number(number))
    }

    fn word(&mut self) -> Result<Json, Diagnostic> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        for (word, value) in [("null", Json::Null), ("true", Json::Bool(true)), ("false", Json::Bool(false))]
        {
            if rest.starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.wrong("a JSON value should be here"))
    }
}
