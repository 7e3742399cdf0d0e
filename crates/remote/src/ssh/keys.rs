//! Key files, each read once and opened once.

use super::auth::with;
use super::{Ask, Settings};
use russh::keys::{PrivateKey, PublicKey};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Key files that were looked at.
#[derive(Default)]
pub(super) struct Opened {
    files: Mutex<BTreeMap<PathBuf, Look>>,
    /// Held while a person is asked: one question at a time.
    asking: Mutex<()>,
}

/// What a key file is.
#[derive(Clone)]
pub(super) enum Look {
    /// There is none.
    Missing,
    /// It needs a passphrase that nobody gave yet.
    Locked,
    /// It is of no use, with the reason.
    Bad(String),
    /// A key.
    Open(Arc<PrivateKey>),
}

impl Opened {
    fn keep(&self, path: &Path, look: &Look) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.insert(path.to_owned(), look.clone());
    }

    pub(super) fn look(&self, path: &Path) -> Look {
        let known = self.files.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned();
        if let Some(known) = known {
            return known;
        }
        let look = match std::fs::read_to_string(path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Look::Missing,
            Err(e) => Look::Bad(e.to_string()),
            Ok(text) => match russh::keys::decode_secret_key(&text, None) {
                Ok(key) => Look::Open(Arc::new(key)),
                Err(russh::keys::Error::KeyIsEncrypted) => Look::Locked,
                Err(_) if PublicKey::from_openssh(text.trim()).is_ok() => {
                    Look::Bad("it is a public key, and the agent has none that fits".to_owned())
                }
                Err(e) => Look::Bad(e.to_string()),
            },
        };
        self.keep(path, &look);
        look
    }

    /// Asks for the passphrase of a file, unless somebody was asked meanwhile.
    pub(super) fn ask(&self, path: &Path, settings: &Settings) {
        let _one = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(self.look(path), Look::Locked) {
            return;
        }
        let look = match (settings.ask)(&Ask::Passphrase(path.to_owned())) {
            None => Look::Bad("it has a passphrase and there is nobody to ask".to_owned()),
            Some(word) => {
                let text = std::fs::read_to_string(path).map_err(|e| e.to_string());
                let key = text.and_then(|t| {
                    russh::keys::decode_secret_key(&t, Some(&word))
                        .map_err(|e| format!("wrong passphrase? {e}"))
                });
                key.map_or_else(Look::Bad, |k| Look::Open(Arc::new(k)))
            }
        };
        self.keep(path, &look);
    }

    /// The public half of a key file: beside it, itself, or in its clear part.
    pub(super) fn public(&self, path: &Path) -> Option<PublicKey> {
        if let Look::Open(key) = self.look(path) {
            return Some(key.public_key().clone());
        }
        let read = |p: &Path| std::fs::read_to_string(p).ok();
        let of = |text: String| PublicKey::from_openssh(text.trim()).ok();
        read(&with(path, ".pub")).and_then(of).or_else(|| {
            let text = read(path)?;
            let clear = PrivateKey::from_openssh(&text).ok().map(|k| k.public_key().clone());
            clear.or_else(|| of(text))
        })
    }
}
