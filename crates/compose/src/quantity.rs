//! Sizes and durations as docker reads and prints them.

/// Bytes of `64m`, `1.5gb`, `1024`, `-1`: units are powers of 1024 (docker/go-units, `RAMInBytes`).
pub(crate) fn bytes(text: &str) -> Option<i64> {
    // -1 says "no limit" for swap.
    if text == "-1" {
        return Some(-1);
    }
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number: f64 = number.parse().ok()?;
    let unit = unit.strip_prefix(' ').unwrap_or(unit).to_ascii_lowercase();
    let power = match unit.strip_suffix("ib").or_else(|| unit.strip_suffix('b')).unwrap_or(&unit) {
        "" if unit != "ib" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        "p" => 5,
        _ => return None,
    };
    let value = number * 1024_f64.powi(power);
    (value.is_finite() && value < 9.2e18).then_some(value as i64)
}

/// Nanoseconds of `1m30s`, `1.5h`, `500ms`, and of weeks and days (`1w2d`).
pub(crate) fn nanoseconds(text: &str) -> Option<i128> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0_i128;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        let end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let scale: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            "d" => 86_400_000_000_000,
            "w" => 604_800_000_000_000,
            _ => return None,
        };
        total = total.checked_add(scaled(number, scale)?)?;
        rest = after;
    }
    (total <= i128::from(i64::MAX)).then_some(if negative { -total } else { total })
}

/// A decimal number times a scale, exactly, cut at the point.
fn scaled(number: &str, scale: i128) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut value = whole.checked_mul(scale)?;
    let fraction = &fraction[..fraction.len().min(15)];
    if !fraction.is_empty() {
        let digits: i128 = fraction.parse().ok()?;
        value = value.checked_add(digits * scale / 10_i128.pow(u32::try_from(fraction.len()).ok()?))?;
    }
    Some(value)
}

/// As Go prints a duration: `1h0m0s`, `1m30s`, `1.5s`, `500ms`, `0s`.
pub(crate) fn go_duration(nanoseconds: i128) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let all = nanoseconds.unsigned_abs();
    if all == 0 {
        return "0s".to_owned();
    }
    if all < 1_000_000_000 {
        let (unit, scale) = match all {
            0..1_000 => ("ns", 1),
            1_000..1_000_000 => ("µs", 1_000),
            _ => ("ms", 1_000_000),
        };
        return format!("{sign}{}{unit}", decimal(all, scale));
    }
    let seconds = all % 60_000_000_000;
    let minutes = all / 60_000_000_000;
    let tail = format!("{}s", decimal(seconds, 1_000_000_000));
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{sign}{tail}"),
        (0, minutes) => format!("{sign}{minutes}m{tail}"),
        (hours, minutes) => format!("{sign}{hours}h{minutes}m{tail}"),
    }
}

/// `value / scale` with as many decimals as it needs.
fn decimal(value: u128, scale: u128) -> String {
    let (whole, part) = (value / scale, value % scale);
    if part == 0 {
        return whole.to_string();
    }
    let width = scale.to_string().len() - 1;
    let digits = format!("{part:0width$}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_powers_of_1024() {
        for (text, value) in [
            ("64m", 67_108_864),
            ("1g", 1_073_741_824),
            ("1.5KiB", 1536),
            ("20 MB", 20_971_520),
            ("512", 512),
            ("-1", -1),
        ] {
            assert_eq!(bytes(text), Some(value), "{text}");
        }
        for text in ["", "m", "1x", "1 . m", "one", "-2m", "5ib"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }

    #[test]
    fn durations_print_as_go_prints_them() {
        for (text, printed) in [
            ("90s", "1m30s"),
            ("1h", "1h0m0s"),
            ("1.5s", "1.5s"),
            ("500ms", "500ms"),
            ("0", "0s"),
            ("1d", "24h0m0s"),
            ("100us", "100µs"),
            ("1m0.25s", "1m0.25s"),
        ] {
            assert_eq!(nanoseconds(text).map(go_duration).as_deref(), Some(printed), "{text}");
        }
        for text in ["", "1", "s", "1 s", "1x", "."] {
            assert_eq!(nanoseconds(text), None, "{text}");
        }
    }
}
