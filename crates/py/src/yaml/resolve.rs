//! What a plain scalar is, by YAML 1.1 as PyYAML's resolver has it, and what a tag makes of a text.

use super::{base64, timestamp};
use crate::Value;
use std::sync::Arc;
use timestamp::Timestamp;

/// The kinds PyYAML tells apart by a scalar's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `~`, `null`, nothing.
    Null,
    /// `yes`, `no`, `true`, `false`, `on`, `off`.
    Bool,
    /// Whole numbers, also binary, octal, hexadecimal and base 60.
    Int,
    /// Numbers with a point, infinities, NaN.
    Float,
    /// Dates and times.
    Timestamp,
    /// `<<`.
    Merge,
    /// `=`.
    Value,
    /// Anything else.
    Str,
}

/// The form of a plain scalar.
pub(crate) fn form(text: &str) -> Form {
    let bytes = text.as_bytes();
    let Some(first) = bytes.first() else { return Form::Null };
    match first {
        b'~' | b'n' | b'N' if matches!(text, "~" | "null" | "Null" | "NULL") => Form::Null,
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' => match text {
            "yes" | "Yes" | "YES" | "no" | "No" | "NO" | "true" | "True" | "TRUE" | "false" | "False"
            | "FALSE" | "on" | "On" | "ON" | "off" | "Off" | "OFF" => Form::Bool,
            _ => Form::Str,
        },
        b'<' if text == "<<" => Form::Merge,
        b'=' if text == "=" => Form::Value,
        b'-' | b'+' | b'.' | b'0'..=b'9' => {
            if is_float(bytes) {
                Form::Float
            } else if is_int(bytes) {
                Form::Int
            } else if first.is_ascii_digit() && timestamp::read(text, true) != Timestamp::No {
                Form::Timestamp
            } else {
                Form::Str
            }
        }
        _ => Form::Str,
    }
}

fn unsigned(bytes: &[u8]) -> &[u8] {
    match bytes {
        [b'-' | b'+', rest @ ..] => rest,
        _ => bytes,
    }
}

fn run(bytes: &[u8], of: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|b| of(**b)).count()
}

fn digit_or_line(b: u8) -> bool {
    b.is_ascii_digit() || b == b'_'
}

/// `(?::[0-5]?[0-9])+` from the start: what follows it, nothing where there is none.
fn sixties(mut bytes: &[u8]) -> Option<&[u8]> {
    let mut any = false;
    while let [b':', rest @ ..] = bytes {
        bytes = match rest {
            [b'0'..=b'5', b'0'..=b'9', after @ ..] => after,
            [b'0'..=b'9', after @ ..] => after,
            _ => return None,
        };
        any = true;
    }
    any.then_some(bytes)
}

fn is_float(bytes: &[u8]) -> bool {
    let body = unsigned(bytes);
    if matches!(body, b".inf" | b".Inf" | b".INF") || matches!(bytes, b".nan" | b".NaN" | b".NAN") {
        return true;
    }
    // A number that starts with its point takes no sign.
    if let [b'.', fraction @ ..] = bytes {
        return fraction.first().is_some_and(u8::is_ascii_digit)
            && exponent_or_end(&fraction[run(fraction, digit_or_line)..]);
    }
    if !body.first().is_some_and(u8::is_ascii_digit) {
        return false;
    }
    let rest = &body[run(body, digit_or_line)..];
    match rest {
        [b'.', fraction @ ..] => exponent_or_end(&fraction[run(fraction, digit_or_line)..]),
        [b':', ..] => match sixties(rest) {
            Some([b'.', fraction @ ..]) => run(fraction, digit_or_line) == fraction.len(),
            _ => false,
        },
        _ => false,
    }
}

/// `(?:[eE][-+][0-9]+)?$`
fn exponent_or_end(bytes: &[u8]) -> bool {
    match bytes {
        [] => true,
        [b'e' | b'E', b'-' | b'+', digits @ ..] => {
            !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    }
}

fn is_int(bytes: &[u8]) -> bool {
    let body = unsigned(bytes);
    let all = |digits: &[u8], of: fn(u8) -> bool| !digits.is_empty() && digits.iter().all(|b| of(*b));
    match body {
        b"0" => true,
        [b'0', b'b', digits @ ..] => all(digits, |b| matches!(b, b'0' | b'1' | b'_')),
        [b'0', b'x', digits @ ..] => all(digits, |b| b.is_ascii_hexdigit() || b == b'_'),
        [b'0', digits @ ..] => all(digits, |b| matches!(b, b'0'..=b'7' | b'_')),
        [b'1'..=b'9', ..] => {
            let rest = &body[run(body, digit_or_line)..];
            rest.is_empty() || sixties(rest).is_some_and(<[u8]>::is_empty)
        }
        _ => false,
    }
}

/// The value of a text as `!!bool`, `!!int`, … or its own form makes it. The error says why it cannot be.
pub(crate) fn construct(form: Form, text: &str) -> Result<Value, String> {
    match form {
        Form::Null => Ok(Value::None),
        Form::Bool => match text.to_lowercase().as_str() {
            "yes" | "true" | "on" => Ok(Value::Bool(true)),
            "no" | "false" | "off" => Ok(Value::Bool(false)),
            _ => Err(format!("`{text}` is neither true nor false")),
        },
        Form::Int => int(text),
        Form::Float => float(text),
        Form::Timestamp => match timestamp::read(text, false) {
            Timestamp::Yes(text) => Ok(Value::Date(text)),
            Timestamp::Bad(why) => Err(format!("`{text}` is no date: {why}")),
            Timestamp::No => Err(format!("`{text}` is no date")),
        },
        Form::Merge | Form::Value => {
            Err(format!("`{text}` alone has a meaning of its own in YAML, and none here"))
        }
        Form::Str => Ok(Value::Str(Arc::from(text))),
    }
}

/// `!!binary`.
pub(crate) fn binary(text: &str) -> Result<Value, String> {
    if !text.is_ascii() {
        return Err("base64 has ASCII letters only".to_owned());
    }
    base64::decode(text).map(|bytes| Value::Bytes(Arc::from(bytes))).map_err(str::to_owned)
}

fn int(text: &str) -> Result<Value, String> {
    let plain = text.replace('_', "");
    let (negative, digits) = match plain.as_bytes().first() {
        Some(b'-') => (true, &plain[1..]),
        Some(b'+') => (false, &plain[1..]),
        _ => (false, plain.as_str()),
    };
    let bad = || format!("`{text}` is no whole number");
    let big = || format!("`{text}` is larger than 128 bits");
    let whole = |digits: &str, radix: u32| {
        if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
            return Err(bad());
        }
        i128::from_str_radix(digits, radix).map_err(|_| big())
    };
    let n = if digits == "0" {
        0
    } else if let Some(digits) = digits.strip_prefix("0b") {
        whole(digits, 2)?
    } else if let Some(digits) = digits.strip_prefix("0x") {
        whole(digits, 16)?
    } else if digits.starts_with('0') {
        whole(digits, 8)?
    } else if digits.contains(':') {
        let mut sum: i128 = 0;
        for part in digits.split(':') {
            let part = whole(part, 10)?;
            sum = sum.checked_mul(60).and_then(|s| s.checked_add(part)).ok_or_else(big)?;
        }
        sum
    } else {
        whole(digits, 10)?
    };
    Ok(Value::Int(if negative { -n } else { n }))
}

fn float(text: &str) -> Result<Value, String> {
    let plain = text.replace('_', "").to_lowercase();
    let (sign, digits) = match plain.as_bytes().first() {
        Some(b'-') => (-1.0, &plain[1..]),
        Some(b'+') => (1.0, &plain[1..]),
        _ => (1.0, plain.as_str()),
    };
    let read = |part: &str| {
        // Rust reads `inf` and `nan` as Python does, with any sign; here they come from tags only.
        part.trim().parse::<f64>().map_err(|_| format!("`{text}` is no number"))
    };
    let x = if digits == ".inf" {
        f64::INFINITY
    } else if digits == ".nan" {
        f64::NAN
    } else if digits.contains(':') {
        // Summed from the last part on, in the order PyYAML sums.
        let mut sum = 0.0;
        let mut base = 1.0;
        for part in digits.rsplit(':') {
            sum += read(part)? * base;
            base *= 60.0;
        }
        sum
    } else {
        read(digits)?
    };
    Ok(Value::Float(sign * x))
}
