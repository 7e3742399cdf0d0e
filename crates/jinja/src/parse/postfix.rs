//! What stands after an expression: attributes, items, calls, filters, tests.

use super::Parser;
use super::ast::{Arguments, Call, Expr, ExprKind, Filter, Test};
use super::expressions::deepest;
use super::lexer::Tok;
use crate::error::{At, Res};
use crate::value::V;
use crate::{filters, tests};
use std::rc::Rc;

impl Parser<'_> {
    pub(super) fn postfix(&mut self, mut node: Expr) -> Res<Expr> {
        loop {
            node = match self.peek() {
                Tok::Op("." | "[") => self.subscript(node)?,
                Tok::Op("(") => self.call(node)?,
                _ => return Ok(node),
            };
        }
    }

    pub(super) fn filters(&mut self, mut node: Expr) -> Res<Expr> {
        loop {
            node = match self.peek() {
                Tok::Op("|") => match self.filter(Some(node), false)? {
                    Some(node) => node,
                    None => return Err(self.expected("a filter")),
                },
                Tok::Name(n) if &**n == "is" => self.test(node)?,
                Tok::Op("(") => self.call(node)?,
                _ => return Ok(node),
            };
        }
    }

    fn subscript(&mut self, node: Expr) -> Res<Expr> {
        let token = self.next();
        let at = token.at;
        if token.kind == Tok::Op(".") {
            let attr = self.next();
            return match attr.kind {
                Tok::Name(name) => self.node(at, node.depth, ExprKind::Attr(Box::new(node), name)),
                Tok::Int(n) => {
                    let index = Expr { at: attr.at, depth: 1, kind: ExprKind::Const(V::Int(n)) };
                    self.node(at, node.depth, ExprKind::Item(Box::new(node), Box::new(index)))
                }
                _ => self.fail("expected name or number", attr.at),
            };
        }
        let mut parts = Vec::new();
        let mut slice = None;
        while !self.is_op("]") {
            if !parts.is_empty() || slice.is_some() {
                self.expect_op(",")?;
            }
            match self.subscribed()? {
                Ok(part) => parts.push(part),
                Err(bounds) => slice = Some(bounds),
            }
        }
        self.expect_op("]")?;
        if let Some(bounds) = slice {
            if !parts.is_empty() {
                return self.fail("a slice among other subscripts is not supported", at);
            }
            let below = node.depth.max(deepest(bounds.iter().flatten()));
            return self.node(at, below, ExprKind::Slice(Box::new(node), Box::new(bounds)));
        }
        let index = match parts.pop() {
            Some(one) if parts.is_empty() => one,
            last => {
                parts.extend(last);
                self.node(at, deepest(&parts), ExprKind::Tuple(parts))?
            }
        };
        let below = deepest([&node, &index]);
        self.node(at, below, ExprKind::Item(Box::new(node), Box::new(index)))
    }

    /// An index, or the bounds of a slice.
    fn subscribed(&mut self) -> Res<Result<Expr, [Option<Expr>; 3]>> {
        let start = if self.is_op(":") {
            None
        } else {
            let one = self.expression()?;
            if !self.is_op(":") {
                return Ok(Ok(one));
            }
            Some(one)
        };
        self.position += 1;
        let ends = |p: &Self| p.is_op("]") || p.is_op(",");
        let stop = if self.is_op(":") || ends(self) { None } else { Some(self.expression()?) };
        let step = if self.skip_op(":") && !ends(self) { Some(self.expression()?) } else { None };
        Ok(Err([start, stop, step]))
    }

    /// `( … )` after a name.
    fn arguments(&mut self) -> Res<Arguments> {
        let at = self.expect_op("(")?;
        let wrong = "invalid syntax for function call expression";
        let mut found = Arguments::default();
        let mut first = true;
        while !self.is_op(")") {
            if !first {
                self.expect_op(",")?;
                if self.is_op(")") {
                    break;
                }
            }
            first = false;
            if self.is_op("*") {
                if found.star.is_some() || found.double_star.is_some() {
                    return self.fail(wrong, at);
                }
                self.position += 1;
                found.star = Some(self.expression()?);
            } else if self.is_op("**") {
                if found.double_star.is_some() {
                    return self.fail(wrong, at);
                }
                self.position += 1;
                found.double_star = Some(self.expression()?);
            } else if let (Tok::Name(name), Tok::Op("=")) = (self.peek(), self.look()) {
                if found.double_star.is_some() {
                    return self.fail(wrong, at);
                }
                let name = name.clone();
                if found.named.iter().any(|(n, _)| *n == name) {
                    return self.fail(format!("keyword argument repeated: {name}"), at);
                }
                self.position += 2;
                let value = self.expression()?;
                found.named.push((name, value));
            } else {
                if found.star.is_some() || found.double_star.is_some() || !found.named.is_empty() {
                    return self.fail(wrong, at);
                }
                let value = self.expression()?;
                found.positional.push(value);
            }
        }
        self.expect_op(")")?;
        Ok(found)
    }

    fn call(&mut self, on: Expr) -> Res<Expr> {
        let at = self.at();
        let arguments = self.arguments()?;
        let below = on.depth.max(arguments.depth());
        self.node(at, below, ExprKind::Call(Box::new(Call { on, arguments })))
    }

    fn dotted(&mut self) -> Res<(Rc<str>, At)> {
        let (mut name, at) = self.expect_name()?;
        while self.skip_op(".") {
            let (more, _) = self.expect_name()?;
            name = Rc::from(format!("{name}.{more}"));
        }
        Ok((name, at))
    }

    /// Filters in a row; with `inline` the first without its `|`.
    pub(super) fn filter(&mut self, mut node: Option<Expr>, inline: bool) -> Res<Option<Expr>> {
        let mut inline = inline;
        while inline || self.is_op("|") {
            if !inline {
                self.position += 1;
            }
            inline = false;
            let (name, at) = self.dotted()?;
            let arguments = if self.is_op("(") { self.arguments()? } else { Arguments::default() };
            let below = node.as_ref().map_or(0, |n| n.depth).max(arguments.depth());
            let function = filters::find(&name);
            let filter = Filter { on: node, name, arguments, function };
            node = Some(self.node(at, below, ExprKind::Filter(Box::new(filter)))?);
        }
        Ok(node)
    }

    fn test(&mut self, on: Expr) -> Res<Expr> {
        let at = self.next().at;
        let negated = self.skip_name("not");
        let (name, _) = self.dotted()?;
        let mut arguments = Arguments::default();
        match self.peek() {
            Tok::Op("(") => arguments = self.arguments()?,
            Tok::Name(n) if matches!(&**n, "else" | "or" | "and") => {}
            Tok::Name(n) if &**n == "is" => {
                return self.fail("You cannot chain multiple tests with is", self.at());
            }
            Tok::Name(_) | Tok::Str(_) | Tok::Int(_) | Tok::Float(_) | Tok::Op("[" | "{") => {
                let one = self.nested(|p| p.primary(false))?;
                let one = self.postfix(one)?;
                arguments.positional.push(one);
            }
            _ => {}
        }
        let below = on.depth.max(arguments.depth());
        let function = tests::find(&name);
        let test = self.node(at, below, ExprKind::Test(Box::new(Test { on, name, arguments, function })))?;
        if negated { self.node(at, test.depth, ExprKind::Not(Box::new(test))) } else { Ok(test) }
    }
}

impl Arguments {
    pub(super) fn all(&self) -> impl Iterator<Item = &Expr> {
        self.positional
            .iter()
            .chain(self.named.iter().map(|(_, e)| e))
            .chain(&self.star)
            .chain(&self.double_star)
    }
    fn depth(&self) -> u16 {
        deepest(self.all())
    }
}
