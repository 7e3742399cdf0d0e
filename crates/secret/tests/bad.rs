//! Each code has a case in `bad/` that triggers it, with what is said beside it; `UPDATE=1` rewrites that.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use diag::{Diagnostic, Place, Report, render_plain};
use secret::age::{self, Identity, Recipient};
use secret::generate::Generator;
use secret::hash::{self, Scheme};
use secret::vault::{self, Passwords, VaultId};
use secret::{Secret, codes};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use support::node;

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// Every case: its name and what it holds, in order.
fn cases() -> Vec<(String, Vec<u8>)> {
    let files = fs::read_dir(here().join("bad")).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|extension| extension != "txt"))
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap()))
        .collect();
    cases.sort();
    cases
}

/// What the reader of this kind of file says; the kind is the name's ending.
fn said(name: &str, bytes: &[u8]) -> Report {
    let place = Place::file(name);
    let secret = || Secret::new(bytes);
    let text = || std::str::from_utf8(bytes).unwrap();
    let mut report = Report::new();
    let found: Option<Diagnostic> = match name.rsplit_once('.').unwrap().1 {
        "vault" => {
            let given = match name.starts_with(codes::VAULT_NO_PASSWORD) {
                true => Passwords::new(),
                false => Passwords::new().with(None, Secret::new(*b"p")),
            };
            vault::decrypt(bytes, &given, &place).err()
        }
        "password" => Passwords::of_file(bytes, &place).err(),
        "vault-id" => VaultId::new(text(), &place).err(),
        "value" => Secret::value(bytes, &place).err(),
        "age" => {
            let person = Secret::new(fs::read(here().join("age/person.txt")).unwrap());
            let person = Identity::read_all(&person, &Place::file("person.txt")).unwrap();
            age::decrypt(bytes, &person, &place).err()
        }
        "pub" => Recipient::read(text(), &place).err(),
        "key" => Identity::read_all(&secret(), &place).err(),
        "plain" => Scheme::BCRYPT.hash(&secret(), &[0; 16], &place).err(),
        "hash" => hash::belongs(text(), &Secret::new(*b"p"), &place).err(),
        "json" => {
            let value = serde_json::from_slice(bytes).unwrap();
            assert!(Generator::read(&node(&value, name, &mut 0), &mut report).is_none(), "{name}");
            None
        }
        other => panic!("no reader for {other}"),
    };
    report.items.extend(found);
    report
}

#[test]
fn each_fault_is_said_as_expected() {
    let mut wrong = String::new();
    for (name, bytes) in cases() {
        let said = render_plain(&said(&name, &bytes));
        let code = name.split('-').next().unwrap();
        if !said.contains(&format!("error[{code}]")) {
            wrong.push_str(&format!("== {name} does not say its code:\n{said}"));
        }
        let path = here().join("bad").join(format!("{name}.txt"));
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &said).unwrap();
        } else if fs::read_to_string(&path).unwrap_or_default() != said {
            wrong.push_str(&format!("== {name} is not {}\n{said}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn each_code_has_a_case_and_a_page() {
    let codes = fs::read_to_string(here().join("../src/codes.rs")).unwrap();
    let codes: BTreeSet<&str> = codes.lines().filter_map(|line| line.split('"').nth(1)).collect();
    assert!(codes.len() >= 20);
    let names: Vec<String> = cases().into_iter().map(|(name, _)| name).collect();
    for code in codes {
        assert!(names.iter().any(|name| name.starts_with(code)), "no case for {code}");
        let page = here().join("../../../docs/codes").join(format!("{code}.md"));
        assert!(page.exists(), "no page for {code}");
    }
}

#[test]
fn every_diagnostic_has_a_place_and_a_way_out_and_shows_no_secret() {
    for (name, bytes) in cases() {
        for found in said(&name, &bytes).items {
            assert!(found.help.is_some() && found.place.is_some(), "{name}: {found:?}");
            let whole = format!("{found:?}");
            for planted in ["hunter2", "ET0SWKMYWG5N08LG9", "xxxxxxxx"] {
                assert!(!whole.contains(planted), "{name}: {whole}");
            }
        }
    }
}
