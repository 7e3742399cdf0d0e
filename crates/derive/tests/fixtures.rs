//! `fleets/bad-FW08…` and `bad-FW0900…`: each folder is a fleet, with or without a lock, of which derivation
//! says what its name says; `expected.txt` is all it says, and the code's page shows both. `UPDATE=1`
//! rewrites what is expected and the pages' examples.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use derive::{Lock, Options};
use diag::Report;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};
use support::{model, read, repository};

fn update() -> bool {
    env::var_os("UPDATE").is_some()
}

fn folders() -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(repository().join("fleets")).unwrap();
    let mut all: Vec<(String, PathBuf)> = entries
        .map(|entry| entry.unwrap().path())
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?.strip_prefix("bad-")?.to_owned();
            let ours = name.starts_with("FW08") || name.starts_with("FW0900");
            ours.then(|| (name[..6].to_owned(), path))
        })
        .collect();
    all.sort();
    all
}

fn lock_text(path: &Path) -> Option<String> {
    fs::read_to_string(path.join(derive::lock::FILE)).ok()
}

fn found(path: &Path, code: &str) -> Report {
    let model = model(&read(path).unwrap());
    let lock = match lock_text(path).as_deref().map(Lock::parse) {
        None => Lock::default(),
        Some(Ok(lock)) => lock,
        Some(Err(diagnostic)) => return Report { items: vec![diagnostic] },
    };
    if code == derive::codes::STALE_LOCK {
        return derive::stale(&model, &lock);
    }
    let derived = derive::derive(&model, &lock, &Options::default());
    let mut report = derived.report;
    report.items.retain(|d| d.code == code || d.code != derive::codes::NO_KEY);
    report.items.extend(derived.fleet.into_iter().flat_map(|f| f.unsupported));
    report
}

#[test]
fn each_fixture_is_what_its_name_says() {
    let mut wrong = String::new();
    for (code, path) in folders() {
        let report = found(&path, &code);
        let said = diag::render_plain(&report);
        if report.items.iter().any(|d| d.code != code) || report.items.is_empty() {
            writeln!(wrong, "== {} says something else\n{said}", path.display()).unwrap();
        }
        let file = path.join("expected.txt");
        let mut expected = fs::read_to_string(&file).unwrap_or_default();
        if update() && said != expected {
            fs::write(&file, &said).unwrap();
            expected.clone_from(&said);
        }
        if said != expected {
            writeln!(wrong, "== {}\n-- expected\n{expected}-- found\n{said}", path.display()).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}\nUPDATE=1 rewrites what is expected");
}

/// Every code of this room has a fixture.
#[test]
fn each_code_has_a_fixture() {
    let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/codes.rs")).unwrap();
    let codes = source
        .lines()
        .filter_map(|l| l.split_once("= \"").map(|(_, c)| c.trim_end_matches("\";").to_owned()));
    let there: Vec<String> = folders().into_iter().map(|(code, _)| code).collect();
    let missing: Vec<String> = codes.filter(|c| !there.contains(c)).collect();
    assert!(missing.is_empty(), "no fixture: {missing:?}");
}

/// The page shows the fixture and what is found in it.
#[test]
fn each_page_shows_its_fixture() {
    let mut wrong = String::new();
    for (code, path) in folders() {
        let page = repository().join(format!("docs/codes/{code}.md"));
        let text = fs::read_to_string(&page).unwrap_or_default();
        let mut sources = String::new();
        for (name, bytes) in &read(&path).unwrap().files {
            write!(sources, "# {name}\n{}", String::from_utf8_lossy(bytes)).unwrap();
        }
        if let Some(lock) = lock_text(&path) {
            write!(sources, "# {}\n{lock}", derive::lock::FILE).unwrap();
        }
        let expected = fs::read_to_string(path.join("expected.txt")).unwrap_or_default();
        let shown = block(&block(&text, "yaml", &sources), "text", &expected);
        if update() {
            fs::write(&page, &shown).unwrap();
        } else if shown != text {
            writeln!(wrong, "{} does not show {}", page.display(), path.display()).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}UPDATE=1 rewrites the pages");
}

/// The page with its first block of this kind replaced.
fn block(page: &str, kind: &str, content: &str) -> String {
    let fence = format!("```{kind}\n");
    let Some((before, rest)) = page.split_once(&fence) else { return format!("{page}no {kind} block\n") };
    let after =
        if rest.starts_with("```") { rest } else { rest.split_once("\n```").map_or("", |(_, after)| after) };
    let after = after.strip_prefix("```").unwrap_or(after);
    format!("{before}{fence}{content}```{after}")
}

/// Whatever is wrong with a fleet that can be read, derivation says it and does not panic.
#[test]
fn no_fixture_makes_it_panic() {
    let mut tried = 0;
    for entry in fs::read_dir(repository().join("fleets")).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_dir() {
            continue;
        }
        let (fleet, _) = source::load(&read(&path).unwrap());
        if let Some(fleet) = fleet {
            let derived = derive::derive(&fleet, &Lock::default(), &Options::default());
            assert_eq!(derived.fleet.is_none(), derived.report.has_errors(), "{}", path.display());
            tried += 1;
        }
    }
    assert!(tried > 50, "only {tried} fleets could be read");
}
