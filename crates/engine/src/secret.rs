//! Secrets as engines take them. A text that needs not a secret but something made of it names it
//! `FORM/NAME`; whoever fills in secrets calls [`value`] with the store's own lookup. A value is written byte
//! for byte as it is kept, or refused: never cut, trimmed or read as something else.

use sha2::{Digest, Sha256};

/// bcrypt work factor: about 50 ms, what Caddy's own `hash-password` costs at most a request.
const COST: u32 = 10;
/// What bcrypt looks at; it would cut off the rest without a word.
const BCRYPT_MOST: usize = 72;
/// What Linux takes for TCP MD5 (`TCP_MD5SIG_MAXKEYLEN` in tcp.h).
const MD5_MOST: usize = 80;

/// How a text wants a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// As it is.
    Plain,
    /// Its bcrypt hash.
    Bcrypt,
    /// Between single quotes of systemd's `EnvironmentFile`.
    Environment,
    /// Between double quotes of BIRD, as a BGP password.
    Bird,
}

const FORMS: [(&str, Form); 3] =
    [("bcrypt/", Form::Bcrypt), ("environment/", Form::Environment), ("bird/", Form::Bird)];

/// Why there is no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The secret of this name has none.
    Missing(String),
    /// It cannot stand where it is wanted.
    Unfit {
        /// The secret.
        name: String,
        /// Why, without the value.
        why: String,
    },
}

/// The name of the bcrypt hash of secret `name`, for [`value`].
pub fn bcrypt_of(name: &str) -> String {
    format!("bcrypt/{name}")
}

/// The name of secret `name` between single quotes of systemd's `EnvironmentFile`, for [`value`].
pub fn environment_of(name: &str) -> String {
    format!("environment/{name}")
}

/// The name of secret `name` between double quotes of BIRD, for [`value`].
pub fn bird_of(name: &str) -> String {
    format!("bird/{name}")
}

/// The secret behind a name that may have a form.
pub fn source(name: &str) -> &str {
    parts(name).1
}

fn parts(name: &str) -> (Form, &str) {
    let of = |(prefix, form): &(&str, Form)| name.strip_prefix(prefix).map(|rest| (*form, rest));
    FORMS.iter().find_map(of).unwrap_or((Form::Plain, name))
}

/// The value of a secret or of something made of one. The salt of a hash follows from the secret, so the
/// same secret always gives the same text and a second plan is empty.
///
/// # Errors
/// When the secret has no value, or one that cannot stand there.
pub fn value(name: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<String, Fault> {
    let (form, source) = parts(name);
    let plain = lookup(source).ok_or_else(|| Fault::Missing(source.to_owned()))?;
    let unfit = |why: &str| Fault::Unfit { name: source.to_owned(), why: why.to_owned() };
    match form {
        Form::Plain => Ok(plain),
        Form::Bcrypt => bcrypt_text(source, &plain).map_err(|why| unfit(&why)),
        // A quote ends the quotes, stands between others, and opens them again: systemd puts parts without a space
        // between them together (`parse_env_file_internal`). Nothing else has a meaning there, line ends neither.
        Form::Environment => Ok(plain.replace('\'', r#"'"'"'"#)),
        Form::Bird => bird_text(plain).map_err(unfit),
    }
}

fn bcrypt_text(source: &str, plain: &str) -> Result<String, String> {
    if plain.len() > BCRYPT_MOST {
        return Err(format!("bcrypt takes {BCRYPT_MOST} bytes, and it has {}", plain.len()));
    }
    let digest = Sha256::digest(format!("fleetwright bcrypt {source}\n{plain}").as_bytes());
    let mut salt = [0u8; 16];
    salt.copy_from_slice(&digest[..16]);
    let hash = bcrypt::hash_with_salt(plain, COST, salt).map_err(|_| "bcrypt does not take it".to_owned())?;
    Ok(hash.format_for_version(bcrypt::Version::TwoA))
}

/// BIRD's strings know no escapes (cf-lex.l): they end at the next quote and have no line ends.
fn bird_text(plain: String) -> Result<String, &'static str> {
    if plain.contains('"') || plain.contains(char::is_control) {
        return Err("a password in BIRD's configuration has no quotes, line ends and control characters");
    }
    if plain.len() > MD5_MOST {
        return Err("a BGP password has at most 80 bytes (TCP MD5)");
    }
    Ok(plain)
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
        assert_eq!(value("bcrypt/other", &lookup), Err(Fault::Missing("other".to_owned())));
    }

    #[test]
    fn a_value_is_taken_whole_or_refused() {
        let unfit = |name: String, plain: &str| {
            let lookup = |_: &str| Some(plain.to_owned());
            let found = value(&name, &lookup);
            assert!(matches!(&found, Err(Fault::Unfit { name, .. }) if name == "x"), "{plain:?}");
            assert!(!format!("{found:?}").contains(plain), "the value is not told");
        };
        unfit(bcrypt_of("x"), &"y".repeat(73));
        unfit(bird_of("x"), "before\"after");
        unfit(bird_of("x"), "before\nafter");
        unfit(bird_of("x"), &"y".repeat(81));
        let as_environment = |plain: &str| value("environment/x", &|_| Some(plain.to_owned())).unwrap();
        assert_eq!(as_environment("a=b&c|d/e\\$f\"g\nh"), "a=b&c|d/e\\$f\"g\nh");
        assert_eq!(as_environment("it's"), r#"it'"'"'s"#);
    }

    #[test]
    fn a_form_leads_to_its_secret() {
        for (name, of) in [("sql", "sql"), ("bird/sql", "sql"), ("wireguard/a/wg-b", "wireguard/a/wg-b")] {
            assert_eq!(source(name), of);
        }
        assert_eq!(source(&environment_of("sql")), "sql");
        assert_eq!(source(&bcrypt_of("sql")), "sql");
    }
}
