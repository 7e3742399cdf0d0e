//! age files (<https://c2sp.org/age>): encrypted for hosts and persons, who are named by their age or ssh
//! public keys. Binary and armored.
//!
//! Recipients are X25519 (`age1…`), `ssh-ed25519` and `ssh-rsa`; passphrases and plugins are not read here.

mod armor;
mod bech32;
mod header;
mod keys;
mod payload;
mod wrap;

pub use keys::{Identity, Recipient};

use crate::{Entropy, Secret, codes, entropy};
use diag::{Diagnostic, Place};
use header::Header;

/// Whether an encrypted file is text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Bytes, as small as it gets.
    Binary,
    /// Lines of base64 between two marks: for places that want text.
    Armored,
}

/// True for anything that starts as an age file does.
pub fn is_age(bytes: &[u8]) -> bool {
    bytes.starts_with(header::VERSION) || armor::is_armored(bytes)
}

/// A file that each of the recipients can read. `FW1123` without a recipient.
pub fn encrypt(
    content: &[u8],
    recipients: &[Recipient],
    form: Form,
    entropy: &mut dyn Entropy,
    place: &Place,
) -> Result<Vec<u8>, Diagnostic> {
    if recipients.is_empty() {
        return Err(Diagnostic::error(
            codes::AGE_BAD_RECIPIENT,
            place,
            "nobody could read this: it has no recipient",
        )
        .help("name a host or a person with a public key"));
    }
    let file_key = entropy::array::<16>(entropy);
    let mut stanzas = Vec::with_capacity(recipients.len());
    for recipient in recipients {
        stanzas.push(wrap::wrap(recipient, &file_key, entropy).ok_or_else(|| {
            let message = format!("nothing can be encrypted for {recipient}: the key is not sound");
            Diagnostic::error(codes::AGE_BAD_RECIPIENT, place, message)
                .help("make a new key pair and replace it")
        })?);
    }
    let mut out = header::write(&stanzas, &file_key);
    payload::seal(content, &file_key, &entropy::array(entropy), &mut out).ok_or_else(|| {
        Diagnostic::error(codes::AGE_DAMAGED, place, "the content is too long to be encrypted")
            .help("a secret is a key or a password; keep large files elsewhere")
    })?;
    Ok(match form {
        Form::Binary => out,
        Form::Armored => armor::write(&out),
    })
}

/// The content, by the first identity that is a recipient.
pub fn decrypt(bytes: &[u8], identities: &[Identity], place: &Place) -> Result<Secret, Diagnostic> {
    let unarmored = if armor::is_armored(bytes) { Some(armor::read(bytes, place)?) } else { None };
    let bytes = unarmored.as_deref().unwrap_or(bytes);
    let (header, rest) = header::read(bytes, place)?;
    let file_key = identities
        .iter()
        .find_map(|identity| header.stanzas.iter().find_map(|stanza| wrap::unwrap(identity, stanza)))
        .ok_or_else(|| nobody(&header, identities.len(), place))?;
    header.check(&file_key, place)?;
    payload::open(rest, &file_key).ok_or_else(|| {
        Diagnostic::error(codes::AGE_DAMAGED, place, "the content of this age file was cut or changed")
            .help("take it from a backup or from git")
    })
}

fn nobody(header: &Header<'_>, identities: usize, place: &Place) -> Diagnostic {
    let mut kinds: Vec<&str> = header.stanzas.iter().filter_map(|s| s.words.first().copied()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let message = match identities {
        0 => "no private key was given for this age file".to_owned(),
        1 => "the private key given does not open this age file".to_owned(),
        n => format!("none of the {n} private keys given opens this age file"),
    };
    Diagnostic::error(codes::AGE_IDENTITY, place, message).help(format!(
        "its recipients are of the kinds {}; have one of them grant you access",
        kinds.join(", ")
    ))
}
