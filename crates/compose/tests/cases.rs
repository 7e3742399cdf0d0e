//! Each case of `cases/`: the canonical text is as reviewed (`cases/NAME.expected.yaml`; `UPDATE=1` rewrites it),
//! and read again it is the same project.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use compose::Options;
use diag::Report;
use std::collections::BTreeMap;
use std::{env, fs};
use support::{cases, here, json};

#[test]
fn the_canonical_text_is_as_reviewed_and_reads_back_as_itself() {
    let mut wrong = String::new();
    for case in cases("cases") {
        let project = case.project();
        let text = project.to_yaml();
        let path = here().join("cases").join(format!("{}.expected.yaml", case.name));
        if env::var_os("UPDATE").is_some() {
            fs::write(&path, &text).unwrap();
        } else if fs::read_to_string(&path).unwrap_or_default() != text {
            wrong.push_str(&format!("== {} is not {}\n{text}", case.name, path.display()));
        }
        let mut report = Report::new();
        let sources: BTreeMap<String, Vec<u8>> = [("/project/x.yaml".to_owned(), text.into_bytes())].into();
        let options = Options {
            files: vec!["/project/x.yaml".to_owned()],
            profiles: vec!["*".to_owned()],
            ..Options::default()
        };
        let again = compose::load(&sources, &options, &mut report);
        let Some(again) = again.filter(|_| !report.has_errors()) else {
            wrong.push_str(&format!(
                "== {} does not read back: {}\n",
                case.name,
                diag::render_plain(&report)
            ));
            continue;
        };
        if json(&again.used()) != json(&project.used()) {
            wrong.push_str(&format!("== {} reads back as\n{}", case.name, again.to_yaml()));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
