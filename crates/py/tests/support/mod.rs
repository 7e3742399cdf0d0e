//! Python as the oracle: one process a test binary, cases in and answers out as JSON.

#![allow(dead_code)]

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use py::{Map, Value};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs a Python program with the cases as a JSON list on its input; it prints a JSON list as long.
pub fn oracle(program: &str, cases: &[serde_json::Value]) -> Vec<serde_json::Value> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/oracle/bin/python");
    assert!(
        python.exists(),
        "{} is missing: source .config/setup.sh and call need_oracle, as ./test does",
        python.display()
    );
    let mut child = Command::new(&python)
        .args(["-c", program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input = serde_json::to_vec(cases).unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        stdin.write_all(&input).unwrap();
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "the oracle failed: {}", output.status);
    let answers: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answers.len(), cases.len());
    answers
}

/// Values that are hard to write: long texts, texts like other things, every kind nested.
pub fn values(how_many: usize) -> Vec<Value> {
    let mut runner = TestRunner::deterministic();
    let strategy = value();
    (0..how_many).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// Any value PyYAML and JSON both know.
pub fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::List),
            prop::collection::vec((text(), inner), 0..6)
                .prop_map(|entries| Value::Map(entries.into_iter().collect::<Map>())),
        ]
    })
}

/// Anything but a list or a dict.
pub fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        1 => Just(Value::None),
        1 => any::<bool>().prop_map(Value::Bool),
        2 => any::<i64>().prop_map(|n| Value::Int(i128::from(n))),
        1 => (-50i128..50).prop_map(Value::Int),
        2 => any::<f64>().prop_filter("a NaN equals nothing", |x| !x.is_nan()).prop_map(Value::Float),
        1 => (-10_000i32..10_000).prop_map(|n| Value::Float(f64::from(n) / 16.0)),
        8 => text().prop_map(Value::from),
    ]
}

/// Texts of words, of things YAML knows, of anything.
pub fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::collection::vec(word(), 0..4).prop_map(|words| words.concat()),
        2 => prop::collection::vec(word(), 8..40).prop_map(|words| words.concat()),
        1 => "[ -~]{0,12}",
        1 => any::<String>(),
    ]
}

fn word() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "a",
        "word",
        "longer-word",
        " ",
        " ",
        "  ",
        "\n",
        "\n\n",
        ": ",
        ":",
        " #",
        "#",
        "- ",
        "-",
        "'",
        "\"",
        "\\",
        "{{ x }}",
        "[",
        "]",
        "{",
        "}",
        ",",
        "?",
        "? ",
        "!",
        "&",
        "*",
        "%",
        "@",
        "`",
        "|",
        ">",
        "=",
        "<<",
        "~",
        "null",
        "yes",
        "No",
        "true",
        "1",
        "0",
        "0644",
        "0x1f",
        "1e3",
        "1.5",
        ".5",
        ".inf",
        "1:30",
        "1_0",
        "2024-01-31",
        "2024-01-31 10:00:00",
        "\t",
        "é",
        "ü",
        "日本",
        "😀",
        "\u{a0}",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "\u{7f}",
        "\r",
        "\r\n",
        "\0",
        "\x1b",
        "---",
        "...",
        &*"x".repeat(90).leak(),
        "\u{301}",
        "\u{e000}",
        "\u{fffd}",
        "\u{ffff}",
        "\u{378}",
        "\u{200b}",
    ])
}

/// A value as Python source: `repr`, with names for what has no literal.
pub fn source(value: &Value) -> String {
    py::repr(value)
}

/// Python that reads such source.
pub const EVAL: &str = r#"
import sys, json, datetime, math
def value(text):
    return eval(text, {"datetime": datetime, "inf": math.inf, "nan": math.nan})
"#;
