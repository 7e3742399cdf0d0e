//! Numbers and strings as they stand in a template.

use super::lexer::Tok;

/// A number at the start of a text: its length, and what it is (nothing when it is beyond 128 bits).
pub(super) fn number(text: &str, after_dot: bool) -> Option<(usize, Option<Tok>)> {
    if !after_dot && let Some(length) = float_length(text) {
        let digits: String = text[..length].chars().filter(|c| *c != '_').collect();
        return Some((length, digits.parse().ok().map(Tok::Float)));
    }
    let length = int_length(text)?;
    let digits: String =
        text[..length].chars().filter(|c| *c != '_').collect::<String>().to_ascii_lowercase();
    let (radix, digits) = match digits.get(..2) {
        Some("0b") => (2, &digits[2..]),
        Some("0o") => (8, &digits[2..]),
        Some("0x") => (16, &digits[2..]),
        _ => (10, &digits[..]),
    };
    Some((length, i128::from_str_radix(digits, radix).ok().map(Tok::Int)))
}

/// `(_?DIGIT)*` from here on.
fn more(bytes: &[u8], from: usize, digit: impl Fn(u8) -> bool) -> usize {
    let mut end = from;
    loop {
        match (bytes.get(end), bytes.get(end + 1)) {
            (Some(b), _) if digit(*b) => end += 1,
            (Some(b'_'), Some(b)) if digit(*b) => end += 2,
            _ => return end,
        }
    }
}

fn int_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    match (bytes.first()?, bytes.get(1)) {
        (b'0', Some(letter)) => {
            let digit: fn(u8) -> bool = match letter.to_ascii_lowercase() {
                b'b' => |b| matches!(b, b'0' | b'1'),
                b'o' => |b| matches!(b, b'0'..=b'7'),
                b'x' => |b| b.is_ascii_hexdigit(),
                _ => return Some(more(bytes, 1, |b| b == b'0')),
            };
            match more(bytes, 2, digit) {
                2 => Some(1),
                end => Some(end),
            }
        }
        (b'0', None) => Some(1),
        (b'1'..=b'9', _) => Some(more(bytes, 1, |b| b.is_ascii_digit())),
        _ => None,
    }
}

fn float_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let digits = |from: usize| -> Option<usize> {
        bytes.get(from).filter(|b| b.is_ascii_digit())?;
        Some(more(bytes, from, |b| b.is_ascii_digit()))
    };
    let whole = digits(0)?;
    let fraction = bytes.get(whole).filter(|b| **b == b'.').and_then(|_| digits(whole + 1));
    let mantissa = fraction.unwrap_or(whole);
    let exponent = bytes.get(mantissa).filter(|b| matches!(b, b'e' | b'E')).and_then(|_| {
        let sign = usize::from(matches!(bytes.get(mantissa + 1), Some(b'+' | b'-')));
        digits(mantissa + 1 + sign)
    });
    exponent.or(fraction)
}

/// The length of a string with its quotes, if it ends.
pub(super) fn string_length(text: &str, quote: char) -> Option<usize> {
    let mut chars = text.char_indices().skip(1);
    while let Some((i, c)) = chars.next() {
        match c {
            '\\' => {
                chars.next()?;
            }
            c if c == quote => return Some(i + 1),
            _ => {}
        }
    }
    None
}

/// Python's `unicode-escape`, as Jinja2 applies it: characters beyond ASCII are written as escapes first,
/// so a backslash before one of them escapes that escape.
pub(super) fn unescape(text: &str) -> Result<String, String> {
    if !text.contains('\\') {
        return Ok(text.to_owned());
    }
    let mut ascii = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_ascii() => ascii.push(c),
            c if (c as u32) < 0x100 => ascii.push_str(&format!("\\x{:02x}", c as u32)),
            c if (c as u32) < 0x10000 => ascii.push_str(&format!("\\u{:04x}", c as u32)),
            c => ascii.push_str(&format!("\\U{:08x}", c as u32)),
        }
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = ascii.as_str();
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let escape = rest[at + 1..].chars().next().ok_or("a string ends with a backslash")?;
        rest = &rest[at + 2..];
        match escape {
            '\n' => {}
            '\\' | '\'' | '"' => out.push(escape),
            'a' => out.push('\u{7}'),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'v' => out.push('\u{b}'),
            '0'..='7' => {
                let more = rest.bytes().take(2).take_while(|b| matches!(b, b'0'..=b'7')).count();
                let digits = format!("{escape}{}", &rest[..more]);
                rest = &rest[more..];
                out.extend(u32::from_str_radix(&digits, 8).ok().and_then(char::from_u32));
            }
            'x' => rest = hex(rest, 2, 'x', &mut out)?,
            'u' => rest = hex(rest, 4, 'u', &mut out)?,
            'U' => rest = hex(rest, 8, 'U', &mut out)?,
            'N' => return Err("a character by its name, `\\N{…}`, is not supported".to_owned()),
            other => {
                out.push('\\');
                out.push(other);
            }
        }
    }
    out.push_str(rest);
    Ok(out)
}

fn hex<'t>(rest: &'t str, digits: usize, letter: char, out: &mut String) -> Result<&'t str, String> {
    let wrong = || format!("`\\{letter}` in a string takes {digits} hexadecimal digits of a character");
    let code = rest.get(..digits).filter(|t| t.bytes().all(|b| b.is_ascii_hexdigit())).ok_or_else(wrong)?;
    out.push(u32::from_str_radix(code, 16).ok().and_then(char::from_u32).ok_or_else(wrong)?);
    Ok(&rest[digits..])
}
