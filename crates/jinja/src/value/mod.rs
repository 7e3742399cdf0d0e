//! Values while a template runs: what Python would hold.
//!
//! One type for what the caller gives (frozen, shared by all renders) and what a template makes (its own, may
//! be changed in place as Python's lists and dicts may).

mod compare;
mod containers;
mod convert;
mod object;
mod text;

pub(crate) use compare::{contains, equal, order};
pub(crate) use containers::{Dict, Entries, Key, List, Tuple, take_apart};
pub(crate) use convert::is_template;
pub use object::Object;
pub(crate) use object::{Deferred, Iter, Namespace, Range, View, ViewKind};
pub(crate) use text::{Style, repr, text, write_final, write_text};

use crate::error::{Fault, Res};
use std::cell::{RefCell, RefMut};
use std::rc::Rc;

/// Nothing that is walked recursively (printed, compared, written as JSON) may be nested deeper.
pub(crate) const DEEPEST: u32 = 60;

/// A value.
#[derive(Clone)]
pub enum V {
    /// Not there; what it is called is kept for the error.
    Undefined(Rc<Undefined>),
    /// `None`.
    None,
    /// A `bool`.
    Bool(bool),
    /// An `int`.
    Int(i128),
    /// A `float`.
    Float(f64),
    /// A `str`.
    Str(Rc<str>),
    /// A `Markup`: a `str` that counts as escaped.
    Safe(Rc<str>),
    /// `bytes`.
    Bytes(Rc<[u8]>),
    /// A `date` or `datetime` as `str()` prints it.
    Date(Rc<str>),
    /// A `list`.
    List(Rc<List>),
    /// A `tuple`.
    Tuple(Rc<Tuple>),
    /// A `dict`.
    Dict(Rc<Dict>),
    /// Anything else: functions, macros, loops, iterators.
    Obj(Rc<Object>),
}

/// What an undefined value knows of itself.
#[derive(Default)]
pub struct Undefined {
    /// The whole message, where it is not made of the rest.
    pub(crate) hint: Option<String>,
    /// The type of what lacks it, as Jinja2 names it: `dict object`.
    pub(crate) of: Option<String>,
    /// Its name, as Python's `repr` shows it, and whether it was a text.
    pub(crate) name: String,
    pub(crate) text_name: bool,
    /// The way to it as written in the template, `host.ip`.
    pub(crate) path: Option<String>,
    /// Whether any use but `is defined` and `default` is an error.
    pub(crate) strict: bool,
    /// Whether it is Ansible's, which cannot even be shown as part of another value.
    pub(crate) native: bool,
    /// What was wrong with the value of the inventory this stands for.
    pub(crate) cause: Option<Box<Fault>>,
}

impl Undefined {
    pub(crate) fn message(&self) -> String {
        if let Some(hint) = &self.hint {
            return hint.clone();
        }
        let plain = match &self.of {
            None => return format!("'{}' is undefined", self.name),
            Some(of) if self.text_name => format!("'{of}' has no attribute {}", self.name),
            Some(of) => format!("{of} has no element {}", self.name),
        };
        match &self.path {
            Some(path) => format!("`{path}` is undefined: {plain}"),
            None => plain,
        }
    }
    pub(crate) fn fault(&self) -> Box<Fault> {
        match &self.cause {
            Some(cause) => cause.clone(),
            None => Fault::undefined(self.message()),
        }
    }
    /// Whether it is a failure and not something that is merely missing.
    pub(crate) fn failed(&self) -> bool {
        self.cause.as_ref().is_some_and(|c| c.kind != crate::error::Kind::Undefined)
    }
}

/// What can be changed; each change is one call, and none of them asks for the same again.
pub(crate) fn lock<T>(cell: &RefCell<T>) -> RefMut<'_, T> {
    cell.borrow_mut()
}

impl V {
    /// A string.
    pub fn str(text: impl Into<Rc<str>>) -> V {
        V::Str(text.into())
    }
    /// A list a template may change.
    pub fn list(items: Vec<V>) -> V {
        V::List(Rc::new(List::live(items)))
    }
    pub(crate) fn tuple(items: Vec<V>) -> V {
        V::Tuple(Rc::new(Tuple { items, names: None }))
    }
    pub(crate) fn dict(entries: Entries) -> V {
        V::Dict(Rc::new(Dict::live(entries)))
    }
    pub(crate) fn obj(object: Object) -> V {
        V::Obj(Rc::new(object))
    }
    /// A generator: it can be walked once.
    pub(crate) fn iter(name: &'static str, items: Vec<V>) -> V {
        V::obj(Object::Iter(Iter { name, items: RefCell::new(items.into_iter()) }))
    }
    pub(crate) fn usize(n: usize) -> V {
        V::Int(n as i128)
    }

    /// The text of a `str` or `Markup`.
    pub fn as_str(&self) -> Option<&Rc<str>> {
        match self {
            V::Str(text) | V::Safe(text) => Some(text),
            _ => None,
        }
    }
    /// The number, `True` and `False` being 1 and 0.
    pub fn as_int(&self) -> Option<i128> {
        match self {
            V::Int(n) => Some(*n),
            V::Bool(b) => Some(i128::from(*b)),
            _ => None,
        }
    }
    pub(crate) fn as_float(&self) -> Option<f64> {
        match self {
            V::Float(x) => Some(*x),
            other => other.as_int().map(|n| n as f64),
        }
    }
    /// What stands for a value that could not be made.
    pub(crate) fn broken(cause: Box<Fault>) -> V {
        V::Undefined(Rc::new(Undefined {
            strict: true,
            native: true,
            cause: Some(cause),
            ..Undefined::default()
        }))
    }
    pub(crate) fn is_undefined(&self) -> bool {
        matches!(self, V::Undefined(_))
    }

    /// `bool(value)`.
    pub(crate) fn truth(&self) -> Res<bool> {
        Ok(match self {
            V::Undefined(u) if u.strict => return Err(u.fault()),
            V::Undefined(_) | V::None => false,
            V::Bool(b) => *b,
            V::Int(n) => *n != 0,
            V::Float(x) => *x != 0.0,
            V::Str(text) | V::Safe(text) => !text.is_empty(),
            V::Bytes(bytes) => !bytes.is_empty(),
            V::Date(_) => true,
            V::List(list) => !list.items().is_empty(),
            V::Tuple(tuple) => !tuple.items.is_empty(),
            V::Dict(dict) => !dict.entries().is_empty(),
            V::Obj(object) => match &**object {
                Object::Range(range) => range.len() > 0,
                Object::View(view) => !view.dict.entries().is_empty(),
                _ => true,
            },
        })
    }

    /// `type(value).__name__`.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            V::Undefined(u) if u.native => "UndefinedMarker",
            V::Undefined(u) if u.strict => "StrictUndefined",
            V::Undefined(_) => "Undefined",
            V::None => "NoneType",
            V::Bool(_) => "bool",
            V::Int(_) => "int",
            V::Float(_) => "float",
            V::Str(_) => "str",
            V::Safe(_) => "Markup",
            V::Bytes(_) => "bytes",
            V::Date(text) if text.len() > 10 => "datetime",
            V::Date(_) => "date",
            V::List(_) => "list",
            V::Tuple(_) => "tuple",
            V::Dict(_) => "dict",
            V::Obj(object) => object.type_name(),
        }
    }

    /// How Jinja2 names the type in the message of an undefined attribute.
    pub(crate) fn described(&self) -> String {
        match self {
            V::None => "None".to_owned(),
            V::Safe(_) => "markupsafe.Markup object".to_owned(),
            V::Date(_) => format!("datetime.{} object", self.type_name()),
            other => format!("{} object", other.type_name()),
        }
    }
}

impl From<bool> for V {
    fn from(b: bool) -> V {
        V::Bool(b)
    }
}

impl From<i128> for V {
    fn from(n: i128) -> V {
        V::Int(n)
    }
}

impl From<String> for V {
    fn from(text: String) -> V {
        V::Str(Rc::from(text))
    }
}

impl From<&str> for V {
    fn from(text: &str) -> V {
        V::Str(Rc::from(text))
    }
}
