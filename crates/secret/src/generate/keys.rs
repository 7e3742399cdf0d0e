//! Keys of WireGuard and ssh.

use super::Made;
use crate::ssh::{self, PrivateKey};
use crate::{Entropy, Secret, entropy};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

pub(super) fn wireguard(entropy: &mut dyn Entropy) -> Made {
    let mut key = entropy::array::<32>(entropy);
    // As `wg genkey` leaves it (RFC 7748, section 5).
    key[0] &= 248;
    key[31] = key[31] & 127 | 64;
    let public = x25519_dalek::x25519(*key, x25519_dalek::X25519_BASEPOINT_BYTES);
    let text = Zeroizing::new(STANDARD.encode(key.as_slice()));
    Made { value: Secret::new(text.as_bytes()), public: Some(STANDARD.encode(public)) }
}

pub(super) fn ssh(comment: &str, entropy: &mut dyn Entropy) -> Made {
    let seed = entropy::array::<32>(entropy);
    let text = ssh::ed25519_pem(&seed, comment, *entropy::array(entropy));
    let public = PrivateKey::Ed25519(seed).public().line(comment);
    Made { value: Secret::new(text.as_bytes()), public: Some(public) }
}
