//! Secrets: how a value comes to be, and who may read it. The values themselves are never in the sources.

use crate::{SecretRef, Sp, choice, record};

choice! {
    /// How a secret's value comes to be.
    pub enum SecretKind {
        /// Somebody else made it: `fleetwright secrets set`.
        Given = "given",
        /// Characters, each as likely as any other.
        Random = "random",
        /// A random UUID.
        Uuid = "uuid",
        /// A WireGuard private key.
        Wireguard = "wireguard",
        /// An OpenSSH ed25519 private key.
        Ssh = "ssh",
        /// A key for TLS, with a certificate it signed itself as its public half.
        Tls = "tls",
        /// A JSON Web Key Set of one signing key.
        Jwks = "jwks",
        /// The argon2id hash of another secret.
        Argon2 = "argon2",
        /// The bcrypt hash of another secret.
        Bcrypt = "bcrypt",
        /// The PBKDF2-SHA512 hash of another secret, as Authelia has it.
        Pbkdf2 = "pbkdf2",
        /// The SHA-512 hash of another secret, as `/etc/shadow` has it.
        Sha512Crypt = "sha512-crypt",
        /// A line of an htpasswd file, with the hash of another secret.
        Htpasswd = "htpasswd",
        /// It stands in a file of Ansible Vault, which stays where it is.
        Vault = "vault",
        /// It stands in a file of sops, which is read by the user's own `sops`.
        Sops = "sops",
    }
}

record! {
    /// A secret. One that is used and not described here is `random`. What the tool makes is made once, by `fleetwright lock`.
    pub struct DeclaredSecret = "kind" {
        /// How its value comes to be; `random` when not written.
        kind: Option<Sp<SecretKind>>,
        /// Hashes: the secret it is the hash of, `secret/NAME`.
        of: Option<Sp<SecretRef>>,
        /// `htpasswd`: who signs in.
        user: Option<Sp<String>>,
        /// `random`: how many characters; 32 when not written.
        length: Option<Sp<u32>>,
        /// `random`: which characters: `alphanumeric` (when not written), `base64url`, `digits`, `hex`, `letters`, `lower` or `printable`.
        alphabet: Option<Sp<String>>,
        /// `random`: the characters themselves, in place of `alphabet`.
        characters: Option<Sp<String>>,
        /// `jwks`: `rsa` (when not written), `ec` or `ed25519`.
        algorithm: Option<Sp<String>>,
        /// `tls`: names and addresses the certificate is for.
        names: Vec<Sp<String>>,
        /// `tls`: for how many days; 3650 when not written.
        days: Option<Sp<u32>>,
        /// `ssh`: what the key says it is.
        comment: Option<Sp<String>>,
        /// `vault`, `sops`: the file, from the fleet's folder.
        file: Option<Sp<String>>,
        /// `vault`, `sops`: the key in it, with dots between keys in keys; the file's whole content when not written.
        key: Option<Sp<String>>,
        /// `vault`: a file with its password; the environment goes before it.
        password_file: Option<Sp<String>>,
        /// Hosts, groups and people that may read it besides the hosts that use it and all admins.
        to: Vec<Sp<String>>,
    }
}
