//! Templates that use others: include, import, extends, blocks.

use super::context::{Activation, BlockOf};
use super::{BlockRef, Context, Frame, Interp, Module, Names, Out};
use crate::error::{At, Fault, Kind, Res};
use crate::parse::ast::{Expr, Name, Template};
use crate::value::{Object, Style, V, lock, write_final};
use std::cell::RefCell;
use std::rc::Rc;

impl Interp<'_> {
    /// Renders a template from its beginning.
    pub(crate) fn whole(&mut self, template: &Rc<Template>) -> Res<String> {
        self.syntax = template.syntax;
        let mut out = Out::whole(self.native());
        self.root(template, Context::new(template, Vec::new(), true), &mut out)?;
        if !self.native() {
            return out.into_text();
        }
        // What is printed alone is a value, and only texts have line ends.
        let mut text = String::new();
        match template.with_line_ends(out.finish()) {
            V::None => {}
            value => {
                write_final(&value, Style::Alone, &mut text)?;
                // What could be printed is not nested deep.
                if holds_range(&value) {
                    let fault = Fault::failed("a `range` printed alone is no value to Ansible");
                    return Err(fault.with_help("add `| list`"));
                }
            }
        }
        Ok(text)
    }

    /// Runs a template's root.
    pub(crate) fn root(&mut self, template: &Rc<Template>, context: Rc<Context>, out: &mut Out) -> Res<()> {
        self.deeper(|interp| interp.root_now(template, context, out))
    }

    fn root_now(&mut self, template: &Rc<Template>, context: Rc<Context>, out: &mut Out) -> Res<()> {
        let frame = Frame {
            template: template.clone(),
            context: context.clone(),
            act: Activation::new(template.size, None),
            parent: Rc::new(RefCell::new(None)),
            check: template.extends,
        };
        if let Some(slot) = template.self_slot {
            frame.act.set(slot, Some(V::obj(Object::SelfRef(context.clone()))));
        }
        self.enter(&template.scope, &frame);
        self.run(&template.body, &frame, out)?;
        let parent = lock(&frame.parent).clone();
        match parent {
            Some(parent) => self.root(&parent, context, out),
            None => Ok(()),
        }
    }

    /// A template by name.
    fn template(&mut self, name: &str) -> Res<Rc<Template>> {
        self.charge(1)?;
        self.engine.template(name, self.syntax)
    }

    /// What `include` and others name: a name, or a list of which the first that is there is taken.
    fn chosen(&mut self, which: &Expr, frame: &Frame) -> Res<Rc<Template>> {
        let value = self.eval(which, frame)?;
        let found = match &value {
            V::Str(name) | V::Safe(name) => self.template(name),
            V::Undefined(u) => Err(u.fault()),
            V::List(_) | V::Tuple(_) => self.first_of(&value),
            other => Err(Fault::failed(format!("a template's name is a text, not a {}", other.type_name()))),
        };
        found.map_err(|f| f.at(&frame.template.name, which.at))
    }

    fn first_of(&mut self, names: &V) -> Res<Rc<Template>> {
        let names = self.items(names)?;
        let mut missing = Vec::new();
        for name in names.iter() {
            let Some(text) = name.as_str() else {
                return Err(Fault::failed("a template's name is a text"));
            };
            match self.template(text) {
                Err(fault) if fault.kind == Kind::NoTemplate => missing.push(format!("`{text}`")),
                found => return found,
            }
        }
        Err(Fault::no_template(match missing.len() {
            0 => "tried to select from an empty list of templates".to_owned(),
            _ => format!("none of the templates {} is there", missing.join(", ")),
        }))
    }

    pub(super) fn include(
        &mut self,
        which: &Expr,
        ignore_missing: bool,
        locals: Option<Names>,
        frame: &Frame,
        out: &mut Out,
    ) -> Res<()> {
        let template = match self.chosen(which, frame) {
            Err(fault) if ignore_missing && fault.kind == Kind::NoTemplate => return Ok(()),
            found => found?,
        };
        let done = match locals {
            Some(locals) => {
                let given = frame.context.handed_on(locals);
                let context = Context::new(&template, given, frame.context.with_variables);
                self.root(&template, context, out)
            }
            None => self.default_module(&template).and_then(|module| match &*module {
                Object::Module(module) if module.body.is_empty() => Ok(()),
                Object::Module(module) => {
                    let bytes = out.push(V::Str(module.body.clone()), &frame.template.name, which.at)?;
                    self.wrote(bytes)
                }
                _ => Ok(()),
            }),
        };
        done.map_err(|f| through(f, frame, which.at, "included here"))
    }

    pub(super) fn import(&mut self, which: &Expr, locals: Option<Names>, frame: &Frame) -> Res<Rc<Object>> {
        let template = self.chosen(which, frame)?;
        let module = match locals {
            None => self.default_module(&template),
            Some(locals) => {
                let given = frame.context.handed_on(locals);
                let context = Context::new(&template, given, frame.context.with_variables);
                self.module(&template, context).map(Rc::new)
            }
        };
        module.map_err(|f| through(f, frame, which.at, "imported here"))
    }

    /// The module of a template that sees no variables; made once a render.
    fn default_module(&mut self, template: &Rc<Template>) -> Res<Rc<Object>> {
        if let Some(module) = self.modules.get(&template.name) {
            return Ok(module.clone());
        }
        let context = Context::new(template, Vec::new(), false);
        let module = Rc::new(self.module(template, context)?);
        self.modules.insert(template.name.clone(), module.clone());
        Ok(module)
    }

    fn module(&mut self, template: &Rc<Template>, context: Rc<Context>) -> Res<Object> {
        let mut body = Out::whole(self.native());
        self.root(template, context.clone(), &mut body)?;
        let body: Rc<str> = Rc::from(body.into_text()?);
        let vars = lock(&context.vars);
        let names =
            lock(&context.exported).iter().filter_map(|n| Some((n.clone(), vars.get(n)?.clone()))).collect();
        Ok(Object::Module(Module { name: template.name.clone(), body, names }))
    }

    pub(super) fn import_name(
        &mut self,
        module: &Rc<Object>,
        name: &Rc<str>,
        alias: &Name,
        top: bool,
        frame: &Frame,
    ) {
        let Object::Module(module) = &**module else { return };
        let value = module.names.get(name).cloned().unwrap_or_else(|| {
            let hint = format!("the template '{}' does not export the requested name '{name}'", module.name);
            self.undefined_hint(hint, name)
        });
        frame.act.set(alias.slot, Some(value.clone()));
        if top {
            lock(&frame.context.vars).insert(alias.name.clone(), value);
            lock(&frame.context.exported).remove(&alias.name);
        }
    }

    pub(super) fn extend(&mut self, which: &Expr, frame: &Frame) -> Res<()> {
        if lock(&frame.parent).is_some() {
            return Err(Fault::failed("extended multiple times"));
        }
        let template = self.chosen(which, frame)?;
        let mut blocks = lock(&frame.context.blocks);
        for code in &template.blocks {
            let block = BlockOf { template: template.clone(), code: code.clone() };
            blocks.entry(code.name.clone()).or_default().push(block);
        }
        drop(blocks);
        *lock(&frame.parent) = Some(template);
        Ok(())
    }

    pub(super) fn block(
        &mut self,
        name: &Rc<str>,
        locals: Option<Names>,
        required: bool,
        at: At,
        frame: &Frame,
        out: &mut Out,
    ) -> Res<()> {
        let blocks = lock(&frame.context.blocks).get(name).cloned().unwrap_or_default();
        if required && blocks.len() <= 1 {
            return Err(
                Fault::failed(format!("Required block '{name}' not found")).at(&frame.template.name, at)
            );
        }
        let context = match locals {
            Some(locals) => frame.context.derived(locals),
            None => frame.context.clone(),
        };
        self.block_at(name, &blocks, 0, context, out)
    }

    /// Runs a block: the one at `position` of those with its name.
    pub(super) fn block_at(
        &mut self,
        name: &Rc<str>,
        blocks: &[BlockOf],
        position: usize,
        context: Rc<Context>,
        out: &mut Out,
    ) -> Res<()> {
        let Some(block) = blocks.get(position) else { return Ok(()) };
        let code = &block.code;
        let frame = Frame {
            template: block.template.clone(),
            context: context.clone(),
            act: Activation::new(code.size, None),
            parent: Rc::new(RefCell::new(None)),
            check: false,
        };
        if let Some(slot) = code.self_slot {
            frame.act.set(slot, Some(V::obj(Object::SelfRef(context.clone()))));
        }
        if let Some(slot) = code.super_slot {
            frame.act.set(slot, Some(self.block_reference(name, &context, position + 1)));
        }
        self.deeper(|interp| {
            interp.enter(&code.scope, &frame);
            interp.run(&code.body, &frame, out)
        })
        .map(|_| ())
    }

    /// A block that can be called, or what stands for one that is not there.
    pub(super) fn block_reference(&mut self, name: &Rc<str>, context: &Rc<Context>, position: usize) -> V {
        let there = lock(&context.blocks).get(name).is_some_and(|b| position < b.len());
        if there {
            return V::obj(Object::Block(BlockRef {
                name: name.clone(),
                context: context.clone(),
                position,
            }));
        }
        self.undefined_hint(format!("there is no parent block called '{name}'."), "super")
    }
}

fn through(fault: Box<Fault>, frame: &Frame, at: At, word: &str) -> Box<Fault> {
    fault.through(&frame.template.name, at, word)
}

fn holds_range(value: &V) -> bool {
    match value {
        V::List(list) => list.items().iter().any(holds_range),
        V::Tuple(tuple) => tuple.items.iter().any(holds_range),
        V::Dict(dict) => dict.entries().values().any(holds_range),
        V::Obj(object) => matches!(**object, Object::Range(_)),
        _ => false,
    }
}
