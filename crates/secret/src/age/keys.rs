//! Recipients and identities: public and private keys of age and ssh.

use super::{bech32, wrap};
use crate::ssh::{PrivateKey, PublicKey};
use crate::{Entropy, Secret, codes, entropy};
use diag::{Diagnostic, Place};
use std::fmt;
use x25519_dalek::{X25519_BASEPOINT_BYTES, x25519};
use zeroize::Zeroizing;

const PUBLIC_PREFIX: &str = "age";
const PRIVATE_PREFIX: &str = "age-secret-key-";
const PRIVATE_MARK: &str = "AGE-SECRET-KEY-1";

/// Who can read a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient(pub(super) RecipientKey);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RecipientKey {
    Age([u8; 32]),
    Ssh(PublicKey),
}

impl Recipient {
    /// Reads `age1…`, `ssh-ed25519 …` or `ssh-rsa …`, as they stand in a `.pub` file.
    pub fn read(text: &str, place: &Place) -> Result<Self, Diagnostic> {
        let text = text.trim();
        let wrong = |why: &str| {
            Diagnostic::error(
                codes::AGE_BAD_RECIPIENT,
                place,
                format!("this cannot receive age files: {why}"),
            )
            .help("give an `age1…` key, or the line of an ssh-ed25519 or ssh-rsa `.pub` file")
        };
        if text.starts_with("ssh-") || text.starts_with("ecdsa-") || text.starts_with("sk-") {
            let key = PublicKey::from_line(text).map_err(|why| wrong(&why))?;
            return sound(RecipientKey::Ssh(key)).ok_or_else(|| wrong(UNSOUND));
        }
        if text.starts_with(PRIVATE_MARK) || text.starts_with("-----BEGIN") {
            return Err(wrong("it is a private key, and belongs nowhere near here"));
        }
        match bech32::decode(text) {
            Some((prefix, key)) if prefix == PUBLIC_PREFIX => {
                let key = key.as_slice().try_into().map_err(|_| wrong("the key has not 32 bytes"))?;
                sound(RecipientKey::Age(key)).ok_or_else(|| wrong(UNSOUND))
            }
            Some((prefix, _)) => Err(wrong(&format!("`{prefix}1…` is a kind that is not read here"))),
            None => Err(wrong("it is no key, or has a slip in it")),
        }
    }
}

const UNSOUND: &str = "the numbers in it make no sound key";

/// What a file key can be wrapped for.
fn sound(key: RecipientKey) -> Option<Recipient> {
    wrap::is_sound(&key).then_some(Recipient(key))
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            RecipientKey::Age(key) => f.write_str(&bech32::encode(PUBLIC_PREFIX, key)),
            RecipientKey::Ssh(key) => f.write_str(&key.line("")),
        }
    }
}

/// A private key. It cannot be printed.
pub struct Identity(pub(super) IdentityKey);

pub(super) enum IdentityKey {
    Age(Zeroizing<[u8; 32]>),
    Ssh(PrivateKey),
}

impl Identity {
    /// A new one: the text that is kept, of which each identity file has a line.
    pub fn generate(entropy: &mut dyn Entropy) -> (Self, Secret) {
        let key = entropy::array::<32>(entropy);
        let mut text = bech32::encode(PRIVATE_PREFIX, &*key);
        text.make_ascii_uppercase();
        (Identity(IdentityKey::Age(key)), Secret::new(text.as_bytes()))
    }

    /// Reads the content of a file: an ssh private key without a passphrase, or lines `AGE-SECRET-KEY-1…`,
    /// empty ones and `#` comments. The message never quotes it.
    pub fn read_all(content: &Secret, place: &Place) -> Result<Vec<Self>, Diagnostic> {
        let wrong = |line: usize, why: &str| {
            let line = place.line.saturating_add(u32::try_from(line).unwrap_or(u32::MAX));
            let place = Place::new(place.file.clone(), line, 1);
            Diagnostic::error(
                codes::AGE_BAD_IDENTITY,
                &place,
                format!("this private key cannot be read: {why}"),
            )
            .help("give an age identity file, or an ed25519 or rsa key of ssh without a passphrase")
        };
        let text = content.text().ok_or_else(|| wrong(0, "it is not text"))?;
        if super::is_age(text.as_bytes()) {
            return Err(wrong(0, "it is itself encrypted with age"));
        }
        if text.trim_start().starts_with("-----BEGIN") {
            let key = PrivateKey::from_pem(text).map_err(|why| wrong(0, &why))?;
            return Ok(vec![Identity(IdentityKey::Ssh(key))]);
        }
        let mut found = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let key = bech32::decode(line)
                .filter(|(prefix, _)| prefix == PRIVATE_PREFIX)
                .and_then(|(_, key)| <[u8; 32]>::try_from(key.as_slice()).ok())
                .ok_or_else(|| wrong(number, "it is no `AGE-SECRET-KEY-1…`, or has a slip in it"))?;
            found.push(Identity(IdentityKey::Age(Zeroizing::new(key))));
        }
        if found.is_empty() {
            return Err(wrong(0, "there is none in the file"));
        }
        Ok(found)
    }

    /// What others encrypt to.
    pub fn recipient(&self) -> Recipient {
        Recipient(match &self.0 {
            IdentityKey::Age(key) => RecipientKey::Age(x25519(**key, X25519_BASEPOINT_BYTES)),
            IdentityKey::Ssh(key) => RecipientKey::Ssh(key.public()),
        })
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.recipient())
    }
}
