//! Numbers to text and back, as Python does.

/// `'%.*f' % x`.
pub(crate) fn fixed(x: f64, precision: usize) -> String {
    if x.is_nan() {
        return "nan".to_owned();
    }
    if x.is_infinite() {
        return if x > 0.0 { "inf".to_owned() } else { "-inf".to_owned() };
    }
    format!("{x:.precision$}")
}

/// `'%.*e' % x`: two digits of exponent at least.
pub(crate) fn exponent(x: f64, precision: usize) -> String {
    if !x.is_finite() {
        return fixed(x, 0);
    }
    let text = format!("{x:.precision$e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) => {
            let (sign, digits) = match exponent.strip_prefix('-') {
                Some(digits) => ('-', digits),
                None => ('+', exponent),
            };
            format!("{mantissa}e{sign}{digits:0>2}")
        }
        None => text,
    }
}

/// A float with its point even where no digit follows: the `#` of formats.
pub(crate) fn pointed(shown: String) -> String {
    let end = shown.find(['e', 'E']).unwrap_or(shown.len());
    if shown.contains('.') || !shown.ends_with(|c: char| c.is_ascii_digit()) {
        return shown;
    }
    format!("{}.{}", &shown[..end], &shown[end..])
}

/// `'%.*g' % x`; `alternate` keeps trailing zeros.
pub(crate) fn general(x: f64, precision: usize, alternate: bool) -> String {
    significant(x, precision, precision.max(1) as i64, alternate)
}

/// What `format(x, '.*')` gives before its `.0`: an exponent a digit sooner, as there must be one after the point.
pub(crate) fn shortened(x: f64, precision: usize) -> String {
    significant(x, precision, precision.max(1) as i64 - 1, false)
}

/// So many digits, with an exponent from a power of ten on.
fn significant(x: f64, precision: usize, most: i64, alternate: bool) -> String {
    if !x.is_finite() {
        return fixed(x, 0);
    }
    let precision = precision.max(1);
    let scientific = exponent(x, precision - 1);
    let at = scientific.rfind('e').unwrap_or(scientific.len());
    let power: i64 = scientific.get(at + 1..).and_then(|e| e.parse().ok()).unwrap_or(0);
    let trim = |text: &str| -> String {
        if alternate || !text.contains('.') {
            return text.to_owned();
        }
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    if power < -4 || power >= most {
        return format!("{}{}", trim(&scientific[..at]), &scientific[at..]);
    }
    let digits = usize::try_from(precision as i64 - 1 - power).unwrap_or(0);
    trim(&fixed(x, digits))
}

/// Puts a separator between groups of digits before the point.
pub(crate) fn grouped(digits: &str, separator: char, size: usize) -> String {
    let whole = digits.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(digits.len());
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (i, c) in digits[..whole].chars().enumerate() {
        if i > 0 && (whole - i).is_multiple_of(size) {
            out.push(separator);
        }
        out.push(c);
    }
    out + &digits[whole..]
}

/// An integer's digits in a base, without sign.
pub(crate) fn digits(n: i128, base: u32) -> String {
    let n = n.unsigned_abs();
    match base {
        2 => format!("{n:b}"),
        8 => format!("{n:o}"),
        16 => format!("{n:x}"),
        _ => n.to_string(),
    }
}

/// What `int(text, base)` gives. `Err(true)` is a number beyond 128 bits.
pub(crate) fn parse_int(text: &str, base: u32) -> Result<i128, bool> {
    let text = super::strip(text, None, true, true);
    let (negative, rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = rest.get(..2).map(str::to_ascii_lowercase);
    let prefixed = match lower.as_deref() {
        Some("0x") => Some(16),
        Some("0o") => Some(8),
        Some("0b") => Some(2),
        _ => None,
    };
    let (base, rest, after_prefix) = match (base, prefixed) {
        (0, Some(b)) => (b, &rest[2..], true),
        (0, None) => {
            // With base 0 a number starts with no zero, unless it is one.
            if rest.starts_with('0') && rest.chars().any(|c| !matches!(c, '0' | '_')) {
                return Err(false);
            }
            (10, rest, false)
        }
        (b, Some(p)) if b == p => (b, &rest[2..], true),
        (b, _) => (b, rest, false),
    };
    let rest = if after_prefix { rest.strip_prefix('_').unwrap_or(rest) } else { rest };
    let underscored = rest.starts_with('_') || rest.ends_with('_') || rest.contains("__");
    if rest.is_empty() || underscored || rest.starts_with(['+', '-']) {
        return Err(false);
    }
    let digits: String = rest.chars().filter(|c| *c != '_').collect();
    if !digits.chars().all(|c| c.is_digit(base)) {
        return Err(false);
    }
    let signed = if negative { format!("-{digits}") } else { digits };
    i128::from_str_radix(&signed, base).map_err(|_| true)
}

/// What `float(text)` gives.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    let text = super::strip(text, None, true, true);
    let underscores_fine = !text.contains("__")
        && text.split('_').collect::<Vec<_>>().windows(2).all(|w| {
            w[0].ends_with(|c: char| c.is_ascii_digit()) && w[1].starts_with(|c: char| c.is_ascii_digit())
        });
    if !underscores_fine {
        return None;
    }
    let plain: String = text.chars().filter(|c| *c != '_').collect();
    let bare = plain.trim_start_matches(['+', '-']);
    let word = bare.to_ascii_lowercase();
    if plain.len() - bare.len() > 1 {
        return None;
    }
    if matches!(&*word, "inf" | "infinity" | "nan")
        || bare.starts_with(|c: char| c.is_ascii_digit() || c == '.')
    {
        return plain.parse().ok();
    }
    None
}

/// Python's `round(x, digits)` of a float: halves of the exact value go to the even neighbour.
pub(crate) fn round(x: f64, digits: i32) -> f64 {
    if !x.is_finite() || digits > 323 {
        return x;
    }
    match usize::try_from(digits) {
        Ok(0) => x.round_ties_even(),
        Ok(digits) => fixed(x, digits).parse().unwrap_or(x),
        Err(_) => {
            let scale = 10f64.powi(-digits);
            if scale.is_infinite() { 0f64.copysign(x) } else { (x / scale).round_ties_even() * scale }
        }
    }
}
