//! Words of `nft` files.

use crate::codes;
use diag::{Diagnostic, Place, Report};
use std::sync::Arc;

/// A word with its place; a line's end is one too.
pub(super) struct Token {
    pub text: String,
    pub line: u32,
    pub column: u32,
}

/// The word that stands for a line's end.
pub(super) const END: &str = "\n";

/// A file's words. A text keeps its opening quote, so that it is known as one.
pub(super) fn tokens(file: &Arc<str>, text: &str, report: &mut Report) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::new();
    for (number, line) in (1_u32..).zip(text.lines()) {
        let mut chars = line.char_indices().peekable();
        let mut continued = false;
        while let Some((at, c)) = chars.next() {
            let column = u32::try_from(line[..at].chars().count()).unwrap_or(u32::MAX - 1) + 1;
            let mut text = String::from(c);
            match c {
                '#' => break,
                c if c.is_whitespace() => continue,
                '\\' if line[at + 1..].trim().is_empty() => {
                    continued = true;
                    break;
                }
                '"' => {
                    text.clear();
                    let mut closed = false;
                    for (_, c) in chars.by_ref() {
                        if c == '"' {
                            closed = true;
                            break;
                        }
                        text.push(c);
                    }
                    if !closed {
                        let place = Place::new(Arc::clone(file), number, column);
                        report.push(Diagnostic::error(
                            codes::NFT_SYNTAX,
                            &place,
                            "a text that does not end on its line",
                        ));
                    }
                    text.insert(0, '"');
                }
                '{' | '}' | ';' | ',' | '(' | ')' => {}
                '=' | '!' | '<' | '>' | '&' | '|' | '^' => {
                    while let Some((_, c)) = chars.next_if(|(_, c)| matches!(c, '=' | '<' | '>')) {
                        text.push(c);
                    }
                }
                _ => {
                    let word = |c: char| {
                        !c.is_whitespace()
                            && !matches!(
                                c,
                                '{' | '}'
                                    | ';'
                                    | ','
                                    | '('
                                    | ')'
                                    | '"'
                                    | '#'
                                    | '='
                                    | '!'
                                    | '<'
                                    | '>'
                                    | '&'
                                    | '|'
                                    | '^'
                            )
                    };
                    while let Some((_, c)) = chars.next_if(|(_, c)| word(*c)) {
                        text.push(c);
                    }
                }
            }
            out.push(Token { text, line: number, column });
        }
        if !continued {
            out.push(Token { text: END.to_owned(), line: number, column: u32::MAX });
        }
    }
    out
}

/// Priorities by name (nft(8), "Standard priority names").
pub(super) fn priority(words: &[String]) -> i32 {
    const NAMED: [(&str, i32); 7] = [
        ("raw", -300),
        ("mangle", -150),
        ("dstnat", -100),
        ("filter", 0),
        ("security", 50),
        ("srcnat", 100),
        ("out", 100),
    ];
    let mut sum = 0_i32;
    let mut minus = false;
    for word in words {
        let named = NAMED.iter().find(|(name, _)| name == word).map(|(_, n)| *n);
        match named.or_else(|| word.parse().ok()) {
            Some(n) => sum = sum.saturating_add(if minus { 0_i32.saturating_sub(n) } else { n }),
            None => minus = word == "-",
        }
    }
    sum
}
