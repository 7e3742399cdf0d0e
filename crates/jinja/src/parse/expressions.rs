//! Expressions.

use super::Parser;
use super::ast::{Comparison, Expr, ExprKind, Name, Operator, Slot};
use super::lexer::Tok;
use crate::error::{At, Res};
use crate::value::V;
use std::rc::Rc;

/// How a tuple is read.
#[derive(Clone, Copy, Default)]
pub(super) struct TupleForm {
    /// Only names and literals.
    pub simple: bool,
    /// No `a if b else c` in it.
    pub no_condition: bool,
    /// A word that ends it.
    pub end: Option<&'static str>,
    /// It stands in brackets, so it may be empty.
    pub brackets: bool,
    /// `ns.attr` may stand in it.
    pub namespace: bool,
}

pub(super) fn deepest<'e>(parts: impl IntoIterator<Item = &'e Expr>) -> u16 {
    parts.into_iter().map(|e| e.depth).max().unwrap_or(0)
}

impl Parser<'_> {
    pub(super) fn expression(&mut self) -> Res<Expr> {
        self.nested(Self::condition)
    }

    /// Reads something one level deeper.
    pub(super) fn nested(&mut self, read: impl FnOnce(&mut Self) -> Res<Expr>) -> Res<Expr> {
        // Brackets cost a dozen functions of this parser each.
        const DEEPEST_BRACKETS: u16 = 40;
        if self.depth >= DEEPEST_BRACKETS {
            return self.fail("an expression nested too deep", self.at());
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    fn condition(&mut self) -> Res<Expr> {
        let at = self.at();
        let mut then = self.or()?;
        while self.skip_name("if") {
            let test = self.or()?;
            let other = if self.skip_name("else") { Some(self.nested(Self::condition)?) } else { None };
            let below = deepest([&then, &test]).max(other.as_ref().map_or(0, |o| o.depth));
            let kind =
                ExprKind::Cond { test: Box::new(test), then: Box::new(then), other: other.map(Box::new) };
            then = self.node(at, below, kind)?;
        }
        Ok(then)
    }

    fn or(&mut self) -> Res<Expr> {
        let at = self.at();
        let mut left = self.and()?;
        while self.skip_name("or") {
            let right = self.and()?;
            let below = deepest([&left, &right]);
            left = self.node(at, below, ExprKind::Or(Box::new(left), Box::new(right)))?;
        }
        Ok(left)
    }

    fn and(&mut self) -> Res<Expr> {
        let at = self.at();
        let mut left = self.not()?;
        while self.skip_name("and") {
            let right = self.not()?;
            let below = deepest([&left, &right]);
            left = self.node(at, below, ExprKind::And(Box::new(left), Box::new(right)))?;
        }
        Ok(left)
    }

    fn not(&mut self) -> Res<Expr> {
        let at = self.at();
        if self.skip_name("not") {
            let inner = self.nested(Self::not)?;
            return self.node(at, inner.depth, ExprKind::Not(Box::new(inner)));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Res<Expr> {
        let at = self.at();
        let first = self.sum()?;
        let mut rest = Vec::new();
        loop {
            let operator = match self.peek() {
                Tok::Op("==") => Comparison::Eq,
                Tok::Op("!=") => Comparison::Ne,
                Tok::Op("<") => Comparison::Lt,
                Tok::Op("<=") => Comparison::Le,
                Tok::Op(">") => Comparison::Gt,
                Tok::Op(">=") => Comparison::Ge,
                Tok::Name(n) if &**n == "in" => Comparison::In,
                Tok::Name(n) if &**n == "not" && self.looks_name("in") => {
                    self.position += 1;
                    Comparison::NotIn
                }
                _ => break,
            };
            self.position += 1;
            rest.push((operator, self.sum()?));
        }
        if rest.is_empty() {
            return Ok(first);
        }
        let below = first.depth.max(deepest(rest.iter().map(|(_, e)| e)));
        self.node(at, below, ExprKind::Compare(Box::new(first), rest))
    }

    fn binary(&mut self, operators: &[(&str, Operator)], operand: fn(&mut Self) -> Res<Expr>) -> Res<Expr> {
        let at = self.at();
        let mut left = operand(self)?;
        while let Some((_, operator)) = operators.iter().find(|(op, _)| self.is_op(op)) {
            self.position += 1;
            let right = operand(self)?;
            let below = deepest([&left, &right]);
            left = self.node(at, below, ExprKind::Binary(*operator, Box::new(left), Box::new(right)))?;
        }
        Ok(left)
    }

    fn sum(&mut self) -> Res<Expr> {
        self.binary(&[("+", Operator::Add), ("-", Operator::Sub)], Self::concat)
    }

    fn concat(&mut self) -> Res<Expr> {
        let at = self.at();
        let first = self.product()?;
        if !self.is_op("~") {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.skip_op("~") {
            parts.push(self.product()?);
        }
        self.node(at, deepest(&parts), ExprKind::Concat(parts))
    }

    fn product(&mut self) -> Res<Expr> {
        let operators =
            [("*", Operator::Mul), ("/", Operator::Div), ("//", Operator::FloorDiv), ("%", Operator::Mod)];
        self.binary(&operators, Self::power)
    }

    fn power(&mut self) -> Res<Expr> {
        self.binary(&[("**", Operator::Pow)], Self::filtered)
    }

    fn filtered(&mut self) -> Res<Expr> {
        self.unary(true)
    }

    fn unary(&mut self, with_filter: bool) -> Res<Expr> {
        let at = self.at();
        let node = if self.skip_op("-") {
            let inner = self.nested(|p| p.unary(false))?;
            self.node(at, inner.depth, ExprKind::Negative(Box::new(inner)))?
        } else if self.skip_op("+") {
            let inner = self.nested(|p| p.unary(false))?;
            self.node(at, inner.depth, ExprKind::Positive(Box::new(inner)))?
        } else {
            self.primary(false)?
        };
        let node = self.postfix(node)?;
        if with_filter { self.filters(node) } else { Ok(node) }
    }

    pub(super) fn name(&self, name: Rc<str>) -> Name {
        Name { name, slot: Slot::NONE, read: false }
    }

    pub(super) fn primary(&mut self, namespace: bool) -> Res<Expr> {
        let token = self.next();
        let at = token.at;
        let constant = |v: V| Expr { at, depth: 1, kind: ExprKind::Const(v) };
        match token.kind {
            Tok::Name(name) => match &*name {
                "true" | "True" => Ok(constant(V::Bool(true))),
                "false" | "False" => Ok(constant(V::Bool(false))),
                "none" | "None" => Ok(constant(V::None)),
                _ if namespace && self.is_op(".") => {
                    self.position += 1;
                    let (attr, _) = self.expect_name()?;
                    self.node(at, 0, ExprKind::NamespaceRef { name: self.name(name), attr })
                }
                _ => self.node(at, 0, ExprKind::Name(self.name(name))),
            },
            Tok::Str(first) => {
                let mut whole = first;
                while let Tok::Str(more) = self.peek() {
                    whole = Rc::from(format!("{whole}{more}"));
                    self.position += 1;
                }
                Ok(constant(V::Str(whole)))
            }
            Tok::Int(n) => Ok(constant(V::Int(n))),
            Tok::Float(x) => Ok(constant(V::Float(x))),
            Tok::Op("(") => {
                let form = TupleForm { brackets: true, ..TupleForm::default() };
                let inner = self.nested(|p| p.tuple(form))?;
                self.expect_op(")")?;
                Ok(inner)
            }
            Tok::Op("[") => self.list(at),
            Tok::Op("{") => self.dict(at),
            other => self.fail(format!("unexpected {}", super::describe(&other)), at),
        }
    }

    pub(super) fn tuple(&mut self, form: TupleForm) -> Res<Expr> {
        let at = self.at();
        let mut items = Vec::new();
        let mut is_tuple = false;
        loop {
            if !items.is_empty() {
                self.expect_op(",")?;
            }
            let ends = matches!(self.peek(), Tok::VariableEnd | Tok::BlockEnd | Tok::Op(")"))
                || form.end.is_some_and(|word| self.is_name(word));
            if ends {
                break;
            }
            items.push(if form.simple {
                self.nested(|p| p.primary(form.namespace))?
            } else if form.no_condition {
                self.nested(Self::or)?
            } else {
                self.expression()?
            });
            if !self.is_op(",") {
                break;
            }
            is_tuple = true;
        }
        if !is_tuple {
            if let Some(one) = items.pop() {
                return Ok(one);
            }
            if !form.brackets {
                return Err(self.expected("an expression"));
            }
        }
        self.node(at, deepest(&items), ExprKind::Tuple(items))
    }

    fn list(&mut self, at: At) -> Res<Expr> {
        let mut items = Vec::new();
        while !self.is_op("]") {
            if !items.is_empty() {
                self.expect_op(",")?;
                if self.is_op("]") {
                    break;
                }
            }
            items.push(self.expression()?);
        }
        self.expect_op("]")?;
        self.node(at, deepest(&items), ExprKind::List(items))
    }

    fn dict(&mut self, at: At) -> Res<Expr> {
        let mut items = Vec::new();
        while !self.is_op("}") {
            if !items.is_empty() {
                self.expect_op(",")?;
                if self.is_op("}") {
                    break;
                }
            }
            let key = self.expression()?;
            self.expect_op(":")?;
            items.push((key, self.expression()?));
        }
        self.expect_op("}")?;
        let below = deepest(items.iter().flat_map(|(k, v)| [k, v]));
        self.node(at, below, ExprKind::Dict(items))
    }
}
