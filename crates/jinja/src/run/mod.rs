//! Running a template: [`Interp`] walks the tree and writes text.

mod access;
mod calls;
mod context;
mod exec;
mod expressions;
mod loops;
mod native;
mod out;
mod templates;

pub use calls::{BlockRef, Macro, Module};
pub use context::Context;
pub(crate) use context::{Frame, Names};
pub(crate) use expressions::compare;
pub use loops::Loop;
pub(crate) use out::Out;

use crate::engine::{Engine, Variables};
use crate::error::{Fault, Res};
use crate::parse::Syntax;
use crate::value::{Object, V, lock};
use crate::world::World;
use foldhash::fast::FixedState;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

/// How deep includes, macros, blocks and expressions may go into each other. Each level is a few hundred
/// bytes to a few kilobytes of stack; 2 MiB, the least a thread has, are enough.
const DEEPEST: u32 = 220;

/// One render.
pub(crate) struct Interp<'e> {
    pub engine: &'e Engine,
    pub variables: Variables,
    /// The host whose variables these are.
    scope: Option<Rc<str>>,
    /// The host that is rendered for.
    host: Option<Rc<str>>,
    pub world: &'e dyn World,
    /// Steps left.
    fuel: u64,
    /// Bytes that may still be written.
    room: usize,
    depth: u32,
    /// Variables that were read, with the way into them.
    pub reads: BTreeSet<String>,
    noted: HashSet<usize, FixedState>,
    /// Undefined variables that were printed: each is told, and the render goes on to find the next.
    pub undefined: Vec<Fault>,
    /// What `import` without context gave before.
    modules: HashMap<Rc<str>, Rc<Object>, FixedState>,
    /// Templates that `lookup('template', …)` is in.
    pub lookups: u32,
    /// How templates that are included are read.
    pub syntax: Syntax,
    /// Whether a value of the inventory is being rendered.
    in_value: bool,
    /// Values of the inventory that are being rendered.
    busy: Vec<Settled>,
    /// What values of the inventory were rendered to.
    settled: HashMap<Settled, (V, V), FixedState>,
}

/// A value of the inventory, by its address, and the host it is read for.
type Settled = (usize, Option<Rc<str>>);

/// The arguments of a call.
#[derive(Default)]
pub struct Args {
    /// By position.
    pub positional: Vec<V>,
    /// By name, in order.
    pub named: Vec<(Rc<str>, V)>,
}

impl<'e> Interp<'e> {
    pub fn new(engine: &'e Engine, variables: &Variables, world: &'e dyn World) -> Interp<'e> {
        Interp {
            engine,
            variables: variables.clone(),
            scope: variables.host.clone(),
            host: variables.host.clone(),
            world,
            fuel: engine.options().fuel,
            room: engine.options().largest_output,
            depth: 0,
            reads: BTreeSet::new(),
            noted: HashSet::default(),
            undefined: Vec::new(),
            modules: HashMap::default(),
            lookups: 0,
            syntax: Syntax::of(engine.options()),
            in_value: false,
            busy: Vec::new(),
            settled: HashMap::default(),
        }
    }

    /// Takes so many steps.
    pub fn charge(&mut self, steps: u64) -> Res<()> {
        match self.fuel.checked_sub(steps) {
            Some(left) => {
                self.fuel = left;
                Ok(())
            }
            None => {
                self.fuel = 0;
                Err(Fault::limit(format!(
                    "this template takes more than {} steps: a loop is too long, or does not end",
                    self.engine.options().fuel
                )))
            }
        }
    }
    /// Before a text of so many bytes is made.
    pub fn will_make(&mut self, bytes: usize) -> Res<()> {
        if bytes > self.engine.options().largest_output {
            return Err(self.too_large());
        }
        self.charge(bytes as u64 / 64)
    }
    fn too_large(&self) -> Box<Fault> {
        let limit = self.engine.options().largest_output;
        Fault::limit(format!("this template makes a text of more than {limit} bytes"))
    }
    /// So many bytes were written.
    fn wrote(&mut self, bytes: usize) -> Res<()> {
        match self.room.checked_sub(bytes) {
            Some(left) => {
                self.room = left;
                self.charge(bytes as u64 / 64)
            }
            None => Err(self.too_large()),
        }
    }
    /// Goes one level deeper.
    fn deeper<T>(&mut self, run: impl FnOnce(&mut Self) -> Res<T>) -> Res<T> {
        if self.depth >= DEEPEST {
            return Err(Fault::limit(format!(
                "macros, includes or recursive loops go more than {DEEPEST} levels into each other"
            )));
        }
        self.depth += 1;
        let done = run(self);
        self.depth -= 1;
        done
    }

    /// The items of what can be walked; a generator is walked up.
    pub fn items(&mut self, value: &V) -> Res<Rc<Vec<V>>> {
        let items = match value {
            V::List(list) => list.items(),
            V::Tuple(tuple) => Rc::new(tuple.items.clone()),
            V::Str(text) | V::Safe(text) => {
                self.charge(text.len() as u64)?;
                let safe = matches!(value, V::Safe(_));
                let one = |c: char| {
                    let text = Rc::from(c.encode_utf8(&mut [0; 4]) as &str);
                    if safe { V::Safe(text) } else { V::Str(text) }
                };
                Rc::new(text.chars().map(one).collect())
            }
            V::Bytes(bytes) => Rc::new(bytes.iter().map(|b| V::Int(i128::from(*b))).collect()),
            V::Dict(dict) => Rc::new(dict.entries().keys().map(|k| k.value().clone()).collect()),
            V::Undefined(u) if u.strict => return Err(u.fault()),
            V::Undefined(_) => Rc::new(Vec::new()),
            V::Obj(object) => match &**object {
                Object::Range(range) => {
                    let length = range.len();
                    self.charge(u64::try_from(length).unwrap_or(u64::MAX))?;
                    Rc::new((0..length).map(|i| V::Int(range.get(i))).collect())
                }
                Object::Iter(iter) => Rc::new(lock(&iter.items).by_ref().collect()),
                Object::View(view) => Rc::new(view.items()),
                _ => return Err(not_iterable(value)),
            },
            other => return Err(not_iterable(other)),
        };
        self.charge(items.len() as u64 / 4 + 1)?;
        Ok(items)
    }

    /// `len(value)`.
    pub fn length(&mut self, value: &V) -> Res<usize> {
        Ok(match value {
            V::Str(text) | V::Safe(text) => text.chars().count(),
            V::Bytes(bytes) => bytes.len(),
            V::List(list) => list.items().len(),
            V::Tuple(tuple) => tuple.items.len(),
            V::Dict(dict) => dict.entries().len(),
            V::Undefined(u) if u.strict => return Err(u.fault()),
            V::Undefined(_) => 0,
            V::Obj(object) => match &**object {
                Object::Range(range) => usize::try_from(range.len()).unwrap_or(usize::MAX),
                Object::View(view) => view.dict.entries().len(),
                Object::Loop(one) => self.loop_length(one)?,
                _ => return Err(no_length(value)),
            },
            other => return Err(no_length(other)),
        })
    }

    /// A value that is not there.
    pub fn undefined_named(&self, name: &str) -> V {
        self.undefined_with(None, name)
    }
    /// As [`Interp::undefined_named`], with what is said of it in place of Jinja2's own words.
    pub fn undefined_hint(&self, hint: impl Into<String>, name: &str) -> V {
        self.undefined_with(Some(hint.into()), name)
    }
    fn undefined_with(&self, hint: Option<String>, name: &str) -> V {
        V::Undefined(Rc::new(crate::value::Undefined {
            hint,
            of: None,
            name: name.to_owned(),
            text_name: true,
            path: None,
            strict: self.engine.options().strict_undefined,
            native: self.engine.options().templar,
            cause: None,
        }))
    }
    /// An attribute or item that is not there.
    pub fn undefined_of(&self, on: &V, key: &V) -> V {
        V::Undefined(Rc::new(crate::value::Undefined {
            hint: None,
            of: Some(on.described()),
            name: crate::value::repr(key).unwrap_or_else(|_| "?".to_owned()),
            text_name: key.as_str().is_some(),
            path: None,
            strict: self.engine.options().strict_undefined,
            native: self.engine.options().templar,
            cause: None,
        }))
    }
}

fn not_iterable(value: &V) -> Box<Fault> {
    Fault::failed(format!("'{}' object is not iterable", value.type_name()))
}

fn no_length(value: &V) -> Box<Fault> {
    Fault::failed(format!("object of type '{}' has no len()", value.type_name()))
}
