//! From text to tree: [`lexer`] makes tokens, the parser a tree, [`scope`] says which variable each name is.

pub(crate) mod ast;
mod expressions;
mod header;
pub(crate) mod lexer;
mod literal;
mod postfix;
pub(crate) mod scope;
mod statements;
mod uses;
mod walk;

use crate::engine::Options;
use crate::error::{At, Fault, Res};
use ast::{BlockCode, Expr, ExprKind, Template};
use lexer::{Tok, Token};
use std::rc::Rc;

/// An expression may be nested this deep: brackets, filters, operators in a row.
const DEEPEST_EXPRESSION: u16 = 100;
/// Statements may be nested this deep.
const DEEPEST_STATEMENT: u32 = 40;

pub(crate) use header::HEADER;

/// How the text round tags is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Syntax {
    pub trim_blocks: bool,
    pub lstrip_blocks: bool,
    pub keep_trailing_newline: bool,
    /// Backslashes in the strings of `{{ }}` stand for themselves: YAML has read them already.
    pub plain_backslashes: bool,
}

impl Syntax {
    pub fn of(options: &Options) -> Syntax {
        Syntax {
            trim_blocks: options.trim_blocks,
            lstrip_blocks: options.lstrip_blocks,
            keep_trailing_newline: options.keep_trailing_newline,
            plain_backslashes: false,
        }
    }
    /// As Ansible reads templates that nothing is said about.
    pub fn ansible() -> Syntax {
        Syntax {
            trim_blocks: true,
            lstrip_blocks: false,
            keep_trailing_newline: false,
            plain_backslashes: false,
        }
    }
}

/// Reads a text as Ansible does: only what looks like a template is one, and a first line of `#jinja2:` says how
/// the rest is read.
pub(crate) fn with_header(name: &Rc<str>, source: &str, options: &Options, syntax: Syntax) -> Res<Template> {
    if !crate::value::is_template(source) {
        // To Ansible this is no template: not even its line ends are touched.
        let mut plain = template(name, "", options, syntax, 1)?;
        let piece = ast::Piece::Data(Rc::from(source));
        plain.body =
            vec![ast::Stmt { at: At { line: 1, column: 1 }, kind: ast::StmtKind::Output(vec![piece]) }];
        return Ok(plain);
    }
    match header::split(source, syntax)? {
        Some((rest, syntax)) => template(name, rest, options, syntax, 2),
        None => template(name, source, options, syntax, 1),
    }
}

/// Reads a template whose text begins on a line of its file. The fault knows its line.
pub(crate) fn template(
    name: &Rc<str>,
    source: &str,
    options: &Options,
    syntax: Syntax,
    line: u32,
) -> Res<Template> {
    let line_ends = source.bytes().rev().take_while(|b| *b == b'\n').count();
    let source = lexer::normalized(source, syntax.keep_trailing_newline);
    let tokens = lexer::tokens(&source, syntax, line)?;
    let mut parser = Parser {
        tokens,
        position: 0,
        options,
        depth: 0,
        statement_depth: 0,
        blocks: Vec::new(),
        extends: false,
        tags: Vec::new(),
        ends: Vec::new(),
    };
    let body = parser.body(&[])?;
    let mut template = Template {
        name: name.clone(),
        body,
        scope: ast::Scope::default(),
        size: 0,
        self_slot: None,
        blocks: Vec::new(),
        extends: parser.extends,
        // An included template is read the same way, but it stands in no YAML.
        syntax: Syntax { plain_backslashes: false, ..syntax },
        line_ends,
    };
    scope::resolve(&mut template, parser.blocks)?;
    Ok(template)
}

struct Parser<'o> {
    tokens: Vec<Token>,
    position: usize,
    options: &'o Options,
    depth: u16,
    statement_depth: u32,
    blocks: Vec<BlockCode>,
    extends: bool,
    /// The tags that are open, and what would end each, for messages.
    tags: Vec<Rc<str>>,
    ends: Vec<&'static [&'static str]>,
}

const EOF: Tok = Tok::Eof;

impl Parser<'_> {
    fn peek(&self) -> &Tok {
        self.tokens.get(self.position).map_or(&EOF, |t| &t.kind)
    }
    fn look(&self) -> &Tok {
        self.tokens.get(self.position + 1).map_or(&EOF, |t| &t.kind)
    }
    fn at(&self) -> At {
        self.tokens.get(self.position).or(self.tokens.last()).map_or(At::default(), |t| t.at)
    }
    fn next(&mut self) -> Token {
        let token = self.tokens.get(self.position).cloned();
        self.position += 1;
        token.unwrap_or(Token { kind: Tok::Eof, at: self.at() })
    }
    fn is_op(&self, op: &str) -> bool {
        matches!(self.peek(), Tok::Op(o) if *o == op)
    }
    fn is_name(&self, name: &str) -> bool {
        matches!(self.peek(), Tok::Name(n) if &**n == name)
    }
    fn looks_name(&self, name: &str) -> bool {
        matches!(self.look(), Tok::Name(n) if &**n == name)
    }
    fn skip_op(&mut self, op: &str) -> bool {
        let here = self.is_op(op);
        self.position += usize::from(here);
        here
    }
    fn skip_name(&mut self, name: &str) -> bool {
        let here = self.is_name(name);
        self.position += usize::from(here);
        here
    }
    fn expect_op(&mut self, op: &str) -> Res<At> {
        let at = self.at();
        if self.skip_op(op) { Ok(at) } else { Err(self.expected(&format!("'{op}'"))) }
    }
    fn expect(&mut self, kind: &Tok) -> Res<()> {
        if self.peek() == kind {
            self.position += 1;
            return Ok(());
        }
        Err(self.expected(&describe(kind)))
    }
    fn expect_name(&mut self) -> Res<(Rc<str>, At)> {
        let at = self.at();
        if let Tok::Name(name) = self.peek() {
            let name = name.clone();
            self.position += 1;
            return Ok((name, at));
        }
        Err(self.expected("a name"))
    }
    fn expect_word(&mut self, word: &str) -> Res<()> {
        if self.skip_name(word) { Ok(()) } else { Err(self.expected(&format!("'{word}'"))) }
    }
    fn expected(&self, what: &str) -> Box<Fault> {
        Fault::syntax(format!("expected {what}, got {}", describe(self.peek())), self.at())
    }
    fn fail<T>(&self, message: impl Into<String>, at: At) -> Res<T> {
        Err(Fault::syntax(message, at))
    }

    /// An expression; an error when it is nested deeper than any template needs.
    fn node(&self, at: At, below: u16, kind: ExprKind) -> Res<Expr> {
        if below >= DEEPEST_EXPRESSION {
            return self.fail("an expression nested too deep", at);
        }
        Ok(Expr { at, depth: below + 1, kind })
    }
}

/// A token as a person would name it.
fn describe(token: &Tok) -> String {
    match token {
        Tok::Data(_) => "template data / text".to_owned(),
        Tok::VariableBegin => "begin of print statement".to_owned(),
        Tok::VariableEnd => "end of print statement".to_owned(),
        Tok::BlockBegin => "begin of statement block".to_owned(),
        Tok::BlockEnd => "end of statement block".to_owned(),
        Tok::Name(name) => format!("'{name}'"),
        Tok::Str(_) => "a string".to_owned(),
        Tok::Int(_) | Tok::Float(_) => "a number".to_owned(),
        Tok::Op(op) => format!("'{op}'"),
        Tok::Eof => "the end of the template".to_owned(),
    }
}
