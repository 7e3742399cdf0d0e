//! Bytes and values in JSON: base64, deflated where it pays.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Fast, and near enough to the smallest for configuration texts.
const LEVEL: u8 = 4;

/// Bytes, base64 in JSON. Never shown by `Debug`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        STANDARD.decode(text).map(Bytes).map_err(serde::de::Error::custom)
    }
}

/// Deflated bytes (RFC 1951, no header); a base64 string in JSON. Never shown by `Debug`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Packed(Bytes);

/// Packed bytes that do not unpack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unpackable {
    /// Not deflated bytes.
    Damaged,
    /// More than the limit.
    TooLarge,
    /// Not the value that is expected.
    NotTheValue,
}

impl Packed {
    /// Packs bytes.
    pub fn bytes(bytes: &[u8]) -> Self {
        Packed(Bytes(compress_to_vec(bytes, LEVEL)))
    }

    /// Packs a value as JSON.
    ///
    /// # Errors
    /// When it has no JSON.
    pub fn value(value: &impl Serialize) -> Result<Self, serde_json::Error> {
        Ok(Packed::bytes(&serde_json::to_vec(value)?))
    }

    /// The bytes, at most `limit` of them.
    ///
    /// # Errors
    /// [`Unpackable`].
    pub fn unpack(&self, limit: usize) -> Result<Vec<u8>, Unpackable> {
        use miniz_oxide::inflate::TINFLStatus;
        decompress_to_vec_with_limit(&self.0.0, limit).map_err(|e| match e.status {
            TINFLStatus::HasMoreOutput => Unpackable::TooLarge,
            _ => Unpackable::Damaged,
        })
    }

    /// The value, of at most `limit` bytes of JSON.
    ///
    /// # Errors
    /// [`Unpackable`].
    pub fn open<T: DeserializeOwned>(&self, limit: usize) -> Result<T, Unpackable> {
        serde_json::from_slice(&self.unpack(limit)?).map_err(|_| Unpackable::NotTheValue)
    }

    /// How many bytes travel, before base64.
    pub fn len(&self) -> usize {
        self.0.0.len()
    }

    /// True for none at all.
    pub fn is_empty(&self) -> bool {
        self.0.0.is_empty()
    }
}

impl fmt::Debug for Packed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes packed", self.len())
    }
}

impl fmt::Display for Unpackable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unpackable::Damaged => "the packed bytes are damaged",
            Unpackable::TooLarge => "the packed bytes are too many",
            Unpackable::NotTheValue => "the packed bytes are not what is expected",
        })
    }
}

impl std::error::Error for Unpackable {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_packed_comes_out_again_and_no_bomb_goes_off() {
        let text = "listen 80\n".repeat(1000);
        let packed = Packed::bytes(text.as_bytes());
        assert!(packed.len() < 200);
        let json = serde_json::to_string(&packed).unwrap();
        let again: Packed = serde_json::from_str(&json).unwrap();
        assert_eq!(again.unpack(20_000).unwrap(), text.as_bytes());
        assert_eq!(again.unpack(9_999), Err(Unpackable::TooLarge));
        assert!(!format!("{packed:?}").contains("listen"));
        let broken: Packed = serde_json::from_str("\"AAAA\"").unwrap();
        assert_eq!(broken.unpack(100), Err(Unpackable::Damaged));
        assert_eq!(Packed::bytes(b"3").open::<String>(100), Err(Unpackable::NotTheValue));
    }
}
