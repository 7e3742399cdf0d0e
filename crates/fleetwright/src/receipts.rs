//! Whether a receipt is what its host signed. The host's own SSH key signs it (SSHSIG, as `ssh-keygen -Y`), so
//! what proves it is the key the fleet has pinned for the host.

use artifact::protocol::Receipt;
use ssh_key::{PublicKey, SshSig};

/// The namespace of the signatures: one of another purpose is no signature of a receipt.
pub const NAMESPACE: &str = "fleetwright-receipt";

/// What a receipt's signature is worth.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Trust {
    /// Signed by the key the fleet has pinned for the host.
    Verified,
    /// Signed, by a key nobody has pinned.
    Unpinned,
    /// Not signed.
    Unsigned,
    /// The signature is not of this receipt, or the key is not the pinned one.
    Bad(String),
}

impl Trust {
    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Trust::Verified => "verified",
            Trust::Unpinned => "unpinned",
            Trust::Unsigned => "unsigned",
            Trust::Bad(_) => "BAD",
        }
    }
}

/// Looks at a receipt said to be of `host`. `known` is the text of the fleet's `known_hosts`.
pub fn trust(receipt: &Receipt, host: &str, known: &str) -> Trust {
    let (Some(signature), Some(signer)) = (&receipt.signature, &receipt.signer) else {
        return Trust::Unsigned;
    };
    if receipt.host != host {
        return Trust::Bad(format!("it is a receipt of {}", receipt.host));
    }
    let key = match PublicKey::from_openssh(signer) {
        Ok(key) => key,
        Err(e) => return Trust::Bad(format!("its key cannot be read: {e}")),
    };
    let verified = SshSig::from_pem(signature)
        .and_then(|sig| key.verify(NAMESPACE, receipt.signed_text().as_bytes(), &sig));
    if let Err(e) = verified {
        return Trust::Bad(format!("the signature is not of this receipt: {e}"));
    }
    let mut others = false;
    for pinned in pinned(known, host) {
        match PublicKey::from_openssh(&pinned) {
            Ok(pinned) if pinned.key_data() == key.key_data() => return Trust::Verified,
            Ok(pinned) => others |= pinned.algorithm() == key.algorithm(),
            Err(_) => {}
        }
    }
    if others {
        Trust::Bad("it is signed by another key than the pinned one".to_owned())
    } else {
        Trust::Unpinned
    }
}

/// The keys `known_hosts` has for a host, as `TYPE BASE64`.
fn pinned(known: &str, host: &str) -> Vec<String> {
    let mut out = Vec::new();
    for line in known.lines().map(str::trim).filter(|l| !l.starts_with(['#', '@'])) {
        let mut fields = line.split_whitespace();
        let (Some(names), Some(kind), Some(key)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        let of = |name: &str| {
            name == host
                || name.strip_prefix('[').and_then(|n| n.split_once(']')).is_some_and(|(n, _)| n == host)
        };
        if names.split(',').any(of) {
            out.push(format!("{kind} {key}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ssh_key::private::{Ed25519Keypair, KeypairData};
    use ssh_key::{HashAlg, PrivateKey};

    fn key(seed: u8) -> PrivateKey {
        let pair = Ed25519Keypair::from_seed(&[seed; 32]);
        PrivateKey::new(KeypairData::Ed25519(pair), "").unwrap()
    }

    fn signed(by: &PrivateKey) -> Receipt {
        let signer = Some(by.public_key().to_openssh().unwrap().trim().to_owned());
        let mut receipt =
            Receipt { host: "gw".to_owned(), generation: 4, at: 1, signer, ..Receipt::default() };
        let sig = by.sign(NAMESPACE, HashAlg::Sha512, receipt.signed_text().as_bytes()).unwrap();
        receipt.signature = Some(sig.to_pem(ssh_key::LineEnding::LF).unwrap());
        receipt
    }

    fn known(of: &PrivateKey, host: &str) -> String {
        format!("# ours\n{host} {}\n", of.public_key().to_openssh().unwrap())
    }

    #[test]
    fn only_the_pinned_key_of_the_host_verifies() {
        let (own, other) = (key(1), key(2));
        assert_eq!(trust(&signed(&own), "gw", &known(&own, "gw")), Trust::Verified);
        assert_eq!(trust(&signed(&own), "gw", &known(&own, "[gw]:2222,192.0.2.1")), Trust::Verified);
        assert_eq!(trust(&signed(&own), "gw", &known(&own, "nas")), Trust::Unpinned);
        assert_eq!(trust(&signed(&own), "gw", ""), Trust::Unpinned);
        assert_eq!(trust(&signed(&other), "gw", &known(&own, "gw")).word(), "BAD");
        assert_eq!(trust(&signed(&own), "nas", &known(&own, "nas")).word(), "BAD");
    }

    #[test]
    fn a_changed_receipt_or_signature_is_bad() {
        let own = key(1);
        let known = known(&own, "gw");
        let lie = Receipt { generation: 5, ..signed(&own) };
        assert_eq!(trust(&lie, "gw", &known).word(), "BAD");
        let mut broken = signed(&own);
        broken.signature = Some("x".to_owned());
        assert_eq!(trust(&broken, "gw", &known).word(), "BAD");
        let none = Receipt { signature: None, ..signed(&own) };
        assert_eq!(trust(&none, "gw", &known), Trust::Unsigned);
        // Read back from a file it is still what was signed.
        let text = serde_json::to_string_pretty(&signed(&own)).unwrap();
        assert_eq!(trust(&serde_json::from_str(&text).unwrap(), "gw", &known), Trust::Verified);
    }
}
