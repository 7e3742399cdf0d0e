//! DER (ITU-T X.690), as far as a key and a certificate need it. Values are concatenated bytes.

use zeroize::Zeroizing;

/// An encoded value. Private keys are among them, so each is overwritten when it goes.
pub(crate) type Der = Zeroizing<Vec<u8>>;

/// A value with its tag and length.
pub(crate) fn tagged(tag: u8, content: &[u8]) -> Der {
    // A tag and at most nine bytes of length.
    let mut out = Zeroizing::new(Vec::with_capacity(content.len() + 10));
    out.push(tag);
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let length = content.len().to_be_bytes();
            let significant = &length[length.iter().position(|b| *b != 0).unwrap_or(0)..];
            // At most eight bytes of length.
            out.push(0x80 | u8::try_from(significant.len()).unwrap_or_default());
            out.extend_from_slice(significant);
        }
    }
    out.extend_from_slice(content);
    out
}

pub(crate) fn sequence(parts: &[Der]) -> Der {
    tagged(0x30, &joined(parts))
}

pub(crate) fn set(parts: &[Der]) -> Der {
    tagged(0x31, &joined(parts))
}

/// Values one after another.
pub(crate) fn joined(parts: &[Der]) -> Der {
    let mut out = Zeroizing::new(Vec::with_capacity(parts.iter().map(|part| part.len()).sum()));
    parts.iter().for_each(|part| out.extend_from_slice(part));
    out
}

/// A non-negative number from its big-endian bytes.
pub(crate) fn integer(bytes: &[u8]) -> Der {
    let significant = &bytes[bytes.iter().position(|b| *b != 0).unwrap_or(bytes.len())..];
    let mut content = Zeroizing::new(Vec::with_capacity(significant.len() + 1));
    if significant.first().is_none_or(|b| *b >= 0x80) {
        content.push(0);
    }
    content.extend_from_slice(significant);
    tagged(0x02, &content)
}

pub(crate) fn octets(bytes: &[u8]) -> Der {
    tagged(0x04, bytes)
}

/// Whole bytes of bits.
pub(crate) fn bits(bytes: &[u8]) -> Der {
    tagged(0x03, &[&[0], bytes].concat())
}

pub(crate) fn utf8(text: &str) -> Der {
    tagged(0x0c, text.as_bytes())
}

/// An object identifier; its arcs, of which the first two are small.
pub(crate) fn oid(arcs: &[u32]) -> Der {
    let mut content = Vec::new();
    let first = arcs.first().copied().unwrap_or_default() * 40 + arcs.get(1).copied().unwrap_or_default();
    for arc in std::iter::once(first).chain(arcs.iter().skip(2).copied()) {
        let mut groups = vec![arc & 0x7f];
        let mut rest = arc >> 7;
        while rest > 0 {
            groups.push(rest & 0x7f | 0x80);
            rest >>= 7;
        }
        content.extend(groups.iter().rev().filter_map(|g| u8::try_from(*g).ok()));
    }
    tagged(0x06, &content)
}

/// A moment in seconds since 1970 (UTC): `UTCTime` until 2049, `GeneralizedTime` after (RFC 5280, 4.1.2.5).
pub(crate) fn time(seconds: i64) -> Der {
    let (year, month, day) = date(seconds.div_euclid(86_400));
    let second = seconds.rem_euclid(86_400);
    let rest = format!("{month:02}{day:02}{:02}{:02}{:02}Z", second / 3600, second / 60 % 60, second % 60);
    if (1950..2050).contains(&year) {
        tagged(0x17, format!("{:02}{rest}", year % 100).as_bytes())
    } else {
        tagged(0x18, format!("{year:04}{rest}").as_bytes())
    }
}

/// Days since 1970-01-01 as year, month, day of the Gregorian calendar. Years are counted from March, so that
/// the leap day is the last of its year.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_encodings() {
        assert_eq!(oid(&[1, 2, 840, 10045, 2, 1])[..], [6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]);
        assert_eq!(integer(&[0, 0x80])[..], [2, 2, 0, 0x80]);
        assert_eq!(integer(&[])[..], [2, 1, 0]);
        assert_eq!(tagged(4, &[0; 200])[..3], [4, 0x81, 200]);
        assert_eq!(tagged(4, &[0; 300])[..4], [4, 0x82, 1, 44]);
        assert_eq!(time(951_782_400)[2..], *b"000229000000Z");
        assert_eq!(time(2_524_608_000)[2..], *b"20500101000000Z");
    }
}
