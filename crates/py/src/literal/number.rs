//! Numbers of Python's source.

use super::{Item, Reader, Stop};
use crate::Value;

impl Reader<'_> {
    /// An int, a float or an imaginary number.
    pub(super) fn number(&mut self) -> Result<Item, Stop> {
        let rest = &self.source[self.at..];
        let bytes = rest.as_bytes();
        let radix = match (bytes.first(), bytes.get(1)) {
            (Some(b'0'), Some(b'x' | b'X')) => 16,
            (Some(b'0'), Some(b'o' | b'O')) => 8,
            (Some(b'0'), Some(b'b' | b'B')) => 2,
            _ => 10,
        };
        if radix != 10 {
            let length =
                2 + bytes[2..].iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
            // `0x_ff` is allowed, `0xff_` and `0x__f` are not.
            let digits = rest[2..length].strip_prefix('_').unwrap_or(&rest[2..length]);
            let digits = plain_digits(digits, radix).ok_or(Stop::No)?;
            self.at += length;
            return whole(&digits, radix);
        }
        let run =
            |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit() || **b == b'_').count();
        let mut end = run(0);
        let integer = &rest[..end];
        let mut is_float = false;
        if bytes.get(end) == Some(&b'.') {
            is_float = true;
            end += 1;
            end += run(end);
        }
        let fraction = rest[..end].split_once('.').map_or("", |(_, fraction)| fraction);
        let mut exponent = "";
        if let Some(b'e' | b'E') = bytes.get(end) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let from = end + 1 + sign;
            if bytes.get(from).is_some_and(u8::is_ascii_digit) {
                is_float = true;
                exponent = &rest[from..from + run(from)];
                end = from + run(from);
            }
        }
        let imaginary = matches!(bytes.get(end), Some(b'j' | b'J'));
        let length = end + usize::from(imaginary);
        if rest[length..].starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '"' || c == '\'') {
            return Err(Stop::No);
        }
        for part in [integer, fraction, exponent] {
            if !part.is_empty() && plain_digits(part, 10).is_none() {
                return Err(Stop::No);
            }
        }
        self.at += length;
        let text = rest[..end].replace('_', "");
        if is_float || imaginary {
            let x = text.parse::<f64>().map_err(|_| Stop::No)?;
            return Ok(if imaginary { Item::Complex(0.0, x) } else { Item::Value(Value::Float(x)) });
        }
        // `007` is no number in Python, `000` is.
        if text.len() > 1 && text.starts_with('0') && text.bytes().any(|b| b != b'0') {
            return Err(Stop::No);
        }
        whole(&text, 10)
    }
}

/// Digits without their single underscores; nothing where an underscore stands wrong.
fn plain_digits(text: &str, radix: u32) -> Option<String> {
    if text.is_empty() || text.split('_').any(str::is_empty) {
        return None;
    }
    let digits = text.replace('_', "");
    digits.chars().all(|c| c.is_digit(radix)).then_some(digits)
}

fn whole(digits: &str, radix: u32) -> Result<Item, Stop> {
    i128::from_str_radix(digits, radix)
        .map(|n| Item::Value(Value::Int(n)))
        .map_err(|_| Stop::Beyond("a whole number larger than 128 bits"))
}
