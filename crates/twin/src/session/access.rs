//! Keys of a twin's own: of its machines' sshd, and of whoever administers them. All follow from one secret
//! in a file, so that every process that looks at one twin sees the same world.

use crate::TwinError;
use crate::error::Step;
use crate::state::store;
use crate::world;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{Ed25519KeyPair, KeyPair};
use sha2::{Digest, Sha256};
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Who the twin's administrator signs in as: `PermitRootLogin prohibit-password` lets a key in.
pub const USER: &str = "root";
const TYPE: &str = "ssh-ed25519";

/// A twin's keys.
#[derive(Clone)]
pub struct Access {
    secret: [u8; 32],
}

/// The files an SSH client of a twin works with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The administrator's private key.
    pub identity: PathBuf,
    /// The machines' host keys.
    pub known_hosts: PathBuf,
}

impl Access {
    /// Reads the secret kept in `folder`, making it first when it is not there.
    ///
    /// # Errors
    /// When the folder cannot be read or written.
    pub fn of(folder: &Path) -> Result<Self, TwinError> {
        let file = folder.join("secret");
        let what = || format!("keep the twin's keys in {}", file.display());
        match fs::read(&file) {
            Ok(bytes) => {
                let secret =
                    bytes.try_into().map_err(|_| io::Error::other("it is not 32 bytes")).step(what)?;
                Ok(Access { secret })
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let mut secret = [0; 32];
                SystemRandom::new()
                    .fill(&mut secret)
                    .map_err(|_| io::Error::other("no random bytes"))
                    .step(what)?;
                fs::create_dir_all(folder).step(what)?;
                private(&file, &secret)?;
                Ok(Access { secret })
            }
            Err(e) => Err(e).step(what),
        }
    }

    /// Writes the files an SSH client needs into `folder`: the administrator's key, and the host keys of these
    /// machines under their names and addresses.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn credentials(&self, world: &world::World, folder: &Path) -> Result<Credentials, TwinError> {
        fs::create_dir_all(folder).step(|| format!("make {}", folder.display()))?;
        let (identity, known_hosts) = (folder.join("id_ed25519"), folder.join("known_hosts"));
        private(&identity, self.key("administrator").private("fleetwright twin").as_bytes())?;
        let line = |(host, approach): (&String, &world::Approach)| {
            let (_, public) = world::Access::host_key(self, host);
            format!("{host},{} {public}\n", approach.address)
        };
        let lines: String = world.approaches.iter().map(line).collect();
        store(&known_hosts, lines.as_bytes())?;
        Ok(Credentials { identity, known_hosts })
    }

    fn key(&self, of: &str) -> Key {
        let mut hash = Sha256::new();
        hash.update(b"fleetwright twin ssh key\0");
        hash.update(self.secret);
        hash.update(of);
        let seed: [u8; 32] = hash.finalize().into();
        let public = Ed25519KeyPair::from_seed_unchecked(&seed).map(|pair| {
            let mut public = [0; 32];
            public.copy_from_slice(pair.public_key().as_ref());
            public
        });
        // A seed of 32 bytes is always a key (RFC 8032).
        Key { seed, public: public.unwrap_or_default() }
    }
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Access")
    }
}

impl world::Access for Access {
    fn administrator(&self) -> String {
        format!("{} fleetwright twin", self.key("administrator").public())
    }
    fn host_key(&self, machine: &str) -> (String, String) {
        let key = self.key(&format!("machine {machine}"));
        (key.private(&format!("root@{machine}")), key.public())
    }
}

/// Writes a file that only its owner may read, so that a reader sees the old or the new one.
fn private(file: &Path, bytes: &[u8]) -> Result<(), TwinError> {
    let what = || format!("write {}", file.display());
    if fs::read(file).is_ok_and(|is| is == bytes) {
        return Ok(());
    }
    let staged = file.with_extension(format!("new-{}", std::process::id()));
    fs::write(&staged, b"").step(what)?;
    fs::set_permissions(&staged, fs::Permissions::from_mode(0o600)).step(what)?;
    fs::write(&staged, bytes).step(what)?;
    fs::rename(&staged, file).step(what)
}

struct Key {
    seed: [u8; 32],
    public: [u8; 32],
}

impl Key {
    fn blob(&self) -> Vec<u8> {
        let mut blob = string(TYPE.as_bytes());
        blob.extend(string(&self.public));
        blob
    }
    /// `TYPE BASE64`.
    fn public(&self) -> String {
        format!("{TYPE} {}", STANDARD.encode(self.blob()))
    }
    /// OpenSSH's own format (PROTOCOL.key), not encrypted.
    fn private(&self, comment: &str) -> String {
        let mut inner = Vec::new();
        // Two equal numbers by which a wrong passphrase is noticed; there is none.
        inner.extend([0; 8]);
        inner.extend(self.blob());
        inner.extend(string(&[self.seed, self.public].concat()));
        inner.extend(string(comment.as_bytes()));
        inner.extend((1u8..).take((8 - inner.len() % 8) % 8));
        let mut whole = b"openssh-key-v1\0".to_vec();
        whole.extend([string(b"none"), string(b"none"), string(b"")].concat());
        whole.extend(1u32.to_be_bytes());
        whole.extend(string(&self.blob()));
        whole.extend(string(&inner));
        let mut text = "-----BEGIN OPENSSH PRIVATE KEY-----\n".to_owned();
        for line in STANDARD.encode(whole).as_bytes().chunks(70) {
            text.push_str(&String::from_utf8_lossy(line));
            text.push('\n');
        }
        text + "-----END OPENSSH PRIVATE KEY-----\n"
    }
}

/// A string of the SSH protocol (RFC 4251).
fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    [length.to_be_bytes().as_slice(), bytes].concat()
}

/// `SHA256:…` of a public key as `TYPE BASE64`, as ssh-keygen prints it.
pub fn fingerprint(public: &str) -> Option<String> {
    let blob = STANDARD.decode(public.split_whitespace().nth(1)?).ok()?;
    Some(format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(blob))))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::world::Access as _;

    #[test]
    fn keys_are_openssh_s_and_stay_the_same() {
        let folder = std::env::temp_dir().join(format!("fw-access-{}", std::process::id()));
        let access = Access::of(&folder).unwrap();
        let (private_key, public) = access.host_key("box");
        assert_eq!(Access::of(&folder).unwrap().host_key("box"), (private_key.clone(), public.clone()));
        assert_ne!(access.host_key("bax").1, public);
        let file = folder.join("key");
        private(&file, private_key.as_bytes()).unwrap();
        let keygen = |args: &[&str]| {
            let output =
                std::process::Command::new("ssh-keygen").args(args).arg("-f").arg(&file).output().unwrap();
            assert!(output.status.success(), "{output:?}");
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        };
        assert_eq!(keygen(&["-y"]), format!("{public} root@box"));
        assert!(keygen(&["-l"]).contains(&fingerprint(&public).unwrap()));
        fs::remove_dir_all(&folder).unwrap();
    }
}
