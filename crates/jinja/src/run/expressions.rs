//! Expressions.

use super::{Args, Frame, Interp};
use crate::error::Res;
use crate::ops;
use crate::parse::ast::{Comparison, Expr, ExprKind, Filter, Test};
use crate::value::{Entries, Key, Undefined, V, equal, order, write_text};
use std::cmp::Ordering;
use std::rc::Rc;

impl Interp<'_> {
    /// The value of an expression. The fault knows the line of the innermost part that failed.
    pub(crate) fn eval(&mut self, e: &Expr, frame: &Frame) -> Res<V> {
        match &e.kind {
            ExprKind::Const(value) => Ok(value.clone()),
            ExprKind::Name(name) if !name.read => Ok(self.name(name, frame)),
            _ => {
                self.charge(1)?;
                self.deeper(|i| i.eval_node(e, frame)).map_err(|f| f.at(&frame.template.name, e.at))
            }
        }
    }

    fn eval_node(&mut self, e: &Expr, frame: &Frame) -> Res<V> {
        match &e.kind {
            ExprKind::Const(value) => Ok(value.clone()),
            ExprKind::Name(_) | ExprKind::Attr(..) | ExprKind::Item(..) => self.access(e, frame),
            ExprKind::NamespaceRef { name, .. } => Ok(self.name(name, frame)),
            ExprKind::Tuple(items) => Ok(V::tuple(self.all(items, frame)?)),
            ExprKind::List(items) => Ok(V::list(self.all(items, frame)?)),
            ExprKind::Dict(items) => self.eval_dict(items, frame),
            ExprKind::Cond { test, then, other } => {
                if self.eval(test, frame)?.truth()? {
                    return self.eval(then, frame);
                }
                match other {
                    Some(other) => self.eval(other, frame),
                    None => Ok(no_else(e, frame)),
                }
            }
            ExprKind::Filter(filter) => self.eval_filter(filter, frame),
            ExprKind::Test(test) => self.eval_test(test, frame),
            ExprKind::Call(call) => self.eval_call(&call.on, &call.arguments, frame),
            ExprKind::Slice(on, bounds) => {
                let on = self.eval(on, frame)?;
                let mut values = [const { None }; 3];
                for (place, bound) in values.iter_mut().zip(bounds.iter()) {
                    if let Some(bound) = bound {
                        *place = Some(self.eval(bound, frame)?);
                    }
                }
                self.slice(&on, values)
            }
            ExprKind::Concat(parts) => {
                let mut text = String::new();
                for part in parts {
                    write_text(&self.eval(part, frame)?, &mut text)?;
                }
                self.will_make(text.len())?;
                Ok(V::from(text))
            }
            ExprKind::Compare(first, rest) => self.eval_compare(first, rest, frame),
            ExprKind::Binary(operator, left, right) => {
                let left = self.eval(left, frame)?;
                let right = self.eval(right, frame)?;
                ops::binary(self, *operator, left, right)
            }
            ExprKind::And(left, right) => {
                let left = self.eval(left, frame)?;
                if left.truth()? { self.eval(right, frame) } else { Ok(left) }
            }
            ExprKind::Or(left, right) => {
                let left = self.eval(left, frame)?;
                if left.truth()? { Ok(left) } else { self.eval(right, frame) }
            }
            ExprKind::Not(inner) => Ok(V::Bool(!self.eval(inner, frame)?.truth()?)),
            ExprKind::Negative(inner) => ops::negative(&self.eval(inner, frame)?),
            ExprKind::Positive(inner) => ops::positive(&self.eval(inner, frame)?),
        }
    }

    fn all(&mut self, items: &[Expr], frame: &Frame) -> Res<Vec<V>> {
        items.iter().map(|i| self.eval(i, frame)).collect()
    }

    fn eval_dict(&mut self, items: &[(Expr, Expr)], frame: &Frame) -> Res<V> {
        let mut entries = Entries::with_capacity_and_hasher(items.len(), Default::default());
        for (key, value) in items {
            let key = Key::new(self.eval(key, frame)?)?;
            let value = self.eval(value, frame)?;
            entries.insert(key, value);
        }
        Ok(V::dict(entries))
    }

    fn eval_filter(&mut self, filter: &Filter, frame: &Frame) -> Res<V> {
        let on = match &filter.on {
            Some(on) => self.eval(on, frame)?,
            None => V::from(""),
        };
        self.apply(filter, on, frame)
    }

    fn apply(&mut self, filter: &Filter, on: V, frame: &Frame) -> Res<V> {
        let args = self.eval_args(&filter.arguments, frame)?;
        self.run_filter(&filter.name, filter.function, on, args)
    }

    /// Filters in a row on the text of a block: the innermost one has no value of its own.
    pub(super) fn eval_filter_block(&mut self, e: &Expr, body: V, frame: &Frame) -> Res<V> {
        let ExprKind::Filter(filter) = &e.kind else { return Ok(body) };
        let on = match &filter.on {
            Some(inner) => self.deeper(|i| i.eval_filter_block(inner, body, frame))?,
            None => body,
        };
        self.apply(filter, on, frame).map_err(|f| f.at(&frame.template.name, e.at))
    }

    fn eval_test(&mut self, test: &Test, frame: &Frame) -> Res<V> {
        let on = self.eval(&test.on, frame)?;
        let args = self.eval_args(&test.arguments, frame)?;
        if let Some(missing) = self.unaskable(&test.name, &on, &args) {
            return Ok(missing);
        }
        match test.function {
            Some(function) => function(self, on, args).map(V::Bool),
            None => Err(crate::tests::unknown(&test.name)),
        }
    }

    fn eval_compare(&mut self, first: &Expr, rest: &[(Comparison, Expr)], frame: &Frame) -> Res<V> {
        let mut left = self.eval(first, frame)?;
        for (comparison, right) in rest {
            let right = self.eval(right, frame)?;
            if !compare(*comparison, &left, &right)? {
                return Ok(V::Bool(false));
            }
            left = right;
        }
        Ok(V::Bool(true))
    }

    /// Applies a filter by name, as `map` does.
    pub(crate) fn filter(&mut self, name: &str, on: V, args: Args) -> Res<V> {
        self.run_filter(name, crate::filters::find(name), on, args)
    }
    /// Applies a test by name, as `select` does.
    pub(crate) fn test(&mut self, name: &str, on: V, args: Args) -> Res<bool> {
        if let Some(V::Undefined(missing)) = self.unaskable(name, &on, &args) {
            return Err(missing.fault());
        }
        match crate::tests::find(name) {
            Some(function) => function(self, on, args),
            None => Err(crate::tests::unknown(name)),
        }
    }
}

/// `left OP right`.
pub(crate) fn compare(comparison: Comparison, left: &V, right: &V) -> Res<bool> {
    let ordered = |word: &str, wanted: &[Ordering]| -> Res<bool> {
        Ok(order(left, right, word)?.is_some_and(|o| wanted.contains(&o)))
    };
    match comparison {
        Comparison::Eq => equal(left, right),
        Comparison::Ne => Ok(!equal(left, right)?),
        Comparison::Lt => ordered("<", &[Ordering::Less]),
        Comparison::Le => ordered("<=", &[Ordering::Less, Ordering::Equal]),
        Comparison::Gt => ordered(">", &[Ordering::Greater]),
        Comparison::Ge => ordered(">=", &[Ordering::Greater, Ordering::Equal]),
        Comparison::In => crate::value::contains(right, left),
        Comparison::NotIn => Ok(!crate::value::contains(right, left)?),
    }
}

/// An inline `if` without `else` gives nothing, which is never strict.
fn no_else(e: &Expr, frame: &Frame) -> V {
    let hint = format!(
        "the inline if-expression on line {} in '{}' evaluated to false and no else section was defined.",
        e.at.line, frame.template.name
    );
    V::Undefined(Rc::new(Undefined {
        hint: Some(hint),
        of: None,
        name: String::new(),
        text_name: true,
        path: None,
        strict: false,
        native: false,
        cause: None,
    }))
}
