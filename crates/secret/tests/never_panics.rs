//! Whatever the bytes, reading gives a value or a diagnostic.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use diag::Report;
use model::{Key, Node, NodeKind};
use proptest::prelude::*;
use proptest::sample::Index;
use secret::age::{self, Identity, Recipient};
use secret::generate::Generator;
use secret::vault::{self, Passwords, VaultId};
use secret::{Secret, hash};
use support::place;

fn node() -> impl Strategy<Value = Node> {
    let words = [
        "random", "hash", "tls", "jwks", "length", "alphabet", "names", "of", "with", "key", "bits", "-1",
        "70000",
    ];
    let text = prop_oneof![proptest::sample::select(words.to_vec()).prop_map(str::to_owned), any::<String>()];
    let leaf = prop_oneof![
        Just(NodeKind::Null),
        (text.clone(), any::<bool>()).prop_map(|(text, quoted)| NodeKind::Scalar { text, quoted }),
    ];
    let at = |kind| Node { kind, place: place() };
    leaf.prop_map(at).prop_recursive(3, 24, 4, move |inner| {
        let key = text.clone().prop_map(|text| Key { text, place: place() });
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(NodeKind::List),
            proptest::collection::vec((key, inner), 0..4).prop_map(NodeKind::Map),
        ]
        .prop_map(at)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn on_any_bytes(bytes: Vec<u8>, text: String) {
        let passwords = Passwords::new().with(None, Secret::new(*b"p"));
        for start in [&b""[..], b"$ANSIBLE_VAULT", b"$ANSIBLE_VAULT;1.1;AES256\n", b"$ANSIBLE_VAULT;1.2;AES256;x\n"] {
            let whole = [start, &bytes].concat();
            prop_assert!(vault::decrypt(&whole, &passwords, &place()).is_err());
        }
        for start in [&b""[..], b"age-encryption.org/v1\n", b"age-encryption.org/v1\n-> X25519 ", b"-----BEGIN AGE ENCRYPTED FILE-----\n"] {
            let whole = [start, &bytes].concat();
            let identity = Identity::generate(&mut support::Repeatable(1)).0;
            prop_assert!(age::decrypt(&whole, &[identity], &place()).is_err());
        }
        let _ = vault::from_inline(&text);
        let _ = VaultId::new(&text, &place());
        for start in ["", "age1", "ssh-ed25519 ", "ssh-rsa AAAA"] {
            let _ = Recipient::read(&format!("{start}{text}"), &place());
        }
        for start in [&b""[..], b"AGE-SECRET-KEY-1", b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA"] {
            let _ = Identity::read_all(&Secret::new([start, &bytes].concat()), &place());
        }
        for start in ["", "$", "u:", "$6$", "$2b$", "$argon2id$", "$pbkdf2-sha512$", "{CRYPT}$6$rounds=", "$6$a$"] {
            let _ = hash::belongs(&format!("{start}{text}"), &Secret::new(*b"p"), &place());
        }
    }

    /// What was sound once: a byte changed, some left out, some put in.
    #[test]
    fn on_damaged_files(which in 0usize..9, at: Index, cut in 0usize..40, put: Vec<u8>) {
        const KEPT: [&[u8]; 9] = [
            include_bytes!("bad/FW1108-password.vault"),
            include_bytes!("age/all.age"),
            include_bytes!("age/all.armored.age"),
            include_bytes!("age/empty.age"),
            include_bytes!("age/host_rsa"),
            include_bytes!("age/host_ed25519"),
            include_bytes!("age/host_rsa.pub"),
            include_bytes!("age/host_ed25519.pub"),
            include_bytes!("age/person.txt"),
        ];
        let mut bytes = KEPT[which].to_vec();
        let at = at.index(bytes.len());
        let end = (at + cut).min(bytes.len());
        drop(bytes.splice(at..end, put));
        let passwords = Passwords::new().with(None, Secret::new(*b"p"));
        let _ = vault::decrypt(&bytes, &passwords, &place());
        let text = String::from_utf8_lossy(&bytes);
        let mut report = Report::new();
        let new = Secret::new(*b"new");
        let _ = vault::rekey_text(&text, &passwords, &new, None, &mut support::Repeatable(1), "f", &mut report);
        let person = Identity::read_all(&Secret::new(KEPT[8]), &place()).unwrap();
        let _ = age::decrypt(&bytes, &person, &place());
        let _ = Recipient::read(&text, &place());
        let _ = Identity::read_all(&Secret::new(bytes), &place());
    }

    /// RSA has the most numbers to go wrong: the key's own bytes are changed under its base64, and then used.
    #[test]
    fn on_damaged_rsa_keys(at: Index, value: u8, bit in 0u8..8, whole: bool) {
        let line = include_str!("age/host_rsa.pub");
        let mut blob = STANDARD.decode(line.split(' ').nth(1).unwrap()).unwrap();
        let index = at.index(blob.len());
        blob[index] = if whole { value } else { blob[index] ^ 1 << bit };
        let line = format!("ssh-rsa {}", STANDARD.encode(&blob));
        if let Ok(recipient) = Recipient::read(&line, &place()) {
            let _ = age::encrypt(b"x", &[recipient], age::Form::Binary, &mut support::Repeatable(1), &place());
        }
        let text = include_str!("age/host_rsa");
        let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
        let mut key = STANDARD.decode(body).unwrap();
        let index = at.index(key.len());
        key[index] = if whole { value } else { key[index] ^ 1 << bit };
        let text = format!(
            "-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----\n",
            STANDARD.encode(&key)
        );
        if let Ok(identities) = Identity::read_all(&Secret::new(text), &place()) {
            let _ = age::decrypt(include_bytes!("age/all.age"), &identities, &place());
        }
    }

    #[test]
    fn on_any_specification(node in node()) {
        let mut report = Report::new();
        let read = Generator::read(&node, &mut report);
        prop_assert_eq!(read.is_none(), report.has_errors());
        prop_assert!(report.items.iter().all(|d| d.help.is_some() && d.place.is_some()));
    }
}
