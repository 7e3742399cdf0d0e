//! D-Bus values and messages as bytes (D-Bus specification, "Message Protocol"): little-endian only, and
//! only the types systemd's manager speaks.

use std::fmt;

/// A D-Bus value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `y`
    Byte(u8),
    /// `b`
    Bool(bool),
    /// `n`, `q`, `i`, `u`, `h`: any integer of at most 32 bits, with its type letter.
    Word(u8, u32),
    /// `x`, `t`, `d`: eight bytes, with the type letter; `d` as its bits.
    Long(u8, u64),
    /// `s`
    Str(String),
    /// `o`
    Path(String),
    /// `g`
    Signature(String),
    /// `a…` with the signature of its elements.
    Array(String, Vec<Value>),
    /// `(…)`
    Struct(Vec<Value>),
    /// `{…}`, only inside arrays.
    Entry(Box<(Value, Value)>),
    /// `v`
    Variant(Box<Value>),
}

/// Bytes that are not a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed D-Bus message: {}", self.0)
    }
}

impl std::error::Error for Malformed {}

impl Value {
    /// A string.
    pub fn str(text: impl Into<String>) -> Value {
        Value::Str(text.into())
    }
    /// An unsigned 32-bit number.
    pub fn u32(number: u32) -> Value {
        Value::Word(b'u', number)
    }
    /// An unsigned 64-bit number.
    pub fn u64(number: u64) -> Value {
        Value::Long(b't', number)
    }
    /// An array of strings.
    pub fn strings<'a>(items: impl IntoIterator<Item = &'a str>) -> Value {
        Value::Array("s".to_owned(), items.into_iter().map(Value::str).collect())
    }
    /// A variant.
    pub fn variant(inner: Value) -> Value {
        Value::Variant(Box::new(inner))
    }
    /// The text of a string, path or signature, also inside a variant.
    pub fn text(&self) -> Option<&str> {
        match self {
            Value::Str(s) | Value::Path(s) | Value::Signature(s) => Some(s),
            Value::Variant(inner) => inner.text(),
            _ => None,
        }
    }
    /// The number of an integer or boolean, also inside a variant.
    pub fn number(&self) -> Option<u64> {
        match self {
            Value::Byte(n) => Some(u64::from(*n)),
            Value::Bool(b) => Some(u64::from(*b)),
            Value::Word(_, n) => Some(u64::from(*n)),
            Value::Long(_, n) => Some(*n),
            Value::Variant(inner) => inner.number(),
            _ => None,
        }
    }
    /// The parts of a struct or the elements of an array.
    pub fn parts(&self) -> &[Value] {
        match self {
            Value::Struct(parts) | Value::Array(_, parts) => parts,
            _ => &[],
        }
    }
    /// The signature.
    pub fn signature(&self) -> String {
        match self {
            Value::Byte(_) => "y".to_owned(),
            Value::Bool(_) => "b".to_owned(),
            Value::Word(letter, _) | Value::Long(letter, _) => char::from(*letter).to_string(),
            Value::Str(_) => "s".to_owned(),
            Value::Path(_) => "o".to_owned(),
            Value::Signature(_) => "g".to_owned(),
            Value::Array(element, _) => format!("a{element}"),
            Value::Struct(parts) => format!("({})", parts.iter().map(Value::signature).collect::<String>()),
            Value::Entry(pair) => format!("{{{}{}}}", pair.0.signature(), pair.1.signature()),
            Value::Variant(_) => "v".to_owned(),
        }
    }
}

/// Writes values; alignment counts from the first byte.
#[derive(Default)]
pub struct Writer {
    /// What was written.
    pub bytes: Vec<u8>,
}

impl Writer {
    /// Zero bytes up to a multiple of `to`.
    pub fn align(&mut self, to: usize) {
        let padded = self.bytes.len().next_multiple_of(to);
        self.bytes.resize(padded, 0);
    }

    fn u32(&mut self, number: u32) {
        self.align(4);
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.u32(length(text.len()));
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes.push(0);
    }

    fn signature(&mut self, text: &str) {
        self.bytes.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes.push(0);
    }

    /// Writes one value.
    pub fn value(&mut self, value: &Value) {
        match value {
            Value::Byte(n) => self.bytes.push(*n),
            Value::Bool(b) => self.u32(u32::from(*b)),
            Value::Word(b'n' | b'q', n) => {
                self.align(2);
                self.bytes.extend_from_slice(&n.to_le_bytes()[..2]);
            }
            Value::Word(_, n) => self.u32(*n),
            Value::Long(_, n) => {
                self.align(8);
                self.bytes.extend_from_slice(&n.to_le_bytes());
            }
            Value::Str(text) | Value::Path(text) => self.text(text),
            Value::Signature(text) => self.signature(text),
            Value::Array(element, items) => {
                self.u32(0);
                let at = self.bytes.len() - 4;
                self.align(alignment(element.as_bytes()));
                let start = self.bytes.len();
                for item in items {
                    self.value(item);
                }
                let size = length(self.bytes.len() - start);
                self.bytes[at..at + 4].copy_from_slice(&size.to_le_bytes());
            }
            Value::Struct(parts) => {
                self.align(8);
                for part in parts {
                    self.value(part);
                }
            }
            Value::Entry(pair) => {
                self.align(8);
                self.value(&pair.0);
                self.value(&pair.1);
            }
            Value::Variant(inner) => {
                self.signature(&inner.signature());
                self.value(inner);
            }
        }
    }
}

fn length(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

fn alignment(signature: &[u8]) -> usize {
    match signature.first() {
        Some(b'y' | b'g' | b'v') => 1,
        Some(b'n' | b'q') => 2,
        Some(b'x' | b't' | b'd' | b'(' | b'{') => 8,
        _ => 4,
    }
}

/// The first complete type of a signature and the rest.
fn split(signature: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let mut depth = 0usize;
    for (at, letter) in signature.iter().enumerate() {
        match letter {
            b'(' | b'{' => depth += 1,
            b')' | b'}' => depth = depth.checked_sub(1).ok_or(Malformed("unbalanced signature"))?,
            _ => {}
        }
        if depth == 0 && *letter != b'a' {
            return Ok(signature.split_at(at + 1));
        }
    }
    Err(Malformed("incomplete signature"))
}

/// Reads values; alignment counts from the first byte.
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// Nesting a message may have (the specification allows 64 in all).
const DEPTH: usize = 64;

impl<'a> Reader<'a> {
    /// Reads from the first byte.
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader { bytes, at: 0 }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let end =
            self.at.checked_add(count).filter(|e| *e <= self.bytes.len()).ok_or(Malformed("too short"))?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn align(&mut self, to: usize) {
        self.at = self.at.next_multiple_of(to);
    }

    fn u32(&mut self) -> Result<u32, Malformed> {
        self.align(4);
        let bytes = self.take(4)?.try_into().map_err(|_| Malformed("too short"))?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn string(&mut self, size: usize) -> Result<String, Malformed> {
        let text = std::str::from_utf8(self.take(size)?).map_err(|_| Malformed("text is not UTF-8"))?;
        self.take(1)?;
        Ok(text.to_owned())
    }

    /// Reads all values of a signature.
    ///
    /// # Errors
    /// When the bytes do not hold them.
    pub fn values(&mut self, signature: &str) -> Result<Vec<Value>, Malformed> {
        self.sequence(signature.as_bytes(), 0)
    }

    fn sequence(&mut self, mut signature: &[u8], depth: usize) -> Result<Vec<Value>, Malformed> {
        let mut out = Vec::new();
        while !signature.is_empty() {
            let (first, rest) = split(signature)?;
            out.push(self.value(first, depth)?);
            signature = rest;
        }
        Ok(out)
    }

    fn value(&mut self, signature: &[u8], depth: usize) -> Result<Value, Malformed> {
        if depth > DEPTH {
            return Err(Malformed("nested too deep"));
        }
        let inner = |from: usize, until: usize| signature.get(from..until).ok_or(Malformed("bad signature"));
        match signature.first() {
            Some(b'y') => Ok(Value::Byte(self.take(1)?[0])),
            Some(b'b') => Ok(Value::Bool(self.u32()? != 0)),
            Some(letter @ (b'n' | b'q')) => {
                self.align(2);
                let bytes = self.take(2)?;
                Ok(Value::Word(*letter, u32::from(u16::from_le_bytes([bytes[0], bytes[1]]))))
            }
            Some(letter @ (b'i' | b'u' | b'h')) => Ok(Value::Word(*letter, self.u32()?)),
            Some(letter @ (b'x' | b't' | b'd')) => {
                self.align(8);
                let bytes = self.take(8)?.try_into().map_err(|_| Malformed("too short"))?;
                Ok(Value::Long(*letter, u64::from_le_bytes(bytes)))
            }
            Some(letter @ (b's' | b'o')) => {
                let size = self.u32()? as usize;
                let text = self.string(size)?;
                Ok(if *letter == b's' { Value::Str(text) } else { Value::Path(text) })
            }
            Some(b'g') => {
                let size = usize::from(self.take(1)?[0]);
                Ok(Value::Signature(self.string(size)?))
            }
            Some(b'a') => {
                let element = inner(1, signature.len())?;
                let size = self.u32()? as usize;
                self.align(alignment(element));
                let end = self.at.checked_add(size).filter(|e| *e <= self.bytes.len());
                let end = end.ok_or(Malformed("array is longer than the message"))?;
                let mut items = Vec::new();
                while self.at < end {
                    items.push(self.value(element, depth + 1)?);
                }
                let name = std::str::from_utf8(element).map_err(|_| Malformed("bad signature"))?;
                Ok(Value::Array(name.to_owned(), items))
            }
            Some(b'(') => {
                self.align(8);
                Ok(Value::Struct(self.sequence(inner(1, signature.len() - 1)?, depth + 1)?))
            }
            Some(b'{') => {
                self.align(8);
                let mut pair = self.sequence(inner(1, signature.len() - 1)?, depth + 1)?.into_iter();
                match (pair.next(), pair.next()) {
                    (Some(key), Some(value)) => Ok(Value::Entry(Box::new((key, value)))),
                    _ => Err(Malformed("a dictionary entry is a pair")),
                }
            }
            Some(b'v') => {
                let size = usize::from(self.take(1)?[0]);
                let signature = self.string(size)?;
                let (first, rest) = split(signature.as_bytes())?;
                if !rest.is_empty() {
                    return Err(Malformed("a variant holds one value"));
                }
                Ok(Value::Variant(Box::new(self.value(first, depth + 1)?)))
            }
            _ => Err(Malformed("unknown type")),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn values_survive_the_way_there_and_back() {
        let values = vec![
            Value::Byte(7),
            Value::strings(["a", "bcd", ""]),
            Value::Array(
                "(sv)".to_owned(),
                vec![
                    Value::Struct(vec![Value::str("Type"), Value::variant(Value::str("oneshot"))]),
                    Value::Struct(vec![Value::str("N"), Value::variant(Value::u64(1 << 40))]),
                ],
            ),
            Value::Array(
                "{sv}".to_owned(),
                vec![Value::Entry(Box::new((Value::str("x"), Value::variant(Value::Bool(true)))))],
            ),
            Value::Word(b'q', 513),
            Value::Path("/org/x".to_owned()),
            Value::Array("t".to_owned(), vec![]),
        ];
        let signature: String = values.iter().map(Value::signature).collect();
        let mut writer = Writer::default();
        for value in &values {
            writer.value(value);
        }
        assert_eq!(Reader::new(&writer.bytes).values(&signature).unwrap(), values);
        for cut in 0..writer.bytes.len() {
            assert!(Reader::new(&writer.bytes[..cut]).values(&signature).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn bad_signatures_are_errors() {
        for bad in ["a", "(", "(s", "s)", "a{", "z", "{s}"] {
            assert!(Reader::new(&[0; 64]).values(bad).is_err(), "{bad}");
        }
    }
}
