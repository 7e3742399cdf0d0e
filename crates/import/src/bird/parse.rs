//! BIRD's configuration as statements. Bodies of filters and functions are words only: what they do is for BIRD to
//! say (`bird -p`); here they are kept as text.

use crate::codes;
use diag::{Diagnostic, Place, Report};
use std::sync::Arc;

/// A statement: words up to a `;`, or up to the end of its block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stmt {
    pub words: Vec<String>,
    pub body: Body,
    pub place: Place,
    pub last: u32,
    /// Its text as it stands.
    pub text: String,
}

/// What stands between a statement's braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// There are none.
    None,
    /// Code.
    Code(Vec<String>),
    /// Statements.
    Stmts(Vec<Stmt>),
}

impl Stmt {
    /// The word at a position, or nothing.
    pub(super) fn word(&self, n: usize) -> &str {
        self.words.get(n).map_or("", String::as_str)
    }
    /// Whether it begins with these words.
    pub(super) fn is(&self, words: &[&str]) -> bool {
        words.len() <= self.words.len() && words.iter().zip(&self.words).all(|(a, b)| a == b)
    }
    /// The statements inside.
    pub(super) fn inside(&self) -> &[Stmt] {
        match &self.body {
            Body::Stmts(all) => all,
            Body::None | Body::Code(_) => &[],
        }
    }
    /// All words, those of blocks too.
    pub(super) fn all_words(&self) -> Vec<&str> {
        let mut out: Vec<&str> = self.words.iter().map(String::as_str).collect();
        match &self.body {
            Body::None => {}
            Body::Code(words) => out.extend(words.iter().map(String::as_str)),
            Body::Stmts(all) => out.extend(all.iter().flat_map(Stmt::all_words)),
        }
        out
    }
}

/// Blocks inside blocks that real configurations have few of.
const DEEPEST: usize = 32;

/// Words as BIRD's lexer parts them, each with where it is.
struct Token<'t> {
    text: &'t str,
    from: usize,
    to: usize,
    line: u32,
    column: u32,
}

/// Reads a file; every fault is reported and what can be read is.
pub(super) fn parse(path: &str, text: &str, report: &mut Report) -> Vec<Stmt> {
    let file: Arc<str> = Arc::from(path);
    let tokens = tokens(&file, text, report);
    let mut parser = Parser { file, text, tokens, at: 0, report };
    let mut out = Vec::new();
    while parser.at < parser.tokens.len() {
        if parser.peek() == Some("}") {
            let place = parser.place();
            parser.fault(&place, "a `}` that closes nothing");
            parser.at += 1;
            continue;
        }
        out.extend(parser.statement(0));
    }
    out
}

fn tokens<'t>(file: &Arc<str>, text: &'t str, report: &mut Report) -> Vec<Token<'t>> {
    let mut out = Vec::new();
    let (mut line, mut start) = (1_u32, 0_usize);
    let mut chars = text.char_indices().peekable();
    let mut fault = |line: u32, column: u32, what: &str| {
        report.push(Diagnostic::error(codes::BIRD_SYNTAX, &Place::new(Arc::clone(file), line, column), what));
    };
    while let Some((at, c)) = chars.next() {
        let column = u32::try_from(text[start..at].chars().count()).unwrap_or(u32::MAX - 1) + 1;
        if c == '\n' {
            line += 1;
            start = at + 1;
            continue;
        }
        if c.is_whitespace() {
            continue;
        }
        let (first_line, from) = (line, at);
        if c == '#' {
            while chars.next_if(|(_, c)| *c != '\n').is_some() {}
            continue;
        }
        if c == '/' && text[at..].starts_with("/*") {
            chars.next();
            let mut closed = false;
            let mut before = ' ';
            for (at, c) in chars.by_ref() {
                if c == '\n' {
                    line += 1;
                    start = at + 1;
                }
                if before == '*' && c == '/' {
                    closed = true;
                    break;
                }
                before = c;
            }
            if !closed {
                fault(first_line, column, "a comment that does not end");
            }
            continue;
        }
        let mut to = at + c.len_utf8();
        if c == '"' || c == '\'' {
            let mut closed = false;
            while let Some((at, next)) = chars.next_if(|(_, n)| *n != '\n') {
                to = at + next.len_utf8();
                if next == c {
                    closed = true;
                    break;
                }
            }
            if !closed {
                fault(first_line, column, "a text that does not end on its line");
            }
        } else if is_word(c) {
            while let Some((at, next)) = chars.next_if(|(_, n)| is_word(*n)) {
                to = at + next.len_utf8();
            }
        }
        out.push(Token { text: &text[from..to], from, to, line: first_line, column });
    }
    out
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | ':' | '/' | '%' | '-' | '‹' | '›')
}

struct Parser<'t, 'r> {
    file: Arc<str>,
    text: &'t str,
    tokens: Vec<Token<'t>>,
    at: usize,
    report: &'r mut Report,
}

impl<'t> Parser<'t, '_> {
    fn peek(&self) -> Option<&'t str> {
        self.tokens.get(self.at).map(|t| t.text)
    }
    fn place(&self) -> Place {
        match self.tokens.get(self.at).or(self.tokens.last()) {
            Some(t) => Place::new(Arc::clone(&self.file), t.line, t.column),
            None => Place::file(Arc::clone(&self.file)),
        }
    }
    fn fault(&mut self, place: &Place, what: impl Into<String>) {
        self.report.push(
            Diagnostic::error(codes::BIRD_SYNTAX, place, what)
                .help("`bird -p -c FILE` says what BIRD makes of it"),
        );
    }

    /// One statement; `None` for a lone `;`.
    fn statement(&mut self, depth: usize) -> Option<Stmt> {
        let (first, place) = (self.at, self.place());
        let mut words: Vec<String> = Vec::new();
        let mut body = Body::None;
        let mut brackets = 0_usize;
        let mut ended = false;
        while let Some(text) = self.peek() {
            match text {
                ";" if brackets == 0 && !has_variables(&words) => {
                    self.at += 1;
                    ended = true;
                    break;
                }
                "{" if brackets == 0 => {
                    body = self.block(&words, depth);
                    if self.peek() == Some(";") {
                        self.at += 1;
                    }
                    ended = true;
                    break;
                }
                "}" if brackets == 0 => break,
                "(" | "[" => brackets += 1,
                ")" | "]" => brackets = brackets.saturating_sub(1),
                _ => {}
            }
            words.push(text.to_owned());
            self.at += 1;
        }
        if !ended {
            let shown = words.join(" ");
            let short: String = shown.chars().take(40).collect();
            // Of a text there may be secrets in, only its start is shown.
            let name = if words.iter().any(|w| w.starts_with('"')) { self_name(&words) } else { short };
            self.fault(&place, format!("`{name}` does not end: a `;` is missing"));
        }
        if words.is_empty() && body == Body::None {
            return None;
        }
        let end = self.tokens.get(self.at.saturating_sub(1).max(first));
        let (to, last) = end.map_or((self.text.len(), place.line), |t| (t.to, t.line));
        let from = self.tokens.get(first).map_or(0, |t| t.from);
        let text = self.text.get(from..to).unwrap_or("").to_owned();
        Some(Stmt { words, body, place, last, text })
    }

    fn block(&mut self, head: &[String], depth: usize) -> Body {
        let open = self.place();
        self.at += 1;
        let code = is_code(head) || depth >= DEEPEST;
        if depth >= DEEPEST {
            self.fault(&open, "blocks inside blocks, deeper than any configuration");
        }
        let body = if code { Body::Code(self.code()) } else { Body::Stmts(self.statements(depth + 1)) };
        if self.peek() == Some("}") {
            self.at += 1;
        } else {
            self.fault(&open, "a `{` that nothing closes");
        }
        body
    }

    fn statements(&mut self, depth: usize) -> Vec<Stmt> {
        let mut out = Vec::new();
        while self.peek().is_some_and(|t| t != "}") {
            out.extend(self.statement(depth));
        }
        out
    }

    fn code(&mut self) -> Vec<String> {
        let (mut out, mut open) = (Vec::new(), 0_usize);
        while let Some(text) = self.peek() {
            match text {
                "{" => open += 1,
                "}" if open == 0 => break,
                "}" => open -= 1,
                _ => {}
            }
            out.push(text.to_owned());
            self.at += 1;
        }
        out
    }
}

/// Blocks that hold no statements: code of filters, functions and routes, and lists of words.
fn is_code(head: &[String]) -> bool {
    let first = head.first().map_or("", String::as_str);
    matches!(first, "filter" | "function" | "route" | "log" | "debug")
        || head.iter().any(|w| w == "filter")
        || head.is_empty()
}

/// Between the head of a filter or function and its code, variables are declared, each with its own `;`.
fn has_variables(head: &[String]) -> bool {
    matches!(head.first().map_or("", String::as_str), "filter" | "function")
}

fn self_name(words: &[String]) -> String {
    words.first().cloned().unwrap_or_default()
}
