//! Ansible Vault, formats 1.1 and 1.2: read, written and given another password.
//!
//! A vault is a line `$ANSIBLE_VAULT;1.1;AES256` (or `;1.2;AES256;ID`) and hexadecimal text of salt, HMAC and
//! ciphertext. The content is any bytes; nothing is added to them or taken away.
//! Source of the format: Ansible's own documentation, "Format of files encrypted with Ansible Vault".

mod cipher;
mod envelope;
mod inline;
mod passwords;

pub use inline::{Rekeyed, from_inline, rekey_text, to_inline};
pub use passwords::{Passwords, VaultId};

use crate::{Secret, codes};
use diag::{Diagnostic, Place};

/// What a vault starts with.
const MARK: &[u8] = b"$ANSIBLE_VAULT";

/// True for anything that starts as a vault does. (Ansible takes a damaged vault with a byte that is not ASCII
/// for plain text; here it stays a vault, and reading it says what is wrong.)
pub fn is_vault(bytes: &[u8]) -> bool {
    bytes.starts_with(MARK)
}

/// What was in a vault, and which password opened it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The content.
    pub secret: Secret,
    /// The id under which the password was given.
    pub by: String,
    /// The id in the vault's first line; `None` in format 1.1.
    pub id: Option<String>,
}

/// The content of a vault. `place` is where its first line stands; a diagnostic names the line in it.
pub fn decrypt(bytes: &[u8], passwords: &Passwords, place: &Place) -> Result<Secret, Diagnostic> {
    open(bytes, passwords, place).map(|opened| opened.secret)
}

/// As [`decrypt`], with what else is known then.
///
/// Passwords are tried in this order: those of the vault's own id, then the others as given. Any that fits
/// gives the same content, for the HMAC is checked before anything is decrypted.
pub fn open(bytes: &[u8], passwords: &Passwords, place: &Place) -> Result<Opened, Diagnostic> {
    let envelope = envelope::read(bytes, place)?;
    let wanted = envelope.id.as_deref().unwrap_or(passwords::DEFAULT);
    let candidates = passwords.candidates(wanted);
    if candidates.is_empty() {
        let (message, help) = if passwords.is_empty() {
            (
                "this is encrypted and no vault password was given".to_owned(),
                "name a password file or a program",
            )
        } else {
            (
                format!("no password was given for the vault id `{wanted}`"),
                "give one of this id, or let every password be tried on every vault",
            )
        };
        return Err(Diagnostic::error(codes::VAULT_NO_PASSWORD, place, message).help(help));
    }
    for (id, password) in &candidates {
        if let Some(content) = cipher::open(&envelope.sealed, password, place)? {
            return Ok(Opened { secret: content, by: (*id).to_owned(), id: envelope.id });
        }
    }
    let tried: Vec<String> = candidates.iter().map(|(id, _)| format!("`{id}`")).collect();
    let (ones, verb) = if tried.len() == 1 { ("password of", "does") } else { ("passwords of", "do") };
    Err(Diagnostic::error(
        codes::VAULT_PASSWORD,
        place,
        format!(
            "the {ones} {} {verb} not open this vault, or it was changed after it was made",
            tried.join(", ")
        ),
    )
    .help("its HMAC fits none of them; look which password it was made with, or take it from a backup"))
}

/// A vault with this content, ending in a newline. Without an id, or with `default`, the format is 1.1, as
/// Ansible has it. `salt` is 32 bytes nobody can guess, never used for another vault.
pub fn encrypt(content: &[u8], password: &Secret, id: Option<&VaultId>, salt: [u8; 32]) -> String {
    envelope::write(&cipher::seal(content, password, salt), id)
}

/// The same content under another password; it is shown to nobody. Without `id` the vault keeps the one it has
/// (`ansible-vault rekey` drops it); the id `default` takes it off.
pub fn rekey(
    bytes: &[u8],
    old: &Passwords,
    new: &Secret,
    id: Option<&VaultId>,
    salt: [u8; 32],
    place: &Place,
) -> Result<String, Diagnostic> {
    let opened = open(bytes, old, place)?;
    let kept =
        opened.id.as_deref().filter(|_| id.is_none()).map(|own| VaultId::new(own, place)).transpose()?;
    Ok(encrypt(opened.secret.bytes(), new, id.or(kept.as_ref()), salt))
}
