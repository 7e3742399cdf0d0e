//! `ast.literal_eval` is Python's.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use proptest::prelude::*;
use py::literal::{Literal, literal};
use py::repr;
use serde_json::json;
use support::{EVAL, oracle, values};

const LITERALS: &str = r#"
import ast, warnings
warnings.simplefilter("ignore")
# What ansible-core's INI plugin makes of a literal.
def coerce(v):
    if isinstance(v, (list, tuple, set)):
        return [coerce(x) for x in v]
    if isinstance(v, dict):
        return {k: coerce(x) for k, x in v.items()}
    if v is ...:
        return "..."
    if isinstance(v, complex):
        return str(v)
    if isinstance(v, bytes):
        return v.decode()
    return v
answers = []
for text in json.load(sys.stdin):
    try:
        answers.append(repr(coerce(ast.literal_eval(text))))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        answers.append(None)
    except TypeError:
        answers.append("beyond")
json.dump(answers, sys.stdout)
"#;

fn ours(text: &str) -> serde_json::Value {
    match literal(text) {
        Literal::Value(value) => json!(repr(&value)),
        Literal::No => json!(null),
        Literal::Beyond(_) => json!("beyond"),
    }
}

#[test]
fn literals_are_what_python_evaluates() {
    let texts = [
        "1",
        "-1",
        "+1",
        "--1",
        "- 1",
        "-(1)",
        "-True",
        "1_000",
        "1__0",
        "_1",
        "1_",
        "0x1f",
        "0X_FF",
        "0x",
        "0x_",
        "0o17",
        "0b101",
        "0b2",
        "010",
        "00",
        "0_0",
        "0644",
        "1.",
        ".5",
        "1.5e3",
        "1e3",
        "1e",
        "1e+",
        "1.e5",
        "1_0.0_1",
        "1j",
        "1+2j",
        "1-2j",
        "-1-2j",
        "1.5+0j",
        "0+1j",
        "1+2",
        "1-2",
        "2j+1",
        "True",
        "False",
        "None",
        "true",
        "yes",
        "nan",
        "inf",
        "foo",
        "foo bar",
        "",
        "  1",
        "\t1",
        "1  ",
        "1 # c",
        "# c",
        "'a'",
        "\"a\"",
        "'a' 'b'",
        "'a' \"b\" # c",
        "'a' b",
        "b'a'",
        "b'a' 'b'",
        "B\"x\"",
        "r'\\d'",
        "R'\\n'",
        "u'x'",
        "f'x'",
        "br'\\x'",
        "rb'\\x'",
        "ur'x'",
        "'''a'''",
        "'''a'b'''",
        "\"\"\"x\"\"\"",
        "'a\\nb'",
        "'\\x41\\u00e9\\101\\0'",
        "'\\q'",
        "'\\x4'",
        "'\\u12'",
        "'a",
        "'a\\",
        "'it\\'s'",
        "b'\\x41'",
        "b'é'",
        "'é'",
        "'\\\\'",
        "[]",
        "[1]",
        "[1,]",
        "[1,2",
        "[,]",
        "[1 2]",
        "[1, 'a', [2.5, None]]",
        "()",
        "(1)",
        "(1,)",
        "(1, 2)",
        "(1, 2,)",
        "1,",
        "1,2",
        "1, 2, # c",
        ",1",
        "1,,2",
        "(1,,)",
        "{}",
        "{1}",
        "{1, 2, 1}",
        "{1: 2}",
        "{'a': 1, 'b': [2]}",
        "{'a': 1,}",
        "{'a'}",
        "{'a': }",
        "{'a' 1}",
        "{[1]: 2}",
        "{(1, 2): 3}",
        "{1: 2, 3}",
        "{**{}}",
        "[*[1]]",
        "set()",
        "set ( )",
        "set(1)",
        "...",
        "[...]",
        "....",
        "1.2.3",
        "10.0.0.1",
        "2024-01-01",
        "1 if x else 2",
        "1if 1else 2",
        "1 == 1",
        "a.b",
        "a()",
        "lambda: 1",
        "'a' * 3",
        "not True",
        "1;",
        "1\n",
        "1\n2",
        "(1\n)",
        "[1, # c\n2]",
        "\\",
        "$x",
        "a=b",
        "{{ x }}",
        "{{ 'x' }}",
        "[{{ x }}]",
        "{%",
        "@",
        "é",
        "'a'é",
        "1é",
        "12abc",
        "0xfg",
        "1e5x",
        "((1))",
        "([{'a': (1,)}],)",
        "'a''b'",
        "''",
        "''''''",
        "'' ''",
        "\"'\"",
        "( 'a'\n'b' )",
        "\u{c}1",
        "'\\N{DIGIT ONE}'",
    ];
    let cases: Vec<_> = texts.iter().map(|text| json!(text)).collect();
    let mut wrong = Vec::new();
    for (text, theirs) in texts.iter().zip(oracle(&format!("{EVAL}{LITERALS}"), &cases)) {
        let ours = ours(text);
        // A tuple as a key and a character's name have a value in Python, and are refused here with a word.
        if ours != theirs && ours != "beyond" {
            wrong.push(format!("{text:?}: ours {ours}, theirs {theirs}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_repr_shows_literal_eval_reads() {
    for value in values(300) {
        let shown = repr(&value);
        let infinite = shown.contains("inf");
        match literal(&shown) {
            Literal::Value(read) => assert!(read.equals(&value), "{shown}"),
            other => assert!(infinite, "{shown}: {other:?}"),
        }
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text: String, signs in "[\\[\\]{}(),:'\"\\\\0-9xobjeE_+. a-fnrtuNTF\n#-]{0,40}") {
        literal(&text);
        literal(&signs);
    }
}
