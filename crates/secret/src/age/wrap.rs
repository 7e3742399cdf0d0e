//! A file key, wrapped for one recipient and unwrapped by one identity.

use super::header::{Stanza, Written};
use super::keys::{Identity, IdentityKey, Recipient, RecipientKey};
use crate::entropy::Rng;
use crate::ssh::{PrivateKey, PublicKey};
use crate::{Entropy, entropy};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::Aead;
use chacha20poly1305::{ChaCha20Poly1305, Key, KeyInit, Nonce};
use hkdf::Hkdf;
use rsa::{BoxedUint, Oaep, RsaPrivateKey, RsaPublicKey};
use sha2::{Digest, Sha256, Sha512};
use x25519_dalek::{X25519_BASEPOINT_BYTES, x25519};
use zeroize::Zeroizing;

type FileKey = Zeroizing<[u8; 16]>;

const X25519: &str = "X25519";
const X25519_INFO: &[u8] = b"age-encryption.org/v1/X25519";
const ED25519: &str = "ssh-ed25519";
const ED25519_INFO: &[u8] = b"age-encryption.org/v1/ssh-ed25519";
const RSA: &str = "ssh-rsa";
const RSA_LABEL: &[u8] = b"age-encryption.org/v1/ssh-rsa";

/// False for a key on which nothing can be agreed: a point of small order or of no curve, a bad modulus.
pub(super) fn is_sound(key: &RecipientKey) -> bool {
    match key {
        RecipientKey::Age(point) => agree(&X25519_BASEPOINT_BYTES, point).is_some(),
        RecipientKey::Ssh(PublicKey::Ed25519(point)) => {
            montgomery(point).is_some_and(|point| agree(&X25519_BASEPOINT_BYTES, &point).is_some())
        }
        RecipientKey::Ssh(PublicKey::Rsa { e, n }) => rsa(e, n).is_some(),
    }
}

/// `None` for a key that is not [sound](is_sound).
pub(super) fn wrap(recipient: &Recipient, file_key: &[u8; 16], entropy: &mut dyn Entropy) -> Option<Written> {
    match &recipient.0 {
        RecipientKey::Age(theirs) => {
            let own = entropy::array::<32>(entropy);
            let share = x25519(*own, X25519_BASEPOINT_BYTES);
            let shared = agree(&own, theirs)?;
            let key = derive(&shared, &[share, *theirs].concat(), X25519_INFO)?;
            let words = vec![X25519.to_owned(), STANDARD_NO_PAD.encode(share)];
            Some(Written { words, body: seal(&key, file_key)? })
        }
        RecipientKey::Ssh(public @ PublicKey::Ed25519(point)) => {
            let theirs = montgomery(point)?;
            let own = entropy::array::<32>(entropy);
            let share = x25519(*own, X25519_BASEPOINT_BYTES);
            let shared = agree(&*tweak(public)?, &*agree(&own, &theirs)?)?;
            let key = derive(&shared, &[share, theirs].concat(), ED25519_INFO)?;
            let words = vec![ED25519.to_owned(), tag(public), STANDARD_NO_PAD.encode(share)];
            Some(Written { words, body: seal(&key, file_key)? })
        }
        RecipientKey::Ssh(public @ PublicKey::Rsa { e, n }) => {
            let padding = Oaep::<Sha256>::new_with_label(RSA_LABEL);
            let body = rsa(e, n)?.encrypt(&mut Rng(entropy), padding, file_key).ok()?;
            Some(Written { words: vec![RSA.to_owned(), tag(public)], body })
        }
    }
}

/// The file key, or `None` when the stanza is not for this identity, or damaged.
pub(super) fn unwrap(identity: &Identity, stanza: &Stanza<'_>) -> Option<FileKey> {
    match (&identity.0, stanza.words.as_slice()) {
        (IdentityKey::Age(own), [X25519, share]) => {
            let share = point(share)?;
            let public = x25519(**own, X25519_BASEPOINT_BYTES);
            let key = derive(&*agree(own, &share)?, &[share, public].concat(), X25519_INFO)?;
            open(&key, &stanza.body)
        }
        (IdentityKey::Ssh(private @ PrivateKey::Ed25519(seed)), [ED25519, theirs, share]) => {
            let public = private.public();
            if *theirs != tag(&public) {
                return None;
            }
            let share = point(share)?;
            let wide = Zeroizing::new(<[u8; 64]>::from(Sha512::digest(**seed)));
            let own = Zeroizing::new(*wide.first_chunk::<32>()?);
            let shared = agree(&*tweak(&public)?, &*agree(&own, &share)?)?;
            let mine = x25519(*own, X25519_BASEPOINT_BYTES);
            let key = derive(&shared, &[share, mine].concat(), ED25519_INFO)?;
            open(&key, &stanza.body)
        }
        (IdentityKey::Ssh(private @ PrivateKey::Rsa { n, e, d, p, q }), [RSA, theirs]) => {
            if *theirs != tag(&private.public()) {
                return None;
            }
            let primes = vec![number(p), number(q)];
            let key = RsaPrivateKey::from_components(number(n), number(e), number(d), primes).ok()?;
            // Not blinded: whoever could measure this sits on the machine that holds the key.
            let plain = key.decrypt(Oaep::<Sha256>::new_with_label(RSA_LABEL), &stanza.body).ok()?;
            let plain = Zeroizing::new(plain);
            plain.as_slice().try_into().ok().map(Zeroizing::new)
        }
        _ => None,
    }
}

/// X25519, where a result of zero is no secret (RFC 7748, section 6.1).
fn agree(own: &[u8; 32], theirs: &[u8; 32]) -> Option<Zeroizing<[u8; 32]>> {
    let shared = Zeroizing::new(x25519(*own, *theirs));
    shared.iter().any(|b| *b != 0).then_some(shared)
}

fn derive(shared: &[u8; 32], salt: &[u8], info: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(Some(salt), shared).expand(info, &mut *key).ok()?;
    Some(key)
}

/// What binds the agreement to the ssh key.
fn tweak(public: &PublicKey) -> Option<Zeroizing<[u8; 32]>> {
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(Some(&public.blob()), &[]).expand(ED25519_INFO, &mut *key).ok()?;
    Some(key)
}

/// Four bytes of the key's hash, to find one's own stanza by.
fn tag(public: &PublicKey) -> String {
    STANDARD_NO_PAD.encode(&Sha256::digest(public.blob())[..4])
}

/// The point on Curve25519 that an Ed25519 key is on Edwards25519.
fn montgomery(point: &[u8; 32]) -> Option<[u8; 32]> {
    Some(ed25519_dalek::VerifyingKey::from_bytes(point).ok()?.to_montgomery().to_bytes())
}

fn rsa(e: &[u8], n: &[u8]) -> Option<RsaPublicKey> {
    RsaPublicKey::new(number(n), number(e)).ok()
}

fn point(text: &str) -> Option<[u8; 32]> {
    STANDARD_NO_PAD.decode(text).ok()?.try_into().ok()
}

/// A number of ssh: big-endian, a zero before a set highest bit.
fn number(bytes: &[u8]) -> BoxedUint {
    BoxedUint::from_be_slice_vartime(&bytes[bytes.iter().position(|b| *b != 0).unwrap_or(bytes.len())..])
}

/// The key wraps one file key only: the nonce is zero.
fn seal(key: &[u8; 32], file_key: &[u8; 16]) -> Option<Vec<u8>> {
    ChaCha20Poly1305::new(&Key::from(*key)).encrypt(&Nonce::default(), file_key.as_slice()).ok()
}

fn open(key: &[u8; 32], body: &[u8]) -> Option<FileKey> {
    // Of exactly this length, or one message could open under two keys.
    let body: &[u8; 32] = body.try_into().ok()?;
    let plain = ChaCha20Poly1305::new(&Key::from(*key)).decrypt(&Nonce::default(), body.as_slice()).ok()?;
    Zeroizing::new(plain).as_slice().try_into().ok().map(Zeroizing::new)
}
