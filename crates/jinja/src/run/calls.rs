//! Calls: macros, blocks, functions, methods; and how arguments are bound.

use super::context::Names;
use super::{Args, Context, Frame, Interp};
use crate::error::{Fault, Res};
use crate::parse::ast::{Arguments, Expr, ExprKind, MacroCode};
use crate::value::{Entries, Key, Object, V, lock};
use crate::{functions, methods};
use std::rc::Rc;

/// A macro, or the body of a call block.
pub struct Macro {
    /// Nothing for a call block.
    pub(crate) name: Option<Rc<str>>,
    pub(crate) code: Rc<MacroCode>,
    /// Where it was defined.
    pub(crate) frame: Option<Frame>,
}

/// What `import` gives.
pub struct Module {
    /// The template's name.
    pub(crate) name: Rc<str>,
    /// What it wrote.
    pub(crate) body: Rc<str>,
    /// What it exports.
    pub(crate) names: Names,
}

/// A block that can be called.
pub struct BlockRef {
    pub(crate) name: Rc<str>,
    pub(crate) context: Rc<Context>,
    /// Which of the blocks of that name.
    pub(crate) position: usize,
}

impl Args {
    pub(crate) fn of(positional: Vec<V>) -> Args {
        Args { positional, named: Vec::new() }
    }

    /// Binds them to parameters as Python does; the first `required` must be given.
    pub(crate) fn take<const N: usize>(
        self,
        what: &str,
        names: [&str; N],
        required: usize,
    ) -> Res<[Option<V>; N]> {
        if self.positional.len() > N {
            return Err(Fault::failed(format!(
                "{what} takes at most {N} arguments here ({} given)",
                self.positional.len()
            )));
        }
        let mut out = [const { None }; N];
        for (place, value) in out.iter_mut().zip(self.positional) {
            *place = Some(value);
        }
        for (name, value) in self.named {
            let Some(at) = names.iter().position(|n| **n == *name) else {
                return Err(Fault::failed(format!("{what} got an unexpected keyword argument '{name}'")));
            };
            if out[at].replace(value).is_some() {
                return Err(Fault::failed(format!("{what} got multiple values for argument '{name}'")));
            }
        }
        for (place, name) in out.iter().zip(names).take(required) {
            if place.is_none() {
                return Err(Fault::failed(format!("{what} is missing the argument '{name}'")));
            }
        }
        Ok(out)
    }
    /// No arguments at all.
    pub(crate) fn none(self, what: &str) -> Res<()> {
        self.take(what, [], 0).map(|[]| ())
    }
    /// Takes out a named argument.
    pub(crate) fn named(&mut self, name: &str) -> Option<V> {
        let at = self.named.iter().position(|(n, _)| &**n == name)?;
        Some(self.named.remove(at).1)
    }
}

impl Interp<'_> {
    pub(super) fn make_macro(&mut self, code: &Rc<MacroCode>, frame: &Frame) -> V {
        let frame = Some(frame.clone());
        V::obj(Object::Macro(Macro { name: code.name.clone(), code: code.clone(), frame }))
    }

    pub(super) fn eval_args(&mut self, given: &Arguments, frame: &Frame) -> Res<Args> {
        let mut args = Args::default();
        if given.is_empty() {
            return Ok(args);
        }
        args.positional.reserve(given.positional.len());
        for e in &given.positional {
            args.positional.push(self.eval(e, frame)?);
        }
        if let Some(star) = &given.star {
            let more = self.eval(star, frame)?;
            args.positional.extend(self.items(&more)?.iter().cloned());
        }
        for (name, e) in &given.named {
            args.named.push((name.clone(), self.eval(e, frame)?));
        }
        if let Some(e) = &given.double_star {
            let V::Dict(more) = self.eval(e, frame)? else {
                return Err(Fault::failed("argument after ** must be a mapping"));
            };
            for (key, value) in more.entries().iter() {
                let Some(name) = key.value().as_str() else {
                    return Err(Fault::failed("keywords must be strings"));
                };
                if args.named.iter().any(|(n, _)| n == name) {
                    return Err(Fault::failed(format!("got multiple values for keyword argument '{name}'")));
                }
                args.named.push((name.clone(), value.clone()));
            }
        }
        Ok(args)
    }

    pub(super) fn eval_call(&mut self, on: &Expr, given: &Arguments, frame: &Frame) -> Res<V> {
        // A method that is called at once needs no object of its own.
        if let ExprKind::Attr(base, name) = &on.kind {
            let value = self.eval(base, frame)?;
            if let Some(method) = methods::find(&value, name) {
                let args = self.eval_args(given, frame)?;
                if let Some(missing) = self.first_missing(None, &args) {
                    return Ok(missing);
                }
                let result = methods::call(self, &value, method, args)?;
                return self.listed(result);
            }
            let function = self.attr_of(on, &value, name, frame)?;
            let args = self.eval_args(given, frame)?;
            return self.call(&function, args);
        }
        let function = self.eval(on, frame)?;
        let args = self.eval_args(given, frame)?;
        self.call(&function, args)
    }

    /// `{% call … %}`: the call gets the body as `caller`.
    pub(super) fn eval_call_block(&mut self, call: &Expr, caller: V, frame: &Frame) -> Res<V> {
        let ExprKind::Call(call) = &call.kind else { return Ok(V::None) };
        let function = self.eval(&call.on, frame)?;
        let mut args = self.eval_args(&call.arguments, frame)?;
        args.named.push((Rc::from("caller"), caller));
        self.call(&function, args)
    }

    /// Calls a value.
    pub(crate) fn call(&mut self, function: &V, args: Args) -> Res<V> {
        self.charge(2)?;
        let object = match function {
            V::Obj(object) => object.clone(),
            V::Undefined(_) if self.native() => return Ok(function.clone()),
            V::Undefined(u) => return Err(u.fault()),
            other => return Err(not_callable(other)),
        };
        if !matches!(&*object, Object::Macro(_))
            && !functions::sees_missing(&object)
            && let Some(missing) = self.first_missing(None, &args)
        {
            return Ok(missing);
        }
        match &*object {
            Object::Macro(one) => self.call_macro(one, args),
            Object::Function(one) => functions::call(self, *one, args),
            Object::Method { on, name } => {
                let result = methods::call(self, on, name, args)?;
                self.listed(result)
            }
            Object::Loop(one) => self.loop_again(one, args),
            Object::Joiner { separator, used } => {
                args.none("joiner")?;
                let mut used = lock(used);
                Ok(if std::mem::replace(&mut *used, true) { separator.clone() } else { V::from("") })
            }
            Object::Block(block) => {
                args.none("block")?;
                let blocks = lock(&block.context.blocks).get(&block.name).cloned().unwrap_or_default();
                let mut out = self.out();
                self.block_at(&block.name, &blocks, block.position, block.context.clone(), &mut out)?;
                Ok(out.finish())
            }
            _ => Err(not_callable(function)),
        }
    }

    fn call_macro(&mut self, one: &Macro, args: Args) -> Res<V> {
        let code = &one.code;
        let Some(defined) = &one.frame else { return Ok(V::from("")) };
        let frame = Frame { check: false, ..defined.inner(code.size) };
        let name = one.name.as_deref().unwrap_or("caller");
        let Args { mut positional, mut named } = args;
        let mut take =
            |wanted: &str| named.iter().position(|(n, _)| &**n == wanted).map(|at| named.remove(at).1);
        let extra = if positional.len() > code.arguments.len() {
            positional.split_off(code.arguments.len())
        } else {
            Vec::new()
        };
        let given = positional.len();
        let mut values: Vec<Option<V>> = positional.into_iter().map(Some).collect();
        for argument in &code.arguments[given..] {
            values.push(take(&argument.name));
        }
        let explicit = code.arguments.iter().any(|a| &*a.name == "caller");
        if let Some(slot) = code.caller
            && !explicit
        {
            let caller = take("caller").filter(|c| !matches!(c, V::None));
            let caller = caller.unwrap_or_else(|| self.undefined_hint("No caller defined", "caller"));
            frame.act.set(slot, Some(caller));
        }
        if let Some(slot) = code.kwargs {
            let entries: Entries = named.into_iter().map(|(k, v)| (Key::text(k), v)).collect();
            frame.act.set(slot, Some(V::dict(entries)));
        } else if let Some((keyword, _)) = named.first() {
            return Err(Fault::failed(format!("macro '{name}' takes no keyword argument '{keyword}'")));
        }
        if let Some(slot) = code.varargs {
            frame.act.set(slot, Some(V::tuple(extra)));
        } else if !extra.is_empty() {
            let most = code.arguments.len();
            return Err(Fault::failed(format!("macro '{name}' takes not more than {most} argument(s)")));
        }
        self.called(|i| i.deeper(|i| i.run_macro(code, values, &frame)))
    }

    fn run_macro(&mut self, code: &MacroCode, values: Vec<Option<V>>, frame: &Frame) -> Res<V> {
        for (argument, value) in code.arguments.iter().zip(&values) {
            frame.act.set(argument.slot, value.clone());
        }
        self.enter(&code.scope, frame);
        let first_default = code.arguments.len() - code.defaults.len().min(code.arguments.len());
        for (i, (argument, value)) in code.arguments.iter().zip(values).enumerate() {
            if value.is_some() {
                continue;
            }
            let value = match i.checked_sub(first_default).and_then(|d| code.defaults.get(d)) {
                Some(default) => self.eval(default, frame)?,
                None => {
                    let hint = format!("parameter '{}' was not provided", argument.name);
                    self.undefined_hint(hint, &argument.name)
                }
            };
            frame.act.set(argument.slot, Some(value));
        }
        let mut out = self.out();
        self.run(&code.body, frame, &mut out)?;
        Ok(out.finish())
    }
}

fn not_callable(value: &V) -> Box<Fault> {
    Fault::failed(format!("'{}' object is not callable", value.type_name()))
}
