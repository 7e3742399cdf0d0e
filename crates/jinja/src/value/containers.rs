//! Lists, tuples and dictionaries.

use super::{V, compare, lock};
use crate::error::{Fault, Res};
use foldhash::fast::FixedState;
use indexmap::{Equivalent, IndexMap};
use std::cell::RefCell;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// What a dictionary holds, in the order of insertion.
pub(crate) type Entries = IndexMap<Key, V, FixedState>;

/// Items that are the caller's, for all to read, or the template's own.
enum Body<T> {
    Frozen(Rc<T>),
    /// The caller's, and some of it are templates yet to be rendered.
    Deferred(Rc<T>),
    Live(RefCell<Rc<T>>),
}

impl<T: Clone> Body<T> {
    fn of_caller(deferred: bool, items: T) -> Body<T> {
        if deferred { Body::Deferred(Rc::new(items)) } else { Body::Frozen(Rc::new(items)) }
    }
    fn get(&self) -> Rc<T> {
        match self {
            Body::Frozen(items) | Body::Deferred(items) => items.clone(),
            Body::Live(items) => lock(items).clone(),
        }
    }
    fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> Res<R> {
        match self {
            Body::Frozen(_) | Body::Deferred(_) => Err(Fault::unsupported(
                "this changes a value of the inventory, which every other template reads too",
            )
            .with_help("change a copy: `{% set mine = theirs | list %}`, `{% set mine = dict(theirs) %}`")),
            Body::Live(items) => Ok(change(Rc::make_mut(&mut lock(items)))),
        }
    }
}

/// A `list`.
pub struct List(Body<Vec<V>>);

impl List {
    pub(crate) fn live(items: Vec<V>) -> List {
        List(Body::Live(RefCell::new(Rc::new(items))))
    }
    pub(crate) fn frozen(items: Vec<V>) -> List {
        List(Body::of_caller(items.iter().any(V::is_deferred), items))
    }
    pub(crate) fn is_deferred(&self) -> bool {
        matches!(self.0, Body::Deferred(_))
    }
    /// The items as they are now.
    pub(crate) fn items(&self) -> Rc<Vec<V>> {
        self.0.get()
    }
    /// Changes it in place; an error for one of the caller's.
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut Vec<V>) -> R) -> Res<R> {
        self.0.change(change)
    }
}

/// A `tuple`; `groupby` names its two fields.
pub struct Tuple {
    pub(crate) items: Vec<V>,
    pub(crate) names: Option<&'static [&'static str]>,
}

/// A `dict`.
pub struct Dict(Body<Entries>);

impl Dict {
    pub(crate) fn live(entries: Entries) -> Dict {
        Dict(Body::Live(RefCell::new(Rc::new(entries))))
    }
    pub(crate) fn frozen(entries: Entries) -> Dict {
        Dict(Body::of_caller(entries.values().any(V::is_deferred), entries))
    }
    pub(crate) fn is_deferred(&self) -> bool {
        matches!(self.0, Body::Deferred(_))
    }
    /// The entries as they are now.
    pub(crate) fn entries(&self) -> Rc<Entries> {
        self.0.get()
    }
    /// Changes it in place; an error for one of the caller's.
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut Entries) -> R) -> Res<R> {
        self.0.change(change)
    }
    pub(crate) fn get_str(&self, key: &str) -> Option<V> {
        match &self.0 {
            Body::Frozen(entries) | Body::Deferred(entries) => entries.get(&LookText(key)).cloned(),
            Body::Live(entries) => lock(entries).get(&LookText(key)).cloned(),
        }
    }
    pub(crate) fn get(&self, key: &Key) -> Option<V> {
        match &self.0 {
            Body::Frozen(entries) | Body::Deferred(entries) => entries.get(key).cloned(),
            Body::Live(entries) => lock(entries).get(key).cloned(),
        }
    }
}

/// Taking a chain of containers apart must not go as deep as the chain: a template can make one as long as
/// its fuel.
pub(crate) fn take_apart(first: Vec<V>) {
    let mut rest = first;
    while let Some(value) = rest.pop() {
        match value {
            V::List(list) => {
                if let Some(mut list) = Rc::into_inner(list) {
                    rest.append(&mut list.drain());
                }
            }
            V::Tuple(tuple) => {
                if let Some(mut tuple) = Rc::into_inner(tuple) {
                    rest.append(&mut tuple.items);
                }
            }
            V::Dict(dict) => {
                if let Some(mut dict) = Rc::into_inner(dict) {
                    rest.append(&mut dict.drain());
                }
            }
            V::Obj(object) => {
                if let Some(mut object) = Rc::into_inner(object) {
                    rest.append(&mut object.drain());
                }
            }
            _ => {}
        }
    }
}

fn nests(value: &V) -> bool {
    matches!(value, V::List(_) | V::Tuple(_) | V::Dict(_) | V::Obj(_))
}

impl List {
    fn drain(&mut self) -> Vec<V> {
        let body = std::mem::replace(&mut self.0, Body::Frozen(Rc::new(Vec::new())));
        let items = match body {
            Body::Frozen(items) | Body::Deferred(items) => items,
            Body::Live(items) => items.into_inner(),
        };
        Rc::into_inner(items).unwrap_or_default()
    }
    fn deep(&self) -> bool {
        match &self.0 {
            Body::Frozen(_) | Body::Deferred(_) => false,
            Body::Live(items) => lock(items).iter().any(nests),
        }
    }
}

impl Dict {
    fn drain(&mut self) -> Vec<V> {
        let body = std::mem::replace(&mut self.0, Body::Frozen(Rc::new(Entries::default())));
        let entries = match body {
            Body::Frozen(entries) | Body::Deferred(entries) => entries,
            Body::Live(entries) => entries.into_inner(),
        };
        Rc::into_inner(entries).unwrap_or_default().into_values().collect()
    }
    fn deep(&self) -> bool {
        match &self.0 {
            Body::Frozen(_) | Body::Deferred(_) => false,
            Body::Live(entries) => lock(entries).values().any(nests),
        }
    }
}

impl Drop for List {
    fn drop(&mut self) {
        if self.deep() {
            take_apart(self.drain());
        }
    }
}

impl Drop for Dict {
    fn drop(&mut self) {
        if self.deep() {
            take_apart(self.drain());
        }
    }
}

impl Drop for Tuple {
    fn drop(&mut self) {
        if self.items.iter().any(nests) {
            take_apart(std::mem::take(&mut self.items));
        }
    }
}

/// A key: only made of what Python can hash.
#[derive(Clone)]
pub struct Key(V);

impl Key {
    /// The key for a value, or Python's `TypeError`.
    pub(crate) fn new(value: V) -> Res<Key> {
        check(&value, 0)?;
        Ok(Key(value))
    }
    pub(crate) fn text(text: impl Into<Rc<str>>) -> Key {
        Key(V::Str(text.into()))
    }
    pub(crate) fn value(&self) -> &V {
        &self.0
    }
}

fn check(value: &V, depth: u32) -> Res<()> {
    match value {
        V::Undefined(u) if u.strict => Err(u.fault()),
        V::List(_) | V::Dict(_) => Err(Fault::failed(format!("unhashable type: '{}'", value.type_name()))),
        V::Tuple(_) if depth >= super::DEEPEST => Err(Fault::limit("a key is nested too deep")),
        V::Tuple(tuple) => tuple.items.iter().try_for_each(|item| check(item, depth + 1)),
        _ => Ok(()),
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        match (&self.0, &other.0) {
            (V::Float(a), V::Float(b)) if a.is_nan() => b.is_nan(),
            (a, b) => compare::equal(a, b).unwrap_or(false),
        }
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash(&self.0, state);
    }
}

fn hash_text<H: Hasher>(text: &str, state: &mut H) {
    state.write_u8(1);
    text.hash(state);
}

fn hash<H: Hasher>(value: &V, state: &mut H) {
    match value {
        V::Str(text) | V::Safe(text) => hash_text(text, state),
        V::Bool(_) | V::Int(_) => {
            state.write_u8(2);
            state.write_i128(value.as_int().unwrap_or_default());
        }
        // A whole float is the same key as the int.
        V::Float(x) if *x == x.trunc() && x.abs() < 2f64.powi(127) => {
            state.write_u8(2);
            state.write_i128(*x as i128);
        }
        V::Float(x) => {
            state.write_u8(3);
            state.write_u64(if x.is_nan() { 0 } else { x.to_bits() });
        }
        V::Bytes(bytes) => {
            state.write_u8(4);
            bytes.hash(state);
        }
        V::Date(text) => {
            state.write_u8(5);
            text.hash(state);
        }
        V::Tuple(tuple) => {
            state.write_u8(6);
            tuple.items.iter().for_each(|item| hash(item, state));
        }
        V::Obj(object) => {
            state.write_u8(7);
            Rc::as_ptr(object).hash(state);
        }
        V::None | V::Undefined(_) | V::List(_) | V::Dict(_) => state.write_u8(0),
    }
}

/// A text that is only looked up.
pub(crate) struct LookText<'t>(pub &'t str);

impl Hash for LookText<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_text(self.0, state);
    }
}

impl Equivalent<Key> for LookText<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        key.0.as_str().is_some_and(|text| &**text == self.0)
    }
}
