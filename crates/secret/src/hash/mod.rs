//! Hashes of secrets, as the programs that check passwords take them, and whether one still belongs to its
//! plaintext.

pub(crate) mod costs;
mod crypt;
mod stored;

pub use stored::{Stored, belongs};

use crate::{Secret, codes};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use diag::{Diagnostic, Place};
use sha2::Sha512;

/// A way to hash, with what it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `$argon2id$v=19$m=…,t=…,p=…$…`: Authelia's users, the token of Vaultwarden's administrator.
    Argon2id {
        /// Memory in KiB.
        memory: u32,
        /// Passes.
        iterations: u32,
        /// Lanes.
        parallelism: u32,
    },
    /// `$2b$…` (`$2y$…` in htpasswd files): Caddy, Dex, Prometheus' web files, container registries.
    Bcrypt {
        /// Base-two logarithm of the rounds, 4 to 18.
        cost: u32,
    },
    /// `$pbkdf2-sha512$…`: Authelia's secrets of OIDC clients.
    Pbkdf2Sha512 {
        /// Rounds.
        iterations: u32,
    },
    /// `$6$…`: `/etc/shadow`.
    Sha512Crypt {
        /// Rounds, 1,000 to 50,000,000; 5,000 are not written out.
        rounds: u32,
    },
}

impl Scheme {
    /// Authelia's defaults.
    pub const ARGON2ID: Scheme = Scheme::Argon2id { memory: 65_536, iterations: 3, parallelism: 4 };
    /// A tenth of a second or so.
    pub const BCRYPT: Scheme = Scheme::Bcrypt { cost: 12 };
    /// Authelia's default.
    pub const PBKDF2_SHA512: Scheme = Scheme::Pbkdf2Sha512 { iterations: 310_000 };
    /// Twenty times what `crypt(3)` takes when nobody asks.
    pub const SHA512_CRYPT: Scheme = Scheme::Sha512Crypt { rounds: 100_000 };

    /// Its name in a specification.
    pub fn name(self) -> &'static str {
        match self {
            Scheme::Argon2id { .. } => "argon2id",
            Scheme::Bcrypt { .. } => "bcrypt",
            Scheme::Pbkdf2Sha512 { .. } => "pbkdf2-sha512",
            Scheme::Sha512Crypt { .. } => "sha512-crypt",
        }
    }

    /// The hash of a secret: the same for the same secret, costs and salt.
    ///
    /// Refused (`FW1132`) is what the programs that check it would cut off or not take: a NUL, more than 72
    /// bytes for bcrypt, more than 4,096 for all, an empty secret.
    pub fn hash(self, plain: &Secret, salt: &[u8; 16], place: &Place) -> Result<String, Diagnostic> {
        let longest = self.longest();
        let unfit = if plain.is_empty() {
            Some("it is empty".to_owned())
        } else if plain.bytes().contains(&0) {
            Some("it holds a NUL".to_owned())
        } else if plain.len() > longest {
            Some(format!("it has {} bytes, and {longest} are the most", plain.len()))
        } else {
            None
        };
        if let Some(why) = unfit {
            let message = format!("the secret cannot be hashed with {}: {why}", self.name());
            return Err(Diagnostic::error(codes::UNHASHABLE, place, message)
                .help("generate another one, or take another hash"));
        }
        let wrong = |why: &str| {
            Diagnostic::error(codes::UNHASHABLE, place, format!("{} cannot be had: {why}", self.name()))
                .help("leave the costs out: the defaults are sound")
        };
        if let Some(fault) = self.fault() {
            return Err(wrong(&fault));
        }
        self.text(plain.bytes(), salt).ok_or_else(|| wrong("there is not enough memory for it"))
    }

    /// Bytes of a secret that are hashed at most.
    fn longest(self) -> usize {
        match self {
            Scheme::Bcrypt { .. } => 72,
            Scheme::Argon2id { .. } | Scheme::Pbkdf2Sha512 { .. } | Scheme::Sha512Crypt { .. } => 4096,
        }
    }

    /// `None` when there is not enough memory; the costs are sound.
    fn text(self, plain: &[u8], salt: &[u8; 16]) -> Option<String> {
        match self {
            Scheme::Argon2id { memory, iterations, parallelism } => {
                let hash = argon2id(plain, salt, memory, iterations, parallelism, 32)?;
                let [salt, hash] = [salt.as_slice(), &hash].map(|bytes| STANDARD_NO_PAD.encode(bytes));
                Some(format!("$argon2id$v=19$m={memory},t={iterations},p={parallelism}${salt}${hash}"))
            }
            Scheme::Bcrypt { cost } => bcrypt::hash_with_salt(plain, cost, *salt)
                .ok()
                .map(|parts| parts.format_for_version(bcrypt::Version::TwoB)),
            Scheme::Pbkdf2Sha512 { iterations } => {
                let hash = pbkdf2_sha512(plain, salt, iterations, 64);
                // Passlib's base64: `.` where others have `+`.
                let [salt, hash] =
                    [salt.as_slice(), &hash].map(|bytes| STANDARD_NO_PAD.encode(bytes).replace('+', "."));
                Some(format!("$pbkdf2-sha512${iterations}${salt}${hash}"))
            }
            Scheme::Sha512Crypt { rounds } => {
                Some(crypt::sha512_crypt(plain, &crypt::salt_text(salt), rounds))
            }
        }
    }
}

/// A line of an htpasswd file, without its newline: `USER:$2y$…`. `FW1131` for a name that cannot stand there.
pub fn htpasswd(
    user: &str,
    plain: &Secret,
    cost: u32,
    salt: &[u8; 16],
    place: &Place,
) -> Result<String, Diagnostic> {
    if user.is_empty() || user.contains(|c: char| c == ':' || c.is_control()) {
        let message = format!("`{user}` cannot stand in an htpasswd file");
        return Err(Diagnostic::error(codes::GENERATOR_OPTION, place, message)
            .help("a user has a name without `:`, on one line"));
    }
    let hash = Scheme::Bcrypt { cost }.hash(plain, salt, place)?;
    // The three letters name the same algorithm; Apache's own programs know this one only.
    Ok(format!("{user}:{}", hash.replacen("$2b$", "$2y$", 1)))
}

fn argon2id(plain: &[u8], salt: &[u8], memory: u32, time: u32, lanes: u32, length: usize) -> Option<Vec<u8>> {
    let params = Params::new(memory, time, lanes, Some(length)).ok()?;
    let mut out = vec![0; length];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(plain, salt, &mut out)
        .ok()?;
    Some(out)
}

fn pbkdf2_sha512(plain: &[u8], salt: &[u8], rounds: u32, length: usize) -> Vec<u8> {
    let mut out = vec![0; length];
    pbkdf2::pbkdf2_hmac::<Sha512>(plain, salt, rounds, &mut out);
    out
}
