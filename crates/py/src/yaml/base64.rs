//! Base64 as Python's `base64.encodebytes` and `decodebytes` have it.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Lines of 76 characters, each ended by a newline.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() / 57 * 77 + 80);
    for line in bytes.chunks(57) {
        for group in line.chunks(3) {
            let byte = |i: usize| u32::from(group.get(i).copied().unwrap_or_default());
            let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
            for i in 0..4 {
                if i > group.len() {
                    out.push('=');
                } else {
                    let six = (bits >> (18 - 6 * i)) & 63;
                    out.push(char::from(ALPHABET[six as usize]));
                }
            }
        }
        out.push('\n');
    }
    out
}

/// Characters outside the alphabet are skipped and the text ends at its padding, as `binascii` does it. The
/// error is what Python says.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, &'static str> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let mut bits: u32 = 0;
    let mut digits = 0;
    let mut pads = 0;
    for c in text.bytes() {
        if c == b'=' {
            pads += 1;
            if digits >= 2 && digits + pads >= 4 {
                return Ok(out);
            }
            continue;
        }
        let Some(six) = ALPHABET.iter().position(|a| *a == c) else { continue };
        pads = 0;
        bits = bits << 6 | six as u32;
        digits += 1;
        match digits {
            1 => {}
            2 => out.push((bits >> 4) as u8),
            3 => out.push((bits >> 2) as u8),
            _ => {
                out.push(bits as u8);
                digits = 0;
                bits = 0;
            }
        }
    }
    match digits {
        0 => Ok(out),
        1 => Err("the number of base64 characters cannot be 1 more than a multiple of 4"),
        _ => Err("incorrect base64 padding"),
    }
}
