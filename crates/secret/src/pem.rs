//! PEM (RFC 7468): bytes as lines of base64 between two marks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// A block with lines of `width` characters and a newline at its end.
pub(crate) fn encode(label: &str, bytes: &[u8], width: usize) -> Zeroizing<String> {
    let body = Zeroizing::new(STANDARD.encode(bytes));
    let marks = 2 * label.len() + 34;
    // All of it at once: a text that grows leaves copies of itself behind.
    let mut text = Zeroizing::new(String::with_capacity(body.len() + body.len() / width.max(1) + marks));
    text.push_str("-----BEGIN ");
    text.push_str(label);
    text.push_str("-----\n");
    for (at, c) in body.chars().enumerate() {
        if at > 0 && at % width == 0 {
            text.push('\n');
        }
        text.push(c);
    }
    text.push_str("\n-----END ");
    text.push_str(label);
    text.push_str("-----\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_full_and_nothing_is_moved() {
        for length in [1, 47, 48, 49, 96, 3000] {
            let text = encode("X", &vec![7; length], 64);
            let lines: Vec<&str> = text.lines().collect();
            assert_eq!((lines[0], lines[lines.len() - 1]), ("-----BEGIN X-----", "-----END X-----"));
            let body = &lines[1..lines.len() - 1];
            assert!(
                body[..body.len() - 1].iter().all(|line| line.len() == 64)
                    && !body[body.len() - 1].is_empty()
            );
            let room = 4 * length.div_ceil(3);
            assert!(text.capacity() <= room + room / 64 + 36, "{length}");
            assert!(text.len() <= text.capacity());
        }
    }
}
