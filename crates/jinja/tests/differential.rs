//! Each hand-written case gives the bytes Python's Jinja2 gives, or is an error in both.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{compare, read, read_lines};
use std::path::PathBuf;

#[test]
fn every_case_is_as_python_renders_it() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "lines" || e == "txt"));
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        cases.extend(match file.extension().is_some_and(|e| e == "lines") {
            true => read_lines(&name, &text),
            false => read(&name, &text),
        });
    }
    assert!(cases.len() >= 150, "{} cases", cases.len());
    compare(&cases);
}
