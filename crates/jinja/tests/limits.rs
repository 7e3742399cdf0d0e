//! What is said of templates that fail, and that none of them takes the process along.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::Given;
use diag::Report;
use jinja::{Engine, NoWorld, Options, Rendered, Variables};
use proptest::prelude::*;
use std::rc::Rc;

fn with(template: &str, options: Options) -> (Option<Rendered>, String) {
    let vars: py::Map = [
        ("host", py::Value::Map([("ip", py::Value::from("192.0.2.1"))].into_iter().collect())),
        ("hosts", py::Value::List(vec![py::Value::from("a")])),
        ("secret", py::Value::from("s3cret")),
        ("which", py::Value::from("ip")),
    ]
    .into_iter()
    .collect();
    let mut report = Report::new();
    let engine = Engine::with_loader(options, |name| (name == "part").then(|| Rc::from("\n{{ gone }}")));
    let rendered = engine.render_text("t.j2", template, &Variables::new().with(&vars), &Given, &mut report);
    (rendered, diag::render_plain(&report))
}

/// All that can be asked for, on Jinja2's own engine.
fn all() -> Options {
    Options { templar: false, ..Options::ansible() }
}

fn said(template: &str) -> String {
    let (rendered, said) = with(template, all());
    assert_eq!(rendered, None, "{template}");
    said
}

#[test]
fn faults_name_what_and_where() {
    let table = [
        ("a\nb {{ host.port }}", "FW1302] t.j2:2:10: `host.port` is undefined"),
        ("{{ nope }}", "FW1302] t.j2:1:4: 'nope' is undefined"),
        ("{% if nope %}{% endif %}", "FW1302] t.j2:1:7: 'nope' is undefined"),
        ("x\n  {% if %}", "FW1301] t.j2:2:9: expected an expression"),
        ("{% for i in hosts %}\n", "looking for 'endfor' or 'else'"),
        ("{{ 1 | frobnicate }}", "FW1303] t.j2:1:8: the filter `frobnicate` is not known"),
        ("{{ 1 is frobnicated }}", "the test `frobnicated` is not known"),
        ("\n{{ lookup('frob', 1) }}", "FW1303] t.j2:2:10: lookup('frob') is not supported"),
        ("{{ '/' | realpath }}", "FW1303]"),
        ("{{ [1] | random }}", "FW1303] t.j2:1:10: `random` and `shuffle` are not supported"),
        ("{{ now() }}", "now()"),
        ("{{ 'x' | password_hash }}", "`password_hash without a salt` needs randomness"),
        ("{% include 'nope' %}", "FW1304] t.j2:1:12: the template `nope` is not there"),
        ("\n{% include 'part' %}", "FW1302] part:2:4: 'gone' is undefined"),
        ("{{ 1 / 0 }}", "FW1306] t.j2:1:4: division by zero"),
        ("{% set _ = hosts.append(1) %}", "FW1303] t.j2:1:24: this changes a value of the inventory"),
        ("{{ hosts.__class__ }}", "FW1303]"),
    ];
    for (template, expected) in table {
        let said = said(template);
        assert!(said.contains(expected), "{template}\n{said}");
    }
}

#[test]
fn all_undefined_variables_are_told_at_once() {
    let said = said("{{ one }}\n{{ host.ip }}\n{% for h in hosts %}{{ two }}{% endfor %}\n{{ host.three }}");
    assert_eq!(said.matches("FW1302").count(), 3, "{said}");
}

#[test]
fn what_was_read_is_known() {
    let (rendered, _) = with(
        "{{ host.ip }}{{ host[which] }}{% if false %}{{ secret }}{% endif %}{% set a = hosts %}{{ a[0] }}{{ lookup('vars', 'which') }}",
        all(),
    );
    let reads: Vec<String> = rendered.unwrap().reads.into_iter().collect();
    assert_eq!(reads, ["host.ip", "hosts", "which"]);
}

#[test]
fn bounds_hold() {
    let deep = "(".repeat(3000);
    let chain = format!("{{{{ host{} }}}}", ".a".repeat(5000));
    let sum = format!("{{{{ 1{} }}}}", " + 1".repeat(5000));
    let not = format!("{{{{ {}1 }}}}", "not ".repeat(5000));
    let ifs = "{% if 1 %}".repeat(3000);
    let lists = "[".repeat(5000);
    let table = [
        "{% for i in range(10 ** 12) %}{% endfor %}".to_owned(),
        "{{ 'x' * 10 ** 12 }}".to_owned(),
        "{{ [1] * 10 ** 12 }}".to_owned(),
        "{% for i in range(9999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}".to_owned(),
        "{% set ns = namespace(s='x') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}".to_owned(),
        "{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}".to_owned(),
        "{% macro f(n) %}{{ [[[[[[[[f(n + 1)]]]]]]]] | first | first }}{% endmacro %}{{ f(0) }}".to_owned(),
        "{% macro f(n) %}{% if 1 %}{% if 1 %}{% for i in [1] %}{% with %}{{ f(n) | upper | lower ~ 'x' }}{% endwith %}{% endfor %}{% endif %}{% endif %}{% endmacro %}{{ f(0) }}".to_owned(),
        "{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}".to_owned(),
        "{% set ns = namespace(l=[]) %}{% for i in range(9999) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}".to_owned(),
        "{% set l = [] %}{% set _ = l.append(l) %}{{ l }}".to_owned(),
        "{% set l = [] %}{% set _ = l.append(l) %}{{ l | to_json }}".to_owned(),
        "{% set l = [] %}{% set _ = l.append(l) %}{{ l | flatten }}".to_owned(),
        "{{ range(99999) | permutations | list }}".to_owned(),
        "{{ 'x' | center(10 ** 15) }}{{ '%999999999999d' % 1 }}".to_owned(),
        "{{ '{:999999999999}'.format(1) }}".to_owned(),
        "{{ ('a' * 5000) is search('(a*)*b') }}{{ ('a' * 5000) is search('(?=(a+))\\\\1*b') }}{{ 1 / 0 }}".to_owned(),
        "{{ 'x' | password_hash('sha512', 'abc', rounds=999999999) }}".to_owned(),
        format!("{{{{ {deep} }}}}"),
        chain,
        sum,
        not,
        ifs,
        format!("{{{{ {lists} }}}}"),
    ];
    for template in table {
        let shown: String = template.chars().take(90).collect();
        let started = std::time::Instant::now();
        let options = Options { fuel: 3_000_000, ..Options::ansible() };
        assert_eq!(with(&template, options).0, None, "{shown}");
        assert!(started.elapsed().as_secs() < 60, "{shown}");
    }
}

#[test]
fn a_chain_of_values_is_taken_apart_without_going_deep() {
    let (rendered, said) = with(
        "{% set ns = namespace(l=[], n=none, i=[]) %}{% for i in range(60000) %}{% set ns.l = [ns.l] %}\
         {% set ns.n = namespace(n=ns.n) %}{% set ns.i = [ns.i] | select('defined') %}{% endfor %}ok",
        Options::ansible(),
    );
    assert_eq!(rendered.map(|r| r.text).as_deref(), Some("ok"), "{said}");
}

#[test]
fn nothing_of_the_outside_is_there_without_a_world() {
    let engine = Engine::new(Options::default());
    for template in [
        "{{ lookup('env', 'HOME') }}",
        "{{ lookup('file', 'x') }}",
        "{{ 'x' is file }}",
        "{{ now(utc=true) }}",
    ] {
        let mut report = Report::new();
        assert_eq!(engine.render_text("t", template, &Variables::new(), &NoWorld, &mut report), None);
        assert!(diag::render_plain(&report).contains("FW1303"), "{template}");
    }
}

fn any(template: &str) {
    for templar in [false, true] {
        let options = Options { fuel: 20_000, largest_output: 1 << 16, templar, ..all() };
        let (rendered, said) = with(template, options);
        assert_eq!(rendered.is_none(), said.contains("error["), "{said}");
    }
}

/// The same text as a value of the inventory.
fn any_value(text: &str) {
    let value = |text: &str| py::Node::scalar(&diag::Place::file("vars.yml"), py::Value::from(text));
    let (it, list) = (value(text), value("{{ [1, it, 'a'] }}"));
    let variables = Variables::new().with_templated([("it", &it), ("host", &list)], None);
    let engine = Engine::new(Options { fuel: 20_000, largest_output: 1 << 16, ..Options::ansible() });
    let mut report = Report::new();
    let template = "{{ it }}{{ it | default('d') }}{{ host }}";
    let rendered = engine.render_text("t.j2", template, &variables, &Given, &mut report);
    assert_eq!(rendered.is_none(), report.has_errors());
}

#[test]
fn values_that_name_each_other_in_a_long_row_end() {
    let nodes: Vec<(String, py::Node)> = (0..500)
        .map(|i| {
            let text = format!("{{{{ [v{} | default('d')] | first | upper }}}}", i + 1);
            (format!("v{i}"), py::Node::scalar(&diag::Place::file("vars.yml"), py::Value::from(text)))
        })
        .collect();
    let all = nodes.iter().map(|(name, node)| (name.as_str(), node));
    let variables = Variables::new().with_templated(all, None);
    let mut report = Report::new();
    let engine = Engine::new(Options::ansible());
    assert_eq!(engine.render_text("t.j2", "{{ v0 }}", &variables, &NoWorld, &mut report), None);
    assert!(diag::render_plain(&report).contains("FW1305"), "{}", diag::render_plain(&report));
    let near = engine.render_text("t.j2", "{{ v485 }}", &variables, &NoWorld, &mut Report::new());
    assert_eq!(near.map(|r| r.text).as_deref(), Some("D"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,80}") {
        any(&text);
        any_value(&format!("#jinja2:{text}\n{{{{ {text}"));
    }

    #[test]
    fn any_pieces_of_templates_are_read_or_refused(pieces in prop::collection::vec(prop::sample::select(vec![
        "{{", "}}", "{%", "%}", "{#", "#}", "-", "+", " ", "\n", "for", "in", "if", "else", "endfor", "endif", "set",
        "macro", "endmacro", "call", "host", "hosts", "[", "]", "(", ")", "{", "}", ".", "|", "~", "'", "\"", "\\", "é",
        "1", "0x", "1e9", "*", "**", "//", "%", "not", "is", "defined", "join", "loop", "raw", "endraw", "block", ",", "=", ":",
    ]), 0..40)) {
        any(&pieces.concat());
        any(&pieces.join(" "));
        any_value(&pieces.join(" "));
    }

    #[test]
    fn any_expression_is_evaluated_or_refused(pieces in prop::collection::vec(prop::sample::select(vec![
        "host", "hosts", "secret", "1", "2.5", "'a'", "none", "true", "[1]", "{'a': 1}", "+", "-", "*", "/", "//", "%", "**",
        "~", "==", "<", "in", "and", "or", "not", "|upper", "|list", "|int", "|join", "|to_json", "|sort", "|map('int')",
        ".ip", "[0]", "[::2]", "()", "is odd", "|regex_replace('(', 'b')", "|ipaddr", "|format(1)", "|indent", "|sum",
    ]), 1..12)) {
        any(&format!("{{{{ {} }}}}", pieces.join(" ")));
        any_value(&format!("{{{{ {} }}}}", pieces.join(" ")));
    }

    #[test]
    fn any_pattern_is_read_or_refused(pattern in "[a-z\\[\\](){}?*+|^$\\\\.0-9,<>:=!-]{0,20}", text in "[a-z0-9 ]{0,20}") {
        let quoted = pattern.replace('\\', "\\\\").replace('\'', "\\'");
        any(&format!("{{{{ '{text}' | regex_replace('{quoted}', '{quoted}') }}}}{{{{ '{text}' | regex_findall('{quoted}') }}}}"));
    }
}
