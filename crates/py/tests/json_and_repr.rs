//! `json`, `str` and `repr` are Python's.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use proptest::prelude::*;
use py::json::{Indent, JsonOptions, dumps, loads};
use py::{Map, Value, repr};
use serde_json::json;
use support::{EVAL, oracle, source, values};

const TEXTS: &str = r#"
import json as j
from ansible.plugins.filter.core import to_json, to_nice_json
def attempt(f):
    try:
        return f()
    except Exception as e:
        return None
answers = []
for text in json.load(sys.stdin):
    v = value(text)
    answers.append([
        repr(v), str(v), attempt(lambda: to_json(v)), attempt(lambda: to_nice_json(v)), attempt(lambda: j.dumps(v)),
        attempt(lambda: j.dumps(v, indent=2, ensure_ascii=False)),
        attempt(lambda: j.dumps(v, indent="\t", separators=(";", "=>"), sort_keys=True)),
        attempt(lambda: j.dumps(v, indent=0)),
    ])
json.dump(answers, sys.stdout)
"#;

#[test]
fn values_are_shown_as_python_shows_them() {
    let mut all = values(400);
    let mixed: Map =
        [(Value::Int(1), 1i64), (Value::None, 2), (Value::Bool(false), 3), (Value::Float(1.5), 4)]
            .into_iter()
            .collect();
    let numbers: Map =
        [(Value::Int(10), 1i64), (Value::Int(9), 2), (Value::Float(9.5), 3)].into_iter().collect();
    all.extend([
        Value::Map(mixed),
        Value::Map(numbers),
        Value::Date("2024-01-31".to_owned()),
        Value::Date("2024-01-31 10:00:00".to_owned()),
        Value::Date("2024-01-31 10:20:30.000500+02:00".to_owned()),
        Value::Date("2024-01-31 10:00:00-05:30".to_owned()),
        Value::Date("2024-01-31 10:00:00+00:00".to_owned()),
        Value::Bytes(b"a'\"\\\n\x00\xff~".as_slice().into()),
        Value::Float(f64::INFINITY),
        Value::Float(f64::NAN),
        Value::from("it's"),
        Value::from("\"'"),
        Value::from("\u{7f}\u{80}\u{ad}\u{378}\u{e000}\u{10ffff}😀\u{301}"),
        Value::Int(i128::MIN + 1),
    ]);
    let cases: Vec<_> = all.iter().map(|value| json!(source(value))).collect();
    let theirs = oracle(&format!("{EVAL}{TEXTS}"), &cases);
    let python = JsonOptions::python;
    let mut wrong = Vec::new();
    for (value, theirs) in all.iter().zip(theirs) {
        let tabbed = JsonOptions {
            indent: Some(Indent::Text("\t".to_owned())),
            separators: Some((";".to_owned(), "=>".to_owned())),
            sort_keys: true,
            ..python()
        };
        let two = JsonOptions { indent: Some(Indent::Spaces(2)), ensure_ascii: false, ..python() };
        let zero = JsonOptions { indent: Some(Indent::Spaces(0)), ..python() };
        let ours = json!([
            repr(value),
            py::str(value),
            dumps(value, &JsonOptions::to_json()).ok(),
            dumps(value, &JsonOptions::to_nice_json()).ok(),
            dumps(value, &python()).ok(),
            dumps(value, &two).ok(),
            dumps(value, &tabbed).ok(),
            dumps(value, &zero).ok(),
        ]);
        if ours != theirs {
            wrong.push(format!("ours   {ours}\ntheirs {theirs}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all.len(), wrong.join("\n"));
}

const LOADS: &str = r#"
answers = []
for text in json.load(sys.stdin):
    try:
        answers.append(repr(json.loads(text)))
    except json.JSONDecodeError as e:
        answers.append("error: " + str(e))
json.dump(answers, sys.stdout)
"#;

#[test]
fn json_is_read_as_python_reads_it() {
    let texts = [
        "1",
        "-0",
        "-0.0",
        "1.0",
        "1e3",
        "1E-2",
        "1.5e+10",
        "01",
        "1.",
        ".5",
        "-",
        "+1",
        "0x1",
        "1e",
        "1e400",
        "\"a\"",
        "\"\\u00e9\\n\\/\\b\\f\\r\\t\\\"\\\\\"",
        "\"\\ud83d\\ude00\"",
        "\"\\q\"",
        "\"\\u12\"",
        "\"a",
        "\"a\nb\"",
        "\"tab\tx\"",
        "true",
        "false",
        "null",
        "True",
        "NaN",
        "Infinity",
        "-Infinity",
        "nul",
        "[]",
        "[1]",
        "[1,]",
        "[1 2]",
        "[,]",
        "[",
        "[1",
        "{}",
        "{\"a\":1}",
        "{\"a\":1,}",
        "{a:1}",
        "{\"a\" 1}",
        "{\"a\":}",
        "{\"a\":1,\"b\":2,\"a\":3}",
        "{",
        "{\"a\"",
        "",
        " ",
        " \t\r\n 1 \n",
        "1 2",
        "[1,\n 2,\n x]",
        "{\"a\": [1, {\"b\": null}]}",
        "\u{a0}1",
        "[1,\n\n2",
        "é",
        "[\"é\", 1",
        "1.5.2",
        "--1",
        "tru",
        "[true,false,null]",
        "{\"é\": \"ü\" \"x\"}",
    ];
    let cases: Vec<_> = texts.iter().map(|text| json!(text)).collect();
    for (text, theirs) in texts.iter().zip(oracle(&format!("{EVAL}{LOADS}"), &cases)) {
        let ours = match loads(text) {
            Ok(value) => repr(&value),
            Err(error) => format!("error: {error}"),
        };
        assert_eq!(Some(ours.as_str()), theirs.as_str(), "{text:?}");
    }
}

proptest! {
    #[test]
    fn json_reads_back(value in support::value()) {
        let text = dumps(&value, &JsonOptions::to_nice_json()).unwrap();
        prop_assert!(loads(&text).unwrap().equals(&value), "{}", text);
    }

    #[test]
    fn no_text_makes_them_panic(text: String, signs in "[\\[\\]{}(),:'\"\\\\0-9xobjeE_+. a-fnrtuNTF\n#-]{0,40}") {
        for text in [text, signs] {
            let _ = loads(&text);
        }
    }
}
