//! What a running template sees: variables of functions, names of a template, blocks.

use crate::parse::ast::{BlockCode, Slot, Template};
use crate::value::{V, lock};
use foldhash::fast::FixedState;
use indexmap::IndexMap;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

/// Names and values a template made.
pub(crate) type Names = IndexMap<Rc<str>, V, FixedState>;

/// The variables of one run of a function.
pub(crate) struct Activation {
    slots: RefCell<Vec<Option<V>>>,
    outer: Option<Rc<Activation>>,
}

impl Activation {
    pub fn new(size: u32, outer: Option<Rc<Activation>>) -> Rc<Activation> {
        Rc::new(Activation { slots: RefCell::new(vec![None; size as usize]), outer })
    }
    fn reach(&self, hops: u32) -> Option<&Activation> {
        let mut here = self;
        for _ in 0..hops {
            here = here.outer.as_deref()?;
        }
        Some(here)
    }
    pub fn get(&self, slot: Slot) -> Option<V> {
        lock(&self.reach(slot.hops)?.slots).get(slot.index as usize)?.clone()
    }
    pub fn set(&self, slot: Slot, value: Option<V>) {
        let Some(here) = self.reach(slot.hops) else { return };
        let mut slots = lock(&here.slots);
        if let Some(place) = slots.get_mut(slot.index as usize) {
            let old = std::mem::replace(place, value);
            drop(slots);
            drop(old);
        }
    }
    /// Its values, for taking it apart.
    pub fn drain(&mut self) -> Vec<V> {
        let slots = self.slots.get_mut();
        slots.drain(..).flatten().collect()
    }
}

impl Drop for Activation {
    fn drop(&mut self) {
        crate::value::take_apart(self.drain());
    }
}

/// A template's names while it runs.
pub struct Context {
    /// The template's name.
    pub(crate) name: Rc<str>,
    /// What it set at its top.
    pub(crate) vars: RefCell<Names>,
    /// What of that an import may see.
    pub(crate) exported: RefCell<BTreeSet<Rc<str>>>,
    /// What it was given by who includes or imports it, innermost first.
    pub(crate) given: Vec<Rc<Names>>,
    /// Whether it sees the variables of the render.
    pub(crate) with_variables: bool,
    /// Its blocks, each with those of the templates it extends after its own.
    pub(crate) blocks: RefCell<IndexMap<Rc<str>, Vec<BlockOf>, FixedState>>,
}

/// A block and the template it is from.
#[derive(Clone)]
pub(crate) struct BlockOf {
    pub template: Rc<Template>,
    pub code: Rc<BlockCode>,
}

impl Context {
    pub(crate) fn new(template: &Rc<Template>, given: Vec<Rc<Names>>, with_variables: bool) -> Rc<Context> {
        let blocks = template
            .blocks
            .iter()
            .map(|code| (code.name.clone(), vec![BlockOf { template: template.clone(), code: code.clone() }]))
            .collect();
        Rc::new(Context {
            name: template.name.clone(),
            vars: RefCell::default(),
            exported: RefCell::default(),
            given,
            with_variables,
            blocks: RefCell::new(blocks),
        })
    }
    /// What an included template is given of this: all its names, and the local ones over them.
    pub(crate) fn handed_on(&self, locals: Names) -> Vec<Rc<Names>> {
        let mut given = Vec::with_capacity(self.given.len() + 2);
        if !locals.is_empty() {
            given.push(Rc::new(locals));
        }
        let vars = lock(&self.vars);
        if !vars.is_empty() {
            given.push(Rc::new(vars.clone()));
        }
        drop(vars);
        given.extend(self.given.iter().cloned());
        given
    }
    /// The same template with local names over its own, for a scoped block.
    pub(crate) fn derived(&self, locals: Names) -> Rc<Context> {
        Rc::new(Context {
            name: self.name.clone(),
            vars: RefCell::default(),
            exported: RefCell::default(),
            given: self.handed_on(locals),
            with_variables: self.with_variables,
            blocks: RefCell::new(lock(&self.blocks).clone()),
        })
    }
    /// A name that a template set or was given.
    pub(crate) fn own(&self, name: &str) -> Option<V> {
        if let Some(value) = lock(&self.vars).get(name) {
            return Some(value.clone());
        }
        self.given.iter().find_map(|names| names.get(name).cloned())
    }
}

/// Where a piece of a template runs.
#[derive(Clone)]
pub(crate) struct Frame {
    pub template: Rc<Template>,
    pub context: Rc<Context>,
    pub act: Rc<Activation>,
    /// What the template's root extends by now.
    pub parent: Rc<RefCell<Option<Rc<Template>>>>,
    /// Whether text is only written while nothing is extended.
    pub check: bool,
}

impl Frame {
    pub fn extended(&self) -> bool {
        self.check && lock(&self.parent).is_some()
    }
    /// The same place, in a function inside it.
    pub fn inner(&self, size: u32) -> Frame {
        Frame { act: Activation::new(size, Some(self.act.clone())), ..self.clone() }
    }
}
