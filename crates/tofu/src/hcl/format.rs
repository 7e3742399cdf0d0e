//! The spaces of `tofu fmt`: two for each level, one around operators, `=` and comments of neighbouring lines
//! under one another. Lines stay as they are broken; what is in quotes and heredocs stays too.
//!
//! Held against Terraform 0.15's own `fmt` by `tests/oracle.rs`. What that changes besides spaces (`"${a}"` to `a`,
//! `type = "string"` to `type = string`, quotes around a block's labels) is what Terraform 0.11 needed, and is left.

use super::check;
use super::lex::{Kind, Token, lex};
use super::same::same;
use diag::Report;
use unicode_segmentation::UnicodeSegmentation;

/// The text with the spaces of `tofu fmt`.
///
/// The result is read back: it says what the text said, and formatting it again changes nothing. A text of which
/// that could not be shown comes back as it was.
///
/// # Errors
/// As [`super::check()`]: of what is no HCL nobody knows where its spaces may go.
pub fn format(file: &str, text: &str) -> Result<String, Report> {
    // As OpenTofu's, the result has no byte order mark.
    let text = check::unmarked(text);
    let before = check::hcl(file, text).map_err(|fault| Report { items: vec![fault] })?;
    let formatted = spaced(text);
    let stays = formatted == text
        || (check::hcl(file, &formatted).is_ok_and(|after| same(before, after))
            && spaced(&formatted) == formatted);
    Ok(if stays { formatted } else { text.to_owned() })
}

/// The text with its spaces set. Any text is taken; of one that is no HCL the result is no better.
fn spaced(text: &str) -> String {
    let tokens = lex(text);
    let mut lines: Vec<Line<'_>> = tokens.split_inclusive(Token::ends_line).map(Line::new).collect();
    indent(&mut lines);
    for line in &mut lines {
        line.space();
    }
    align(&mut lines, |line| line.assign);
    align(&mut lines, |line| line.comment);
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for line in &lines {
        for (token, spaces) in line.tokens.iter().zip(&line.spaces) {
            out.extend(std::iter::repeat_n(' ', *spaces));
            out.push_str(token.text);
        }
    }
    out
}

/// Tokens up to a newline; heredocs are one line with what opens them.
struct Line<'t> {
    tokens: &'t [Token<'t>],
    /// Spaces before each token.
    spaces: Vec<usize>,
    /// The `=` of an assignment that ends on this line.
    assign: Option<usize>,
    /// A comment after something else.
    comment: Option<usize>,
}

impl<'t> Line<'t> {
    fn new(tokens: &'t [Token<'t>]) -> Self {
        let last = tokens.len().saturating_sub(1);
        let comment = tokens.last().filter(|t| last > 0 && t.kind == Kind::Comment).map(|_| last);
        let code = &tokens[..comment.unwrap_or(tokens.len())];
        let equal = code.iter().skip(1).position(|t| t.kind == Kind::Equal).map(|at| at + 1);
        let assign = equal.filter(|at| code.iter().skip(*at).map(Token::brackets).sum::<i64>() == 0);
        Line { tokens, spaces: vec![0; tokens.len()], assign, comment }
    }

    fn space(&mut self) {
        for at in 1..self.tokens.len() {
            // What stands before the `=` is no part of what is assigned.
            let start = self.assign.filter(|assign| at > *assign).unwrap_or(0);
            let before = at.checked_sub(2).filter(|b| *b >= start).and_then(|b| self.tokens.get(b));
            if let (Some(subject), Some(after), Some(spaces)) =
                (self.tokens.get(at - 1), self.tokens.get(at), self.spaces.get_mut(at))
            {
                *spaces = usize::from(apart(before.map(|t| t.kind), *subject, *after));
            }
        }
    }

    fn columns(&self, end: usize) -> usize {
        let shown = self.tokens.iter().zip(&self.spaces).take(end);
        shown.map(|(token, spaces)| spaces + token.text.graphemes(true).count()).sum()
    }
}

/// A line that opens brackets indents the next ones by one level however many it opens; a level ends when as
/// many are closed.
fn indent(lines: &mut [Line<'_>]) {
    let mut levels: Vec<i64> = Vec::new();
    for line in lines {
        let Some(first) = line.tokens.first().filter(|t| t.kind != Kind::Newline) else { continue };
        let in_heredoc = matches!(first.kind, Kind::Text | Kind::CloseHeredoc);
        let mut net = 0;
        for token in line.tokens {
            net += token.brackets();
            if token.kind == Kind::OpenHeredoc {
                break;
            }
        }
        let mut closed = -net;
        while closed > 0
            && let Some(level) = levels.last_mut()
        {
            if closed < *level {
                *level -= closed;
                break;
            }
            closed -= *level;
            levels.pop();
        }
        if let Some(spaces) = line.spaces.first_mut().filter(|_| !in_heredoc) {
            *spaces = 2 * levels.len();
        }
        if net > 0 {
            levels.push(net);
        }
    }
}

/// Puts a cell of neighbouring lines that have it under one another.
fn align(lines: &mut [Line<'_>], cell: impl Fn(&Line<'_>) -> Option<usize>) {
    for chain in lines.chunk_by_mut(|a, b| cell(a).is_some() && cell(b).is_some()) {
        let widest = chain.iter().filter_map(|line| Some(line.columns(cell(line)?))).max().unwrap_or(0);
        for line in chain {
            let Some(at) = cell(line) else { continue };
            let spaces = widest - line.columns(at) + 1;
            if let Some(slot) = line.spaces.get_mut(at) {
                *slot = spaces;
            }
        }
    }
}

/// Whether a space stands between two tokens, given what is before the first.
fn apart(before: Option<Kind>, subject: Token<'_>, after: Token<'_>) -> bool {
    use Kind::*;
    match (subject.kind, after.kind) {
        (_, Newline) | (Ident, OpenParen) => false,
        (Ident, DoubleColon) | (DoubleColon, Ident) => false,
        (Dot, _) | (_, Dot | Comma | Ellipsis) => false,
        (Not, _) => false,
        (Comma, _) => true,
        (Text | OpenQuote | OpenHeredoc, _) | (_, Text | CloseQuote | CloseHeredoc) => false,
        // `in` before a list is the word of a `for`, not a value that is indexed.
        (Ident, _) if subject.text == "in" && before == Some(Ident) => true,
        (Ident | Number | CloseBrace | CloseBracket | CloseParen | CloseSequence, OpenBracket) => false,
        (Minus, _) => !matches!(
            before,
            None | Some(OpenParen | OpenBrace | OpenBracket | Equal | Comma | Operator | Minus)
        ),
        (OpenBrace, CloseBrace) => false,
        (OpenBrace, _) | (_, CloseBrace) | (OpenSequence, OpenBrace) | (CloseBrace, CloseSequence) => true,
        (CloseSequence, OpenSequence) => false,
        (subject_kind, _) if opens(subject_kind) => false,
        (_, CloseBracket | CloseParen | CloseSequence) => false,
        _ => true,
    }
}

fn opens(kind: Kind) -> bool {
    matches!(kind, Kind::OpenBrace | Kind::OpenBracket | Kind::OpenParen | Kind::OpenSequence)
}
