//! Secrets as a fleet describes them, and who may read them.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use diag::Report;
use model::decode::{Cx, Decode};
use model::{DeclaredSecret, Fleet, HostId, SecretKind};
use proptest::prelude::*;
use secret::declared::{Elsewhere, Origin, Tool};
use secret::generate::{Alphabet, Generator, KeyKind};
use secret::hash::Scheme;
use secret::readers::{Difference, from_text, readers, to_text};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const OLENA: &str = "age1c6fa986pgt6j7gr29z3u24hkqqg2qmcjuqdywcn6yr8ltcwse9psaahwwc";
const OPS: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAqosoM17hw3V8/l9cpj1fGr9rEB9quEZp2vo5HWJBnD ops@anycast.example";

fn fleet(value: &Value) -> Fleet {
    let mut cx = Cx::default();
    let fleet = Fleet::decode(&support::node(value, "fleet.yaml", &mut 0), &mut cx).unwrap();
    assert!(!cx.report.has_errors(), "{}", diag::render_plain(&cx.report));
    fleet
}

/// The origin of a secret that is described so, and what is said of it.
fn read(declared: Value) -> (Option<Origin>, String) {
    let fleet = fleet(&json!({"secrets": {"it": declared}}));
    let mut report = Report::new();
    let origin = Origin::read(fleet.secrets.get("it").unwrap(), &mut report);
    assert_eq!(origin.is_none(), report.has_errors());
    (origin, diag::render_plain(&report))
}

#[test]
fn each_kind_is_what_makes_it() {
    let hash = |scheme| Origin::Made(Generator::Hash { of: "plain".to_owned(), scheme });
    let random = |length, alphabet| Origin::Made(Generator::Random { length, alphabet });
    for (declared, origin) in [
        (json!("random"), Origin::undeclared()),
        (json!(null), Origin::undeclared()),
        (json!({"length": 40, "alphabet": "hex"}), random(40, Alphabet::named("hex").unwrap())),
        (json!({"characters": "01"}), random(32, Alphabet::of("01").unwrap())),
        (json!("given"), Origin::Given),
        (json!("uuid"), Origin::Made(Generator::Uuid)),
        (json!("wireguard"), Origin::Made(Generator::Wireguard)),
        (json!({"kind": "ssh", "comment": "ci"}), Origin::Made(Generator::Ssh { comment: "ci".to_owned() })),
        (
            json!({"kind": "tls", "names": ["nas.lan", "192.0.2.1"], "days": 90}),
            Origin::Made(Generator::Tls {
                names: vec!["nas.lan".to_owned(), "192.0.2.1".to_owned()],
                days: 90,
            }),
        ),
        (json!("jwks"), Origin::Made(Generator::Jwks { key: KeyKind::Rsa { bits: 2048 } })),
        (json!({"kind": "jwks", "algorithm": "ec"}), Origin::Made(Generator::Jwks { key: KeyKind::Ec })),
        (json!({"kind": "argon2", "of": "secret/plain"}), hash(Scheme::ARGON2ID)),
        (json!({"kind": "bcrypt", "of": "secret/plain"}), hash(Scheme::BCRYPT)),
        (json!({"kind": "pbkdf2", "of": "secret/plain"}), hash(Scheme::PBKDF2_SHA512)),
        (json!({"kind": "sha512-crypt", "of": "secret/plain"}), hash(Scheme::SHA512_CRYPT)),
        (
            json!({"kind": "htpasswd", "of": "secret/plain", "user": "olena"}),
            Origin::Made(Generator::Htpasswd { user: "olena".to_owned(), of: "plain".to_owned(), cost: 12 }),
        ),
    ] {
        assert_eq!(read(declared.clone()), (Some(origin), String::new()), "{declared}");
    }
}

#[test]
fn a_value_of_another_tool_is_named_by_file_and_key() {
    let declared = json!({"kind": "vault", "file": "group_vars/all/vault.yml", "key": "sql.password", "password-file": ".pw"});
    let Some(Origin::Elsewhere(Elsewhere { tool: Tool::Vault, file, key, password_file })) = read(declared).0
    else {
        panic!()
    };
    assert_eq!(file.value, "group_vars/all/vault.yml");
    assert_eq!(
        (key.unwrap().value, password_file.unwrap().value),
        ("sql.password".to_owned(), ".pw".to_owned())
    );
    let sops = read(json!({"kind": "sops", "file": "secrets.enc.yaml"})).0;
    assert!(matches!(sops, Some(Origin::Elsewhere(Elsewhere { tool: Tool::Sops, key: None, .. }))));
}

#[test]
fn what_does_not_fit_the_kind_is_refused() {
    for (declared, said) in [
        (json!({"kind": "uuid", "length": 4}), "`uuid` has no option `length`"),
        (json!({"kind": "given", "of": "secret/x"}), "`given` has no option `of`"),
        (json!({"kind": "bcrypt"}), "`hash` needs `of`"),
        (json!({"kind": "htpasswd", "of": "secret/x"}), "`htpasswd` needs `user`"),
        (json!({"length": 5000}), "from 1 to 4096"),
        (json!({"kind": "jwks", "algorithm": "dsa"}), "no signing key is named `dsa`"),
        (json!({"kind": "tls"}), "`tls` needs `names`"),
        (json!({"kind": "vault"}), "`vault` needs `file`"),
        (json!({"kind": "sops", "file": "a", "password-file": "b"}), "`sops` has no option `password-file`"),
        (json!({"kind": "vault", "file": "../elsewhere"}), "leads out of the fleet's folder"),
        (json!({"kind": "vault", "file": "/etc/shadow"}), "leads out of the fleet's folder"),
    ] {
        let (origin, found) = read(declared.clone());
        assert!(origin.is_none() && found.contains(said), "{declared}: {found}");
        assert!(found.starts_with("error[FW1131] fleet.yaml:"), "{found}");
    }
}

fn people() -> Fleet {
    fleet(&json!({
        "hosts": {
            "web": {"age": OPS, "groups": ["front"]},
            "sql": {"age": OPS},
            "old": {},
        },
        "groups": {"front": {}, "both": {"groups": ["front"], "hosts": ["old"]}},
        "admins": {
            "olena": {"age": OLENA, "keys": ["ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY="]},
            "guest": {"keys": []},
        },
        "secrets": {"token": {"to": ["both"]}, "sql": "random"},
    }))
}

fn who(fleet: &Fleet, name: &str, used_by: &[&str]) -> Vec<String> {
    let hosts: BTreeSet<HostId> = used_by.iter().map(|h| HostId::new(h)).collect();
    readers(fleet, name, &hosts).into_iter().map(|r| r.who).collect()
}

#[test]
fn admins_users_and_whom_it_is_for_may_read() {
    let fleet = people();
    assert_eq!(who(&fleet, "sql", &[]), ["olena"]);
    assert_eq!(who(&fleet, "sql", &["sql", "old"]), ["olena", "host/sql"]);
    assert_eq!(who(&fleet, "token", &[]), ["olena", "host/web"]);
    assert_eq!(who(&fleet, "undeclared", &["web"]), ["olena", "host/web"]);
}

#[test]
fn a_list_says_what_has_changed_since() {
    let fleet = people();
    let before = readers(&fleet, "sql", &[HostId::new("sql")].into());
    let text = to_text(&before);
    assert_eq!(text.lines().count(), 2);
    assert!(!text.contains("ops@"), "comments of keys are left out: {text}");
    let listed = from_text(&text);
    assert!(Difference::of(&listed, &before).is_empty());
    // The same key under another name is the same reader.
    assert!(Difference::of(&listed, &readers(&fleet, "sql", &[HostId::new("web")].into())).is_empty());
    let mut moved = fleet.clone();
    moved.admins.clear();
    let difference = Difference::of(&listed, &readers(&moved, "sql", &[HostId::new("sql")].into()));
    assert_eq!((difference.extra, difference.missing), (["olena".to_owned()].into(), [].into()));
    let nobody = from_text("not a list\n\nolena no-key\n");
    assert_eq!(Difference::of(&nobody, &before).missing.len(), 2);
}

proptest! {
    #[test]
    fn any_list_and_any_description_is_read_or_refused(
        text in any::<String>(), kind in 0..SecretKind::WORDS.len(), key in "[a-z-]{2,13}", value in any::<String>()
    ) {
        let _ = from_text(&text);
        let _ = from_text(&format!("olena {OPS}{text}"));
        let options = ["length", "alphabet", "characters", "algorithm", "file", "key", "user", "comment", &key];
        for option in options {
            let described = json!({"kind": SecretKind::WORDS[kind].0, option: value.clone()});
            let mut cx = Cx::default();
            if let Some(declared) = DeclaredSecret::decode(&support::node(&described, "secrets.yaml", &mut 0), &mut cx) {
                let mut report = Report::new();
                let origin = Origin::read(&declared, &mut report);
                prop_assert_eq!(origin.is_none(), report.has_errors());
            }
        }
    }
}
