//! What is neither a scalar nor a list, tuple or dict.

use super::{Dict, Key, V};
use crate::functions::Function;
use crate::run::{BlockRef, Loop, Macro, Module, Names};
use diag::Place;
use std::cell::RefCell;
use std::rc::Rc;

/// Anything else a template can hold.
pub enum Object {
    /// `range(…)`.
    Range(Range),
    /// A generator.
    Iter(Iter),
    /// `keys()`, `values()`, `items()` of a dict.
    View(View),
    /// A method that was not called yet.
    Method {
        /// What it is a method of.
        on: V,
        /// Its name.
        name: &'static str,
    },
    /// A global function.
    Function(Function),
    /// A macro, or the body of a call block.
    Macro(Macro),
    /// What `import` gives.
    Module(Module),
    /// `namespace(…)`.
    Namespace(Namespace),
    /// `loop`.
    Loop(Loop),
    /// `cycler(…)`.
    Cycler {
        /// What it goes through.
        items: Vec<V>,
        /// Where it is.
        position: RefCell<usize>,
    },
    /// `joiner(…)`.
    Joiner {
        /// What stands between.
        separator: V,
        /// Whether it was used.
        used: RefCell<bool>,
    },
    /// `self`.
    SelfRef(Rc<crate::run::Context>),
    /// A block that can be called: `self.name`, `super`.
    Block(BlockRef),
    /// A text of the inventory that is a template itself. No expression ever sees one: it is rendered when
    /// the variable is read.
    Deferred(Deferred),
}

/// A template that stands in the inventory as a value.
pub struct Deferred {
    pub(crate) text: Rc<str>,
    /// Where it stands.
    pub(crate) place: Place,
    /// The host whose variables it is rendered with; nothing for those of the render.
    pub(crate) scope: Option<Rc<str>>,
}

/// `range(start, stop, step)`; `step` is never 0.
#[derive(Clone, Copy)]
pub struct Range {
    pub(crate) start: i128,
    pub(crate) stop: i128,
    pub(crate) step: i128,
}

impl Range {
    pub(crate) fn len(&self) -> i128 {
        let span = if self.step > 0 {
            self.stop.saturating_sub(self.start)
        } else {
            self.start.saturating_sub(self.stop)
        };
        if span <= 0 {
            return 0;
        }
        let step = self.step.checked_abs().unwrap_or(i128::MAX);
        (span - 1) / step + 1
    }
    pub(crate) fn get(&self, index: i128) -> i128 {
        self.start.saturating_add(self.step.saturating_mul(index))
    }
    pub(crate) fn contains(&self, n: i128) -> bool {
        if self.len() == 0 {
            return false;
        }
        let last = self.get(self.len() - 1);
        let (low, high) = if self.step > 0 { (self.start, last) } else { (last, self.start) };
        n >= low && n <= high && n.checked_sub(self.start).is_some_and(|d| d % self.step == 0)
    }
}

/// A generator; its items were made already, but can be walked once only.
pub struct Iter {
    /// The type's name.
    pub(crate) name: &'static str,
    pub(crate) items: RefCell<std::vec::IntoIter<V>>,
}

/// Which view of a dict.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ViewKind {
    Keys,
    Values,
    Items,
}

/// A view of a dict.
pub struct View {
    pub(crate) dict: Rc<Dict>,
    pub(crate) kind: ViewKind,
}

impl View {
    pub(crate) fn items(&self) -> Vec<V> {
        let entries = self.dict.entries();
        match self.kind {
            ViewKind::Keys => entries.keys().map(|k| k.value().clone()).collect(),
            ViewKind::Values => entries.values().cloned().collect(),
            ViewKind::Items => {
                entries.iter().map(|(k, v)| V::tuple(vec![Key::value(k).clone(), v.clone()])).collect()
            }
        }
    }
}

/// `namespace(…)`.
#[derive(Default)]
pub struct Namespace(pub(crate) RefCell<Names>);

impl Object {
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Object::Range(_) => "range",
            Object::Iter(iter) => iter.name,
            Object::View(view) => match view.kind {
                ViewKind::Keys => "dict_keys",
                ViewKind::Values => "dict_values",
                ViewKind::Items => "dict_items",
            },
            Object::Method { .. } => "builtin_function_or_method",
            Object::Function(_) => "function",
            Object::Macro(_) => "Macro",
            Object::Module(_) => "TemplateModule",
            Object::Namespace(_) => "Namespace",
            Object::Loop(_) => "LoopContext",
            Object::Cycler { .. } => "Cycler",
            Object::Joiner { .. } => "Joiner",
            Object::SelfRef(_) => "TemplateReference",
            Object::Block(_) => "BlockReference",
            Object::Deferred(_) => "str",
        }
    }
    pub(crate) fn callable(&self) -> bool {
        matches!(
            self,
            Object::Method { .. }
                | Object::Function(_)
                | Object::Macro(_)
                | Object::Loop(_)
                | Object::Joiner { .. }
                | Object::Block(_)
        )
    }
}

impl Object {
    /// What it holds, for taking it apart without going as deep as a chain of such is long.
    pub(crate) fn drain(&mut self) -> Vec<V> {
        match self {
            Object::Iter(iter) => iter.items.get_mut().by_ref().collect(),
            Object::Namespace(Namespace(names)) => names.get_mut().drain(..).map(|(_, v)| v).collect(),
            Object::Method { on, .. } => vec![std::mem::replace(on, V::None)],
            Object::Cycler { items, .. } => std::mem::take(items),
            Object::Joiner { separator, .. } => vec![std::mem::replace(separator, V::None)],
            Object::Macro(one) => one.frame.take().map_or(Vec::new(), |frame| {
                Rc::into_inner(frame.act).map_or(Vec::new(), |mut act| act.drain())
            }),
            _ => Vec::new(),
        }
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        let held = self.drain();
        if !held.is_empty() {
            super::take_apart(held);
        }
    }
}
