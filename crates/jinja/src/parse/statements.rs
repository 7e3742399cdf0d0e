//! Statements.

use super::ast::{Expr, ExprKind, For, MacroCode, Name, Piece, Scope, Stmt, StmtKind};
use super::expressions::TupleForm;
use super::lexer::Tok;
use super::{DEEPEST_STATEMENT, Parser, walk};
use crate::error::{At, Fault, Res};
use std::rc::Rc;

impl Parser<'_> {
    /// Statements up to one of the words, which stays.
    pub(super) fn body(&mut self, ends: &'static [&'static str]) -> Res<Vec<Stmt>> {
        if self.statement_depth >= DEEPEST_STATEMENT {
            return self.fail("statements nested too deep", self.at());
        }
        self.statement_depth += 1;
        self.ends.push(ends);
        let body = self.statements(ends);
        self.ends.pop();
        self.statement_depth -= 1;
        body
    }

    fn statements(&mut self, ends: &[&str]) -> Res<Vec<Stmt>> {
        let mut body = Vec::new();
        let mut output: Vec<Piece> = Vec::new();
        let mut output_at = At::default();
        let flush = |body: &mut Vec<Stmt>, output: &mut Vec<Piece>, at: At| {
            if !output.is_empty() {
                body.push(Stmt { at, kind: StmtKind::Output(std::mem::take(output)) });
            }
        };
        loop {
            let token = self.next();
            if output.is_empty() {
                output_at = token.at;
            }
            match token.kind {
                Tok::Data(text) => output.push(Piece::Data(text)),
                Tok::VariableBegin => {
                    output.push(Piece::Expr(self.tuple(TupleForm::default())?));
                    self.expect(&Tok::VariableEnd)?;
                }
                Tok::BlockBegin => {
                    flush(&mut body, &mut output, output_at);
                    if let Tok::Name(word) = self.peek()
                        && ends.contains(&&**word)
                    {
                        return Ok(body);
                    }
                    let at = self.at();
                    let kind = self.statement(at)?;
                    body.push(Stmt { at, kind });
                    self.expect(&Tok::BlockEnd)?;
                }
                _ => {
                    flush(&mut body, &mut output, output_at);
                    if !ends.is_empty() {
                        return Err(self.unended(None, token.at));
                    }
                    return Ok(body);
                }
            }
        }
    }

    /// What is said when a tag nobody expects, or the end, is met.
    fn unended(&self, name: Option<&str>, at: At) -> Box<Fault> {
        let mut message = match name {
            None => "unexpected end of template".to_owned(),
            Some(name) => format!("encountered unknown tag '{name}'"),
        };
        let wanted = self
            .ends
            .last()
            .filter(|e| !e.is_empty())
            .map(|e| e.iter().map(|w| format!("'{w}'")).collect::<Vec<_>>().join(" or "));
        if let Some(wanted) = wanted {
            message.push_str(&format!("; looking for {wanted}"));
        }
        if let Some(tag) = self.tags.last() {
            message.push_str(&format!("; the innermost block that needs to be closed is '{tag}'"));
        }
        Fault::syntax(message, at)
    }

    fn statement(&mut self, at: At) -> Res<StmtKind> {
        let Tok::Name(word) = self.peek().clone() else {
            return self.fail("tag name expected", at);
        };
        self.position += 1;
        self.tags.push(word.clone());
        let kind = match &*word {
            "for" => self.for_loop(),
            "if" => self.condition_blocks(),
            "set" => self.set(),
            "with" => self.with(),
            "macro" => self.macro_block(at),
            "call" => self.call_block(at),
            "filter" => self.filter_block(),
            "block" => self.block(at),
            "extends" => self.extends(),
            "include" => self.include(),
            "import" => self.import(),
            "from" => self.import_names(),
            "print" => self.print(),
            "autoescape" => self.autoescape(),
            "do" if self.options.do_statement => self.tuple(TupleForm::default()).map(StmtKind::Do),
            "break" if self.options.loop_controls => Ok(StmtKind::Break),
            "continue" if self.options.loop_controls => Ok(StmtKind::Continue),
            other => {
                self.tags.pop();
                return Err(self.unended(Some(other), at));
            }
        };
        self.tags.pop();
        kind
    }

    /// `%}`, a body and, when it ends the statement, the word at its end.
    fn block_body(&mut self, ends: &'static [&'static str]) -> Res<Vec<Stmt>> {
        self.skip_op(":");
        self.expect(&Tok::BlockEnd)?;
        self.body(ends)
    }
    pub(super) fn closed_body(&mut self, ends: &'static [&'static str]) -> Res<Vec<Stmt>> {
        let body = self.block_body(ends)?;
        self.position += 1;
        Ok(body)
    }

    fn target(&mut self, form: TupleForm) -> Res<Expr> {
        let target = self.tuple(TupleForm { simple: true, ..form })?;
        if !assignable(&target) {
            return self.fail("this cannot be assigned to", target.at);
        }
        Ok(target)
    }
    pub(super) fn target_name(&mut self) -> Res<(Name, At)> {
        let (name, at) = self.expect_name()?;
        if matches!(&*name, "true" | "false" | "none" | "True" | "False" | "None") {
            return self.fail(format!("can't assign to '{name}'"), at);
        }
        Ok((self.name(name), at))
    }

    fn set(&mut self) -> Res<StmtKind> {
        let target = self.target(TupleForm { namespace: true, ..TupleForm::default() })?;
        if self.skip_op("=") {
            let value = self.tuple(TupleForm::default())?;
            return Ok(StmtKind::Set { target, value, top: false });
        }
        let filter = self.filter(None, false)?;
        let body = self.closed_body(&["endset"])?;
        Ok(StmtKind::SetBlock { target, filter, body, scope: Scope::default(), top: false })
    }

    fn for_loop(&mut self) -> Res<StmtKind> {
        let before = self.position;
        let target = self.target(TupleForm { end: Some("in"), ..TupleForm::default() })?;
        self.expect_word("in")?;
        let form = TupleForm { no_condition: true, end: Some("recursive"), ..TupleForm::default() };
        let iter = self.tuple(form)?;
        let test = if self.skip_name("if") { Some(self.expression()?) } else { None };
        let test_target = match &test {
            None => None,
            Some(_) => {
                // The condition is a function of its own, with variables of its own.
                let after = std::mem::replace(&mut self.position, before);
                let again = self.target(TupleForm { end: Some("in"), ..TupleForm::default() })?;
                self.position = after;
                Some(again)
            }
        };
        let recursive = self.skip_name("recursive");
        let body = self.block_body(&["endfor", "else"])?;
        let other = if self.skip_name("else") {
            self.closed_body(&["endfor"])?
        } else {
            self.position += 1;
            Vec::new()
        };
        if let Some(at) = walk::assigns(&target, &iter, &body, &other, test.as_ref(), "loop") {
            return self.fail("can't assign to the special variable `loop` in a for loop", at);
        }
        Ok(StmtKind::For(Rc::new(For {
            target,
            test_target,
            iter,
            body,
            other,
            test,
            recursive,
            loop_slot: None,
            scope: Scope::default(),
            other_scope: Scope::default(),
            test_scope: Scope::default(),
            size: 0,
            test_size: 0,
        })))
    }

    fn condition_blocks(&mut self) -> Res<StmtKind> {
        let mut branches = Vec::new();
        loop {
            let test = self.tuple(TupleForm { no_condition: true, ..TupleForm::default() })?;
            let body = self.block_body(&["elif", "else", "endif"])?;
            branches.push((test, body));
            if self.skip_name("elif") {
                continue;
            }
            let other = if self.skip_name("else") {
                self.closed_body(&["endif"])?
            } else {
                self.position += 1;
                Vec::new()
            };
            return Ok(StmtKind::If { branches, other });
        }
    }

    fn with(&mut self) -> Res<StmtKind> {
        let (mut targets, mut values) = (Vec::new(), Vec::new());
        while *self.peek() != Tok::BlockEnd {
            if !targets.is_empty() {
                self.expect_op(",")?;
            }
            targets.push(self.target(TupleForm::default())?);
            self.expect_op("=")?;
            values.push(self.expression()?);
        }
        let body = self.closed_body(&["endwith"])?;
        Ok(StmtKind::With { targets, values, body, scope: Scope::default() })
    }

    fn signature(&mut self) -> Res<(Vec<Name>, Vec<Expr>)> {
        let (mut names, mut defaults): (Vec<Name>, Vec<Expr>) = (Vec::new(), Vec::new());
        self.expect_op("(")?;
        while !self.is_op(")") {
            if !names.is_empty() {
                self.expect_op(",")?;
            }
            let (name, at) = self.target_name()?;
            if names.iter().any(|n| n.name == name.name) {
                return self.fail(format!("duplicate argument '{}'", name.name), at);
            }
            if self.skip_op("=") {
                defaults.push(self.expression()?);
            } else if !defaults.is_empty() {
                return self.fail("non-default argument follows default argument", at);
            }
            names.push(name);
        }
        self.expect_op(")")?;
        Ok((names, defaults))
    }

    fn code(
        &self,
        at: At,
        name: Option<Rc<str>>,
        signature: (Vec<Name>, Vec<Expr>),
        body: Vec<Stmt>,
    ) -> Rc<MacroCode> {
        let (arguments, defaults) = signature;
        Rc::new(MacroCode {
            at,
            name,
            arguments,
            defaults,
            body,
            scope: Scope::default(),
            size: 0,
            caller: None,
            kwargs: None,
            varargs: None,
        })
    }

    fn macro_block(&mut self, at: At) -> Res<StmtKind> {
        let (target, _) = self.target_name()?;
        let signature = self.signature()?;
        let body = self.closed_body(&["endmacro"])?;
        let code = self.code(at, Some(target.name.clone()), signature, body);
        Ok(StmtKind::Macro { code, target, top: false })
    }

    fn call_block(&mut self, at: At) -> Res<StmtKind> {
        let signature = if self.is_op("(") { self.signature()? } else { (Vec::new(), Vec::new()) };
        let call = self.expression()?;
        if !matches!(call.kind, ExprKind::Call(_)) {
            return self.fail("expected call", at);
        }
        let body = self.closed_body(&["endcall"])?;
        Ok(StmtKind::CallBlock { code: self.code(at, None, signature, body), call })
    }

    fn filter_block(&mut self) -> Res<StmtKind> {
        let Some(filter) = self.filter(None, true)? else {
            return Err(self.expected("a filter"));
        };
        let body = self.closed_body(&["endfilter"])?;
        Ok(StmtKind::FilterBlock { filter, body, scope: Scope::default() })
    }

    fn print(&mut self) -> Res<StmtKind> {
        let mut pieces = Vec::new();
        while *self.peek() != Tok::BlockEnd {
            if !pieces.is_empty() {
                self.expect_op(",")?;
            }
            pieces.push(Piece::Expr(self.expression()?));
        }
        Ok(StmtKind::Output(pieces))
    }

    fn autoescape(&mut self) -> Res<StmtKind> {
        let escape = self.expression()?;
        let body = self.closed_body(&["endautoescape"])?;
        Ok(StmtKind::Scope { body, scope: Scope::default(), escape })
    }
}

fn assignable(target: &Expr) -> bool {
    match &target.kind {
        ExprKind::Name(_) | ExprKind::NamespaceRef { .. } => true,
        ExprKind::Tuple(items) => items.iter().all(assignable),
        _ => false,
    }
}
