//! Receipts are signed by the host's own SSH key, as `ssh-keygen -Y sign -n fleetwright-receipt` would.

use crate::protocol::Receipt;
use ssh_key::{HashAlg, LineEnding, PrivateKey, PublicKey, SshSig};
use std::fmt;

/// The namespace of the signatures.
pub const NAMESPACE: &str = "fleetwright-receipt";

/// Why a receipt is not believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Distrust {
    /// It is not signed.
    Unsigned,
    /// The signature or a key cannot be read.
    Unreadable(String),
    /// Signed by this key, which is not one the host is known by.
    Stranger(String),
    /// It says something else than what was signed.
    Forged,
}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Distrust::Unsigned => f.write_str("it is not signed"),
            Distrust::Unreadable(what) => write!(f, "its signature cannot be read: {what}"),
            Distrust::Stranger(key) => write!(f, "it is signed by {key}, which is not the host's key"),
            Distrust::Forged => f.write_str("it says something else than what was signed"),
        }
    }
}

impl std::error::Error for Distrust {}

fn unreadable(e: ssh_key::Error) -> Distrust {
    Distrust::Unreadable(e.to_string())
}

/// Signs a receipt with an OpenSSH private key (PEM, without passphrase).
///
/// # Errors
/// [`Distrust::Unreadable`] when the key cannot be read or is of a kind that is not supported (only Ed25519
/// is).
pub fn sign(receipt: &mut Receipt, key: &str) -> Result<(), Distrust> {
    let key = PrivateKey::from_openssh(key).map_err(unreadable)?;
    let mut public = key.public_key().clone();
    public.set_comment("");
    receipt.signature = None;
    receipt.signer = Some(public.to_openssh().map_err(unreadable)?.trim().to_owned());
    let signature = key.sign(NAMESPACE, HashAlg::Sha512, receipt.signed_text().as_bytes());
    let text = signature.and_then(|s| s.to_pem(LineEnding::LF));
    receipt.signature = Some(text.map_err(unreadable)?);
    Ok(())
}

/// Verifies a receipt against the keys the host is known by: `ssh-ed25519 AAAA… [comment]`, as in
/// `known_hosts` after the names. Gives the key that signed.
///
/// # Errors
/// [`Distrust`].
pub fn verify<'k>(receipt: &Receipt, keys: &[&'k str]) -> Result<&'k str, Distrust> {
    let signature = receipt.signature.as_deref().ok_or(Distrust::Unsigned)?;
    let signature = SshSig::from_pem(signature).map_err(unreadable)?;
    let known =
        |line: &&&str| PublicKey::from_openssh(line).is_ok_and(|k| k.key_data() == signature.public_key());
    let Some(line) = keys.iter().find(known) else {
        let signer = PublicKey::from(signature.public_key().clone());
        return Err(Distrust::Stranger(signer.fingerprint(HashAlg::Sha256).to_string()));
    };
    let key = PublicKey::from_openssh(line).map_err(unreadable)?;
    match key.verify(NAMESPACE, receipt.signed_text().as_bytes(), &signature) {
        Ok(()) => Ok(line),
        Err(_) => Err(Distrust::Forged),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::process::{Command, Stdio};

    fn keys(folder: &std::path::Path, name: &str) -> (String, String) {
        let path = folder.join(name);
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-C", "root@web", "-f"])
            .arg(&path)
            .status();
        assert!(made.unwrap().success());
        let read = |p: &std::path::Path| std::fs::read_to_string(p).unwrap();
        (read(&path), read(&path.with_extension("pub")).trim().to_owned())
    }

    #[test]
    fn ssh_keygen_agrees_and_a_changed_receipt_is_noticed() {
        let folder = std::env::temp_dir().join(format!("fw-sign-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (key, public) = keys(&folder, "one");
        let (_, other) = keys(&folder, "two");
        let mut receipt = Receipt { host: "web".into(), generation: 3, ..Receipt::default() };
        assert_eq!(verify(&receipt, &[&public]), Err(Distrust::Unsigned));
        sign(&mut receipt, &key).unwrap();
        assert!(public.starts_with(receipt.signer.as_deref().unwrap()));
        assert_eq!(verify(&receipt, &[&other, &public]), Ok(public.as_str()));
        assert!(matches!(verify(&receipt, &[&other]), Err(Distrust::Stranger(_))));
        let changed = Receipt { generation: 4, ..receipt.clone() };
        assert_eq!(verify(&changed, &[&public]), Err(Distrust::Forged));
        let again: Receipt = serde_json::from_str(&serde_json::to_string(&receipt).unwrap()).unwrap();
        assert_eq!(verify(&again, &[&public]), Ok(public.as_str()));

        std::fs::write(folder.join("allowed"), format!("web {public}\n")).unwrap();
        std::fs::write(folder.join("sig"), receipt.signature.as_deref().unwrap()).unwrap();
        std::fs::write(folder.join("text"), receipt.signed_text()).unwrap();
        let check = Command::new("ssh-keygen")
            .args(["-Y", "verify", "-I", "web", "-n", NAMESPACE, "-f"])
            .arg(folder.join("allowed"))
            .arg("-s")
            .arg(folder.join("sig"))
            .stdin(std::fs::File::open(folder.join("text")).unwrap())
            .stdout(Stdio::null())
            .status();
        assert!(check.unwrap().success());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
