//! What the statements of a scope say about its names; inner scopes are looked at when they are met.

use super::Resolver;
use crate::parse::ast::{Expr, ExprKind, Piece, Stmt, StmtKind};
use crate::parse::walk;

impl Resolver {
    pub(super) fn analyse(&mut self, scope: usize, body: &[Stmt]) {
        for statement in body {
            self.analyse_one(scope, &statement.kind);
        }
    }

    fn analyse_one(&mut self, scope: usize, kind: &StmtKind) {
        match kind {
            StmtKind::Output(pieces) => {
                for piece in pieces {
                    if let Piece::Expr(e) = piece {
                        self.loads(scope, e);
                    }
                }
            }
            StmtKind::For(node) => self.loads(scope, &node.iter),
            StmtKind::If { branches, other } => self.analyse_if(scope, branches, other),
            StmtKind::With { values, .. } => values.iter().for_each(|v| self.loads(scope, v)),
            StmtKind::Set { target, value, .. } => {
                self.loads(scope, value);
                self.targets(scope, target, false);
            }
            StmtKind::SetBlock { target, .. } => self.targets(scope, target, false),
            StmtKind::FilterBlock { filter, .. } => self.loads(scope, filter),
            StmtKind::Macro { target, .. } => self.store(scope, &target.name),
            StmtKind::CallBlock { call, .. } => self.loads(scope, call),
            StmtKind::Extends { template } | StmtKind::Include { template, .. } => {
                self.loads(scope, template);
            }
            StmtKind::Import { template, target, .. } => {
                self.loads(scope, template);
                self.store(scope, &target.name);
            }
            StmtKind::FromImport { template, names, .. } => {
                self.loads(scope, template);
                for (_, alias) in names {
                    self.store(scope, &alias.name);
                }
            }
            StmtKind::Do(e) => self.loads(scope, e),
            StmtKind::Block { .. } | StmtKind::Scope { .. } | StmtKind::Break | StmtKind::Continue => {}
        }
    }

    fn analyse_if(&mut self, scope: usize, branches: &[(Expr, Vec<Stmt>)], other: &[Stmt]) {
        let Some(((test, body), elifs)) = branches.split_first() else { return };
        self.loads(scope, test);
        let first = self.branch(scope, |s| s.analyse(scope, body));
        let middle = self.branch(scope, |s| {
            for (test, body) in elifs {
                s.loads(scope, test);
                let one = s.branch(scope, |s| s.analyse(scope, body));
                s.merge(scope, vec![one]);
            }
        });
        let last = self.branch(scope, |s| s.analyse(scope, other));
        self.merge(scope, vec![first, middle, last]);
    }

    pub(super) fn targets(&mut self, scope: usize, target: &Expr, parameter: bool) {
        match &target.kind {
            ExprKind::Name(name) if parameter => {
                self.parameter(scope, &name.name);
            }
            ExprKind::Name(name) => self.store(scope, &name.name),
            ExprKind::NamespaceRef { name, .. } => self.load(scope, &name.name),
            ExprKind::Tuple(items) => items.iter().for_each(|i| self.targets(scope, i, parameter)),
            _ => {}
        }
    }

    pub(super) fn loads(&mut self, scope: usize, e: &Expr) {
        let mut names = Vec::new();
        walk::names(e, &mut names);
        for name in names {
            self.load(scope, &name);
        }
    }
}
