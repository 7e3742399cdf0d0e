//! WireGuard keys (X25519, RFC 7748). The randomness comes from outside.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use x25519_dalek::{PublicKey, StaticSecret};

/// A key pair from 32 random bytes: private and public key, base64 as `wg` writes them.
pub fn generate(random: [u8; 32]) -> (String, String) {
    let mut bytes = random;
    // `wg genkey` clamps too (curve25519_clamp_secret), so that what is stored is what is used.
    bytes[0] &= 248;
    bytes[31] = (bytes[31] & 127) | 64;
    let secret = StaticSecret::from(bytes);
    (STANDARD.encode(bytes), STANDARD.encode(PublicKey::from(&secret).as_bytes()))
}

/// The public key of a private one, both base64; `None` when it is not 32 bytes of base64.
pub fn public_of(private: &str) -> Option<String> {
    let bytes: [u8; 32] = STANDARD.decode(private.trim()).ok()?.try_into().ok()?;
    Some(STANDARD.encode(PublicKey::from(&StaticSecret::from(bytes)).as_bytes()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// RFC 7748, section 6.1: Alice's key pair.
    #[test]
    fn keys_are_those_of_the_rfc() {
        let private = "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=";
        assert_eq!(public_of(private).unwrap(), "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=");
        assert_eq!(public_of("short"), None);
    }

    #[test]
    fn a_generated_pair_belongs_together() {
        let (private, public) = generate([7; 32]);
        assert_eq!(public_of(&private), Some(public.clone()));
        assert_eq!((private.len(), public.len()), (44, 44));
        assert_ne!(generate([8; 32]).1, public);
    }
}
