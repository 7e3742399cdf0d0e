//! Secrets that follow from others. A text that needs not a secret but something made of it names it
//! `FORM/NAME`; whoever fills in secrets calls [`value`] with the store's own lookup.

use sha2::{Digest, Sha256};

/// bcrypt work factor: about 50 ms, what Caddy's own `hash-password` costs at most a request.
const COST: u32 = 10;

/// The name of the bcrypt hash of secret `name`, for [`value`].
pub fn bcrypt_of(name: &str) -> String {
    format!("bcrypt/{name}")
}

/// The value of a secret or of something made of one. The salt of a hash follows from the secret, so the
/// same secret always gives the same text and a second plan is empty.
pub fn value(name: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let Some(source) = name.strip_prefix("bcrypt/") else { return lookup(name) };
    let plain = lookup(source)?;
    let digest = Sha256::digest(format!("fleetwright bcrypt {source}\n{plain}").as_bytes());
    let mut salt = [0u8; 16];
    salt.copy_from_slice(&digest[..16]);
    let hash = bcrypt::hash_with_salt(plain, COST, salt).ok()?;
    Some(hash.format_for_version(bcrypt::Version::TwoA))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_hash_is_stable_and_of_the_secret() {
        let lookup = |name: &str| (name == "sql").then(|| "open sesame".to_owned());
        let hash = value(&bcrypt_of("sql"), &lookup).unwrap();
        assert_eq!(hash, value("bcrypt/sql", &lookup).unwrap());
        assert!(bcrypt::verify("open sesame", &hash).unwrap());
        assert!(!bcrypt::verify("open sesam", &hash).unwrap());
        assert_eq!(value("sql", &lookup).unwrap(), "open sesame");
        assert_eq!(value("bcrypt/other", &lookup), None);
    }
}
