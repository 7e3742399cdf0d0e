//! A Caddyfile as blocks of directives, as `caddy adapt` parts it: tokens by lines, quotes, backquotes, heredocs,
//! `{$NAME}` left as it stands, snippets put in where they are imported.

use crate::codes;
use diag::{Diagnostic, Place, Report};
use std::sync::Arc;

/// A directive with its block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Directive {
    /// Its name and arguments.
    pub words: Vec<String>,
    pub block: Vec<Directive>,
    pub place: Place,
    /// The last line of its words.
    pub head: u32,
    /// The last line of all of it.
    pub last: u32,
    /// The lines as they stand.
    pub text: String,
}

impl Directive {
    pub(super) fn name(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }
    /// Arguments, without a matcher.
    pub(super) fn args(&self) -> &[String] {
        let args = self.words.get(1..).unwrap_or_default();
        if self.matcher().is_some() { args.get(1..).unwrap_or_default() } else { args }
    }
    /// The matcher: `@name`, `/path/*` or `*`.
    pub(super) fn matcher(&self) -> Option<&str> {
        let first = self.words.get(1)?;
        (first.starts_with(['@', '/']) || first == "*").then_some(first)
    }
}

/// Whether a directive may hold what nobody should see, by its words.
pub(super) fn is_secret(directive: &Directive) -> bool {
    const WORDS: [&str; 8] =
        ["authorization", "api-key", "apikey", "api_key", "token", "secret", "password", "cookie"];
    let own = directive.words.iter().any(|w| {
        let w = w.to_ascii_lowercase();
        WORDS.iter().any(|s| w.contains(s))
    });
    own || matches!(directive.name(), "basicauth" | "basic_auth") || directive.block.iter().any(is_secret)
}

/// Blocks inside blocks that real Caddyfiles have few of.
const DEEPEST: usize = 32;

#[derive(Debug)]
struct Token {
    text: String,
    /// Written in quotes: braces in it are letters.
    quoted: bool,
    line: u32,
    /// Its line as Caddy counts: one that ends with a backslash goes on in the next.
    row: u32,
    /// Where its text ends, which may go over lines.
    end: u32,
    column: u32,
}

/// The directives at the top: the global block (without words), snippets, sites.
pub(super) fn parse(path: &str, text: &str, report: &mut Report) -> Vec<Directive> {
    let file: Arc<str> = Arc::from(path);
    let tokens = tokens(&file, text, report);
    let mut parser = Parser { file, lines: text.lines().collect(), tokens, at: 0, report };
    let mut out = Vec::new();
    while parser.at < parser.tokens.len() {
        if parser.is("}") {
            let place = parser.place();
            parser.fault(&place, "a `}` that closes nothing");
            parser.at += 1;
            continue;
        }
        // Addresses may go on over lines that end with a comma.
        out.extend(parser.directive(0, true));
    }
    // A file of one site may leave out its braces: what follows the address is the site's.
    let braces = out.iter().any(|d: &Directive| !d.block.is_empty() || d.text.trim_end().ends_with('}'));
    if !braces && out.len() > 1 {
        let rest = out.split_off(1);
        if let Some(site) = out.first_mut() {
            site.last = rest.last().map_or(site.last, |d| d.last);
            let inside: Vec<&str> = rest.iter().map(|d| d.text.as_str()).collect();
            site.text = format!("{} {{\n{}\n}}", site.text, inside.join("\n"));
            site.block = rest;
        }
    }
    out
}

fn tokens(file: &Arc<str>, text: &str, report: &mut Report) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::new();
    let chars: Vec<char> = text.chars().collect();
    let (mut at, mut line, mut start) = (0, 1_u32, 0);
    // Lines that belong to the ones before them.
    let mut joined = 0_u32;
    let column = |at: usize, start: usize| u32::try_from(at - start).unwrap_or(u32::MAX - 1) + 1;
    while let Some(c) = chars.get(at).copied() {
        if c == '\n' {
            at += 1;
            line += 1;
            start = at;
            continue;
        }
        if c.is_whitespace() {
            at += 1;
            continue;
        }
        if c == '\\' && chars.get(at + 1) == Some(&'\n') {
            // The line goes on: the next token is as if on this one.
            at += 2;
            start = at;
            line += 1;
            joined += 1;
            continue;
        }
        if c == '#' {
            while chars.get(at).is_some_and(|c| *c != '\n') {
                at += 1;
            }
            continue;
        }
        let place = (line, column(at, start));
        let row = line - joined;
        let mut word = String::new();
        let mut quoted = false;
        if c == '"' || c == '`' {
            quoted = true;
            at += 1;
            let mut closed = false;
            while let Some(next) = chars.get(at).copied() {
                at += 1;
                if next == c {
                    closed = true;
                    break;
                }
                if next == '\\' && c == '"' && chars.get(at) == Some(&'"') {
                    word.push('"');
                    at += 1;
                    continue;
                }
                if next == '\n' {
                    line += 1;
                    start = at;
                }
                word.push(next);
            }
            if !closed {
                let place = Place::new(Arc::clone(file), place.0, place.1);
                report.push(Diagnostic::error(codes::CADDY_SYNTAX, &place, "a text that does not end"));
            }
        } else {
            while let Some(next) = chars.get(at).copied().filter(|c| !c.is_whitespace()) {
                word.push(next);
                at += 1;
            }
            if let Some(marker) = word.strip_prefix("<<").filter(|m| !m.is_empty()) {
                // A heredoc ends with its marker on a line of its own.
                let marker = marker.to_owned();
                quoted = true;
                word.clear();
                loop {
                    while chars.get(at).is_some_and(|c| *c != '\n') {
                        at += 1;
                    }
                    if at >= chars.len() {
                        let place = Place::new(Arc::clone(file), place.0, place.1);
                        report.push(Diagnostic::error(
                            codes::CADDY_SYNTAX,
                            &place,
                            format!("a text that `{marker}` does not end"),
                        ));
                        break;
                    }
                    at += 1;
                    line += 1;
                    start = at;
                    let rest: String = chars[at..].iter().take_while(|c| **c != '\n').collect();
                    if rest.trim() == marker {
                        at += rest.chars().count();
                        break;
                    }
                    word.push_str(rest.trim());
                    word.push('\n');
                }
            }
        }
        out.push(Token { text: word, quoted, line: place.0, row, end: line, column: place.1 });
    }
    out
}

struct Parser<'t, 'r> {
    file: Arc<str>,
    lines: Vec<&'t str>,
    tokens: Vec<Token>,
    at: usize,
    report: &'r mut Report,
}

impl Parser<'_, '_> {
    fn is(&self, text: &str) -> bool {
        self.tokens.get(self.at).is_some_and(|t| !t.quoted && t.text == text)
    }
    fn place(&self) -> Place {
        self.tokens.get(self.at).or(self.tokens.last()).map_or_else(
            || Place::file(Arc::clone(&self.file)),
            |t| Place::new(Arc::clone(&self.file), t.line, t.column),
        )
    }
    fn fault(&mut self, place: &Place, what: &str) {
        self.report.push(
            Diagnostic::error(codes::CADDY_SYNTAX, place, what)
                .help("`caddy adapt --config FILE` says what Caddy makes of it"),
        );
    }

    /// Words up to the line's end, and a block where the line ends with `{`.
    fn directive(&mut self, depth: usize, top: bool) -> Option<Directive> {
        let place = self.place();
        let mut row = self.tokens.get(self.at).map_or(0, |t| t.row);
        let mut head = place.line;
        let mut words: Vec<String> = Vec::new();
        let mut block = Vec::new();
        while let Some(token) = self.tokens.get(self.at) {
            let goes_on = top && words.last().is_some_and(|w| w.ends_with(','));
            if token.row != row && !goes_on {
                break;
            }
            (row, head) = (token.row + token.end.saturating_sub(token.line), token.end);
            if !token.quoted && token.text == "}" {
                break;
            }
            // `{` at a line's end opens a block; elsewhere it begins a placeholder.
            let ends = self.tokens.get(self.at + 1).is_none_or(|next| next.row != row);
            if !token.quoted && token.text == "{" && ends {
                block = self.block(depth);
                break;
            }
            words.push(token.text.clone());
            self.at += 1;
        }
        if self.at == 0 {
            return None;
        }
        let last = self.tokens.get(self.at - 1).map_or(place.line, |t| t.end);
        let from = usize::try_from(place.line).unwrap_or(1).saturating_sub(1);
        let to = usize::try_from(last).unwrap_or(1).min(self.lines.len());
        let text = self.lines.get(from..to).unwrap_or_default().join("\n");
        Some(Directive { words, block, place, head, last, text })
    }

    fn block(&mut self, depth: usize) -> Vec<Directive> {
        let open = self.place();
        self.at += 1;
        if depth >= DEEPEST {
            self.fault(&open, "blocks inside blocks, deeper than any Caddyfile");
            self.at = self.tokens.len();
            return Vec::new();
        }
        let mut out = Vec::new();
        while self.at < self.tokens.len() && !self.is("}") {
            let before = self.at;
            out.extend(self.directive(depth + 1, false));
            self.at = self.at.max(before + 1);
        }
        if self.is("}") {
            self.at += 1;
        } else {
            self.fault(&open, "a `{` that nothing closes");
        }
        out
    }
}
