//! Strings of Python's source.

use super::{Item, Reader, Stop};
use crate::Value;

impl Reader<'_> {
    /// One or more strings side by side.
    pub(super) fn strings(&mut self) -> Result<Item, Stop> {
        let mut text = String::new();
        let mut is_bytes = None;
        loop {
            let rest = &self.source[self.at..];
            let prefix = rest.find(['"', '\'']).unwrap_or(rest.len());
            let (raw, bytes) = match rest[..prefix].to_ascii_lowercase().as_str() {
                "" | "u" => (false, false),
                "r" => (true, false),
                "b" => (false, true),
                "br" | "rb" => (true, true),
                _ => return Err(Stop::No),
            };
            if is_bytes.is_some_and(|b| b != bytes) {
                return Err(Stop::No);
            }
            is_bytes = Some(bytes);
            self.at += prefix;
            self.string(raw, bytes, &mut text)?;
            self.blanks();
            // Another one may follow, with a prefix or without.
            let next = &self.source[self.at..];
            let length = next.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(next.len());
            if !next[length..].starts_with(['"', '\'']) {
                break;
            }
        }
        // Ansible makes a text of bytes, and here each byte is one ASCII character.
        Ok(Item::Value(Value::from(text)))
    }

    fn string(&mut self, raw: bool, bytes: bool, out: &mut String) -> Result<(), Stop> {
        let rest = &self.source[self.at..];
        let quote = rest.chars().next().ok_or(Stop::No)?;
        let triple: String = std::iter::repeat_n(quote, 3).collect();
        let long = rest.starts_with(&triple);
        let closing = if long { triple.as_str() } else { &rest[..1] };
        self.at += closing.len();
        loop {
            let rest = &self.source[self.at..];
            if rest.starts_with(closing) {
                self.at += closing.len();
                return Ok(());
            }
            let c = rest.chars().next().ok_or(Stop::No)?;
            if bytes && !c.is_ascii() {
                return Err(Stop::No);
            }
            match c {
                '\n' | '\r' if !long => return Err(Stop::No),
                '\\' if raw => {
                    let next = rest[1..].chars().next().ok_or(Stop::No)?;
                    out.push('\\');
                    out.push(next);
                    self.at += 1 + next.len_utf8();
                }
                '\\' => self.escape(bytes, out)?,
                c => {
                    out.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
    }

    fn escape(&mut self, bytes: bool, out: &mut String) -> Result<(), Stop> {
        let rest = &self.source[self.at + 1..];
        let c = rest.chars().next().ok_or(Stop::No)?;
        let mut length = c.len_utf8();
        let simple = match c {
            '\n' => {
                self.at += 2;
                return Ok(());
            }
            '\\' | '\'' | '"' => Some(c),
            'a' => Some('\x07'),
            'b' => Some('\x08'),
            'f' => Some('\x0c'),
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'v' => Some('\x0b'),
            '0'..='7' => {
                length = rest.bytes().take(3).take_while(|b| matches!(b, b'0'..=b'7')).count();
                let n = u32::from_str_radix(&rest[..length], 8).map_err(|_| Stop::No)?;
                char::from_u32(n)
            }
            'N' if !bytes => return Err(Stop::Beyond("a character by its Unicode name")),
            'x' | 'u' | 'U' if c == 'x' || !bytes => {
                let digits = match c {
                    'x' => 2,
                    'u' => 4,
                    _ => 8,
                };
                length = 1 + digits;
                let digits = rest.get(1..length).ok_or(Stop::No)?;
                if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
                    return Err(Stop::No);
                }
                let n = u32::from_str_radix(digits, 16).map_err(|_| Stop::No)?;
                if (0xd800..0xe000).contains(&n) {
                    return Err(Stop::Beyond("half of a surrogate pair"));
                }
                Some(char::from_u32(n).ok_or(Stop::No)?)
            }
            _ => None,
        };
        match simple {
            // Ansible decodes bytes as UTF-8; one beyond ASCII alone is none.
            Some(c) if bytes && !c.is_ascii() => return Err(Stop::Beyond("bytes beyond ASCII")),
            Some(c) => out.push(c),
            // An unknown escape stays as it is.
            None => {
                out.push('\\');
                out.push(c);
            }
        }
        self.at += 1 + length;
        Ok(())
    }
}
