//! Bytes on their way to a host, piece by piece: no more than one piece of a big file is packed at a time.

use artifact::protocol::two::CHUNK;
use artifact::protocol::{Chunk, Packed};

/// The pieces of a blob from `at` on; from its beginning when it is not that long.
pub(crate) fn pieces<'a>(sha256: &'a str, bytes: &'a [u8], at: u64) -> impl Iterator<Item = Chunk> + 'a {
    let mut next = usize::try_from(at).ok().filter(|at| *at <= bytes.len()).or(Some(0));
    std::iter::from_fn(move || {
        let at = next?;
        let end = bytes.len().min(at + CHUNK);
        let last = end == bytes.len();
        next = (!last).then_some(end);
        Some(Chunk { sha256: sha256.to_owned(), at: at as u64, data: Packed::bytes(&bytes[at..end]), last })
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn shapes(length: usize, at: u64) -> Vec<(u64, usize, bool)> {
        let bytes = vec![7; length];
        pieces("x", &bytes, at).map(|c| (c.at, c.data.unpack(CHUNK).unwrap().len(), c.last)).collect()
    }

    #[test]
    fn every_blob_ends_in_a_last_piece_and_goes_on_where_it_broke_off() {
        let chunk = CHUNK as u64;
        assert_eq!(shapes(0, 0), [(0, 0, true)]);
        assert_eq!(shapes(5, 0), [(0, 5, true)]);
        assert_eq!(shapes(CHUNK, 0), [(0, CHUNK, true)]);
        assert_eq!(shapes(2 * CHUNK + 1, chunk), [(chunk, CHUNK, false), (2 * chunk, 1, true)]);
        assert_eq!(shapes(CHUNK, chunk), [(chunk, 0, true)]);
        assert_eq!(shapes(5, 6), [(0, 5, true)]);
    }
}
