//! Templates that were sound once, with their tokens left out, doubled, exchanged and put elsewhere: reading and
//! rendering give a text or diagnostics, the same each time, and end.
//!
//! `PROPTEST_CASES=200000 cargo nextest run -p jinja --test mutated` looks for longer.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::Given;
use diag::Report;
use jinja::{Engine, Options, Variables};
use proptest::prelude::*;
use proptest::sample::Index;
use std::path::Path;
use std::rc::Rc;
use std::sync::LazyLock;

/// What the differential tests render.
static SOUND: LazyLock<Vec<String>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut all = Vec::new();
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        match path.extension().and_then(|e| e.to_str()) {
            Some("lines") => all.extend(text.lines().filter(|l| l.contains('{')).map(str::to_owned)),
            Some("txt") => {
                all.extend(text.split("\n## ").filter_map(|c| Some(c.split_once('\n')?.1.to_owned())))
            }
            _ => {}
        }
    }
    assert!(all.len() > 200, "{}", all.len());
    all
});

const POOL: &[&str] = &[
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    "-%}",
    "{%-",
    "{%+",
    "|",
    ".",
    ",",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    "~",
    "**",
    "//",
    "*",
    "=",
    "==",
    "<",
    "not",
    "in",
    "is",
    "if",
    "else",
    "elif",
    "endif",
    "for",
    "endfor",
    "recursive",
    "loop",
    "macro",
    "endmacro",
    "call",
    "endcall",
    "caller",
    "block",
    "endblock",
    "extends",
    "include",
    "import",
    "from",
    "as",
    "with",
    "context",
    "set",
    "endset",
    "filter",
    "endfilter",
    "raw",
    "endraw",
    "super",
    "self",
    "namespace",
    "range",
    "map",
    "default",
    "join",
    "sort",
    "groupby",
    "to_json",
    "to_yaml",
    "regex_replace",
    "ipaddr",
    "items",
    "x",
    "m",
    "tree",
    "'a'",
    "''",
    "\"\\",
    "1",
    "-1",
    "9e999",
    "1.5",
    "99999999999999999999",
    "none",
    "true",
    "é",
    "\u{0}",
    "\n",
    "  ",
    "\\",
];

/// Words, numbers, blanks, and marks of one or two characters.
fn tokens(text: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let kind = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' => 0,
        c if c.is_whitespace() => 1,
        _ => 2,
    };
    for c in text.chars() {
        match all.last_mut() {
            Some(last)
                if last.chars().last().map(kind) == Some(kind(c)) && (kind(c) < 2 || last.len() < 2) =>
            {
                last.push(c);
            }
            _ => all.push(c.to_string()),
        }
    }
    all
}

#[derive(Clone, Debug)]
enum Change {
    Remove(Index),
    Double(Index),
    Exchange(Index, Index),
    Put(Index, Index),
    Cut(Index),
    Graft(Index, Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        at().prop_map(Change::Remove),
        at().prop_map(Change::Double),
        (at(), at()).prop_map(|(a, b)| Change::Exchange(a, b)),
        (at(), at()).prop_map(|(a, b)| Change::Put(a, b)),
        at().prop_map(Change::Cut),
        (at(), at(), at()).prop_map(|(a, b, c)| Change::Graft(a, b, c)),
    ]
}

fn changed(text: &str, changes: &[Change]) -> String {
    let mut all = tokens(text);
    for change in changes {
        if all.is_empty() {
            break;
        }
        let length = all.len();
        match change {
            Change::Remove(at) => {
                all.remove(at.index(length));
            }
            Change::Double(at) => all.insert(at.index(length), all[at.index(length)].clone()),
            Change::Exchange(a, b) => all.swap(a.index(length), b.index(length)),
            Change::Put(at, what) => all.insert(at.index(length), POOL[what.index(POOL.len())].to_owned()),
            Change::Cut(at) => all.truncate(at.index(length)),
            Change::Graft(at, from, part) => {
                let other = tokens(&SOUND[from.index(SOUND.len())]);
                if !other.is_empty() {
                    let begin = part.index(other.len());
                    let piece: Vec<String> = other.into_iter().skip(begin).take(12).collect();
                    let at = at.index(length);
                    all.splice(at..at, piece);
                }
            }
        }
    }
    all.concat()
}

fn said(text: &str, templar: bool) -> String {
    let of_map =
        |entries: [(&str, i128); 3]| entries.into_iter().map(|(k, v)| (k, py::Value::Int(v))).collect();
    let vars: py::Map = [
        ("items", ["a", "b", "c"].into_iter().map(py::Value::from).collect()),
        ("m", py::Value::Map(of_map([("x", 1), ("y", 2), ("z", 3)]))),
        ("x", py::Value::Int(5)),
        ("name", py::Value::from("Ünïcode <b>")),
    ]
    .into_iter()
    .collect();
    let options = Options {
        templar,
        fuel: 200_000,
        largest_output: 1 << 20,
        loop_controls: true,
        do_statement: true,
        ..Options::ansible()
    };
    let own: Rc<str> = Rc::from(text);
    let engine = Engine::with_loader(options, move |name| (name == "a").then(|| Rc::clone(&own)));
    let mut report = Report::new();
    let rendered = engine.render_text("t.j2", text, &Variables::new().with(&vars), &Given, &mut report);
    assert_eq!(rendered.is_none(), report.has_errors(), "{text}");
    rendered.map_or_else(|| diag::render_plain(&report), |r| r.text)
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(2000),
        ..ProptestConfig::default()
    })]

    #[test]
    fn nothing_panics_and_all_ends(from: Index, changes in proptest::collection::vec(change(), 1..6), templar: bool) {
        let text = changed(&SOUND[from.index(SOUND.len())], &changes);
        prop_assert_eq!(said(&text, templar), said(&text, templar));
    }
}
