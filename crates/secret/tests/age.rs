//! age files go both ways between `age` itself and ours, for each kind of key. The keys and files in
//! `tests/age` were made by age 1.1.1 and OpenSSH, and are for these tests only.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use secret::Secret;
use secret::age::{self, Form, Identity, Recipient};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use support::{Repeatable, place};

fn kept(name: &str) -> Vec<u8> {
    fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/age").join(name)).unwrap()
}

const IDENTITIES: [&str; 3] = ["person.txt", "host_ed25519", "host_rsa"];

fn identity(name: &str) -> Vec<Identity> {
    Identity::read_all(&Secret::new(kept(name)), &place()).unwrap()
}

#[test]
fn we_read_what_age_wrote_with_each_key() {
    for name in IDENTITIES {
        for file in ["all.age", "all.armored.age"] {
            let opened = age::decrypt(&kept(file), &identity(name), &place()).unwrap();
            assert_eq!(opened.bytes(), kept("content"), "{file} with {name}");
        }
    }
    assert!(age::decrypt(&kept("empty.age"), &identity("person.txt"), &place()).unwrap().is_empty());
}

#[test]
fn age_reads_what_we_wrote() {
    let recipients: Vec<Recipient> = IDENTITIES.iter().map(|name| identity(name)[0].recipient()).collect();
    let folder = tempfile::tempdir().unwrap();
    for (n, length) in [0, 1, 65_535, 65_536, 65_537, 200_000].into_iter().enumerate() {
        let content: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
        let form = if n % 2 == 0 { Form::Armored } else { Form::Binary };
        let mut entropy = Repeatable(n as u64);
        let sealed = age::encrypt(&content, &recipients, form, &mut entropy, &place()).unwrap();
        assert!(age::is_age(&sealed));
        let path = folder.path().join("file.age");
        fs::write(&path, &sealed).unwrap();
        for name in IDENTITIES {
            let key = folder.path().join(name);
            fs::write(&key, kept(name)).unwrap();
            let output = Command::new("age").arg("-d").arg("-i").arg(&key).arg(&path).output();
            let output = output.expect("`age` is missing: ./test installs it (package age)");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && output.stdout == content, "{length} bytes, {name}: {said}");
            let own = age::decrypt(&sealed, &identity(name), &place()).unwrap();
            assert_eq!(own.bytes(), content);
        }
    }
}

#[test]
fn a_new_identity_reads_what_is_sealed_for_it_and_no_other() {
    let mut entropy = Repeatable(7);
    let (own, text) = Identity::generate(&mut entropy);
    assert!(text.text().unwrap().starts_with("AGE-SECRET-KEY-1"));
    let again = Identity::read_all(&text, &place()).unwrap();
    assert_eq!(again[0].recipient(), own.recipient());
    let written = own.recipient().to_string();
    let recipient = Recipient::read(&written, &place()).unwrap();
    let sealed = age::encrypt(b"x", &[recipient], Form::Binary, &mut entropy, &place()).unwrap();
    assert_eq!(age::decrypt(&sealed, &again, &place()).unwrap().bytes(), b"x");
    for name in IDENTITIES {
        assert_eq!(age::decrypt(&sealed, &identity(name), &place()).unwrap_err().code, "FW1122");
    }
    assert_eq!(age::decrypt(&sealed, &[], &place()).unwrap_err().code, "FW1122");
    assert!(!format!("{own:?}").contains("SECRET"));
}

#[test]
fn public_keys_are_those_of_the_pub_files() {
    for name in ["host_ed25519", "host_rsa"] {
        let line = String::from_utf8(kept(&format!("{name}.pub"))).unwrap();
        assert_eq!(Recipient::read(&line, &place()).unwrap(), identity(name)[0].recipient());
    }
}

#[test]
fn what_is_wrong_is_said_by_code() {
    let person = identity("person.txt");
    let file = kept("all.age");
    let damaged = |at: usize| {
        let mut bytes = file.clone();
        bytes[at] ^= 1;
        age::decrypt(&bytes, &person, &place()).unwrap_err().code
    };
    assert_eq!(age::decrypt(b"plain", &person, &place()).unwrap_err().code, "FW1120");
    assert_eq!(damaged(file.len() - 1), "FW1121", "the content");
    let mac = file.windows(4).position(|w| w == b"--- ").unwrap();
    assert_eq!(damaged(mac + 6), "FW1121", "the HMAC");
    assert_eq!(age::decrypt(&file[..file.len() - 1], &person, &place()).unwrap_err().code, "FW1121");
    assert_eq!(age::decrypt(&file[..60], &person, &place()).unwrap_err().code, "FW1121");
    let armored = kept("all.armored.age");
    let cut = &armored[..armored.len() - 40];
    assert_eq!(age::decrypt(cut, &person, &place()).unwrap_err().code, "FW1121");

    let ecdsa = String::from_utf8(kept("ec.pub")).unwrap();
    let slip = person[0].recipient().to_string().replacen('q', "p", 1);
    let private = String::from_utf8(kept("person.txt")).unwrap();
    let private = private.lines().last().unwrap();
    for text in
        ["", "age1", "age1abc", "ssh-ed25519", "ssh-ed25519 AAAA", &ecdsa, &slip, private, "-----BEGIN X"]
    {
        let found = Recipient::read(text, &place()).unwrap_err();
        assert_eq!(found.code, "FW1123", "{text}");
        assert!(!format!("{found:?}").contains("SECRET"));
    }
    let nobody = age::encrypt(b"", &[], Form::Binary, &mut Repeatable(1), &place());
    assert_eq!(nobody.unwrap_err().code, "FW1123");
    let locked = Identity::read_all(&Secret::new(kept("locked")), &place()).unwrap_err();
    assert!(locked.code == "FW1124" && locked.message.contains("passphrase"), "{locked:?}");
    for text in ["", "# only a comment\n", "-----BEGIN RSA PRIVATE KEY-----\n", "\n# x\nAGE-SECRET-KEY-1QQ\n"]
    {
        let found = Identity::read_all(&Secret::new(text), &place()).unwrap_err();
        assert_eq!(found.code, "FW1124", "{text}");
        assert!(!found.message.contains("QQ"));
    }
}
