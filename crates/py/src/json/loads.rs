//! `json.loads`.

use crate::map::Key;
use crate::{Entry, Kind, Marks, Node, Value, codes};
use diag::{Diagnostic, Place, Report};
use foldhash::fast::FixedState;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// Deepest nesting; Python's is about a thousand.
const MAX_DEPTH: usize = 200;

/// What Python's `JSONDecodeError` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// `Expecting value`.
    pub message: String,
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
    /// In characters, from 0.
    pub offset: usize,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: line {} column {} (char {})", self.message, self.line, self.column, self.offset)
    }
}

/// `json.loads(text)`.
pub fn loads(text: &str) -> Result<Value, JsonError> {
    node(Arc::from(""), text).map(|node| node.value())
}

/// The same with places; a fault is reported.
pub fn load(file: &str, text: &str, report: &mut Report) -> Option<Node> {
    let file: Arc<str> = Arc::from(file);
    match node(file.clone(), text) {
        Ok(node) => Some(node),
        Err(error) => {
            let place = Place::new(file, error.line, error.column);
            let message = format!("not JSON: {}", lower(&error.message));
            report.push(Diagnostic::error(codes::NOT_JSON, &place, message));
            None
        }
    }
}

fn lower(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

fn node(file: Arc<str>, text: &str) -> Result<Node, JsonError> {
    let mut reader = Reader { file, text, at: 0, line: 1, line_start: 0, line_from: 0 };
    if text.starts_with('\u{feff}') {
        return Err(reader.error_at(0, "Unexpected UTF-8 BOM (decode using utf-8-sig)"));
    }
    reader.blanks();
    let node = reader.value(0)?;
    reader.blanks();
    if reader.at < text.len() {
        return Err(reader.error("Extra data"));
    }
    Ok(node)
}

struct Reader<'t> {
    file: Arc<str>,
    text: &'t str,
    /// In bytes.
    at: usize,
    line: u32,
    /// Where the line starts, in bytes.
    line_start: usize,
    /// Up to where newlines were counted.
    line_from: usize,
}

impl<'t> Reader<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn place(&mut self) -> Place {
        for (i, b) in self.text.as_bytes()[self.line_from..self.at].iter().enumerate() {
            if *b == b'\n' {
                self.line = self.line.saturating_add(1);
                self.line_start = self.line_from + i + 1;
            }
        }
        self.line_from = self.at;
        let column = self.text[self.line_start..self.at].chars().count() + 1;
        Place::new(self.file.clone(), self.line, u32::try_from(column).unwrap_or(u32::MAX))
    }

    fn error(&self, message: &str) -> JsonError {
        self.error_at(self.at, message)
    }

    fn error_at(&self, at: usize, message: &str) -> JsonError {
        let before = &self.text[..at];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        JsonError {
            message: message.to_owned(),
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
            offset: before.chars().count(),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, JsonError> {
        if depth > MAX_DEPTH {
            return Err(self.error(&format!("Nested more than {MAX_DEPTH} levels deep")));
        }
        let place = self.place();
        let rest = &self.text[self.at..];
        let kind = match self.peek() {
            Some(b'{') => self.map(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => Kind::Scalar(Value::from(self.string()?)),
            Some(b'-' | b'0'..=b'9') if !rest.starts_with("-Infinity") => Kind::Scalar(self.number()?),
            _ => {
                let words: [(&str, Value); 6] = [
                    ("null", Value::None),
                    ("true", Value::Bool(true)),
                    ("false", Value::Bool(false)),
                    ("NaN", Value::Float(f64::NAN)),
                    ("Infinity", Value::Float(f64::INFINITY)),
                    ("-Infinity", Value::Float(f64::NEG_INFINITY)),
                ];
                let Some((word, value)) = words.into_iter().find(|(word, _)| rest.starts_with(word)) else {
                    return Err(self.error("Expecting value"));
                };
                self.at += word.len();
                Kind::Scalar(value)
            }
        };
        Ok(Node { place, marks: Marks::default(), kind })
    }

    fn list(&mut self, depth: usize) -> Result<Kind, JsonError> {
        self.at += 1;
        let mut items = Vec::new();
        self.blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Kind::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Kind::List(items));
                }
                _ => return Err(self.error("Expecting ',' delimiter")),
            }
            self.blanks();
        }
    }

    fn map(&mut self, depth: usize) -> Result<Kind, JsonError> {
        self.at += 1;
        let mut entries: Vec<Entry> = Vec::new();
        let mut index: HashMap<Key, usize, FixedState> = HashMap::default();
        self.blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Kind::Map(entries));
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.error("Expecting property name enclosed in double quotes"));
            }
            let place = self.place();
            let key = Value::from(self.string()?);
            self.blanks();
            if self.peek() != Some(b':') {
                return Err(self.error("Expecting ':' delimiter"));
            }
            self.at += 1;
            self.blanks();
            let node = self.value(depth + 1)?;
            let taken = *index.entry(Key(key.clone())).or_insert(entries.len());
            match entries.get_mut(taken) {
                // The last one holds, where the first stood.
                Some(entry) => *entry = Entry { key, place, node },
                None => entries.push(Entry { key, place, node }),
            }
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Kind::Map(entries));
                }
                _ => return Err(self.error("Expecting ',' delimiter")),
            }
            self.blanks();
        }
    }

    fn number(&mut self) -> Result<Value, JsonError> {
        let start = self.at;
        let digits = |at: usize| self.text.as_bytes()[at..].iter().take_while(|b| b.is_ascii_digit()).count();
        let byte = |at: usize| self.text.as_bytes().get(at).copied();
        let mut end = start + usize::from(byte(start) == Some(b'-'));
        match byte(end) {
            Some(b'0') => end += 1,
            Some(b'1'..=b'9') => end += digits(end),
            _ => return Err(self.error("Expecting value")),
        }
        let mut whole = true;
        if byte(end) == Some(b'.') && digits(end + 1) > 0 {
            end += 1 + digits(end + 1);
            whole = false;
        }
        if let Some(b'e' | b'E') = byte(end) {
            let sign = usize::from(matches!(byte(end + 1), Some(b'+' | b'-')));
            let exponent = end + 1 + sign;
            if exponent <= self.text.len() && digits(exponent) > 0 {
                end = exponent + digits(exponent);
                whole = false;
            }
        }
        let text = &self.text[start..end];
        let value = if whole {
            match text.parse::<i128>() {
                Ok(n) => Value::Int(n),
                Err(_) => return Err(self.error("Number larger than 128 bits")),
            }
        } else {
            match text.parse::<f64>() {
                Ok(x) => Value::Float(x),
                Err(_) => return Err(self.error("Expecting value")),
            }
        };
        self.at = end;
        Ok(value)
    }

    fn string(&mut self) -> Result<String, JsonError> {
        let begin = self.at;
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.find(|c: char| c == '"' || c == '\\' || c < ' ').unwrap_or(rest.len());
            out.push_str(&rest[..plain]);
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => out.push(self.escape(begin)?),
                Some(_) => return Err(self.error("Invalid control character at")),
                None => return Err(self.error_at(begin, "Unterminated string starting at")),
            }
        }
    }

    fn escape(&mut self, begin: usize) -> Result<char, JsonError> {
        let at = self.at;
        let c = match self.text.as_bytes().get(at + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\x08',
            Some(b'f') => '\x0c',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let first =
                    self.unit(at + 2).ok_or_else(|| self.error_at(at + 1, "Invalid \\uXXXX escape"))?;
                self.at = at + 6;
                let mut units = vec![first];
                if (0xd800..0xdc00).contains(&first)
                    && self.text[self.at..].starts_with("\\u")
                    && let Some(second) = self.unit(self.at + 2)
                    && (0xdc00..0xe000).contains(&second)
                {
                    units.push(second);
                    self.at += 6;
                }
                return char::decode_utf16(units)
                    .next()
                    .and_then(Result::ok)
                    .ok_or_else(|| self.error_at(at, "Half of a surrogate pair"));
            }
            Some(_) => return Err(self.error_at(at, "Invalid \\escape")),
            None => return Err(self.error_at(begin, "Unterminated string starting at")),
        };
        self.at = at + 2;
        Ok(c)
    }

    fn unit(&self, at: usize) -> Option<u16> {
        let digits = self.text.as_bytes().get(at..at + 4)?;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let digits = std::str::from_utf8(digits).ok()?;
        u16::from_str_radix(digits, 16).ok()
    }
}
