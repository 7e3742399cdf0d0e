//! Text to tokens, with Jinja2's rules for whitespace round tags.

use super::{Syntax, literal};
use crate::error::{At, Fault, Res};
use std::rc::Rc;

/// A token and where it starts.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub kind: Tok,
    pub at: At,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tok {
    Data(Rc<str>),
    VariableBegin,
    VariableEnd,
    BlockBegin,
    BlockEnd,
    Name(Rc<str>),
    Str(Rc<str>),
    Int(i128),
    Float(f64),
    Op(&'static str),
    Eof,
}

/// Longest first, as they are tried.
const OPERATORS: [&str; 26] = [
    "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<",
    "=", ".", ":", "|", ",", ";",
];

/// What Python's `str.isspace` and `\s` say.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// Python's `str.rstrip()`.
pub(crate) fn rstrip(text: &str) -> &str {
    text.trim_end_matches(is_space)
}

/// Line ends become `\n`, and one at the end goes unless it is to stay.
pub(crate) fn normalized(source: &str, keep_trailing_newline: bool) -> String {
    let mut text = if source.contains('\r') {
        source.replace("\r\n", "\n").replace('\r', "\n")
    } else {
        source.to_owned()
    };
    if !keep_trailing_newline && text.ends_with('\n') {
        text.pop();
    }
    text
}

/// The tokens of a text that went through [`normalized`].
pub(crate) fn tokens(source: &str, syntax: Syntax, line: u32) -> Res<Vec<Token>> {
    let mut lexer = Lexer {
        source,
        position: 0,
        syntax,
        line_starting: true,
        out: Vec::new(),
        counted: 0,
        at: At { line, column: 1 },
    };
    lexer.root()?;
    let at = lexer.place(source.len());
    lexer.out.push(Token { kind: Tok::Eof, at });
    Ok(lexer.out)
}

struct Lexer<'s> {
    source: &'s str,
    position: usize,
    syntax: Syntax,
    /// Whether what was read last ended with a line end.
    line_starting: bool,
    out: Vec<Token>,
    /// Place of the byte `counted`; places are asked for in order.
    counted: usize,
    at: At,
}

/// What begins a tag.
#[derive(Clone, Copy, PartialEq)]
enum Begin {
    Raw,
    Comment,
    Block,
    Variable,
}

impl<'s> Lexer<'s> {
    fn place(&mut self, offset: usize) -> At {
        for c in self.source.get(self.counted..offset).unwrap_or_default().chars() {
            if c == '\n' {
                self.at.line += 1;
                self.at.column = 1;
            } else {
                self.at.column += 1;
            }
        }
        self.counted = self.counted.max(offset);
        self.at
    }
    fn rest(&self) -> &'s str {
        self.source.get(self.position..).unwrap_or_default()
    }
    fn push(&mut self, kind: Tok, offset: usize) {
        let at = self.place(offset);
        self.out.push(Token { kind, at });
    }
    /// Goes on by so many bytes of what was just matched.
    fn advance(&mut self, length: usize) {
        self.line_starting = self.rest().get(..length).is_some_and(|t| t.ends_with('\n'));
        self.position += length;
    }

    fn root(&mut self) -> Res<()> {
        while self.position < self.source.len() {
            let rest = self.rest();
            let Some((length, begin, whole)) = next_begin(rest) else {
                self.data(rest);
                self.position = self.source.len();
                return Ok(());
            };
            let sign = rest.as_bytes().get(length + 2).copied().filter(|b| matches!(b, b'-' | b'+'));
            let data = self.before(&rest[..length], sign, begin);
            self.data(data);
            let start = self.position + length;
            self.advance(length + whole);
            match begin {
                Begin::Comment => self.comment(start)?,
                Begin::Raw => self.raw(start)?,
                Begin::Block => {
                    self.push(Tok::BlockBegin, start);
                    self.code(true, start)?;
                }
                Begin::Variable => {
                    self.push(Tok::VariableBegin, start);
                    self.code(false, start)?;
                }
            }
        }
        Ok(())
    }

    fn data(&mut self, text: &'s str) {
        if !text.is_empty() {
            self.push(Tok::Data(Rc::from(text)), self.position);
        }
    }

    /// What is left of the text before a tag.
    fn before(&self, text: &'s str, sign: Option<u8>, begin: Begin) -> &'s str {
        if sign == Some(b'-') {
            return rstrip(text);
        }
        if sign != Some(b'+') && self.syntax.lstrip_blocks && begin != Begin::Variable {
            let line = text.rfind('\n').map_or(0, |i| i + 1);
            let tail = &text[line..];
            if (line > 0 || self.line_starting) && !tail.is_empty() && tail.chars().all(is_space) {
                return &text[..line];
            }
        }
        text
    }

    /// The length of `end` with its sign and the whitespace it takes along, if it stands here.
    fn end_tag(&self, end: &str, at: usize) -> Option<usize> {
        let rest = self.source.get(at..)?;
        let spaces = |text: &str| text.len() - text.trim_start_matches(is_space).len();
        if let Some(after) = rest.strip_prefix('-').and_then(|r| r.strip_prefix(end)) {
            return Some(1 + end.len() + spaces(after));
        }
        if end == "}}" {
            return rest.starts_with(end).then_some(end.len());
        }
        if rest.strip_prefix('+').is_some_and(|r| r.starts_with(end)) {
            return Some(1 + end.len());
        }
        let after = rest.strip_prefix(end)?;
        Some(end.len() + usize::from(self.syntax.trim_blocks && after.starts_with('\n')))
    }

    fn comment(&mut self, start: usize) -> Res<()> {
        let Some(found) = self.rest().find("#}") else {
            return Err(Fault::syntax("this comment does not end", self.place(start)));
        };
        let mut end = self.position + found;
        if end > self.position && matches!(self.source.as_bytes().get(end - 1), Some(b'-' | b'+')) {
            end -= 1;
        }
        let length = self.end_tag("#}", end).unwrap_or(2);
        self.advance(end + length - self.position);
        Ok(())
    }

    fn raw(&mut self, start: usize) -> Res<()> {
        let mut from = 0;
        loop {
            let rest = self.rest();
            let Some(found) = rest.get(from..).and_then(|r| r.find("{%")).map(|i| i + from) else {
                return Err(Fault::syntax("this raw block does not end", self.place(start)));
            };
            let (sign, inner) = sign_of(&rest[found + 2..]);
            let word = inner.trim_start_matches(is_space);
            if let Some(after) = word.strip_prefix("endraw") {
                let after = after.trim_start_matches(is_space);
                let end = self.source.len() - after.len();
                if let Some(length) = self.end_tag("%}", end) {
                    let data = self.before(&rest[..found], sign, Begin::Raw);
                    self.data(data);
                    self.advance(end + length - self.position);
                    return Ok(());
                }
            }
            from = found + 2;
        }
    }

    /// The inside of `{% %}` or `{{ }}`.
    fn code(&mut self, block: bool, start: usize) -> Res<()> {
        let end = if block { "%}" } else { "}}" };
        let mut open: Vec<&'static str> = Vec::new();
        loop {
            if open.is_empty()
                && let Some(length) = self.end_tag(end, self.position)
            {
                self.push(if block { Tok::BlockEnd } else { Tok::VariableEnd }, self.position);
                self.advance(length);
                return Ok(());
            }
            let rest = self.rest();
            let Some(first) = rest.chars().next() else {
                return Err(Fault::syntax(format!("this tag has no `{end}`"), self.place(start)));
            };
            if is_space(first) {
                let length = rest.len() - rest.trim_start_matches(is_space).len();
                self.advance(length);
                continue;
            }
            let offset = self.position;
            let after_dot = offset > 0 && self.source.as_bytes().get(offset - 1) == Some(&b'.');
            if first.is_ascii_digit()
                && let Some((length, kind)) = literal::number(rest, after_dot)
            {
                let Some(kind) = kind else {
                    return Err(Fault::syntax("a number beyond 128 bits", self.place(offset)));
                };
                self.push(kind, offset);
                self.advance(length);
            } else if first.is_alphanumeric() || first == '_' {
                let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
                let name = &rest[..length];
                if name.starts_with(|c: char| c.is_numeric()) {
                    return Err(Fault::syntax("invalid character in identifier", self.place(offset)));
                }
                self.push(Tok::Name(Rc::from(name)), offset);
                self.advance(length);
            } else if matches!(first, '\'' | '"')
                && let Some(length) = literal::string_length(rest, first)
            {
                let inner = &rest[1..length - 1];
                let read = match self.syntax.plain_backslashes && !block {
                    true => Ok(inner.to_owned()),
                    false => literal::unescape(inner),
                };
                match read {
                    Ok(text) => self.push(Tok::Str(Rc::from(text)), offset),
                    Err(message) => return Err(Fault::syntax(message, self.place(offset))),
                }
                self.advance(length);
            } else if let Some(operator) = OPERATORS.into_iter().find(|op| rest.starts_with(op)) {
                self.balance(operator, &mut open, offset)?;
                self.push(Tok::Op(operator), offset);
                self.advance(operator.len());
            } else {
                let what = py::repr_str(&first.to_string());
                let hint = if matches!(first, '\'' | '"') { "this string does not end" } else { "" };
                let message = format!("unexpected char {what}");
                let fault = Fault::syntax(message, self.place(offset));
                return Err(if hint.is_empty() { fault } else { fault.with_help(hint) });
            }
        }
    }

    fn balance(&mut self, operator: &'static str, open: &mut Vec<&'static str>, offset: usize) -> Res<()> {
        match operator {
            "{" => open.push("}"),
            "(" => open.push(")"),
            "[" => open.push("]"),
            "}" | ")" | "]" => match open.pop() {
                None => {
                    return Err(Fault::syntax(format!("unexpected '{operator}'"), self.place(offset)));
                }
                Some(expected) if expected != operator => {
                    let message = format!("unexpected '{operator}', expected '{expected}'");
                    return Err(Fault::syntax(message, self.place(offset)));
                }
                Some(_) => {}
            },
            _ => {}
        }
        Ok(())
    }
}

/// The first tag in a text: where, which, and how long its beginning is.
fn next_begin(text: &str) -> Option<(usize, Begin, usize)> {
    let mut from = 0;
    while let Some(found) = text.get(from..)?.find('{') {
        let at = from + found;
        let sign = |rest: &str| 2 + usize::from(rest.starts_with(['-', '+']));
        match text.as_bytes().get(at + 1) {
            Some(b'%') => {
                if let Some(length) = raw_begin(&text[at..]) {
                    return Some((at, Begin::Raw, length));
                }
                return Some((at, Begin::Block, sign(&text[at + 2..])));
            }
            Some(b'#') => return Some((at, Begin::Comment, sign(&text[at + 2..]))),
            Some(b'{') => return Some((at, Begin::Variable, sign(&text[at + 2..]))),
            _ => from = at + 1,
        }
    }
    None
}

fn sign_of(text: &str) -> (Option<u8>, &str) {
    match text.as_bytes().first() {
        Some(sign @ (b'-' | b'+')) => (Some(*sign), &text[1..]),
        _ => (None, text),
    }
}

/// The length of `{% raw %}`, if it stands here.
fn raw_begin(text: &str) -> Option<usize> {
    let (_, inner) = sign_of(&text[2..]);
    let after = inner.trim_start_matches(is_space).strip_prefix("raw")?.trim_start_matches(is_space);
    let rest = match after.strip_prefix("-%}") {
        Some(rest) => rest.trim_start_matches(is_space),
        None => after.strip_prefix("%}")?,
    };
    Some(text.len() - rest.len())
}
