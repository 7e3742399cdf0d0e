//! Filters on amounts of bytes.

use super::{flag, given, soft, text_of};
use crate::error::{Fault, Res};
use crate::run::{Args, Interp};
use crate::text::number;
use crate::value::V;
use std::rc::Rc;

pub(super) fn filesizeformat(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [binary] = args.take("filesizeformat", ["binary"], 0)?;
    let binary = flag(binary, false)?;
    let bytes = match &on {
        V::Str(text) | V::Safe(text) => number::parse_float(text),
        V::Undefined(u) => return Err(u.fault()),
        other => other.as_float(),
    };
    let bytes = bytes.ok_or_else(|| Fault::failed("`filesizeformat` takes a number"))?;
    let base: f64 = if binary { 1024.0 } else { 1000.0 };
    if bytes == 1.0 {
        return Ok(V::from("1 Byte"));
    }
    if bytes < base {
        // An int there: it has no zero below zero.
        return Ok(V::from(format!("{} Bytes", bytes.trunc() + 0.0)));
    }
    let mut unit = base;
    let mut name = 'k';
    for letter in ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'] {
        unit *= base;
        name = letter;
        if bytes < unit {
            break;
        }
    }
    let name = match (binary, name) {
        (true, 'k') => "KiB".to_owned(),
        (true, letter) => format!("{letter}iB"),
        (false, letter) => format!("{letter}B"),
    };
    Ok(V::from(format!("{} {name}", number::fixed(base * bytes / unit, 1))))
}

/// From the largest, with what it stands for.
const UNITS: [(char, f64); 8] = [
    ('Y', (1u128 << 80) as f64),
    ('Z', (1u128 << 70) as f64),
    ('E', (1u128 << 60) as f64),
    ('P', (1u128 << 50) as f64),
    ('T', (1u128 << 40) as f64),
    ('G', (1u128 << 30) as f64),
    ('M', (1u128 << 20) as f64),
    ('K', (1u128 << 10) as f64),
];

pub(super) fn human_readable(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [bits, unit] = args.take("human_readable", ["isbits", "unit"], 0)?;
    let bits = flag(bits, false)?;
    let unit = given(unit).map(|u| text_of(&u, "human_readable")).transpose()?;
    let Some(size) = on.as_float() else {
        return Err(Fault::failed("human_readable() failed on bad input: it takes a number"));
    };
    let base = if bits { "bits" } else { "Bytes" };
    let wanted = unit.map(|u| u.to_uppercase());
    let found = UNITS.iter().find(|(letter, limit)| match &wanted {
        None => size >= *limit,
        Some(wanted) => *wanted == letter.to_string(),
    });
    let (limit, suffix) = match found {
        Some((letter, limit)) => (*limit, format!("{letter}{}", if bits { 'b' } else { 'B' })),
        None => (1.0, base.to_owned()),
    };
    Ok(V::from(format!("{} {suffix}", number::fixed(size / limit, 2))))
}

pub(super) fn human_to_bytes(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [unit, bits] = args.take("human_to_bytes", ["default_unit", "isbits"], 0)?;
    let bits = flag(bits, false)?;
    let default = given(unit).map(|u| text_of(&u, "human_to_bytes")).transpose()?;
    let shown = soft(&on)?;
    let wrong = || Fault::failed(format!("human_to_bytes() can't interpret following string: {shown}"));
    let text = crate::text::strip(&shown, None, true, false);
    let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let amount: f64 = text[..digits].parse().map_err(|_| wrong())?;
    let rest = crate::text::strip(&text[digits..], None, true, true);
    let unit: Rc<str> =
        if rest.is_empty() { default.unwrap_or_else(|| Rc::from("")) } else { Rc::from(rest) };
    let Some(first) = unit.chars().next() else {
        return Ok(V::Int(number::round(amount, 0) as i128));
    };
    let letter = first.to_ascii_uppercase();
    let limit = match letter {
        'B' => 1.0,
        other => UNITS.iter().find(|(l, _)| *l == other).map(|(_, limit)| *limit).ok_or_else(wrong)?,
    };
    let tail = &unit[first.len_utf8()..];
    let good = match (letter, bits) {
        ('B', true) => matches!(&*unit.to_lowercase(), "b" | "bit" | "bits"),
        ('B', false) => matches!(&*unit.to_lowercase(), "b" | "byte" | "bytes"),
        (_, _) if tail.is_empty() => true,
        (_, true) => tail == "b" || tail.eq_ignore_ascii_case("bit") || tail.eq_ignore_ascii_case("bits"),
        (_, false) => tail == "B" || tail.eq_ignore_ascii_case("byte") || tail.eq_ignore_ascii_case("bytes"),
    };
    if !good {
        return Err(wrong());
    }
    Ok(V::Int(number::round(amount * limit, 0) as i128))
}
