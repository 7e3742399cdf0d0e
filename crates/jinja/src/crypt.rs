//! Password hashes in the form of `crypt(3)`: SHA-256 and SHA-512 as Ulrich Drepper specified them, bcrypt.

use crate::error::{Fault, Res};
use sha2::{Digest, Sha256, Sha512};

const LETTERS: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A letter of a salt for a random byte.
pub(crate) fn letter(byte: u8) -> char {
    char::from(LETTERS[usize::from(byte & 63)])
}

/// Rounds that are not written into the hash.
const IMPLICIT: u32 = 5000;

fn checked(salt: &str, rounds: u32) -> Res<()> {
    if salt.len() > 16 || !salt.bytes().all(|b| LETTERS.contains(&b)) {
        return Err(Fault::failed("password_hash: a salt has at most 16 letters of [./0-9A-Za-z]"));
    }
    if !(1000..=999_999_999).contains(&rounds) {
        return Err(Fault::failed("password_hash: rounds are from 1000 to 999999999"));
    }
    Ok(())
}

/// The digest both hashes are made of.
fn digest<D: Digest>(password: &[u8], salt: &[u8], rounds: u32) -> Vec<u8> {
    let length = <D as Digest>::output_size();
    let repeat =
        |block: &[u8], count: usize| -> Vec<u8> { block.iter().copied().cycle().take(count).collect() };
    let mut b = D::new();
    for part in [password, salt, password] {
        b.update(part);
    }
    let b = b.finalize();
    let mut a = D::new();
    a.update(password);
    a.update(salt);
    a.update(repeat(&b, password.len()));
    let mut bits = password.len();
    while bits > 0 {
        if bits & 1 == 1 {
            a.update(&b);
        } else {
            a.update(password);
        }
        bits >>= 1;
    }
    let mut a = a.finalize();
    let mut p = D::new();
    for _ in 0..password.len() {
        p.update(password);
    }
    let p = repeat(&p.finalize(), password.len());
    let mut s = D::new();
    for _ in 0..16 + usize::from(a[0]) {
        s.update(salt);
    }
    let s = repeat(&s.finalize(), salt.len());
    for round in 0..rounds {
        let mut c = D::new();
        if round % 2 == 1 {
            c.update(&p);
        } else {
            c.update(&a);
        }
        if round % 3 != 0 {
            c.update(&s);
        }
        if round % 7 != 0 {
            c.update(&p);
        }
        if round % 2 == 1 {
            c.update(&a);
        } else {
            c.update(&p);
        }
        a = c.finalize();
    }
    debug_assert_eq!(a.len(), length);
    a.to_vec()
}

fn triple(out: &mut String, c: u8, b: u8, a: u8, count: usize) {
    let mut bits = (u32::from(c) << 16) | (u32::from(b) << 8) | u32::from(a);
    for _ in 0..count {
        out.push(char::from(LETTERS[(bits & 63) as usize]));
        bits >>= 6;
    }
}

fn told(kind: &str, salt: &str, rounds: u32) -> String {
    match rounds {
        IMPLICIT => format!("${kind}${salt}$"),
        rounds => format!("${kind}$rounds={rounds}${salt}$"),
    }
}

/// `$6$…`
pub(crate) fn sha512(password: &[u8], salt: &str, rounds: u32) -> Res<String> {
    checked(salt, rounds)?;
    let d = digest::<Sha512>(password, salt.as_bytes(), rounds);
    let mut out = told("6", salt, rounds);
    let (mut a, mut b, mut c) = (0, 21, 42);
    for _ in 0..21 {
        triple(&mut out, d[a], d[b], d[c], 4);
        (a, b, c) = (b + 1, c + 1, a + 1);
    }
    triple(&mut out, 0, 0, d[63], 2);
    Ok(out)
}

/// `$5$…`
pub(crate) fn sha256(password: &[u8], salt: &str, rounds: u32) -> Res<String> {
    checked(salt, rounds)?;
    let d = digest::<Sha256>(password, salt.as_bytes(), rounds);
    let mut out = told("5", salt, rounds);
    let (mut a, mut b, mut c) = (0, 10, 20);
    for _ in 0..10 {
        triple(&mut out, d[a], d[b], d[c], 4);
        (a, b, c) = (c + 1, a + 1, b + 1);
    }
    triple(&mut out, 0, d[31], d[30], 3);
    Ok(out)
}

const BCRYPT: &[u8; 64] = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A salt as bcrypt writes it: 22 letters for 16 bytes.
pub(crate) fn bcrypt_salt(bytes: &[u8]) -> String {
    let mut out = String::new();
    let (mut bits, mut have) = (0u32, 0);
    for byte in bytes {
        bits = (bits << 8) | u32::from(*byte);
        have += 8;
        while have >= 6 {
            have -= 6;
            out.push(char::from(BCRYPT[((bits >> have) & 63) as usize]));
        }
    }
    if have > 0 {
        out.push(char::from(BCRYPT[((bits << (6 - have)) & 63) as usize]));
    }
    out
}

/// `$2b$…`
pub(crate) fn bcrypt(password: &[u8], salt: &str, cost: u32, ident: &str) -> Res<String> {
    let wrong = || Fault::failed("password_hash: a salt for blowfish has 22 letters of [./0-9A-Za-z]");
    let mut bytes = [0u8; 16];
    let (mut bits, mut have, mut at) = (0u32, 0, 0);
    if salt.len() != 22 {
        return Err(wrong());
    }
    for letter in salt.bytes() {
        let value = BCRYPT.iter().position(|b| *b == letter).ok_or_else(wrong)?;
        bits = (bits << 6) | u32::try_from(value).unwrap_or(0);
        have += 6;
        if have >= 8 {
            have -= 8;
            if let Some(place) = bytes.get_mut(at) {
                *place = ((bits >> have) & 0xff) as u8;
            }
            at += 1;
        }
    }
    let version = match ident {
        "2b" => bcrypt::Version::TwoB,
        "2y" => bcrypt::Version::TwoY,
        "2a" => bcrypt::Version::TwoA,
        other => return Err(Fault::failed(format!("password_hash: no ident `{other}`"))),
    };
    if !(4..=16).contains(&cost) {
        return Err(Fault::failed("password_hash: rounds of blowfish are from 4 to 16 here"));
    }
    if password.len() > 72 {
        return Err(Fault::failed("password_hash: blowfish reads 72 bytes of a password only"));
    }
    bcrypt::hash_with_salt(password, cost, bytes)
        .map(|parts| parts.format_for_version(version))
        .map_err(|e| Fault::failed(format!("password_hash: {e}")))
}
