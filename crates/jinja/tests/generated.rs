//! Templates made by a seeded generator: whitespace round tags, scopes, loops and expressions, each rendered by
//! Python too.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{Case, ansible, compare, judge};
use jinja::{Engine, NoWorld, Options, Variables};

/// A small generator of numbers: the same cases each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides as u64) as usize
    }
    fn pick<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.roll(all.len())]
    }
}

const VARS: &str =
    "n: 5\nx: 2.5\ns: Text\nl: [3, 1, 2]\nd: {a: 1, b: [x, y]}\nt: true\nz: null\nw: [b, A, c]\n";

fn open(dice: &mut Dice) -> String {
    format!("{{%{}", dice.pick(&["", "", "-", "+"]))
}
fn close(dice: &mut Dice) -> String {
    format!("{}%}}", dice.pick(&["", "", "-", "+"]))
}
fn space(dice: &mut Dice) -> &'static str {
    dice.pick(&["", "", " ", "\n", "\n\n", "  ", "\n  ", " \n", "\t", "\n\t", "a", "a\n", "\na ", " b "])
}

fn atom(dice: &mut Dice) -> String {
    dice.pick(&[
        "n", "x", "s", "l", "d", "t", "z", "w", "d.a", "d['b']", "d.b[1]", "l[0]", "s[1:]", "l[::-1]", "1",
        "0", "-3", "2.0", "'q'", "\"é\"", "none", "true", "[1, 'a']", "{'k': n}", "(1, 2)", "missing",
        "range(3)",
    ])
    .to_owned()
}

fn expression(dice: &mut Dice, depth: u32) -> String {
    if depth == 0 {
        return atom(dice);
    }
    let e = |d: &mut Dice| expression(d, depth - 1);
    match dice.roll(12) {
        0 => format!("({} {} {})", e(dice), dice.pick(&["+", "-", "*", "/", "//", "%"]), e(dice)),
        1 => format!("({} {} {})", e(dice), dice.pick(&["==", "!=", "<", "<=", ">", ">="]), e(dice)),
        2 => format!("({} {} {})", e(dice), dice.pick(&["and", "or", "~", "in", "not in"]), e(dice)),
        3 => format!("({} if {} else {})", e(dice), e(dice), e(dice)),
        4 => format!(
            "{} | {}",
            atom(dice),
            dice.pick(&[
                "upper",
                "length",
                "string",
                "list",
                "first",
                "last",
                "join('-')",
                "default('D')",
                "int",
                "float",
                "sort",
                "reverse | list",
                "tojson",
                "to_json",
                "max",
                "sum",
                "unique | list",
                "trim",
                "title",
                "map('string') | list",
                "select | list",
                "round(1)",
                "indent(2)",
                "replace('x', 'Z')",
                "abs",
                "b64encode",
                "hash('sha1')",
                "type_debug",
                "to_nice_yaml",
                "quote",
                "bool",
                "batch(2) | list",
            ])
        ),
        5 => format!(
            "{} is {}",
            atom(dice),
            dice.pick(&[
                "defined",
                "none",
                "string",
                "number",
                "mapping",
                "sequence",
                "iterable",
                "odd",
                "not none",
                "divisibleby(2)",
                "lower",
                "in [1, 5]",
                "sameas true",
                "truthy",
                "boolean",
                "integer",
                "float",
            ])
        ),
        6 => format!("not {}", atom(dice)),
        7 => format!("-{}", atom(dice)),
        8 => format!("[{}, {}]", e(dice), e(dice)),
        9 => format!("{{'a': {}, 'b': {}}}", e(dice), e(dice)),
        10 => format!("'%s|%s' % ({}, {})", e(dice), e(dice)),
        _ => atom(dice),
    }
}

/// An expression that is seldom an error, for the inside of statements.
fn calm(dice: &mut Dice) -> String {
    dice.pick(&[
        "n",
        "s",
        "t",
        "z",
        "d.a",
        "i | default('-')",
        "v | default('~')",
        "n + 1",
        "l | length",
        "x * 2",
    ])
    .to_owned()
}

fn body(dice: &mut Dice, depth: u32, out: &mut String) {
    for _ in 0..1 + dice.roll(3) {
        out.push_str(space(dice));
        let (o, c) = (open(dice), close(dice));
        match if depth == 0 { dice.roll(3) } else { dice.roll(11) } {
            0 => out.push_str(&format!(
                "{{{{{} {} {}}}}}",
                dice.pick(&["", "-"]),
                calm(dice),
                dice.pick(&["", "-"])
            )),
            1 => out.push_str(&format!(
                "{{#{} c {}#}}",
                dice.pick(&["", "-", "+"]),
                dice.pick(&["", "-", "+"])
            )),
            2 => out.push_str(&format!("{o} set v = {} {c}", calm(dice))),
            3 | 4 => {
                out.push_str(&format!(
                    "{o} for i in {} {c}",
                    dice.pick(&["l", "[]", "range(2)", "d", "w if i != 'A'"])
                ));
                body(dice, depth - 1, out);
                if dice.roll(3) == 0 {
                    out.push_str(&format!("{} else {}", open(dice), close(dice)));
                    body(dice, depth - 1, out);
                }
                out.push_str(&format!("{} endfor {}", open(dice), close(dice)));
            }
            5 | 6 => {
                out.push_str(&format!(
                    "{o} if {} {c}",
                    dice.pick(&["t", "z", "n > 3", "v is defined", "not l"])
                ));
                body(dice, depth - 1, out);
                if dice.roll(2) == 0 {
                    out.push_str(&format!(
                        "{} elif {} {}",
                        open(dice),
                        dice.pick(&["t", "z", "n == 5"]),
                        close(dice)
                    ));
                    body(dice, depth - 1, out);
                }
                out.push_str(&format!("{} endif {}", open(dice), close(dice)));
            }
            7 => {
                out.push_str(&format!("{o} with v = {} {c}", calm(dice)));
                body(dice, depth - 1, out);
                out.push_str(&format!("{} endwith {}", open(dice), close(dice)));
            }
            8 => {
                out.push_str(&format!("{o} filter {} {c}", dice.pick(&["upper", "trim", "indent(2, true)"])));
                body(dice, depth - 1, out);
                out.push_str(&format!("{} endfilter {}", open(dice), close(dice)));
            }
            9 => {
                out.push_str(&format!("{o} set v {c}"));
                body(dice, depth - 1, out);
                out.push_str(&format!("{} endset {}", open(dice), close(dice)));
            }
            _ => out.push_str(&format!(
                "{o} raw {}{}{{{{ x }}}}{}{} endraw {}",
                dice.pick(&["%}", "-%}"]),
                space(dice),
                space(dice),
                open(dice),
                close(dice)
            )),
        }
    }
    out.push_str(space(dice));
}

fn case(dice: &mut Dice, name: String, template: String) -> Case {
    let all = ["trim", "lstrip", "keep"];
    let options = all.iter().filter(|_| dice.roll(2) == 0).map(|o| (*o).to_owned()).collect();
    Case { name, template, vars: VARS.to_owned(), options, ..Case::default() }
}

#[test]
fn templates_of_a_generator_are_as_python_renders_them() {
    let mut dice = Dice(20);
    let mut cases = Vec::new();
    for i in 0..400 {
        let mut template = String::new();
        body(&mut dice, 3, &mut template);
        cases.push(case(&mut dice, format!("statements {i}"), template));
    }
    for i in 0..400 {
        let template = format!("{{{{ {} }}}}", expression(&mut dice, 2));
        cases.push(case(&mut dice, format!("expression {i}"), template));
    }
    compare(&cases);
}

/// The same on Ansible's engine.
#[test]
fn templates_of_a_generator_are_as_ansible_renders_them() {
    let mut dice = Dice(30);
    let mut cases = Vec::new();
    for i in 0..300 {
        let mut template = String::new();
        body(&mut dice, 2, &mut template);
        let options =
            ["notrim", "lstrip"].iter().filter(|_| dice.roll(3) == 0).map(|o| (*o).to_owned()).collect();
        cases.push(Case { name: format!("statements {i}"), template, options, ..Case::default() });
        let template = format!("{{{{ {} }}}}{}", expression(&mut dice, 2), dice.pick(&["", "\n", "x"]));
        cases.push(Case { name: format!("expression {i}"), template, ..Case::default() });
    }
    let vars = VARS.replace('\n', "\n    ");
    let answers = ansible(&cases, &format!("all:\n  hosts: {{a: }}\n  vars:\n    {vars}\n"));
    let mut report = diag::Report::new();
    let node = py::load("vars", VARS, &py::NoTags, &mut report).unwrap();
    let named = node.entries().unwrap().iter().map(|e| (e.key.as_str().unwrap(), &e.node));
    let variables = Variables::new().with_templated(named, None);
    judge(&cases, answers, |case, report| {
        let has = |option: &str| case.options.iter().any(|o| o == option);
        let options =
            Options { trim_blocks: !has("notrim"), lstrip_blocks: has("lstrip"), ..Options::ansible() };
        let rendered = Engine::new(options).render_text("t.j2", &case.template, &variables, &NoWorld, report);
        rendered.map(|r| r.text)
    });
}

#[test]
fn sets_of_numbers_have_the_order_of_pythons() {
    let mut dice = Dice(7);
    let mut cases = Vec::new();
    for i in 0..150 {
        let mut list = |most: usize| -> String {
            let spread = [5, 12, 100, 70_000][dice.roll(4)];
            let items: Vec<String> = (0..dice.roll(most))
                .map(|_| (dice.roll(spread) as i64 - spread as i64 / 8).to_string())
                .collect();
            format!("[{}]", items.join(", "))
        };
        let (a, b) = (list(60), list(12));
        let both = [(&a, &b), (&b, &a)].map(|(a, b)| {
            ["union", "intersect", "difference", "symmetric_difference"]
                .map(|filter| format!("{{{{ {a} | {filter}({b}) }}}}"))
                .join(" ")
        });
        cases.push(Case { name: format!("sets {i}"), template: both.join(" "), ..Case::default() });
    }
    compare(&cases);
}
