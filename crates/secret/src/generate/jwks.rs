//! JSON Web Key Sets (RFC 7517, 7518, 8037) of one key, which is named by its thumbprint (RFC 7638).

use super::{KeyKind, Made};
use crate::entropy::Rng;
use crate::{Entropy, Secret, entropy};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rsa::RsaPrivateKey;
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Names and values of a key, all of them text that needs no escapes.
struct Jwk {
    algorithm: &'static str,
    /// In the order of their names, as the thumbprint wants them.
    public: Vec<(&'static str, String)>,
    private: Vec<(&'static str, Zeroizing<String>)>,
}

/// `None` only for a length of RSA that cannot be.
pub(super) fn make(kind: KeyKind, entropy: &mut dyn Entropy) -> Option<Made> {
    let jwk = match kind {
        KeyKind::Rsa { bits } => rsa(bits, entropy)?,
        KeyKind::Ec => ec(entropy)?,
        KeyKind::Ed25519 => ed25519(entropy),
    };
    let public: Vec<Member<'_>> = jwk.public.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let id = encode(&Sha256::digest(object(&public)));
    let mut members = vec![("use", "sig"), ("alg", jwk.algorithm), ("kid", id.as_str())];
    members.extend(public);
    let shown = object(&members);
    members.extend(jwk.private.iter().map(|(name, value)| (*name, value.as_str())));
    let whole = Zeroizing::new([KEYS, &object(&members), END].concat());
    Some(Made { value: Secret::new(whole.as_bytes()), public: Some([KEYS, &shown, END].concat()) })
}

/// What stands around the key of a set of one.
const KEYS: &str = "{\"keys\":[";
const END: &str = "]}";

/// A name and its value.
type Member<'a> = (&'a str, &'a str);

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn object(members: &[Member<'_>]) -> Zeroizing<String> {
    // All of it at once: a text that grows leaves copies of itself behind.
    let length: usize = members.iter().map(|(name, value)| name.len() + value.len() + 6).sum();
    let mut text = Zeroizing::new(String::with_capacity(length + 2));
    text.push('{');
    for (at, (name, value)) in members.iter().enumerate() {
        for part in [if at > 0 { ",\"" } else { "\"" }, name, "\":\"", value, "\""] {
            text.push_str(part);
        }
    }
    text.push('}');
    text
}

fn rsa(bits: u32, entropy: &mut dyn Entropy) -> Option<Jwk> {
    let key = RsaPrivateKey::new(&mut Rng(entropy), usize::try_from(bits).ok()?).ok()?;
    let number = |n: &rsa::BoxedUint| {
        let bytes = Zeroizing::new(n.to_be_bytes_trimmed_vartime());
        Zeroizing::new(encode(&bytes))
    };
    let [p, q] = key.primes() else { return None };
    Some(Jwk {
        algorithm: "RS256",
        public: vec![("e", encode(&key.e_bytes())), ("kty", "RSA".to_owned()), ("n", encode(&key.n_bytes()))],
        private: vec![
            ("d", number(key.d())),
            ("p", number(p)),
            ("q", number(q)),
            ("dp", number(key.dp()?)),
            ("dq", number(key.dq()?)),
            ("qi", number(&key.qinv()?.retrieve())),
        ],
    })
}

fn ec(entropy: &mut dyn Entropy) -> Option<Jwk> {
    let key = super::tls::p256(entropy);
    let point = key.verifying_key().to_sec1_point(false);
    let bytes = point.as_bytes();
    Some(Jwk {
        algorithm: "ES256",
        public: vec![
            ("crv", "P-256".to_owned()),
            ("kty", "EC".to_owned()),
            ("x", encode(bytes.get(1..33)?)),
            ("y", encode(bytes.get(33..)?)),
        ],
        private: vec![("d", Zeroizing::new(encode(&Zeroizing::new(key.to_bytes()))))],
    })
}

fn ed25519(entropy: &mut dyn Entropy) -> Jwk {
    let seed = entropy::array::<32>(entropy);
    let public = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key().to_bytes();
    Jwk {
        algorithm: "EdDSA",
        public: vec![("crv", "Ed25519".to_owned()), ("kty", "OKP".to_owned()), ("x", encode(&public))],
        private: vec![("d", Zeroizing::new(encode(&*seed)))],
    }
}
