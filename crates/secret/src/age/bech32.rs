//! Bech32 (BIP 173) without its limit of length, as age writes keys.

use zeroize::Zeroizing;

const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// One step of the checksum.
fn step(sum: u32, value: u8) -> u32 {
    const TERMS: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let top = sum >> 25;
    let next = (sum & 0x01ff_ffff) << 5 ^ u32::from(value);
    TERMS.iter().enumerate().filter(|(i, _)| top >> i & 1 == 1).fold(next, |sum, (_, term)| sum ^ term)
}

fn checksum(prefix: &str, values: &[u8]) -> u32 {
    let high = prefix.bytes().map(|b| b >> 5);
    let low = prefix.bytes().map(|b| b & 31);
    high.chain([0]).chain(low).chain(values.iter().copied()).fold(1, step)
}

/// Groups of `from` bits as groups of `to` bits; `None` when the bits left over are not zero or too many.
fn regroup(values: &[u8], from: u32, to: u32, pad: bool) -> Option<Zeroizing<Vec<u8>>> {
    let mut out = Zeroizing::new(Vec::with_capacity(values.len() * 2));
    let (mut held, mut bits) = (0u32, 0);
    for value in values {
        held = held << from | u32::from(*value);
        bits += from;
        while bits >= to {
            bits -= to;
            out.push(u8::try_from(held >> bits & ((1 << to) - 1)).ok()?);
        }
        held &= (1 << bits) - 1;
    }
    if pad && bits > 0 {
        out.push(u8::try_from(held << (to - bits)).ok()?);
    }
    (pad || bits < from && held == 0).then_some(out)
}

/// The text in lower case; `prefix` is in lower case too.
pub(super) fn encode(prefix: &str, bytes: &[u8]) -> Zeroizing<String> {
    let mut values = regroup(bytes, 8, 5, true).unwrap_or_default();
    let length = values.len();
    values.extend([0; 6]);
    let sum = checksum(prefix, &values) ^ 1;
    values.truncate(length);
    let tail = (0..6).rev().map(|i| (sum >> (5 * i) & 31) as u8);
    let mut text = Zeroizing::new(String::with_capacity(prefix.len() + 7 + length));
    text.push_str(prefix);
    text.push('1');
    text.extend(values.iter().copied().chain(tail).map(|v| char::from(ALPHABET[usize::from(v)])));
    text
}

/// Prefix in lower case and bytes; `None` for anything else, mixed case included.
pub(super) fn decode(text: &str) -> Option<(String, Zeroizing<Vec<u8>>)> {
    if text.chars().any(|c| c.is_ascii_lowercase()) && text.chars().any(|c| c.is_ascii_uppercase()) {
        return None;
    }
    let text = Zeroizing::new(text.to_ascii_lowercase());
    let (prefix, data) = text.rsplit_once('1')?;
    let value = |c: u8| ALPHABET.iter().position(|a| *a == c).and_then(|at| u8::try_from(at).ok());
    let values = data.bytes().map(value).collect::<Option<Vec<u8>>>().map(Zeroizing::new)?;
    if prefix.is_empty() || values.len() < 6 || checksum(prefix, &values) != 1 {
        return None;
    }
    Some((prefix.to_owned(), regroup(&values[..values.len() - 6], 5, 8, false)?))
}
