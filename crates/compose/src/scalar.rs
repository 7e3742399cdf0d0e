//! Plain scalars as Go's yaml.v3 (resolve.go) resolves them: YAML 1.2's core, with 1.1's octal numbers and
//! underscores, and without 1.1's `yes`, `on`, `22:30`. Timestamps stay text.

use crate::node::Value;

/// What a plain scalar is.
pub fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Value::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Value::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Value::Float(f64::NEG_INFINITY),
        _ => {}
    }
    // Only what starts like a number is tried as one.
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return Value::Text(text.to_owned());
    }
    let plain = text.replace('_', "");
    if let Some(int) = int(&plain) {
        return Value::Int(int);
    }
    if is_float(&plain)
        && let Ok(float) = plain.parse::<f64>()
        && float.is_finite()
    {
        return Value::Float(float);
    }
    Value::Text(text.to_owned())
}

/// A whole number of 64 bits: decimal, `0x`, `0b`, `0o`, or octal with a leading 0.
fn int(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = if let Some(rest) = lower.strip_prefix("0x") {
        (16, rest)
    } else if let Some(rest) = lower.strip_prefix("0b") {
        (2, rest)
    } else if let Some(rest) = lower.strip_prefix("0o") {
        (8, rest)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (8, &lower[1..])
    } else {
        (10, lower.as_str())
    };
    if digits.is_empty() || digits.starts_with(['+', '-']) {
        return None;
    }
    let value = i128::from_str_radix(digits, radix).ok()?;
    let value = if negative { -value } else { value };
    (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&value).then_some(value)
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(text: &str) -> bool {
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    if let Some(exponent) = exponent {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        if exponent.is_empty() || !digits(exponent) {
            return false;
        }
    }
    match mantissa.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && digits(fraction),
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => !mantissa.is_empty() && digits(mantissa),
    }
}

/// A float as Go's `%v` prints it: shortest digits, an exponent below 1e-4 and from 1e21 on.
pub fn go_float(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let size = value.abs();
    if size == 0.0 || (1e-4..1e21).contains(&size) {
        return format!("{value}");
    }
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    format!("{mantissa}e{sign}{digits:0>2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_1_1_are_texts_and_its_octals_numbers() {
        for text in ["yes", "no", "on", "off", "y", "22:30", "2020-01-01", "1.2.3", "0x", "-", "+", ".", "1e"]
        {
            assert_eq!(resolve(text), Value::Text(text.to_owned()), "{text}");
        }
        for (text, int) in
            [("0644", 420), ("0o644", 420), ("1_000", 1000), ("0x1F", 31), ("-12", -12), ("0b11", 3)]
        {
            assert_eq!(resolve(text), Value::Int(int), "{text}");
        }
        assert_eq!(resolve("1.10"), Value::Float(1.1));
        assert_eq!(resolve("089"), Value::Float(89.0));
        assert_eq!(resolve("18446744073709551615"), Value::Int(18_446_744_073_709_551_615));
    }

    #[test]
    fn floats_print_as_go_prints_them() {
        for (float, text) in [(1.1, "1.1"), (1e6, "1000000"), (1e21, "1e+21"), (0.00001, "1e-05"), (2.0, "2")]
        {
            assert_eq!(go_float(float), text);
        }
    }
}
