//! Python's `str()` and `repr()`.

use crate::{Value, float, printable::printable};
use std::fmt::Write;

/// `str(value)`: what Jinja2 prints for `{{ value }}`.
pub fn str(value: &Value) -> String {
    match value {
        Value::Str(text) => text.to_string(),
        Value::Date(text) => text.clone(),
        other => repr(other),
    }
}

/// `repr(value)`.
pub fn repr(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

/// `repr(text)`: with single quotes, unless the text has some and no double ones.
pub fn repr_str(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    write_str(text, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::None => out.push_str("None"),
        Value::Bool(b) => out.push_str(if *b { "True" } else { "False" }),
        Value::Int(n) => push(out, format_args!("{n}")),
        Value::Float(x) => out.push_str(&float::repr(*x)),
        Value::Str(text) => write_str(text, out),
        Value::Bytes(bytes) => write_bytes(bytes, out),
        Value::Date(text) => write_date(text, out),
        Value::List(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push('{');
            for (i, (key, value)) in map.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                write(key, out);
                out.push_str(": ");
                write(value, out);
            }
            out.push('}');
        }
    }
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = out.write_fmt(text);
}

fn quote(single: bool, double: bool) -> char {
    if single && !double { '"' } else { '\'' }
}

fn write_str(text: &str, out: &mut String) {
    let quote = quote(text.contains('\''), text.contains('"'));
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            ' '..='~' => out.push(c),
            c if printable(c) => out.push(c),
            c => match u32::from(c) {
                n @ ..=0xff => push(out, format_args!("\\x{n:02x}")),
                n @ ..=0xffff => push(out, format_args!("\\u{n:04x}")),
                n => push(out, format_args!("\\U{n:08x}")),
            },
        }
    }
    out.push(quote);
}

fn write_bytes(bytes: &[u8], out: &mut String) {
    let quote = quote(bytes.contains(&b'\''), bytes.contains(&b'"'));
    out.push('b');
    out.push(quote);
    for byte in bytes {
        match *byte {
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            b if char::from(b) == quote => {
                out.push('\\');
                out.push(quote);
            }
            b @ b' '..=b'~' => out.push(char::from(b)),
            b => push(out, format_args!("\\x{b:02x}")),
        }
    }
    out.push(quote);
}

/// `datetime.date(2024, 1, 31)`, from the text `str()` gives.
fn write_date(text: &str, out: &mut String) {
    let (date, time) = match text.split_once(' ') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let number = |part: &str| part.parse::<u32>().unwrap_or_default();
    out.push_str(if time.is_some() { "datetime.datetime(" } else { "datetime.date(" });
    let day: Vec<String> = date.split('-').map(|part| number(part).to_string()).collect();
    out.push_str(&day.join(", "));
    if let Some(time) = time {
        let (clock, zone) = match time.find(['+', '-']) {
            Some(at) => time.split_at(at),
            None => (time, ""),
        };
        let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
        let parts: Vec<u32> = clock.split(':').map(number).collect();
        let [hour, minute, second] = parts.as_slice() else {
            out.push(')');
            return;
        };
        push(out, format_args!(", {hour}, {minute}"));
        if *second > 0 || !fraction.is_empty() {
            push(out, format_args!(", {second}"));
        }
        if !fraction.is_empty() {
            push(out, format_args!(", {}", number(fraction)));
        }
        if !zone.is_empty() {
            out.push_str(", tzinfo=");
            write_zone(zone, out);
        }
    }
    out.push(')');
}

/// `datetime.timezone(datetime.timedelta(seconds=3600))`; a delta before zero is told as days and seconds.
fn write_zone(zone: &str, out: &mut String) {
    let (hours, minutes) = zone[1..].split_once(':').unwrap_or((&zone[1..], "0"));
    let seconds =
        hours.parse::<i64>().unwrap_or_default() * 3600 + minutes.parse::<i64>().unwrap_or_default() * 60;
    let seconds = if zone.starts_with('-') { -seconds } else { seconds };
    match seconds {
        0 => out.push_str("datetime.timezone.utc"),
        1.. => push(out, format_args!("datetime.timezone(datetime.timedelta(seconds={seconds}))")),
        _ => push(
            out,
            format_args!("datetime.timezone(datetime.timedelta(days=-1, seconds={}))", seconds + 86_400),
        ),
    }
}
