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
//! | [`codes`] | what can be wrong |

pub mod age;
pub mod codes;
mod der;
mod entropy;
pub mod generate;
pub mod hash;
mod hex;
mod pem;
mod secret;
mod ssh;
pub mod vault;

pub use entropy::Entropy;
pub use secret::Secret;
