//! Secrets as values: a type that cannot be printed, Ansible Vault, age files, generators, and hashes that
//! follow their plaintext. Randomness and days come from the caller.
//!
//! | module | what |
//! |---|---|
//! | [`Secret`] | bytes that cannot be printed, are overwritten when they go, and compare in constant time |
//! | [`vault`] | Ansible Vault 1.1 and 1.2: read, write, rekey |
//! | [`age`] | age files: for hosts and persons, their ssh keys included |
//! | [`hash`] | what `/etc/shadow`, Authelia, Caddy and htpasswd files take, and whether one still fits |
//! | [`generate`] | secrets that are made once |
//! | [`declared`] | secrets as a fleet describes them |
//! | [`grant`] | one more reader of a secret, in the text that describes it |
//! | [`readers`] | who may read which, and the list of them beside an encrypted file |
//! | [`codes`] | what can be wrong |

pub mod age;
pub mod codes;
pub mod declared;
mod der;
mod entropy;
pub mod generate;
pub mod grant;
pub mod hash;
mod hex;
mod pem;
pub mod readers;
mod secret;
mod ssh;
pub mod vault;

pub use entropy::Entropy;
pub use secret::Secret;
