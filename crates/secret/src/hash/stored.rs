//! Stored hashes: read, and held against a plaintext.

use super::{Scheme, argon2id, crypt, pbkdf2_sha512};
use crate::{Secret, codes};
use base64::engine::general_purpose::STANDARD_NO_PAD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine as _, alphabet};
use diag::{Diagnostic, Place};
use subtle::ConstantTimeEq;

/// bcrypt's own base64; its last character of a salt has two bits over.
const BCRYPT_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::BCRYPT,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// A stored hash, taken apart. It is kept as a secret is, so it cannot be printed either.
pub struct Stored {
    scheme: Scheme,
    /// Its bytes; of sha512-crypt its characters.
    salt: Vec<u8>,
    /// Its bytes; of sha512-crypt its characters.
    hash: Vec<u8>,
}

impl Stored {
    /// Reads `$argon2id$`, `$2a$`/`$2b$`/`$2y$`, `$pbkdf2-sha512$` and `$6$`, also after `USER:` as in an htpasswd
    /// file and after Authelia's `{CRYPT}`. A final newline is not part of it. `FW1133` for what is no such hash,
    /// or one that would take minutes.
    pub fn read(text: &str, place: &Place) -> Result<Self, Diagnostic> {
        let text = text.trim_end_matches(['\n', '\r']);
        // No name of a user holds a colon.
        let hash =
            if text.starts_with(['$', '{']) { text } else { text.split_once(':').map_or(text, |(_, h)| h) };
        let hash = hash.strip_prefix("{CRYPT}").unwrap_or(hash);
        let fields: Vec<&str> = hash.split('$').collect();
        let stored = match fields.as_slice() {
            ["", "argon2id", "v=19", costs, salt, hash] => argon2(costs, salt, hash),
            ["", "2a" | "2b" | "2y", cost, rest] => bcrypt(cost, rest),
            ["", "pbkdf2-sha512", rounds, salt, hash] => pbkdf2(rounds, salt, hash),
            ["", "6", salt, hash] => sha512_crypt(crypt::DEFAULT_ROUNDS, salt, hash),
            ["", "6", rounds, salt, hash] => {
                number(rounds, "rounds=").and_then(|rounds| sha512_crypt(rounds, salt, hash))
            }
            ["", "argon2id" | "2a" | "2b" | "2y" | "pbkdf2-sha512" | "6", ..] => None,
            _ => {
                return Err(Diagnostic::error(
                    codes::HASH,
                    place,
                    "this is no hash of a kind that is known here",
                )
                .help("argon2id, bcrypt, pbkdf2-sha512 and sha512-crypt are"));
            }
        };
        let wrong = |why: &str| {
            Diagnostic::error(codes::HASH, place, format!("this hash {why}"))
                .help("make it anew from its secret")
        };
        let stored = stored.ok_or_else(|| wrong("is cut or damaged"))?;
        match stored.scheme.fault() {
            Some(fault) => Err(wrong(&format!("has costs that are not worked with: {fault}"))),
            None => Ok(stored),
        }
    }

    /// How it was made.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Whether this is its plaintext. As slow as hashing it.
    pub fn is_of(&self, plain: &Secret) -> bool {
        let plain = plain.bytes();
        // Longer ones are never hashed, and a NUL would end it.
        if plain.len() > self.scheme.longest() || plain.contains(&0) {
            return false;
        }
        self.again(plain).is_some_and(|own| own.ct_eq(&self.hash).into())
    }

    fn again(&self, plain: &[u8]) -> Option<Vec<u8>> {
        match self.scheme {
            Scheme::Argon2id { memory, iterations, parallelism } => {
                argon2id(plain, &self.salt, memory, iterations, parallelism, self.hash.len())
            }
            Scheme::Bcrypt { cost } => {
                let salt = self.salt.as_slice().try_into().ok()?;
                let own = bcrypt::hash_with_salt(plain, cost, salt).ok()?;
                // After `$2b$12$` and a salt of 22 characters.
                BCRYPT_BASE64.decode(own.format_for_version(bcrypt::Version::TwoB).get(29..)?).ok()
            }
            Scheme::Pbkdf2Sha512 { iterations } => {
                Some(pbkdf2_sha512(plain, &self.salt, iterations, self.hash.len()))
            }
            Scheme::Sha512Crypt { rounds } => Some(crypt::hash(plain, &self.salt, rounds).into_bytes()),
        }
    }
}

/// Whether a stored hash belongs to this plaintext: [`Stored::read`] and [`Stored::is_of`].
pub fn belongs(stored: &str, plain: &Secret, place: &Place) -> Result<bool, Diagnostic> {
    Ok(Stored::read(stored, place)?.is_of(plain))
}

fn number(text: &str, name: &str) -> Option<u32> {
    text.strip_prefix(name)?.parse().ok()
}

/// A hash of sound length.
fn hash_of(bytes: Vec<u8>) -> Option<Vec<u8>> {
    (16..=128).contains(&bytes.len()).then_some(bytes)
}

fn argon2(costs: &str, salt: &str, hash: &str) -> Option<Stored> {
    let costs: Vec<&str> = costs.split(',').collect();
    let [memory, passes, lanes] = costs.as_slice() else { return None };
    let scheme = Scheme::Argon2id {
        memory: number(memory, "m=")?,
        iterations: number(passes, "t=")?,
        parallelism: number(lanes, "p=")?,
    };
    let salt = STANDARD_NO_PAD.decode(salt).ok().filter(|salt| salt.len() >= 8)?;
    Some(Stored { scheme, salt, hash: hash_of(STANDARD_NO_PAD.decode(hash).ok()?)? })
}

fn bcrypt(cost: &str, rest: &str) -> Option<Stored> {
    let (salt, hash) = rest.split_at_checked(22).filter(|(_, hash)| hash.len() == 31)?;
    Some(Stored {
        scheme: Scheme::Bcrypt { cost: number(cost, "")? },
        salt: BCRYPT_BASE64.decode(salt).ok()?,
        hash: BCRYPT_BASE64.decode(hash).ok()?,
    })
}

fn pbkdf2(rounds: &str, salt: &str, hash: &str) -> Option<Stored> {
    let decode = |text: &str| STANDARD_NO_PAD.decode(text.replace('.', "+")).ok();
    let scheme = Scheme::Pbkdf2Sha512 { iterations: number(rounds, "")? };
    Some(Stored { scheme, salt: decode(salt)?, hash: hash_of(decode(hash)?)? })
}

fn sha512_crypt(rounds: u32, salt: &str, hash: &str) -> Option<Stored> {
    let is_whole = salt.len() <= 16 && hash.len() == 86;
    let scheme = Scheme::Sha512Crypt { rounds };
    is_whole.then(|| Stored { scheme, salt: salt.as_bytes().to_vec(), hash: hash.as_bytes().to_vec() })
}
