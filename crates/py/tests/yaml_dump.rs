//! What is written is what PyYAML (with libyaml, as Ansible has it) writes, and reads back as it was.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use diag::Report;
use proptest::prelude::*;
use py::yaml::{DumpOptions, Style, dump};
use py::{NoTags, Value};
use serde_json::json;
use support::{EVAL, oracle, source, values};

const PROGRAM: &str = r#"
import yaml
from ansible.plugins.filter.core import to_yaml, to_nice_yaml
answers = []
for how, text in json.load(sys.stdin):
    v = value(text)
    if how == "to_yaml":
        answers.append(to_yaml(v))
    elif how == "to_nice_yaml":
        answers.append(to_nice_yaml(v))
    else:
        answers.append(yaml.dump(v, Dumper=yaml.CSafeDumper, **how))
json.dump(answers, sys.stdout)
"#;

fn options() -> Vec<(serde_json::Value, DumpOptions)> {
    let nice = DumpOptions::to_nice_yaml;
    let plain = DumpOptions::to_yaml;
    let with = |mut kwargs: serde_json::Value| {
        kwargs["allow_unicode"] = json!(true);
        kwargs
    };
    let style = |style| DumpOptions { default_style: Some(style), ..plain() };
    vec![
        (json!("to_yaml"), plain()),
        (json!("to_nice_yaml"), nice()),
        (json!({}), DumpOptions::python()),
        (with(json!({"width": 20, "default_flow_style": null})), DumpOptions { width: Some(20), ..plain() }),
        (with(json!({"width": -1, "indent": 2})), DumpOptions { width: Some(-1), indent: Some(2), ..nice() }),
        (
            with(json!({"default_flow_style": true})),
            DumpOptions { default_flow_style: Some(true), ..plain() },
        ),
        (
            with(json!({"sort_keys": false, "indent": 8})),
            DumpOptions { sort_keys: false, indent: Some(8), ..nice() },
        ),
        (
            with(json!({"explicit_start": true, "explicit_end": true, "indent": 4})),
            DumpOptions { explicit_start: true, explicit_end: true, ..nice() },
        ),
        (with(json!({"default_style": "'", "default_flow_style": null})), style(Style::SingleQuoted)),
        (with(json!({"default_style": "\"", "default_flow_style": null})), style(Style::DoubleQuoted)),
        (with(json!({"default_style": "|", "default_flow_style": null})), style(Style::Literal)),
        (with(json!({"default_style": ">", "default_flow_style": null})), style(Style::Folded)),
    ]
}

fn compare(values: &[Value]) {
    let options = options();
    let mut cases = Vec::new();
    let mut ours = Vec::new();
    for value in values {
        for (how, options) in &options {
            cases.push(json!([how, source(value)]));
            ours.push(dump(value, options));
        }
    }
    let theirs = oracle(&format!("{EVAL}{PROGRAM}"), &cases);
    let mut wrong = Vec::new();
    for ((case, ours), theirs) in cases.iter().zip(&ours).zip(&theirs) {
        if Some(ours.as_str()) != theirs.as_str() {
            wrong.push(format!("{case}\n  ours   {ours:?}\n  theirs {theirs}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
}

#[test]
fn chosen_values_are_written_as_pyyaml_writes_them() {
    let long =
        "many words that go on and on until the line is longer than eighty columns and has to be folded";
    let documents = [
        "a: 1",
        "[]",
        "{}",
        "[[], {}, [[]]]",
        "null",
        "text",
        "''",
        "' lead'",
        "'trail '",
        "\"a\\nb\"",
        "\"a\\n\"",
        "\"\\n\"",
        "\"a\\n b\"",
        "\"a \\nb\"",
        "\"\\ta\"",
        "a: {b: {c: [1, {d: e}]}}",
        "[a, [b, [c]]]",
        "{b: 1, a: 2, c: {z: 1, y: 2}}",
        "{1: a, 2: b, 10: c}",
        "{1: a, x: b}",
        "{true: a, 1.5: b, null: c}",
        "- 2024-01-31\n- 2024-01-31 10:00:00\n- 2024-01-31T10:00:00.5+02:00",
        "!!binary SGVsbG8=",
        "{a: !!binary SGVsbG8=}",
        "{? \"a\\nb\" : c}",
        "\"123\"",
        "\"yes\"",
        "'null'",
        "'~'",
        "'1e3'",
        "'0644'",
        "'2024-13-45'",
        "'1:30'",
        "'='",
        "[1.0, 1e3, 1.0e+20, 1.5e-7, .inf, -.inf, .nan, 0.1]",
        "'# a'",
        "'a # b'",
        "'a: b'",
        "'a:'",
        "'- a'",
        "'-'",
        "'? a'",
        "'{a}'",
        "'[a'",
        "'a, b'",
        "'*a'",
        "'&a'",
        "'!a'",
        "'%a'",
        "'@a'",
        "'`a'",
        "'---'",
        "'--- a'",
        "'...'",
        "\"\\xe9\"",
        "\"\\U0001F600\"",
        "\"\\u2028\"",
        "\"\\x85\"",
        "\"\\x07\"",
        "'it''s'",
        "'say \"hi\"'",
        "\"it's \\n \\\"x\\\"\"",
    ];
    let mut all: Vec<Value> = documents
        .iter()
        .map(|text| {
            let mut report = Report::new();
            let node = py::load("case.yaml", text, &NoTags, &mut report).unwrap();
            assert!(report.items.is_empty(), "{text}: {report:?}");
            node.value()
        })
        .collect();
    for text in [
        long.to_owned(),
        format!("{long}: {long}"),
        format!("{long}\n{long}\n\n{long}"),
        format!("{long}  {long}"),
        format!(" {long}"),
        format!("{long}\t{long}"),
        "x".repeat(200),
        format!("{} {}", "x".repeat(100), "y".repeat(100)),
        "k".repeat(128),
        "k".repeat(129),
    ] {
        let value = Value::from(text.clone());
        all.push(Value::Map([(text.as_str(), value.clone())].into_iter().collect()));
        all.push(Value::List(vec![value.clone(), Value::List(vec![value.clone()])]));
        all.push(value);
    }
    assert!(all.len() >= 90);
    compare(&all);
}

#[test]
fn generated_values_are_written_as_pyyaml_writes_them() {
    compare(&values(400));
}

fn holds(value: &Value, refused: fn(char) -> bool) -> bool {
    match value {
        Value::Str(text) => text.contains(refused),
        Value::List(items) => items.iter().any(|item| holds(item, refused)),
        Value::Map(map) => map.iter().any(|(k, v)| holds(k, refused) || holds(v, refused)),
        _ => false,
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back(value in support::value(), width in 0i64..200, indent in 0i64..12, flow: Option<bool>) {
        // YAML 1.1 breaks lines there, the parser underneath (1.2) does not.
        prop_assume!(!holds(&value, |c| matches!(c, '\u{2028}' | '\u{2029}')));
        let options = DumpOptions {
            width: Some(width),
            indent: Some(indent),
            default_flow_style: flow,
            ..DumpOptions::to_yaml()
        };
        let text = dump(&value, &options);
        let mut report = Report::new();
        let read = py::load("case.yaml", &text, &NoTags, &mut report);
        // The parser underneath refuses `[a -]`.
        prop_assume!(!report.items.iter().any(|item| item.message.contains("cannot start with '-'")));
        prop_assert!(report.items.is_empty(), "{}\n{}", text, diag::render_plain(&report));
        prop_assert!(read.unwrap().value().equals(&value), "{}", text);
    }

    #[test]
    fn any_text_is_read_or_refused(text: String) {
        let mut report = Report::new();
        let node = py::load("case.yaml", &text, &NoTags, &mut report);
        prop_assert!(node.is_some() || report.has_errors());
    }

    #[test]
    fn any_text_of_yaml_signs_is_read_or_refused(text in "[a-c0-9 \n:\\-?!&*<\\[\\]{},'\"|>~=#%._T+\t]{0,60}") {
        let mut report = Report::new();
        let node = py::load("case.yaml", &text, &NoTags, &mut report);
        prop_assert!(node.is_some() || report.has_errors());
        if let Some(node) = node {
            let value = node.value();
            py::repr(&value);
            dump(&value, &DumpOptions::to_nice_yaml());
        }
    }
}
