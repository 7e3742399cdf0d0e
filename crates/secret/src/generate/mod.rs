//! Secrets that are made once and kept: what to make, and the making.

mod jwks;
mod keys;
mod options;
mod random;
mod spec;
mod tls;

pub use random::Alphabet;

use crate::hash::{self, Scheme, Stored};
use crate::{Entropy, Secret, codes, entropy};
use diag::{Diagnostic, Place};

/// What to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Generator {
    /// Characters, each as likely as any other.
    Random {
        /// How many characters.
        length: usize,
        /// Which.
        alphabet: Alphabet,
    },
    /// A WireGuard private key, in base64. Its public half is the public key.
    Wireguard,
    /// An OpenSSH ed25519 private key file. Its public half is the line of the `.pub` file.
    Ssh {
        /// What the key says it is.
        comment: String,
    },
    /// The hash of another secret.
    Hash {
        /// The other secret's name.
        of: String,
        /// Which hash.
        scheme: Scheme,
    },
    /// A line of an htpasswd file with the (bcrypt) hash of another secret.
    Htpasswd {
        /// Who.
        user: String,
        /// The other secret's name.
        of: String,
        /// bcrypt's cost.
        cost: u32,
    },
    /// A JSON Web Key Set of one signing key (RFC 7517). Its public half is the set without the private parts.
    Jwks {
        /// Of which kind.
        key: KeyKind,
    },
    /// A P-256 key (PKCS #8, PEM). Its public half is a self-signed certificate.
    Tls {
        /// DNS names and addresses it is for; the first is its common name. At least one.
        names: Vec<String>,
        /// For how many days.
        days: u32,
    },
    /// A random UUID (RFC 9562, version 4).
    Uuid,
}

/// Kinds of signing keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// RS256.
    Rsa {
        /// Length of the modulus: 2,048, 3,072 or 4,096.
        bits: u32,
    },
    /// ES256, on P-256.
    Ec,
    /// EdDSA.
    Ed25519,
}

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The secret. No newline is added to what is one value; files end in one.
    pub value: Secret,
    /// What may be shown to everyone.
    pub public: Option<String>,
}

/// What some generators need besides randomness.
#[derive(Clone, Copy, Debug)]
pub struct Given<'s> {
    /// Seconds since 1970 (UTC); a certificate is valid from an hour before, for clocks that are a little late.
    pub now: i64,
    /// The value of the secret named by [`Generator::of`].
    pub plain: Option<&'s Secret>,
}

impl Generator {
    /// The secret this one is made from. It must be there first, and when it changes this one is made anew.
    pub fn of(&self) -> Option<&str> {
        match self {
            Generator::Hash { of, .. } | Generator::Htpasswd { of, .. } => Some(of),
            Generator::Random { .. }
            | Generator::Wireguard
            | Generator::Ssh { .. }
            | Generator::Jwks { .. }
            | Generator::Tls { .. }
            | Generator::Uuid => None,
        }
    }

    /// Makes one. `entropy` must be the system's: a source that repeats itself gives guessable secrets, and one
    /// that always gives the same byte may be asked for ever.
    pub fn make(
        &self,
        given: Given<'_>,
        entropy: &mut dyn Entropy,
        place: &Place,
    ) -> Result<Made, Diagnostic> {
        let plain = |of: &str| {
            given.plain.ok_or_else(|| {
                let message = format!("`{of}` has no value yet, and this is its hash");
                Diagnostic::error(codes::UNHASHABLE, place, message)
                    .help(format!("set or generate `{of}` first"))
            })
        };
        let only = |value: Secret| Made { value, public: None };
        match self {
            Generator::Random { length, alphabet } => Ok(only(random::text(*length, alphabet, entropy))),
            Generator::Uuid => Ok(only(random::uuid(entropy))),
            Generator::Wireguard => Ok(keys::wireguard(entropy)),
            Generator::Ssh { comment } => Ok(keys::ssh(comment, entropy)),
            Generator::Hash { of, scheme } => {
                let hash = scheme.hash(plain(of)?, &entropy::array(entropy), place)?;
                Ok(only(Secret::new(hash)))
            }
            Generator::Htpasswd { user, of, cost } => {
                let line = hash::htpasswd(user, plain(of)?, *cost, &entropy::array(entropy), place)?;
                Ok(only(Secret::new(line)))
            }
            Generator::Jwks { key } => {
                jwks::make(*key, entropy).ok_or_else(|| cannot(place, "a signing key"))
            }
            Generator::Tls { names, days } => {
                tls::make(names, *days, given.now, entropy).ok_or_else(|| cannot(place, "a certificate"))
            }
        }
    }

    /// Whether a kept value is still what would be made: the hash of its plaintext as it is now, of this kind, with
    /// these costs and for this user. `true` for whatever is made of nothing.
    pub fn follows(&self, kept: &Secret, plain: Option<&Secret>, place: &Place) -> Result<bool, Diagnostic> {
        let (scheme, user) = match self {
            Generator::Hash { scheme, .. } => (*scheme, None),
            Generator::Htpasswd { user, cost, .. } => (Scheme::Bcrypt { cost: *cost }, Some(user)),
            Generator::Random { .. }
            | Generator::Wireguard
            | Generator::Ssh { .. }
            | Generator::Jwks { .. }
            | Generator::Tls { .. }
            | Generator::Uuid => return Ok(true),
        };
        let Some(plain) = plain else { return Ok(false) };
        let text = kept.text().ok_or_else(|| {
            Diagnostic::error(codes::HASH, place, "the kept hash is not text")
                .help("make it anew from its secret")
        })?;
        let text = match user {
            None => text,
            Some(user) => match text.strip_prefix(user.as_str()).and_then(|rest| rest.strip_prefix(':')) {
                Some(rest) => rest,
                None => return Ok(false),
            },
        };
        let stored = Stored::read(text, place)?;
        Ok(stored.scheme() == scheme && stored.is_of(plain))
    }
}

fn cannot(place: &Place, what: &str) -> Diagnostic {
    Diagnostic::error(codes::GENERATOR_OPTION, place, format!("{what} cannot be made with these options"))
        .help("leave the options out: the defaults are sound")
}
