//! sha512-crypt, after Ulrich Drepper's "Unix crypt using SHA-256 and SHA-512" (2007).

use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

/// What a hash has that does not name them.
pub(super) const DEFAULT_ROUNDS: u32 = 5_000;
const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Random bytes as the text the scheme takes for a salt: six bits of each.
pub(super) fn salt_text(salt: &[u8; 16]) -> String {
    salt.iter().map(|b| char::from(ALPHABET[usize::from(b & 63)])).collect()
}

/// `$6$…`. The rounds are written into it unless they are the default.
pub(super) fn sha512_crypt(password: &[u8], salt: &str, rounds: u32) -> String {
    let written = if rounds == DEFAULT_ROUNDS { String::new() } else { format!("rounds={rounds}$") };
    format!("$6${written}{salt}${}", hash(password, salt.as_bytes(), rounds))
}

/// The 86 characters at its end.
pub(super) fn hash(password: &[u8], salt: &[u8], rounds: u32) -> String {
    text(&digest(password, salt, rounds))
}

fn digest(password: &[u8], salt: &[u8], rounds: u32) -> [u8; 64] {
    let length = password.len();
    let alternate: [u8; 64] =
        Sha512::new().chain_update(password).chain_update(salt).chain_update(password).finalize().into();
    let mut first = Sha512::new().chain_update(password).chain_update(salt);
    first.update(repeated(&alternate, length));
    // The length, bit by bit from the lowest, chooses what goes in.
    let mut bits = length;
    while bits > 0 {
        if bits & 1 == 1 {
            first.update(alternate);
        } else {
            first.update(password);
        }
        bits >>= 1;
    }
    let mut current: [u8; 64] = first.finalize().into();

    let mut of_password = Sha512::new();
    for _ in 0..length {
        of_password.update(password);
    }
    let p = Zeroizing::new(repeated(&of_password.finalize(), length));
    let mut of_salt = Sha512::new();
    for _ in 0..16 + usize::from(current[0]) {
        of_salt.update(salt);
    }
    let s = repeated(&of_salt.finalize(), salt.len());

    for round in 0..rounds {
        let odd = round % 2 == 1;
        let mut next = Sha512::new();
        next.update(if odd { p.as_slice() } else { &current });
        if !round.is_multiple_of(3) {
            next.update(&s);
        }
        if !round.is_multiple_of(7) {
            next.update(&*p);
        }
        next.update(if odd { current.as_slice() } else { &p });
        current = next.finalize().into();
    }
    current
}

/// The first `length` bytes of a digest written again and again.
fn repeated(digest: &[u8], length: usize) -> Vec<u8> {
    digest.iter().copied().cycle().take(length).collect()
}

/// The scheme's own base64: three bytes from three thirds of the digest, turning by one each time.
fn text(digest: &[u8; 64]) -> String {
    let mut out = String::with_capacity(86);
    let mut put = |bytes: [u8; 3], characters: usize| {
        let mut value = u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]);
        for _ in 0..characters {
            out.push(char::from(ALPHABET[(value & 63) as usize]));
            value >>= 6;
        }
    };
    for group in 0..21 {
        let at = |third: usize| digest[(group * 22 + third * 21) % 63];
        put([at(0), at(1), at(2)], 4);
    }
    put([0, 0, digest[63]], 2);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From Drepper's paper; `openssl passwd -6` and passlib give the same.
    #[test]
    fn the_papers_own_vectors() {
        for (password, salt, rounds, hash) in [
            (
                "Hello world!",
                "saltstring",
                DEFAULT_ROUNDS,
                "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
            ),
            (
                "Hello world!",
                "saltstringsaltst",
                10_000,
                "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.",
            ),
            (
                "a very much longer text to encrypt.  This one even stretches over morethan one line.",
                "anotherlongsalts",
                1_400,
                "$6$rounds=1400$anotherlongsalts$POfYwTEok97VWcjxIiSOjiykti.o/pQs.wPvMxQ6Fm7I6IoYN3CmLs66x9t0oSwbtEW7o7UmJEiDwGqd8p4ur1",
            ),
        ] {
            assert_eq!(sha512_crypt(password.as_bytes(), salt, rounds), hash);
        }
    }
}
