//! What is spoken on the wire: algorithms, and the judgement on the host's key.

use super::known::{Known, Verdict};
use crate::Reach;
use russh::client::{Config, DisconnectReason, Handler};
use russh::keys::ssh_key::HashAlg;
use russh::keys::{Algorithm, EcdsaCurve, PublicKey, PublicKeyOrCertificate};
use russh::{Preferred, cipher, kex};
use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Why a key exchange came to nothing.
#[derive(Debug)]
pub(super) enum Broken {
    /// The protocol.
    Ssh(russh::Error),
    /// The host's key.
    Key(Reach, String),
}

impl From<russh::Error> for Broken {
    fn from(error: russh::Error) -> Self {
        Broken::Ssh(error)
    }
}

/// Judges the host's key, or only looks at it.
pub(super) struct Keys {
    pub(super) known: Arc<Known>,
    /// What it may be known as, the name that counts first; see [`Known::judge`].
    pub(super) names: Vec<String>,
    /// What the server said when it hung up.
    pub(super) bye: Arc<Mutex<Option<String>>>,
    /// For `trust`: where the key goes, and nobody is signed in.
    pub(super) seen: Option<Arc<Mutex<Option<PublicKey>>>>,
}

impl Handler for Keys {
    type Error = Broken;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, Broken> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = key else {
            return Err(Broken::Key(Reach::HostKeyUnknown, "it shows a certificate".to_owned()));
        };
        if let Some(seen) = &self.seen {
            if let Ok(mut seen) = seen.lock() {
                *seen = Some(key.clone());
            }
            return Ok(false);
        }
        let print = key.fingerprint(HashAlg::Sha256);
        let kind = key.algorithm();
        let name = self.names.first().map_or("", String::as_str);
        match self.known.judge(&self.names, key) {
            Verdict::Good => Ok(true),
            Verdict::Unknown => {
                let authority = self.known.authority(&self.names).map_or(String::new(), |place| {
                    format!("; {place} trusts an authority for it, and host certificates are not supported")
                });
                let text = format!("no key of {name} is pinned; it shows {kind} {print}{authority}");
                Err(Broken::Key(Reach::HostKeyUnknown, text))
            }
            Verdict::Changed(place) => Err(Broken::Key(
                Reach::HostKeyChanged,
                format!("{name} shows {kind} {print}, another key than the one pinned at {place}"),
            )),
            Verdict::Revoked(place) => Err(Broken::Key(
                Reach::HostKeyChanged,
                format!("{name} shows {kind} {print}, which {place} revokes"),
            )),
        }
    }

    async fn disconnected(&mut self, reason: DisconnectReason<Broken>) -> Result<(), Broken> {
        match reason {
            DisconnectReason::ReceivedDisconnect(info) => {
                *self.bye.lock().unwrap_or_else(PoisonError::into_inner) = Some(info.message);
                Ok(())
            }
            DisconnectReason::Error(e) => Err(e),
        }
    }
}

/// Types of host keys, best first.
pub(super) const KINDS: [Algorithm; 6] = [
    Algorithm::Ed25519,
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 },
    Algorithm::Rsa { hash: Some(HashAlg::Sha512) },
    Algorithm::Rsa { hash: Some(HashAlg::Sha256) },
];

/// Signs of life.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pulse {
    /// Between two.
    pub(super) every: Duration,
    /// How many may stay away.
    pub(super) missed: usize,
}

/// Algorithms: the cheapest good ones first, and the kinds of key that can be judged before others.
pub(super) fn config(known: &[Algorithm], pulse: Pulse) -> Config {
    let is_known = |a: &Algorithm| {
        known.iter().any(|k| k == a || matches!((k, a), (Algorithm::Rsa { .. }, Algorithm::Rsa { .. })))
    };
    let (mut kinds, others): (Vec<Algorithm>, Vec<Algorithm>) = KINDS.into_iter().partition(is_known);
    kinds.extend(others);
    Config {
        preferred: Preferred {
            kex: Cow::Borrowed(&[
                kex::CURVE25519,
                kex::CURVE25519_PRE_RFC_8731,
                kex::ECDH_SHA2_NISTP256,
                kex::DH_G16_SHA512,
                kex::DH_G14_SHA256,
                kex::EXTENSION_SUPPORT_AS_CLIENT,
                kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT,
            ]),
            key: Cow::Owned(kinds),
            cipher: Cow::Borrowed(&[
                cipher::AES_128_GCM,
                cipher::AES_256_GCM,
                cipher::CHACHA20_POLY1305,
                cipher::AES_256_CTR,
                cipher::AES_128_CTR,
            ]),
            ..Preferred::default()
        },
        keepalive_interval: Some(pulse.every),
        keepalive_max: pulse.missed,
        // For a server that takes no bytes any more; nothing else is so long silent.
        inactivity_timeout: Some(pulse.every * u32::try_from(pulse.missed + 2).unwrap_or(u32::MAX)),
        nodelay: true,
        ..Config::default()
    }
}
