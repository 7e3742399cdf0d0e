//! Bytes that cannot be printed.

use crate::codes;
use diag::{Diagnostic, Place};
use std::fmt;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A secret value: any bytes. `Debug` and `Display` say only that it is one, it cannot be serialised, its
/// memory is overwritten when it goes, and comparing two takes as long wherever they differ.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes the bytes as they are.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Secret(Zeroizing::new(bytes.into()))
    }

    /// A value for environments, arguments of C programs and templates: the bytes as they are, where a NUL is
    /// refused (`FW1111`) because everything after it would be cut off without a word. Nothing is added or
    /// trimmed: a final newline is part of the value.
    pub fn value(bytes: impl Into<Vec<u8>>, place: &Place) -> Result<Self, Diagnostic> {
        let secret = Secret::new(bytes);
        match secret.bytes().iter().position(|b| *b == 0) {
            None => Ok(secret),
            Some(at) => Err(Diagnostic::error(
                codes::NUL,
                place,
                format!("the secret has a NUL at byte {at}, where most programs would cut it off"),
            )
            .help("store its base64 or hex, and decode it where it is used")),
        }
    }

    /// The bytes, for those who use the value. Whoever calls this answers for where they go.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The value as text, if it is UTF-8.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// No bytes at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}
