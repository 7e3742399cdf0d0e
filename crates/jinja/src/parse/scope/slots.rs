//! The way through the tree: each name gets its slot, each scope its loads.

use super::{From, Resolver, Var};
use crate::error::{At, Fault, Res};
use crate::parse::ast::{
    Arguments, Expr, ExprKind, For, Load, MacroCode, Name, Piece, Scope, Slot, Stmt, StmtKind,
};
use crate::parse::walk;
use indexmap::IndexMap;
use std::rc::Rc;

impl Resolver {
    pub(super) fn slot(&self, scope: usize, var: Var) -> Slot {
        let here = self.functions[self.symbols[scope].function].depth;
        Slot { hops: here.saturating_sub(self.functions[var.0].depth), index: var.1 }
    }
    pub(super) fn scope(&self, scope: usize) -> Scope {
        let symbols = &self.symbols[scope];
        let loads = symbols
            .loads
            .iter()
            // A branch may speak of variables further out; those are not entered here.
            .filter(|(var, _)| var.0 == symbols.function)
            .map(|(var, from)| {
                let load = match from {
                    From::Parameter => Load::Parameter,
                    From::Resolve(name) => Load::Resolve(name.clone()),
                    From::Alias(var) => Load::Alias(self.slot(scope, *var)),
                    From::Undefined => Load::Undefined,
                };
                (var.1, load)
            })
            .collect();
        Scope { loads }
    }
    /// All that was set here and further out, by name.
    fn locals(&self, scope: usize) -> Vec<(Rc<str>, Slot)> {
        let mut out: IndexMap<Rc<str>, Slot> = IndexMap::new();
        let mut here = Some(scope);
        while let Some(at) = here {
            for name in &self.symbols[at].stores {
                if let (false, Some(var)) = (out.contains_key(name), self.find(scope, name)) {
                    out.insert(name.clone(), self.slot(scope, var));
                }
            }
            here = self.symbols[at].parent;
        }
        out.into_iter().collect()
    }
    fn is_from_context(&self, scope: usize, var: Var) -> bool {
        let mut var = var;
        // An alias leads outwards, so there are no more steps than scopes.
        for _ in 0..=self.symbols[scope].level {
            let mut here = Some(scope);
            let mut found = None;
            while let Some(at) = here {
                found = self.symbols[at].loads.get(&var);
                if found.is_some() {
                    break;
                }
                here = self.symbols[at].parent;
            }
            match found {
                Some(From::Resolve(_)) => return true,
                Some(From::Alias(outer)) => var = *outer,
                _ => return false,
            }
        }
        false
    }
    fn name(&mut self, scope: usize, name: &mut Name) {
        let var = match self.find(scope, &name.name) {
            Some(var) => var,
            None => self.define(scope, &name.name.clone(), From::Resolve(name.name.clone())),
        };
        name.slot = self.slot(scope, var);
        name.read = self.is_from_context(scope, var);
    }

    /// The statements of an inner scope, which is not a condition's.
    fn inner_statements(&mut self, scope: usize, body: &mut [Stmt]) -> Res<()> {
        let before = std::mem::replace(&mut self.soft, false);
        let done = self.statements(scope, body, false);
        self.soft = before;
        done
    }

    pub(super) fn statements(&mut self, scope: usize, body: &mut [Stmt], top: bool) -> Res<()> {
        for statement in body {
            let at = statement.at;
            if let StmtKind::Extends { .. } = &statement.kind
                && !top
            {
                return Err(Fault::syntax("cannot use extend from a non top-level scope", at));
            }
            self.one(scope, &mut statement.kind, top)?;
        }
        Ok(())
    }

    fn one(&mut self, scope: usize, kind: &mut StmtKind, is_top: bool) -> Res<()> {
        match kind {
            StmtKind::Output(pieces) => {
                for piece in pieces {
                    if let Piece::Expr(e) = piece {
                        self.expr(scope, e);
                    }
                }
            }
            StmtKind::For(node) => {
                if let Some(node) = Rc::get_mut(node) {
                    self.for_loop(scope, node)?;
                }
            }
            StmtKind::If { branches, other } => {
                let before = std::mem::replace(&mut self.soft, true);
                for (test, body) in branches {
                    self.expr(scope, test);
                    self.statements(scope, body, is_top)?;
                }
                self.statements(scope, other, is_top)?;
                self.soft = before;
            }
            StmtKind::With { targets, values, body, scope: own } => {
                let inner = self.inner(scope, None);
                targets.iter().for_each(|t| self.targets(inner, t, true));
                self.analyse(inner, body);
                *own = self.scope(inner);
                targets.iter_mut().for_each(|t| self.expr(inner, t));
                values.iter_mut().for_each(|v| self.expr(scope, v));
                self.inner_statements(inner, body)?;
            }
            StmtKind::Set { target, value, top } => {
                *top = is_top;
                self.expr(scope, value);
                self.expr(scope, target);
            }
            StmtKind::SetBlock { target, filter, body, scope: own, top } => {
                *top = is_top;
                let inner = self.inner(scope, None);
                self.analyse(inner, body);
                if let Some(filter) = filter {
                    self.loads(inner, filter);
                    self.expr(inner, filter);
                }
                *own = self.scope(inner);
                self.inner_statements(inner, body)?;
                self.expr(scope, target);
            }
            StmtKind::FilterBlock { filter, body, scope: own } => {
                let inner = self.inner(scope, None);
                self.analyse(inner, body);
                self.loads(inner, filter);
                *own = self.scope(inner);
                self.inner_statements(inner, body)?;
                self.expr(inner, filter);
            }
            StmtKind::Macro { code, target, top } => {
                *top = is_top;
                if let Some(code) = Rc::get_mut(code) {
                    self.macro_code(scope, code)?;
                }
                self.name(scope, target);
            }
            StmtKind::CallBlock { code, call } => {
                if let Some(code) = Rc::get_mut(code) {
                    self.macro_code(scope, code)?;
                }
                self.expr(scope, call);
            }
            StmtKind::Block { top, locals, .. } => {
                *top = is_top;
                *locals = self.locals(scope);
            }
            StmtKind::Extends { template } => self.expr(scope, template),
            StmtKind::Include { template, locals, .. } => {
                self.expr(scope, template);
                *locals = self.locals(scope);
            }
            StmtKind::Import { template, target, top, locals, .. } => {
                *top = is_top;
                self.expr(scope, template);
                self.name(scope, target);
                *locals = self.locals(scope);
            }
            StmtKind::FromImport { template, names, top, locals, .. } => {
                *top = is_top;
                self.expr(scope, template);
                names.iter_mut().for_each(|(_, alias)| self.name(scope, alias));
                *locals = self.locals(scope);
            }
            StmtKind::Do(e) => self.expr(scope, e),
            StmtKind::Scope { body, scope: own, escape } => {
                let inner = self.inner(scope, None);
                self.loads(inner, escape);
                self.analyse(inner, body);
                *own = self.scope(inner);
                self.expr(inner, escape);
                self.inner_statements(inner, body)?;
            }
            StmtKind::Break | StmtKind::Continue => {}
        }
        Ok(())
    }

    fn for_loop(&mut self, scope: usize, node: &mut For) -> Res<()> {
        self.expr(scope, &mut node.iter);
        let (inner, function) = if node.recursive {
            let (inner, function) = self.inner_function(scope);
            (inner, Some(function))
        } else {
            (self.inner(scope, None), None)
        };
        let extended = node.recursive
            || !walk::undeclared(&node.body, &["loop"]).is_empty()
            || walk::has_scoped_block(&node.body);
        if extended {
            let var = self.parameter(inner, "loop");
            node.loop_slot = Some(self.slot(inner, var));
        }
        self.targets(inner, &node.target, true);
        self.analyse(inner, &node.body);
        node.scope = self.scope(inner);
        self.expr(inner, &mut node.target);
        if let (Some(test), Some(target)) = (&mut node.test, &mut node.test_target) {
            let (own, function) = self.inner_function(scope);
            self.targets(own, target, true);
            self.loads(own, test);
            node.test_scope = self.scope(own);
            self.expr(own, target);
            self.expr(own, test);
            node.test_size = self.size(function);
        }
        self.inner_statements(inner, &mut node.body)?;
        let other = self.inner(scope, function);
        self.analyse(other, &node.other);
        node.other_scope = self.scope(other);
        self.inner_statements(other, &mut node.other)?;
        node.size = function.map_or(0, |f| self.size(f));
        Ok(())
    }

    fn macro_code(&mut self, scope: usize, code: &mut MacroCode) -> Res<()> {
        let (inner, function) = self.inner_function(scope);
        let named = |name: &str| code.arguments.iter().position(|a| &*a.name == name);
        let mut special = walk::undeclared(&code.body, &["caller", "kwargs", "varargs"]);
        if let Some(position) = named("caller")
            && special.contains("caller")
        {
            if position + code.defaults.len() < code.arguments.len() {
                return Err(Fault::syntax(
                    "a macro's argument `caller` must be omitted or be given a default",
                    code.at,
                ));
            }
            special.remove("caller");
        }
        special.retain(|word| named(word).is_none());
        for argument in &code.arguments {
            self.parameter(inner, &argument.name);
        }
        for word in &special {
            let var = self.parameter(inner, word);
            let slot = Some(self.slot(inner, var));
            match *word {
                "caller" => code.caller = slot,
                "kwargs" => code.kwargs = slot,
                _ => code.varargs = slot,
            }
        }
        code.defaults.iter().for_each(|d| self.loads(inner, d));
        self.analyse(inner, &code.body);
        code.scope = self.scope(inner);
        code.arguments.iter_mut().for_each(|a| self.name(inner, a));
        code.defaults.iter_mut().for_each(|d| self.expr(inner, d));
        self.inner_statements(inner, &mut code.body)?;
        code.size = self.size(function);
        Ok(())
    }

    fn arguments(&mut self, scope: usize, found: &mut Arguments) {
        found.positional.iter_mut().for_each(|e| self.expr(scope, e));
        found.named.iter_mut().for_each(|(_, e)| self.expr(scope, e));
        found.star.iter_mut().chain(&mut found.double_star).for_each(|e| self.expr(scope, e));
    }

    fn not_known(&mut self, mut fault: Box<Fault>, at: At) {
        if !self.soft && self.unknown.is_none() {
            fault.at = at;
            self.unknown = Some(fault);
        }
    }

    fn expr(&mut self, scope: usize, e: &mut Expr) {
        match &mut e.kind {
            ExprKind::Const(_) => {}
            ExprKind::Name(name) | ExprKind::NamespaceRef { name, .. } => self.name(scope, name),
            ExprKind::Tuple(items) | ExprKind::List(items) | ExprKind::Concat(items) => {
                items.iter_mut().for_each(|i| self.expr(scope, i));
            }
            ExprKind::Dict(items) => {
                for (k, v) in items {
                    self.expr(scope, k);
                    self.expr(scope, v);
                }
            }
            ExprKind::Cond { test, then, other } => {
                let before = std::mem::replace(&mut self.soft, true);
                self.expr(scope, test);
                self.expr(scope, then);
                other.iter_mut().for_each(|o| self.expr(scope, o));
                self.soft = before;
            }
            ExprKind::Filter(filter) => {
                if filter.function.is_none() {
                    self.not_known(crate::filters::unknown(&filter.name), e.at);
                }
                filter.on.iter_mut().for_each(|on| self.expr(scope, on));
                self.arguments(scope, &mut filter.arguments);
            }
            ExprKind::Test(test) => {
                if test.function.is_none() {
                    self.not_known(crate::tests::unknown(&test.name), e.at);
                }
                self.expr(scope, &mut test.on);
                self.arguments(scope, &mut test.arguments);
            }
            ExprKind::Call(call) => {
                self.expr(scope, &mut call.on);
                self.arguments(scope, &mut call.arguments);
            }
            ExprKind::Attr(on, _) | ExprKind::Not(on) | ExprKind::Negative(on) | ExprKind::Positive(on) => {
                self.expr(scope, on);
            }
            ExprKind::Item(a, b) | ExprKind::Binary(_, a, b) | ExprKind::And(a, b) | ExprKind::Or(a, b) => {
                self.expr(scope, a);
                self.expr(scope, b);
            }
            ExprKind::Slice(on, bounds) => {
                self.expr(scope, on);
                bounds.iter_mut().flatten().for_each(|b| self.expr(scope, b));
            }
            ExprKind::Compare(first, rest) => {
                self.expr(scope, first);
                rest.iter_mut().for_each(|(_, e)| self.expr(scope, e));
            }
        }
    }
}
