//! `fleets/bad-FW02…` to `bad-FW07…`: each folder is a small fleet that breaks the one rule its name says;
//! `expected.txt` beside it is what the rules find, and the rule's page shows both. `UPDATE=1` rewrites what is
//! expected and the pages' examples.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use support::{read, repository, update};

/// The day of the fixtures: after the end that `bad-FW0715` has, before all others.
const TODAY: &str = "2026-11-21";

fn folders() -> Vec<(String, PathBuf)> {
    let mut all: Vec<(String, PathBuf)> = fs::read_dir(repository().join("fleets"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?.strip_prefix("bad-")?.to_owned();
            let band = name.get(..4)?;
            ["FW02", "FW03", "FW04", "FW05", "FW06", "FW07"]
                .contains(&band)
                .then(|| (name[..6].to_owned(), path))
        })
        .collect();
    all.sort();
    all
}

fn found(path: &Path) -> diag::Report {
    let (fleet, reading) = source::load(&read(path).unwrap());
    assert!(!reading.has_errors(), "{}: {}", path.display(), diag::render_plain(&reading));
    check::check_on(&fleet.unwrap(), Some(TODAY))
}

#[test]
fn each_fixture_breaks_the_rule_its_name_says() {
    let mut wrong = String::new();
    for (code, path) in folders() {
        let report = found(&path);
        let said = diag::render_plain(&report);
        let name = path.display();
        if !report.items.iter().any(|d| d.code == code && d.place.as_ref().is_some_and(|p| p.line > 0)) {
            writeln!(wrong, "== {name}: {code} is not found in the text\n{said}").unwrap();
        }
        // Exceptions need something to be set aside.
        let beside = |d: &diag::Diagnostic| code.starts_with("FW071") && d.code == "FW0701";
        if report.items.iter().any(|d| d.code != code && !beside(d)) {
            writeln!(wrong, "== {name}: something else is found too\n{said}").unwrap();
        }
        let file = path.join("expected.txt");
        let mut expected = fs::read_to_string(&file).unwrap_or_default();
        if update() && said != expected {
            fs::write(&file, &said).unwrap();
            expected.clone_from(&said);
        }
        if said != expected {
            writeln!(wrong, "== {name}\n-- expected\n{expected}-- found\n{said}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}\nUPDATE=1 rewrites what is expected");
}

#[test]
fn each_rule_has_a_fixture() {
    let there: BTreeSet<String> = folders().into_iter().map(|(code, _)| code).collect();
    let missing: Vec<&check::Rule> = check::RULES.iter().filter(|r| !there.contains(r.code)).collect();
    assert!(missing.is_empty(), "no fixture: {missing:?}");
}

/// The page shows the fixture and what is found in it, so that neither can grow old alone.
#[test]
fn each_page_shows_its_fixture() {
    let mut wrong = String::new();
    for (code, path) in folders() {
        let page = repository().join(format!("docs/codes/{code}.md"));
        let Ok(text) = fs::read_to_string(&page) else { continue };
        let mut sources = String::new();
        for (name, bytes) in &read(&path).unwrap().files {
            write!(sources, "# {name}\n{}", String::from_utf8_lossy(bytes)).unwrap();
        }
        let expected = diag::render_plain(&found(&path));
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
