//! The examples derive without an error; `fleets/EXAMPLE/derived.txt` is the resolved fleet as text.
//! `UPDATE=1` rewrites the expectations.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use derive::Lock;
use std::{env, fs};
use support::{derived, dump::dump, example, repository};

fn golden(name: &str) {
    let model = example(name);
    let derived = derived(&model, &Lock::default());
    let fleet = derived.fleet.unwrap_or_else(|| panic!("{}", diag::render_plain(&derived.report)));
    let text = dump(&fleet);
    let folder = repository().join("fleets/derived");
    let path = folder.join(format!("{name}.txt"));
    if env::var_os("UPDATE").is_some() {
        fs::create_dir_all(&folder).unwrap();
        fs::write(&path, &text).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, expected, "{} differs; UPDATE=1 rewrites it", path.display());
}

#[test]
fn two_sites() {
    golden("two-sites");
}

#[test]
fn anycast() {
    golden("anycast");
}

#[test]
fn atlas() {
    golden("atlas");
}

#[test]
fn constellation() {
    golden("constellation");
}

#[test]
fn standards() {
    golden("standards");
}
