//! The content of an age file: chunks of 64 KiB with ChaCha20-Poly1305, numbered, the last one marked (STREAM).

use crate::Secret;
use chacha20poly1305::aead::Aead;
use chacha20poly1305::{ChaCha20Poly1305, Key, KeyInit, Nonce};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

const CHUNK: usize = 64 * 1024;
/// Bytes that each chunk has on top: Poly1305's.
const TAG: usize = 16;

fn cipher(file_key: &[u8; 16], nonce: &[u8; 16]) -> Option<ChaCha20Poly1305> {
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(Some(nonce), file_key).expand(b"payload", &mut *key).ok()?;
    Some(ChaCha20Poly1305::new(&Key::from(*key)))
}

/// Eleven bytes of number, one that says whether it is the last.
fn nonce(number: u64, last: bool) -> Nonce {
    let mut bytes = [0; 12];
    bytes[3..11].copy_from_slice(&number.to_be_bytes());
    bytes[11] = u8::from(last);
    Nonce::from(bytes)
}

/// Appends nonce and chunks; an empty content is one empty chunk. `None` only for chunks of 256 GiB, which
/// there are none of.
pub(super) fn seal(content: &[u8], file_key: &[u8; 16], start: &[u8; 16], out: &mut Vec<u8>) -> Option<()> {
    out.extend_from_slice(start);
    let cipher = cipher(file_key, start)?;
    let chunks: Vec<&[u8]> = if content.is_empty() { vec![&[]] } else { content.chunks(CHUNK).collect() };
    for (number, chunk) in (0u64..).zip(&chunks) {
        let last = number + 1 == chunks.len() as u64;
        out.extend(cipher.encrypt(&nonce(number, last), *chunk).ok()?);
    }
    Some(())
}

/// The content, or `None` when it was cut or changed.
pub(super) fn open(bytes: &[u8], file_key: &[u8; 16]) -> Option<Secret> {
    let (start, chunks) = bytes.split_first_chunk::<16>()?;
    let cipher = cipher(file_key, start)?;
    let count = chunks.len().div_ceil(CHUNK + TAG);
    let mut content = Zeroizing::new(Vec::with_capacity(chunks.len()));
    for (number, chunk) in chunks.chunks(CHUNK + TAG).enumerate() {
        let last = number + 1 == count;
        let plain = Zeroizing::new(cipher.decrypt(&nonce(number as u64, last), chunk).ok()?);
        // An empty chunk is for empty contents only.
        if plain.is_empty() && number > 0 {
            return None;
        }
        content.extend_from_slice(&plain);
    }
    (count > 0).then(|| Secret::new(content.as_slice()))
}
