//! The cryptography of a vault: PBKDF2-HMAC-SHA256, AES-256 in counter mode, HMAC-SHA256 over the ciphertext.

use crate::{Secret, codes};
use aes::Aes256;
use aes::cipher::{KeyIvInit, StreamCipher};
use ctr::Ctr128BE;
use diag::{Diagnostic, Place};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Rounds of PBKDF2; the format has no field for them.
const ROUNDS: u32 = 10_000;
/// Bytes of an AES block: contents are padded to a multiple, always by at least one (PKCS #7).
pub(super) const BLOCK: usize = 16;

/// The three parts of a vault.
pub(super) struct Sealed {
    /// As long as its maker liked; 32 bytes in all that Ansible makes.
    pub salt: Vec<u8>,
    /// HMAC-SHA256 of the ciphertext.
    pub hmac: [u8; 32],
    /// Whole blocks, at least one.
    pub ciphertext: Vec<u8>,
}

/// Key of the cipher, key of the HMAC, initial counter.
struct Keys(Zeroizing<[u8; 80]>);

impl Keys {
    fn derive(password: &Secret, salt: &[u8]) -> Self {
        let mut bytes = Zeroizing::new([0; 80]);
        pbkdf2::pbkdf2_hmac::<Sha256>(password.bytes(), salt, ROUNDS, &mut *bytes);
        Keys(bytes)
    }

    fn mac(&self, ciphertext: &[u8]) -> Option<Hmac<Sha256>> {
        // HMAC takes keys of any length; the type does not know.
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0[32..64]).ok()?;
        mac.update(ciphertext);
        Some(mac)
    }

    /// Counter mode: the same both ways.
    fn apply(&self, bytes: &mut [u8]) {
        let mut key = Zeroizing::new([0; 32]);
        key.copy_from_slice(&self.0[..32]);
        let mut counter = [0; BLOCK];
        counter.copy_from_slice(&self.0[64..]);
        Ctr128BE::<Aes256>::new((&*key).into(), (&counter).into()).apply_keystream(bytes);
    }
}

/// The content, or `None` when the password does not fit.
pub(super) fn open(sealed: &Sealed, password: &Secret, place: &Place) -> Result<Option<Secret>, Diagnostic> {
    let keys = Keys::derive(password, &sealed.salt);
    let fits = keys.mac(&sealed.ciphertext).is_some_and(|mac| mac.verify_slice(&sealed.hmac).is_ok());
    if !fits {
        return Ok(None);
    }
    let mut content = Zeroizing::new(sealed.ciphertext.clone());
    keys.apply(&mut content);
    let padding = content.last().copied().map_or(0, usize::from);
    let length = content.len().checked_sub(padding).filter(|_| (1..=BLOCK).contains(&padding));
    match length {
        Some(length) if content[length..].iter().all(|b| usize::from(*b) == padding) => {
            Ok(Some(Secret::new(&content[..length])))
        }
        _ => Err(Diagnostic::error(
            codes::VAULT_DAMAGED,
            place,
            "the password fits, but the content is not padded as the format says",
        )
        .help("whatever made this vault did it wrong; make it anew with `ansible-vault` or here")),
    }
}

/// The other way round.
pub(super) fn seal(content: &[u8], password: &Secret, salt: [u8; 32]) -> Sealed {
    let keys = Keys::derive(password, &salt);
    let padding = BLOCK - content.len() % BLOCK;
    let mut ciphertext = Vec::with_capacity(content.len() + padding);
    ciphertext.extend_from_slice(content);
    // At most 16: it fits.
    ciphertext.resize(content.len() + padding, u8::try_from(padding).unwrap_or_default());
    keys.apply(&mut ciphertext);
    let hmac = keys.mac(&ciphertext).map(|mac| mac.finalize().into_bytes().into()).unwrap_or_default();
    Sealed { salt: salt.to_vec(), hmac, ciphertext }
}
