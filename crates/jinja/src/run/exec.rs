//! Statements.

use super::{Frame, Interp, Names, Out};
use crate::error::{At, Fault, Kind, Res};
use crate::parse::ast::{Expr, ExprKind, Load, Name, Piece, Scope, Slot, Stmt, StmtKind};
use crate::value::{Object, V, lock};
use std::rc::Rc;

/// How a body ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Next,
    Break,
    Continue,
}

impl Interp<'_> {
    pub(super) fn run(&mut self, body: &[Stmt], frame: &Frame, out: &mut Out) -> Res<Flow> {
        for statement in body {
            self.charge(1)?;
            let flow = match &statement.kind {
                StmtKind::Output(pieces) => {
                    self.output(pieces, frame, out)?;
                    Flow::Next
                }
                other => self
                    .statement(other, statement.at, frame, out)
                    .map_err(|f| f.at(&frame.template.name, statement.at))?,
            };
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn output(&mut self, pieces: &[Piece], frame: &Frame, out: &mut Out) -> Res<()> {
        if frame.extended() {
            return Ok(());
        }
        for piece in pieces {
            match piece {
                Piece::Data(text) => {
                    let written = out.data(text, &frame.template.name, At::default());
                    match written {
                        Ok(bytes) => self.wrote(bytes)?,
                        Err(fault) => self.told(fault)?,
                    }
                }
                Piece::Expr(e) => {
                    let file = &frame.template.name;
                    let printed = self.eval(e, frame).and_then(|value| out.push(value, file, e.at));
                    match printed {
                        Ok(bytes) => self.wrote(bytes)?,
                        Err(fault) => self.told(fault.at(file, e.at))?,
                    }
                }
            }
        }
        Ok(())
    }

    /// An undefined variable that is printed does not stop the render: there may be more to tell. Nothing
    /// is given out in the end.
    fn told(&mut self, fault: Box<Fault>) -> Res<()> {
        const MOST: usize = 50;
        // The value of a variable that cannot be made is told where it is used.
        if fault.kind != Kind::Undefined || self.undefined.len() >= MOST || self.in_value {
            return Err(fault);
        }
        self.undefined.push(*fault);
        Ok(())
    }

    pub(super) fn enter(&mut self, scope: &Scope, frame: &Frame) {
        for (index, load) in &scope.loads {
            let value = match load {
                Load::Parameter => continue,
                Load::Resolve(name) => self.resolve(name, frame),
                Load::Alias(slot) => frame.act.get(*slot),
                Load::Undefined => None,
            };
            frame.act.set(Slot { hops: 0, index: *index }, value);
        }
    }
    pub(super) fn leave(&mut self, scope: &Scope, frame: &Frame) {
        for (index, _) in &scope.loads {
            frame.act.set(Slot { hops: 0, index: *index }, None);
        }
    }

    fn statement(&mut self, kind: &StmtKind, at: At, frame: &Frame, out: &mut Out) -> Res<Flow> {
        match kind {
            StmtKind::If { branches, other } => return self.branches(branches, other, frame, out),
            StmtKind::For(node) => return self.for_loop(node, frame, out),
            StmtKind::With { targets, values, body, scope } => {
                self.enter(scope, frame);
                for (target, value) in targets.iter().zip(values) {
                    let value = self.eval(value, frame)?;
                    self.assign(target, value, frame)?;
                }
                let flow = self.deeper(|i| i.run(body, frame, out))?;
                self.leave(scope, frame);
                return Ok(flow);
            }
            StmtKind::Scope { body, scope, escape } => {
                self.enter(scope, frame);
                if self.eval(escape, frame)?.truth()? {
                    return Err(Fault::unsupported("`{% autoescape true %}` is not supported"));
                }
                let flow = self.deeper(|i| i.run(body, frame, out))?;
                self.leave(scope, frame);
                return Ok(flow);
            }
            StmtKind::Set { target, value, top } => {
                self.check_namespaces(target, frame)?;
                let value = self.eval(value, frame)?;
                self.assign(target, value, frame)?;
                self.export_targets(target, *top, frame);
            }
            StmtKind::SetBlock { target, filter, body, scope, top } => {
                self.check_namespaces(target, frame)?;
                let inner = Frame { check: false, ..frame.clone() };
                let captured = self.captured(body, scope, &inner)?;
                let value = match filter {
                    None => captured,
                    Some(filter) => self.eval_filter_block(filter, captured, &inner)?,
                };
                self.assign(target, value, frame)?;
                self.export_targets(target, *top, frame);
                self.leave(scope, frame);
            }
            StmtKind::FilterBlock { filter, body, scope } => {
                let captured = self.captured(body, scope, frame)?;
                let value = self.eval_filter_block(filter, captured, frame)?;
                self.leave(scope, frame);
                self.write_raw(value, at, frame, out)?;
            }
            StmtKind::Macro { code, target, top } => {
                let value = self.make_macro(code, frame);
                frame.act.set(target.slot, Some(value.clone()));
                if *top {
                    if !target.name.starts_with('_') {
                        lock(&frame.context.exported).insert(target.name.clone());
                    }
                    lock(&frame.context.vars).insert(target.name.clone(), value);
                }
            }
            StmtKind::CallBlock { code, call } => {
                let caller = self.make_macro(code, frame);
                let value = self.eval_call_block(call, caller, frame)?;
                self.write_raw(value, at, frame, out)?;
            }
            StmtKind::Block { name, scoped, required, top, locals } => {
                if *top && frame.extended() {
                    return Ok(Flow::Next);
                }
                let locals = if *scoped { Some(self.local_names(locals, frame)) } else { None };
                self.block(name, locals, *required, at, frame, out)?;
            }
            StmtKind::Extends { template } => self.extend(template, frame)?,
            StmtKind::Include { template, ignore_missing, with_context, locals } => {
                let locals = if *with_context { Some(self.local_names(locals, frame)) } else { None };
                self.include(template, *ignore_missing, locals, frame, out)?;
            }
            StmtKind::Import { template, target, with_context, top, locals } => {
                let locals = if *with_context { Some(self.local_names(locals, frame)) } else { None };
                let module = V::Obj(self.import(template, locals, frame)?);
                frame.act.set(target.slot, Some(module.clone()));
                if *top {
                    lock(&frame.context.vars).insert(target.name.clone(), module);
                    lock(&frame.context.exported).remove(&target.name);
                }
            }
            StmtKind::FromImport { template, names, with_context, top, locals } => {
                let locals = if *with_context { Some(self.local_names(locals, frame)) } else { None };
                let module = self.import(template, locals, frame)?;
                for (name, alias) in names {
                    self.import_name(&module, name, alias, *top, frame);
                }
            }
            StmtKind::Do(e) => {
                self.eval(e, frame)?;
            }
            StmtKind::Break => return Ok(Flow::Break),
            StmtKind::Continue => return Ok(Flow::Continue),
            StmtKind::Output(pieces) => self.output(pieces, frame, out)?,
        }
        Ok(Flow::Next)
    }

    fn branches(
        &mut self,
        branches: &[(Expr, Vec<Stmt>)],
        other: &[Stmt],
        frame: &Frame,
        out: &mut Out,
    ) -> Res<Flow> {
        for (test, body) in branches {
            if self.eval(test, frame)?.truth().map_err(|f| f.at(&frame.template.name, test.at))? {
                return self.deeper(|i| i.run(body, frame, out));
            }
        }
        self.deeper(|i| i.run(other, frame, out))
    }

    /// What a body writes.
    fn captured(&mut self, body: &[Stmt], scope: &Scope, frame: &Frame) -> Res<V> {
        self.enter(scope, frame);
        let mut out = self.out();
        self.deeper(|i| i.run(body, frame, &mut out))?;
        Ok(out.finish())
    }

    /// Writes what must be a text already, but with Ansible's engine.
    fn write_raw(&mut self, value: V, at: At, frame: &Frame, out: &mut Out) -> Res<()> {
        if !self.native() && value.as_str().is_none() {
            if let V::Undefined(u) = &value {
                return Err(u.fault());
            }
            return Err(Fault::failed(format!("expected str instance, {} found", value.type_name())));
        }
        let bytes = out.push(value, &frame.template.name, at)?;
        self.wrote(bytes)
    }

    fn local_names(&mut self, locals: &[(Rc<str>, Slot)], frame: &Frame) -> Names {
        locals.iter().filter_map(|(name, slot)| Some((name.clone(), frame.act.get(*slot)?))).collect()
    }

    /// `ns.attr` as a target must be of a namespace, which is seen before the value is.
    fn check_namespaces(&mut self, target: &Expr, frame: &Frame) -> Res<()> {
        match &target.kind {
            ExprKind::NamespaceRef { name, .. } => match frame.act.get(name.slot) {
                Some(V::Obj(object)) if matches!(*object, Object::Namespace(_)) => Ok(()),
                _ => Err(Fault::failed("cannot assign attribute on non-namespace object")),
            },
            ExprKind::Tuple(items) => items.iter().try_for_each(|i| self.check_namespaces(i, frame)),
            _ => Ok(()),
        }
    }

    pub(super) fn assign(&mut self, target: &Expr, value: V, frame: &Frame) -> Res<()> {
        match &target.kind {
            ExprKind::Name(name) => frame.act.set(name.slot, Some(value)),
            ExprKind::NamespaceRef { name, attr } => {
                if let Some(V::Obj(object)) = frame.act.get(name.slot)
                    && let Object::Namespace(namespace) = &*object
                {
                    let old = lock(&namespace.0).insert(attr.clone(), value);
                    drop(old);
                }
            }
            ExprKind::Tuple(targets) => {
                if let V::Tuple(tuple) = &value
                    && tuple.items.len() == targets.len()
                {
                    for (target, item) in targets.iter().zip(&tuple.items) {
                        self.assign(target, item.clone(), frame)?;
                    }
                    return Ok(());
                }
                let items = match &value {
                    V::None | V::Bool(_) | V::Int(_) | V::Float(_) => {
                        let what = value.type_name();
                        return Err(Fault::failed(format!("cannot unpack non-iterable {what} object")));
                    }
                    other => self.items(other)?,
                };
                if items.len() != targets.len() {
                    let expected = targets.len();
                    return Err(Fault::failed(if items.len() > expected {
                        format!("too many values to unpack (expected {expected})")
                    } else {
                        format!("not enough values to unpack (expected {expected}, got {})", items.len())
                    }));
                }
                for (target, item) in targets.iter().zip(items.iter()) {
                    self.assign(target, item.clone(), frame)?;
                }
            }
            _ => return Err(Fault::failed("this cannot be assigned to")),
        }
        Ok(())
    }

    /// What is set at a template's top can be seen by its blocks, includes and importers.
    fn export_targets(&mut self, target: &Expr, top: bool, frame: &Frame) {
        if !top {
            return;
        }
        match &target.kind {
            ExprKind::Name(Name { name, slot, .. }) => {
                let Some(value) = frame.act.get(*slot) else { return };
                if !name.starts_with('_') {
                    lock(&frame.context.exported).insert(name.clone());
                }
                let old = lock(&frame.context.vars).insert(name.clone(), value);
                drop(old);
            }
            ExprKind::Tuple(items) => items.iter().for_each(|i| self.export_targets(i, top, frame)),
            _ => {}
        }
    }
}
