//! Documents are read as PyYAML reads them: the same values, in the same order, and refused where it refuses.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use diag::Report;
use py::{NoTags, repr};
use serde_json::json;

/// Documents, one after another, parted by a line of `%%%`.
const DOCUMENTS: &str = include_str!("yaml/documents.txt");

const PROGRAM: &str = r#"
import sys, json, yaml
answers = []
for text in json.load(sys.stdin):
    try:
        answers.append(repr(yaml.load(text, Loader=yaml.CSafeLoader)))
    except Exception as e:
        answers.append(None)
json.dump(answers, sys.stdout)
"#;

fn ours(text: &str) -> Option<String> {
    let mut report = Report::new();
    let node = py::load("case.yaml", text, &NoTags, &mut report);
    if report.has_errors() { None } else { node.map(|node| repr(&node.value())) }
}

/// What PyYAML reads and this room refuses, always with an error: a value in itself, sets, and three things the
/// parser underneath holds against YAML 1.2.
const REFUSED: [&str; 5] =
    ["a: &x [1, *x]\n", "a: !!set {x, y}\n", "a:\tb\n", "a: 'x\ny'\n", "a: \"x\ny\"\n"];

fn compare(documents: &[String]) {
    let cases: Vec<_> = documents.iter().map(|text| json!(text)).collect();
    let theirs = support::oracle(PROGRAM, &cases);
    let mut wrong = Vec::new();
    for (text, theirs) in documents.iter().zip(theirs) {
        let ours = ours(text);
        if REFUSED.contains(&text.as_str()) {
            assert!(ours.is_none() && theirs.is_string(), "no longer a difference: {text:?}");
            continue;
        }
        if ours.as_deref() != theirs.as_str() {
            wrong.push(format!("{text:?}\n  ours   {ours:?}\n  theirs {theirs}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), documents.len(), wrong.join("\n"));
}

#[test]
fn documents_are_what_pyyaml_reads() {
    let documents: Vec<String> = DOCUMENTS.split("%%%\n").map(str::to_owned).collect();
    assert!(documents.len() >= 100, "{} documents", documents.len());
    compare(&documents);
}

#[test]
fn plain_scalars_are_of_the_kind_pyyaml_sees() {
    let mut scalars: Vec<String> = Vec::new();
    let heads = ["", "-", "+"];
    let bodies = [
        "0",
        "1",
        "00",
        "01",
        "08",
        "0_1",
        "0b1",
        "0b2",
        "0x1F",
        "0xg",
        "0o7",
        "12",
        "1_2",
        "_1",
        "1__2",
        "1_",
        "1.",
        "1.0",
        ".1",
        "._1",
        "1._",
        "1.e5",
        "1e5",
        "1e+5",
        "1.0e5",
        "1.0e+5",
        "1.0E-05",
        ".5e+1",
        "1:2",
        "1:60",
        "1:6",
        "01:30",
        "12:30:45",
        "12:30:45.",
        "12:30:45.6_7",
        "1:2:3:4",
        ".inf",
        ".Inf",
        ".INF",
        ".iNF",
        ".nan",
        ".NaN",
        ".NAN",
        "inf",
        "nan",
        "0.",
        "0:30",
        "9:9.5",
        "1e",
        "1.2.3",
        "0x",
        "0b",
        "1:75",
    ];
    for head in heads {
        scalars.extend(bodies.iter().map(|body| format!("{head}{body}")));
    }
    let words = [
        "yes",
        "Yes",
        "YES",
        "yEs",
        "no",
        "No",
        "NO",
        "on",
        "On",
        "ON",
        "off",
        "Off",
        "OFF",
        "true",
        "True",
        "TRUE",
        "tRUE",
        "false",
        "False",
        "FALSE",
        "y",
        "n",
        "Y",
        "N",
        "t",
        "f",
        "~",
        "null",
        "Null",
        "NULL",
        "nULL",
        "None",
        "=",
        "<<",
        "2024-01-31",
        "2024-1-31",
        "2024-01-31 10:00:00",
        "2024-01-31T10:00:00Z",
        "2024-1-3t1:02:03.5",
        "2024-01-31 10:00:00 +01:00",
        "2024-01-31 10:00:00.1234567-5",
        "2024-01-31 10:00:00 -05:30",
        "2024-02-30",
        "2024-13-01",
        "0000-01-01",
        "2024-01-31 24:00:00",
        "2024-01-31 10:00",
        "2024-01-31T10:00:00+25:00",
        "2024-02-29",
        "2023-02-29",
        "1900-02-29",
        "2000-02-29",
        "20240131",
        "2024-01-3",
        "12345-01-01",
        "2024-01-31\t10:00:00",
        "2024-01-31 10:00:00 Z",
        "2024-01-31 1:00:00.",
        "2024-01-31 10:00:00.000001Z",
    ];
    scalars.extend(words.iter().map(|word| (*word).to_owned()));
    let documents: Vec<String> = scalars.iter().map(|s| format!("k: {s}\n")).collect();
    compare(&documents);
}

#[test]
fn tagged_scalars_are_what_pyyaml_makes_of_them() {
    let tags = [
        "!!str",
        "!!int",
        "!!float",
        "!!bool",
        "!!null",
        "!!binary",
        "!!timestamp",
        "!!seq",
        "!!map",
        "!!odd",
        "!",
    ];
    let texts =
        ["1", "\"0x1F\"", "yes", "'Off'", "aGk=", "aGk", "a", "'a b=='", "2024-1-3", "1.5", "''", "1e3", "é"];
    let documents: Vec<String> =
        tags.iter().flat_map(|tag| texts.iter().map(move |text| format!("- {tag} {text}\n"))).collect();
    compare(&documents);
}
