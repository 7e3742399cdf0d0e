//! Texts to be formatted: those of `cases.hcl`, and generated ones.
#![allow(dead_code, clippy::unwrap_used)]

use std::path::{Path, PathBuf};

/// The cases by name.
pub fn cases() -> Vec<(&'static str, &'static str)> {
    let all = include_str!("../cases.hcl");
    all.split("#### ").skip(1).map(|case| case.split_once('\n').unwrap()).collect()
}

/// Terraform's own program; another of it, or of OpenTofu, is named by `TERRAFORM`.
pub fn terraform() -> PathBuf {
    if let Some(other) = std::env::var_os("TERRAFORM") {
        return other.into();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/oracle-tofu/terraform");
    assert!(
        path.exists(),
        "{} is missing: run `source .config/setup.sh; need_tofu target/oracle-tofu`, or ./test, which does",
        path.display()
    );
    path
}

/// Configurations with spaces anywhere they may be, from a seed.
pub struct Generator {
    state: u64,
}

impl Generator {
    pub fn new(seed: u64) -> Self {
        Generator { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 }
    }

    fn below(&mut self, n: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) % n
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }

    fn space(&mut self) -> &'static str {
        self.one(&["", "", " ", " ", "  ", "\t"])
    }

    /// Where a line may break too.
    fn wide(&mut self) -> &'static str {
        self.one(&["", "", " ", "  ", "\n", "\n  ", " # c\n", "\n\n", "\n// c\n"])
    }

    fn name(&mut self) -> &'static str {
        self.one(&["a", "bb", "for_each", "in", "if", "x-y", "long_name", "é", "null", "v4"])
    }

    pub fn body(&mut self, depth: u64) -> String {
        let mut text = String::new();
        for number in 0..self.below(5) {
            let space = self.space();
            match self.below(if depth == 0 { 5 } else { 8 }) {
                0 => text.push_str(self.one(&["\n", "# a comment\n", "// other\n", "/* c */\n", "\n\n"])),
                1..=4 => {
                    let name = format!("{}_{number}", self.one(&["a", "bb", "long_name", "é"]));
                    let (one, two, end) = (self.space(), self.space(), self.space());
                    let value = self.expression(depth + 1, true);
                    let comment = self.one(&["", "", "# c", "// longer"]);
                    // What ends with a heredoc's marker has nothing after it.
                    let (end, comment) = if value.ends_with("EOT") { ("", "") } else { (end, comment) };
                    text.push_str(&format!("{space}{name}{one}={two}{value}{end}{comment}\n"));
                }
                _ => {
                    let ty = self.one(&["block", "resource", "dynamic"]);
                    let label = self.one(&["", " \"l\"", "  \"l\"  \"m\""]);
                    let (one, end) = (self.space(), self.space());
                    let comment = self.one(&["", "", "# c"]);
                    let inner = self.body(depth - 1);
                    text.push_str(&format!("{space}{ty}{label}{one}{{{end}{comment}\n{inner}{space}}}\n"));
                }
            }
        }
        text
    }

    fn expression(&mut self, depth: u64, own_line: bool) -> String {
        let (a, b, c) = (self.space(), self.space(), self.space());
        if depth == 0 {
            return match self.below(5) {
                0 => self.below(1000).to_string(),
                1 => format!("\"{}\"", self.one(&["", "text", "a  b", "\\\"q\\\"", "$${x}", "日本"])),
                2 => self.one(&["true", "null", "1.5", "1e3"]).to_owned(),
                3 => format!("var{a}.x"),
                _ => "name".to_owned(),
            };
        }
        match self.below(if own_line { 16 } else { 15 }) {
            0 | 1 => self.expression(0, false),
            2 => {
                let operator =
                    self.one(&["+", "-", "*", "/", "%", "==", "!=", "<", ">", "<=", ">=", "&&", "||"]);
                let (left, right) = (self.expression(depth - 1, false), self.expression(depth - 1, false));
                // A name may hold `-`.
                let gap = if operator == "-" { " " } else { a };
                format!("{left}{gap}{operator}{b}{right}")
            }
            3 => format!("-{a}{}", self.expression(0, false)),
            4 => format!("!{a}{}", self.expression(0, false)),
            5 => {
                let (x, y, z) = (
                    self.expression(0, false),
                    self.expression(depth - 1, false),
                    self.expression(depth - 1, false),
                );
                format!("{x}{a}?{b}{y}{c}:{a}{z}")
            }
            6 => format!("({a}{}{b})", self.expression(depth - 1, false)),
            7 => {
                let (x, y) = (self.expression(depth - 1, false), self.expression(depth - 1, false));
                format!("max{a}({b}{x}{c},{a}{y}{b}{})", self.one(&["", "..."]))
            }
            8 | 9 => {
                let mut text = String::from("[");
                let many = self.below(4);
                for number in 0..many {
                    let comma = if number + 1 < many { "," } else { self.one(&["", ","]) };
                    text.push_str(&format!(
                        "{}{}{}{comma}",
                        self.wide(),
                        self.expression(depth - 1, false),
                        self.space()
                    ));
                }
                format!("{text}{}]", self.wide())
            }
            10 | 11 => {
                let lines = self.below(2) == 0;
                let mut text = String::from("{");
                if lines {
                    text.push('\n');
                }
                let many = self.below(4);
                for number in 0..many {
                    let sign = self.one(&["=", "=", ":"]);
                    let key = match self.below(4) {
                        0 => format!("\"k  {number}\""),
                        1 => format!("(var.k{number})"),
                        _ => format!("{}{number}", self.one(&["k", "key"])),
                    };
                    let value = self.expression(depth - 1, false);
                    let comma = match (lines, number + 1 < many) {
                        (true, _) => self.one(&["\n", ",\n", " # c\n"]),
                        (false, true) => ",",
                        (false, false) => "",
                    };
                    text.push_str(&format!(
                        "{}{key}{}{sign}{}{value}{}{comma}",
                        self.space(),
                        self.space(),
                        self.space(),
                        self.space()
                    ));
                }
                format!("{text}}}")
            }
            12 => {
                let (x, y) = (self.expression(0, false), self.expression(0, false));
                let iff = self.one(&["", " if x", "  if  x==1"]);
                format!("[{a}for  k{b},{c}v  in  {x}{a}:{b}{y}{iff}{c}]")
            }
            13 => format!(
                "{{{a}for k {b}in {}{c}:{a}k{b}=>{c}k{}}}",
                self.expression(0, false),
                self.one(&["", "...", " if k"])
            ),
            14 => {
                let inner = self.expression(depth - 1, false);
                format!(
                    "\"{}${{{a}{inner}{b}}}{}\"",
                    self.one(&["x", "x  ", "%"]),
                    self.one(&["", " y", "%{ if a }b%{ endif }"])
                )
            }
            _ => format!(
                "<<{}EOT\n  text {}\n{}EOT",
                self.one(&["", "-"]),
                self.one(&["", "${ a }", "$${a}"]),
                self.one(&["", "  "])
            ),
        }
    }
}
