//! Walks over all names of a tree, in the order of the text.

use super::ast::{Arguments, Expr, ExprKind, MacroCode, Piece, Stmt, StmtKind};
use crate::error::At;
use std::collections::BTreeSet;
use std::rc::Rc;

/// A name that was met.
enum Met {
    Load,
    Store,
}

/// Which of the names are read before anything in the body sets them.
pub(super) fn undeclared(body: &[Stmt], names: &[&'static str]) -> BTreeSet<&'static str> {
    let mut wanted: BTreeSet<&'static str> = names.iter().copied().collect();
    let mut found = BTreeSet::new();
    statements(body, &mut |name, met, _| {
        if let Some(known) = wanted.get(name).copied() {
            match met {
                Met::Load => {
                    found.insert(known);
                }
                Met::Store => {
                    wanted.remove(known);
                }
            }
        }
    });
    found
}

/// Whether a scoped block stands anywhere in the body.
pub(super) fn has_scoped_block(body: &[Stmt]) -> bool {
    body.iter().any(|s| match &s.kind {
        StmtKind::Block { scoped, .. } => *scoped,
        StmtKind::For(node) => has_scoped_block(&node.body) || has_scoped_block(&node.other),
        StmtKind::If { branches, other } => {
            branches.iter().any(|(_, b)| has_scoped_block(b)) || has_scoped_block(other)
        }
        StmtKind::With { body, .. }
        | StmtKind::SetBlock { body, .. }
        | StmtKind::FilterBlock { body, .. }
        | StmtKind::Scope { body, .. } => has_scoped_block(body),
        StmtKind::Macro { code, .. } | StmtKind::CallBlock { code, .. } => has_scoped_block(&code.body),
        _ => false,
    })
}

/// Where a loop sets `name`, if it does.
pub(super) fn assigns(
    target: &Expr,
    iter: &Expr,
    body: &[Stmt],
    other: &[Stmt],
    test: Option<&Expr>,
    name: &str,
) -> Option<At> {
    let mut found = None;
    let mut meet = |met: &str, how: Met, at: At| {
        if met == name && matches!(how, Met::Store) && found.is_none() {
            found = Some(at);
        }
    };
    stored(target, &mut meet);
    loaded(iter, &mut meet);
    statements(body, &mut meet);
    statements(other, &mut meet);
    if let Some(test) = test {
        loaded(test, &mut meet);
    }
    found
}

/// All names an expression reads.
pub(super) fn names(e: &Expr, out: &mut Vec<Rc<str>>) {
    loaded(e, &mut |name, _, _| out.push(Rc::from(name)));
}

type Meet<'m> = dyn FnMut(&str, Met, At) + 'm;

fn statements(body: &[Stmt], meet: &mut Meet<'_>) {
    for statement in body {
        one(statement, meet);
    }
}

fn one(statement: &Stmt, meet: &mut Meet<'_>) {
    match &statement.kind {
        StmtKind::Output(pieces) => {
            for piece in pieces {
                if let Piece::Expr(e) = piece {
                    loaded(e, meet);
                }
            }
        }
        StmtKind::For(node) => {
            stored(&node.target, meet);
            loaded(&node.iter, meet);
            statements(&node.body, meet);
            statements(&node.other, meet);
            if let Some(test) = &node.test {
                loaded(test, meet);
            }
        }
        StmtKind::If { branches, other } => {
            for (test, body) in branches {
                loaded(test, meet);
                statements(body, meet);
            }
            statements(other, meet);
        }
        StmtKind::With { targets, values, body, .. } => {
            targets.iter().for_each(|t| stored(t, meet));
            values.iter().for_each(|v| loaded(v, meet));
            statements(body, meet);
        }
        StmtKind::Set { target, value, .. } => {
            stored(target, meet);
            loaded(value, meet);
        }
        StmtKind::SetBlock { target, filter, body, .. } => {
            stored(target, meet);
            if let Some(filter) = filter {
                loaded(filter, meet);
            }
            statements(body, meet);
        }
        StmtKind::FilterBlock { filter, body, .. } => {
            statements(body, meet);
            loaded(filter, meet);
        }
        // A macro's name is no name node in Jinja2's tree.
        StmtKind::Macro { code, .. } => macro_code(code, meet),
        StmtKind::CallBlock { code, call } => {
            loaded(call, meet);
            macro_code(code, meet);
        }
        // Blocks are functions of their own.
        StmtKind::Block { .. } | StmtKind::Break | StmtKind::Continue => {}
        StmtKind::Extends { template }
        | StmtKind::Include { template, .. }
        | StmtKind::Import { template, .. }
        | StmtKind::FromImport { template, .. } => loaded(template, meet),
        StmtKind::Do(e) => loaded(e, meet),
        StmtKind::Scope { body, escape, .. } => {
            loaded(escape, meet);
            statements(body, meet);
        }
    }
}

fn macro_code(code: &MacroCode, meet: &mut Meet<'_>) {
    for name in &code.arguments {
        meet(&name.name, Met::Store, code.at);
    }
    code.defaults.iter().for_each(|d| loaded(d, meet));
    statements(&code.body, meet);
}

fn stored(target: &Expr, meet: &mut Meet<'_>) {
    match &target.kind {
        ExprKind::Name(name) => meet(&name.name, Met::Store, target.at),
        ExprKind::Tuple(items) => items.iter().for_each(|i| stored(i, meet)),
        _ => {}
    }
}

fn arguments(found: &Arguments, meet: &mut Meet<'_>) {
    found.all().for_each(|e| loaded(e, meet));
}

fn loaded(e: &Expr, meet: &mut Meet<'_>) {
    match &e.kind {
        ExprKind::Const(_) | ExprKind::NamespaceRef { .. } => {}
        ExprKind::Name(name) => meet(&name.name, Met::Load, e.at),
        ExprKind::Tuple(items) | ExprKind::List(items) | ExprKind::Concat(items) => {
            items.iter().for_each(|i| loaded(i, meet));
        }
        ExprKind::Dict(items) => {
            for (k, v) in items {
                loaded(k, meet);
                loaded(v, meet);
            }
        }
        ExprKind::Cond { test, then, other } => {
            loaded(test, meet);
            loaded(then, meet);
            if let Some(other) = other {
                loaded(other, meet);
            }
        }
        ExprKind::Filter(filter) => {
            if let Some(on) = &filter.on {
                loaded(on, meet);
            }
            arguments(&filter.arguments, meet);
        }
        ExprKind::Test(test) => {
            loaded(&test.on, meet);
            arguments(&test.arguments, meet);
        }
        ExprKind::Call(call) => {
            loaded(&call.on, meet);
            arguments(&call.arguments, meet);
        }
        ExprKind::Attr(on, _) | ExprKind::Not(on) | ExprKind::Negative(on) | ExprKind::Positive(on) => {
            loaded(on, meet);
        }
        ExprKind::Item(a, b) | ExprKind::Binary(_, a, b) | ExprKind::And(a, b) | ExprKind::Or(a, b) => {
            loaded(a, meet);
            loaded(b, meet);
        }
        ExprKind::Slice(on, bounds) => {
            loaded(on, meet);
            bounds.iter().flatten().for_each(|b| loaded(b, meet));
        }
        ExprKind::Compare(first, rest) => {
            loaded(first, meet);
            rest.iter().for_each(|(_, e)| loaded(e, meet));
        }
    }
}
