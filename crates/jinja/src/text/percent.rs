//! `'%s' % value`.

use super::number;
use crate::error::{Fault, Res};
use crate::run::Interp;
use crate::value::{Key, V, repr, text};
use std::borrow::Cow;

/// The values as they are used up.
struct Values<'v> {
    all: &'v V,
    next: usize,
}

impl Values<'_> {
    fn take(&mut self) -> Res<V> {
        let value = match self.all {
            V::Tuple(tuple) => tuple.items.get(self.next).cloned(),
            one if self.next == 0 => Some(one.clone()),
            _ => None,
        };
        self.next += 1;
        value.ok_or_else(|| Fault::failed("not enough arguments for format string"))
    }
}

/// `format % values`; `safe` escapes what is put in, as `Markup` does.
pub(crate) fn format(interp: &mut Interp<'_>, format: &str, all: &V, safe: bool) -> Res<String> {
    let mut values = Values { all, next: 0 };
    let mut out = String::with_capacity(format.len());
    let mut named = false;
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let mut given = None;
        if let Some(after) = rest.strip_prefix('(') {
            let V::Dict(dict) = all else { return Err(Fault::failed("format requires a mapping")) };
            let end = closing(after).ok_or_else(|| Fault::failed("incomplete format key"))?;
            let key = &after[..end];
            named = true;
            let value = dict.get(&Key::text(key));
            given = Some(value.ok_or_else(|| Fault::failed(py::repr_str(key)))?);
            rest = &after[end + 1..];
        }
        let (spec, after) = spec(rest, &mut values)?;
        rest = after;
        if spec.letter == '%' {
            out.push('%');
            continue;
        }
        let value = match given {
            Some(value) => value,
            None => values.take()?,
        };
        interp.will_make(spec.width.max(spec.precision.unwrap_or(0)))?;
        spec.write(&value, safe, &mut out)?;
        interp.charge(1)?;
    }
    out.push_str(rest);
    let left = match all {
        V::Tuple(tuple) => values.next < tuple.items.len(),
        V::Dict(_) | V::List(_) => false,
        V::Undefined(u) if values.next == 0 && u.strict => return Err(u.fault()),
        _ => values.next == 0,
    };
    if left && !named {
        return Err(Fault::failed("not all arguments converted during string formatting"));
    }
    Ok(out)
}

fn closing(text: &str) -> Option<usize> {
    let mut depth = 1;
    for (i, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(i);
        }
    }
    None
}

#[derive(Default)]
struct Spec {
    alternate: bool,
    zero: bool,
    left: bool,
    space: bool,
    plus: bool,
    width: usize,
    precision: Option<usize>,
    letter: char,
}

fn spec<'t>(text: &'t str, values: &mut Values<'_>) -> Res<(Spec, &'t str)> {
    let mut spec = Spec::default();
    let mut rest = text;
    let incomplete = || Fault::failed("incomplete format");
    loop {
        match rest.chars().next().ok_or_else(incomplete)? {
            '#' => spec.alternate = true,
            '0' => spec.zero = true,
            '-' => spec.left = true,
            ' ' => spec.space = true,
            '+' => spec.plus = true,
            _ => break,
        }
        rest = &rest[1..];
    }
    let mut number = |rest: &mut &'t str| -> Res<i128> {
        if let Some(after) = rest.strip_prefix('*') {
            *rest = after;
            return values.take()?.as_int().ok_or_else(|| Fault::failed("* wants int"));
        }
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let n = if digits == 0 { Ok(0) } else { rest[..digits].parse() };
        *rest = &rest[digits..];
        n.map_err(|_| Fault::failed("width too big"))
    };
    let width = number(&mut rest)?;
    spec.left |= width < 0;
    spec.width = usize::try_from(width.unsigned_abs()).unwrap_or(usize::MAX);
    if let Some(after) = rest.strip_prefix('.') {
        rest = after;
        spec.precision = Some(usize::try_from(number(&mut rest)?.max(0)).unwrap_or(usize::MAX));
    }
    rest = rest.trim_start_matches(['h', 'l', 'L']);
    spec.letter = rest.chars().next().ok_or_else(incomplete)?;
    // Beyond this no float has digits, and Python refuses soon after.
    if spec.precision.is_some_and(|p| p > 65_535 && "eEfFgG".contains(spec.letter)) {
        return Err(Fault::failed("precision too big"));
    }
    let rest = &rest[spec.letter.len_utf8()..];
    Ok((spec, rest))
}

impl Spec {
    fn write(&self, value: &V, safe: bool, out: &mut String) -> Res<()> {
        let wrong = |what: &str| {
            Err(Fault::failed(format!(
                "%{} format: {what} is required, not {}",
                self.letter,
                value.type_name()
            )))
        };
        if let V::Undefined(u) = value
            && u.strict
        {
            return Err(u.fault());
        }
        match self.letter {
            's' | 'r' | 'a' => {
                let shown = if self.letter == 's' { text(value)? } else { repr(value)? };
                let shown = if self.letter == 'a' { ascii(&shown) } else { shown };
                let shown = if safe && !matches!(value, V::Safe(_)) && value.as_float().is_none() {
                    super::escape(&shown)
                } else {
                    shown
                };
                let shown = match self.precision {
                    Some(most) => super::head(&shown, most).to_owned(),
                    None => shown,
                };
                self.padded("", &shown, false, out);
            }
            'c' => {
                let one = match value {
                    V::Str(s) | V::Safe(s) if s.chars().count() == 1 => s.to_string(),
                    V::Int(n) => u32::try_from(*n)
                        .ok()
                        .and_then(char::from_u32)
                        .map(String::from)
                        .ok_or_else(|| Fault::failed("%c arg not in range(0x110000)"))?,
                    _ => return Err(Fault::failed("%c requires int or char")),
                };
                self.padded("", &one, false, out);
            }
            'd' | 'i' | 'u' | 'o' | 'x' | 'X' => {
                let whole = matches!(self.letter, 'd' | 'i' | 'u');
                let n = match value {
                    V::Float(x) if whole && x.is_finite() && x.abs() < 1e38 => x.trunc() as i128,
                    V::Float(_) if whole => return wrong("a real number"),
                    other => match other.as_int() {
                        Some(n) => n,
                        None if whole => return wrong("a real number"),
                        None => return wrong("an integer"),
                    },
                };
                self.int(n, out);
            }
            'e' | 'E' | 'f' | 'F' | 'g' | 'G' => {
                let Some(x) = value.as_float() else {
                    return Err(Fault::failed(format!("must be real number, not {}", value.type_name())));
                };
                let precision = self.precision.unwrap_or(6);
                let shown = match self.letter.to_ascii_lowercase() {
                    'e' => number::exponent(x, precision),
                    'f' => number::fixed(x, precision),
                    _ => number::general(x, precision, self.alternate),
                };
                let shown = if self.alternate { number::pointed(shown) } else { shown };
                let shown: Cow<'_, str> =
                    if self.letter.is_ascii_uppercase() { shown.to_uppercase().into() } else { shown.into() };
                let (sign, digits) = match shown.strip_prefix('-') {
                    Some(digits) => ("-", digits),
                    None => (self.sign(), &*shown),
                };
                self.padded(sign, digits, x.is_finite(), out);
            }
            other => {
                return Err(Fault::failed(format!("unsupported format character '{other}'")));
            }
        }
        Ok(())
    }

    fn sign(&self) -> &'static str {
        if self.plus {
            "+"
        } else if self.space {
            " "
        } else {
            ""
        }
    }

    fn int(&self, n: i128, out: &mut String) {
        let (base, prefix) = match self.letter {
            'o' => (8, "0o"),
            'x' => (16, "0x"),
            'X' => (16, "0X"),
            _ => (10, ""),
        };
        let mut digits = number::digits(n, base);
        if self.letter == 'X' {
            digits = digits.to_uppercase();
        }
        let least = self.precision.unwrap_or(0);
        let digits = format!("{digits:0>least$}");
        let sign = if n < 0 { "-" } else { self.sign() };
        let prefix = if self.alternate { prefix } else { "" };
        self.padded(&format!("{sign}{prefix}"), &digits, true, out);
    }

    fn padded(&self, sign: &str, body: &str, zeros: bool, out: &mut String) {
        let gap = super::pad(&format!("{sign}{body}"), self.width as i128);
        let fill = |c: char, out: &mut String| out.extend(std::iter::repeat_n(c, gap));
        if self.left {
            out.push_str(sign);
            out.push_str(body);
            fill(' ', out);
        } else if self.zero && zeros {
            out.push_str(sign);
            fill('0', out);
            out.push_str(body);
        } else {
            fill(' ', out);
            out.push_str(sign);
            out.push_str(body);
        }
    }
}

/// What `ascii()` makes of a `repr`.
pub(crate) fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c as u32 {
            0..=0x7f => out.push(c),
            n @ 0x80..=0xff => out.push_str(&format!("\\x{n:02x}")),
            n @ 0x100..=0xffff => out.push_str(&format!("\\u{n:04x}")),
            n => out.push_str(&format!("\\U{n:08x}")),
        }
    }
    out
}
