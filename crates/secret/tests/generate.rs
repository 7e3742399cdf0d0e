//! What generators make is accepted by those who use it: OpenSSH, OpenSSL, WireGuard's rules, and Python's
//! bcrypt, argon2, passlib and cryptography.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use diag::{Report, render_plain};
use secret::Secret;
use secret::generate::{Alphabet, Generator, Given, KeyKind, Made};
use secret::hash::{self, Scheme};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use support::{Repeatable, hex, node, oracle, place};

const NOW: i64 = 1_790_000_000;

fn make(generator: &Generator, plain: Option<&Secret>) -> Made {
    generator.make(Given { now: NOW, plain }, &mut Repeatable(42), &place()).unwrap()
}

fn text(made: &Made) -> &str {
    made.value.text().unwrap()
}

fn read(value: &Value) -> Result<Generator, String> {
    let mut report = Report::new();
    Generator::read(&node(value, "secrets.yaml", &mut 0), &mut report).ok_or_else(|| render_plain(&report))
}

fn said(program: &str, args: &[&str], folder: &Path) -> String {
    let output = Command::new(program).args(args).current_dir(folder).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {args:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn random_text_is_of_its_alphabet_and_evenly_spread() {
    for name in Alphabet::NAMES {
        let alphabet = Alphabet::named(name).unwrap();
        let made = make(&Generator::Random { length: 4096, alphabet: alphabet.clone() }, None);
        let mut counts = std::collections::BTreeMap::new();
        for c in text(&made).chars() {
            *counts.entry(c).or_insert(0) += 1;
        }
        let all = alphabet.characters();
        assert_eq!(counts.values().sum::<i32>(), 4096);
        assert!(counts.keys().all(|c| all.contains(c)) && counts.len() == all.len(), "{name}");
        // Pearson's chi-squared: its mean is the degrees of freedom, six deviations are never met by chance.
        let expected = 4096.0 / all.len() as f64;
        let chi: f64 = counts.values().map(|n| (f64::from(*n) - expected).powi(2) / expected).sum();
        let freedom = all.len() as f64 - 1.0;
        assert!(chi < freedom + 6.0 * (2.0 * freedom).sqrt(), "{name}: {chi}");
    }
    let wide = Generator::Random { length: 9, alphabet: Alphabet::of("źä🔑").unwrap() };
    assert_eq!(text(&make(&wide, None)).chars().count(), 9);
}

#[test]
fn a_uuid_is_one_of_version_four() {
    let uuid = make(&Generator::Uuid, None);
    let parts: Vec<&str> = text(&uuid).split('-').collect();
    assert_eq!(parts.iter().map(|p| p.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
    assert!(parts[2].starts_with('4') && parts[3].starts_with(['8', '9', 'a', 'b']));
}

#[test]
fn wireguard_and_openssh_take_their_keys() {
    let folder = tempfile::tempdir().unwrap();
    let wireguard = make(&Generator::Wireguard, None);
    let mut pubkey = Command::new("wg")
        .arg("pubkey")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("`wg` is missing: ./test installs it (wireguard-tools)");
    std::io::Write::write_all(&mut pubkey.stdin.take().unwrap(), wireguard.value.bytes()).unwrap();
    let output = pubkey.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), wireguard.public.unwrap());

    for comment in ["", "backup@nas", "a comment of several words"] {
        let ssh = make(&Generator::Ssh { comment: comment.into() }, None);
        let path = folder.path().join("key");
        fs::write(&path, ssh.value.bytes()).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(said("ssh-keygen", &["-y", "-f", "key"], folder.path()).trim(), ssh.public.unwrap());
        fs::write(folder.path().join("message"), "x").unwrap();
        said("ssh-keygen", &["-Y", "sign", "-q", "-n", "test", "-f", "key", "message"], folder.path());
        fs::remove_file(folder.path().join("message.sig")).unwrap();
    }
}

#[test]
fn openssl_takes_key_and_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let long = format!("{}.example.org", "a".repeat(60));
    for names in [vec!["nas.lan", "192.0.2.7", "2001:db8::1", "*.nas.lan"], vec![&long]] {
        let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
        let made = make(&Generator::Tls { names: names.clone(), days: 30 }, None);
        fs::write(folder.path().join("key.pem"), made.value.bytes()).unwrap();
        fs::write(folder.path().join("cert.pem"), made.public.unwrap()).unwrap();
        let of_key = said("openssl", &["pkey", "-in", "key.pem", "-pubout"], folder.path());
        let of_certificate =
            said("openssl", &["x509", "-in", "cert.pem", "-noout", "-pubkey"], folder.path());
        assert_eq!(of_key, of_certificate);
        said("openssl", &["pkey", "-in", "key.pem", "-check", "-noout"], folder.path());
        let at = NOW.to_string();
        let verify = [
            "verify",
            "-x509_strict",
            "-check_ss_sig",
            "-attime",
            &at,
            "-purpose",
            "sslserver",
            "-CAfile",
            "cert.pem",
        ];
        for name in &names {
            let kind =
                if name.parse::<std::net::IpAddr>().is_ok() { "-verify_ip" } else { "-verify_hostname" };
            let host = name.replacen('*', "any", 1);
            said("openssl", &[&verify[..], &[kind, &host, "cert.pem"]].concat(), folder.path());
        }
        let dates = said("openssl", &["x509", "-in", "cert.pem", "-noout", "-dates"], folder.path());
        // 1,790,000,000 is 2026-09-21 14:13:20.
        assert_eq!(dates, "notBefore=Sep 21 13:13:20 2026 GMT\nnotAfter=Oct 21 14:13:20 2026 GMT\n");
    }
}

#[test]
fn signing_keys_sign() {
    let kinds = [(KeyKind::Ed25519, 255), (KeyKind::Ec, 256), (KeyKind::Rsa { bits: 2048 }, 2048)];
    let questions: Vec<Value> = kinds
        .iter()
        .map(|(key, _)| {
            let made = make(&Generator::Jwks { key: *key }, None);
            let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
            json!({"ask": "jwk", "private": parse(text(&made)), "public": parse(&made.public.unwrap())})
        })
        .collect();
    for ((kind, bits), answer) in kinds.iter().zip(oracle(&questions)) {
        assert_eq!(answer, json!({"ok": bits}), "{kind:?}");
    }
}

const CHEAP: [Scheme; 4] = [
    Scheme::Argon2id { memory: 64, iterations: 2, parallelism: 2 },
    Scheme::Bcrypt { cost: 4 },
    Scheme::Pbkdf2Sha512 { iterations: 1000 },
    Scheme::Sha512Crypt { rounds: 1000 },
];

#[test]
fn hashes_go_both_ways_and_follow_their_plaintext() {
    let plains = ["p", "a=b&c|d/e$f'g\"h\ni:j", "ключ 🔑", "x".repeat(72).leak()];
    let mut questions = Vec::new();
    let mut cases = Vec::new();
    for scheme in CHEAP {
        for (n, plain) in plains.into_iter().enumerate() {
            let secret = Secret::new(plain);
            let salt = [u8::try_from(n).unwrap() * 77; 16];
            let stored = scheme.hash(&secret, &salt, &place()).unwrap();
            assert_eq!(stored, scheme.hash(&secret, &salt, &place()).unwrap(), "the same each time");
            assert!(hash::belongs(&stored, &secret, &place()).unwrap(), "{stored}");
            assert!(hash::belongs(&format!("user:{stored}\n"), &secret, &place()).unwrap());
            assert!(!hash::belongs(&stored, &Secret::new(*b"another"), &place()).unwrap());
            questions.push(json!({"ask": "verify", "plain": hex(plain.as_bytes()), "stored": stored}));
            questions.push(json!({"ask": "verify", "plain": hex(b"another"), "stored": stored}));
            questions.push(json!({"ask": "hash", "plain": hex(plain.as_bytes()), "scheme": scheme.name()}));
            cases.push((secret, stored));
        }
    }
    let answers = oracle(&questions);
    for ((secret, stored), answer) in cases.iter().zip(answers.chunks(3)) {
        assert_eq!(answer[0], json!({"ok": true}), "{stored}");
        assert_eq!(answer[1], json!({"ok": false}), "{stored}");
        let theirs = answer[2]["ok"].as_str().unwrap_or_else(|| panic!("{}", answer[2]));
        assert!(hash::belongs(theirs, secret, &place()).unwrap(), "{theirs}");
    }
}

#[test]
fn what_cannot_be_hashed_or_read_is_said() {
    for (scheme, plain) in [
        (Scheme::BCRYPT, vec![b'x'; 73]),
        (Scheme::ARGON2ID, vec![]),
        (Scheme::SHA512_CRYPT, b"a\0b".to_vec()),
    ] {
        assert_eq!(scheme.hash(&Secret::new(plain), &[0; 16], &place()).unwrap_err().code, "FW1132");
    }
    for scheme in [
        Scheme::Sha512Crypt { rounds: 1 },
        Scheme::Bcrypt { cost: 31 },
        Scheme::Pbkdf2Sha512 { iterations: 0 },
        Scheme::Argon2id { memory: u32::MAX, iterations: 1, parallelism: 1 },
        Scheme::Argon2id { memory: 64, iterations: 1, parallelism: 9 },
    ] {
        let out = scheme.hash(&Secret::new(*b"p"), &[0; 16], &place());
        assert_eq!(out.unwrap_err().code, "FW1132", "{scheme:?}");
    }
    let secret = Secret::new(*b"p");
    for stored in [
        "",
        "plain",
        "$1$salt$hash",
        "$6$salt",
        "$6$rounds=999999999$salt$x",
        "$2b$31$aaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "$argon2id$v=19$m=4194305,t=1,p=1$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA",
        "$pbkdf2-sha512$0$a$b",
        "{SHA}x",
    ] {
        assert_eq!(hash::belongs(stored, &secret, &place()).unwrap_err().code, "FW1133", "{stored}");
    }
}

#[test]
fn a_derived_secret_knows_when_it_is_stale() {
    let (old, new) = (Secret::new(*b"old"), Secret::new(*b"new"));
    let line = Generator::Htpasswd { user: "ann".into(), of: "ann-password".into(), cost: 4 };
    let made = make(&line, Some(&old));
    assert!(text(&made).starts_with("ann:$2y$04$") && !text(&made).ends_with('\n'));
    assert!(line.follows(&made.value, Some(&old), &place()).unwrap());
    assert!(!line.follows(&made.value, Some(&new), &place()).unwrap());
    assert!(!line.follows(&made.value, None, &place()).unwrap());
    let renamed = Generator::Htpasswd { user: "an".into(), of: "ann-password".into(), cost: 4 };
    assert!(!renamed.follows(&made.value, Some(&old), &place()).unwrap());
    let dearer = Generator::Htpasswd { user: "ann".into(), of: "ann-password".into(), cost: 5 };
    assert!(!dearer.follows(&made.value, Some(&old), &place()).unwrap());
    let hash = |scheme| Generator::Hash { of: "a".into(), scheme };
    let bcrypt = make(&hash(Scheme::Bcrypt { cost: 4 }), Some(&old)).value;
    assert!(hash(Scheme::Bcrypt { cost: 4 }).follows(&bcrypt, Some(&old), &place()).unwrap());
    assert!(!hash(Scheme::Sha512Crypt { rounds: 1000 }).follows(&bcrypt, Some(&old), &place()).unwrap());
    let odd = Generator::Htpasswd { user: "a$b:".into(), of: "a".into(), cost: 4 };
    let given = Given { now: NOW, plain: Some(&old) };
    assert_eq!(odd.make(given, &mut Repeatable(1), &place()).unwrap_err().code, "FW1131");
    let dollar = Generator::Htpasswd { user: "a$b".into(), of: "a".into(), cost: 4 };
    assert!(dollar.follows(&make(&dollar, Some(&old)).value, Some(&old), &place()).unwrap());
    let given = Given { now: NOW, plain: None };
    assert_eq!(line.make(given, &mut Repeatable(1), &place()).unwrap_err().code, "FW1132");
    assert_eq!(line.of(), Some("ann-password"));
    assert!(Generator::Uuid.follows(&old, None, &place()).unwrap());
}

#[test]
fn specifications_read_as_they_are_written() {
    let names = vec!["nas.lan".to_owned(), "*.nas.lan".to_owned(), "192.0.2.1".to_owned()];
    for (written, expected) in [
        (json!("uuid"), Generator::Uuid),
        (json!({"wireguard": null}), Generator::Wireguard),
        (json!("random"), Generator::Random { length: 32, alphabet: Alphabet::default() }),
        (
            json!({"random": {"length": 6, "alphabet": "hex"}}),
            Generator::Random { length: 6, alphabet: Alphabet::named("hex").unwrap() },
        ),
        (
            json!({"random": {"characters": "ab"}}),
            Generator::Random { length: 32, alphabet: Alphabet::of("ab").unwrap() },
        ),
        (json!({"ssh": {"comment": "x"}}), Generator::Ssh { comment: "x".into() }),
        (json!({"hash": {"of": "a"}}), Generator::Hash { of: "a".into(), scheme: Scheme::ARGON2ID }),
        (
            json!({"hash": {"of": "a", "with": "bcrypt", "cost": 10}}),
            Generator::Hash { of: "a".into(), scheme: Scheme::Bcrypt { cost: 10 } },
        ),
        (
            json!({"hash": {"of": "a", "with": "pbkdf2-sha512"}}),
            Generator::Hash { of: "a".into(), scheme: Scheme::PBKDF2_SHA512 },
        ),
        (
            json!({"hash": {"of": "a", "with": "sha512-crypt"}}),
            Generator::Hash { of: "a".into(), scheme: Scheme::SHA512_CRYPT },
        ),
        (
            json!({"htpasswd": {"user": "u", "of": "a"}}),
            Generator::Htpasswd { user: "u".into(), of: "a".into(), cost: 12 },
        ),
        (json!("jwks"), Generator::Jwks { key: KeyKind::Rsa { bits: 2048 } }),
        (json!({"jwks": {"key": "ed25519"}}), Generator::Jwks { key: KeyKind::Ed25519 }),
        (json!({"tls": {"names": names, "days": 9}}), Generator::Tls { names: names.clone(), days: 9 }),
    ] {
        assert_eq!(read(&written), Ok(expected), "{written}");
    }
}
