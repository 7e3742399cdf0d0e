//! What a running template sees: variables of functions, names of a template, blocks.

use crate::parse::ast::{BlockCode, Slot, Template};
use crate::value::{V, lock};
use indexmap::IndexMap;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// Names and values a template made.
pub(crate) type Names = IndexMap<Arc<str>, V>;

/// The variables of one run of a function.
pub(crate) struct Activation {
    slots: Mutex<Vec<Option<V>>>,
    outer: Option<Arc<Activation>>,
}

impl Activation {
    pub fn new(size: u32, outer: Option<Arc<Activation>>) -> Arc<Activation> {
        Arc::new(Activation { slots: Mutex::new(vec![None; size as usize]), outer })
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
        let slots = self.slots.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
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
    pub(crate) name: Arc<str>,
    /// What it set at its top.
    pub(crate) vars: Mutex<Names>,
    /// What of that an import may see.
    pub(crate) exported: Mutex<BTreeSet<Arc<str>>>,
    /// What it was given by who includes or imports it, innermost first.
    pub(crate) given: Vec<Arc<Names>>,
    /// Whether it sees the variables of the render.
    pub(crate) with_variables: bool,
    /// Its blocks, each with those of the templates it extends after its own.
    pub(crate) blocks: Mutex<IndexMap<Arc<str>, Vec<BlockOf>>>,
}

/// A block and the template it is from.
#[derive(Clone)]
pub(crate) struct BlockOf {
    pub template: Arc<Template>,
    pub code: Arc<BlockCode>,
}

impl Context {
    pub(crate) fn new(
        template: &Arc<Template>,
        given: Vec<Arc<Names>>,
        with_variables: bool,
    ) -> Arc<Context> {
        let blocks = template
            .blocks
            .iter()
            .map(|code| (code.name.clone(), vec![BlockOf { template: template.clone(), code: code.clone() }]))
            .collect();
        Arc::new(Context {
            name: template.name.clone(),
            vars: Mutex::default(),
            exported: Mutex::default(),
            given,
            with_variables,
            blocks: Mutex::new(blocks),
        })
    }
    /// What an included template is given of this: all its names, and the local ones over them.
    pub(crate) fn handed_on(&self, locals: Names) -> Vec<Arc<Names>> {
        let mut given = Vec::with_capacity(self.given.len() + 2);
        if !locals.is_empty() {
            given.push(Arc::new(locals));
        }
        let vars = lock(&self.vars);
        if !vars.is_empty() {
            given.push(Arc::new(vars.clone()));
        }
        drop(vars);
        given.extend(self.given.iter().cloned());
        given
    }
    /// The same template with local names over its own, for a scoped block.
    pub(crate) fn derived(&self, locals: Names) -> Arc<Context> {
        Arc::new(Context {
            name: self.name.clone(),
            vars: Mutex::default(),
            exported: Mutex::default(),
            given: self.handed_on(locals),
            with_variables: self.with_variables,
            blocks: Mutex::new(lock(&self.blocks).clone()),
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
    pub template: Arc<Template>,
    pub context: Arc<Context>,
    pub act: Arc<Activation>,
    /// What the template's root extends by now.
    pub parent: Arc<Mutex<Option<Arc<Template>>>>,
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
