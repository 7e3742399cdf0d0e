//! Which variable each name is: Jinja2's scopes, decided once when a template is read.
//!
//! A scope's names are analysed before its body runs, so a name that is set anywhere in a scope is one
//! variable there from its start. Root, blocks, macros and recursive loops are functions with variables of
//! their own; inner ones see the variables of outer ones as they are at that moment.

mod analyse;
mod slots;

use super::ast::{BlockCode, Template};
use super::walk;
use crate::error::{Fault, Res};
use indexmap::IndexMap;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

/// A variable: of which function, and which of its variables.
type Var = (usize, u32);

#[derive(Clone, Debug)]
enum From {
    Parameter,
    Resolve(Rc<str>),
    Alias(Var),
    Undefined,
}

/// The names of one scope.
#[derive(Clone, Default)]
struct Symbols {
    parent: Option<usize>,
    level: u32,
    function: usize,
    refs: HashMap<Rc<str>, Var>,
    loads: IndexMap<Var, From>,
    stores: BTreeSet<Rc<str>>,
}

/// The variables of one function, by level and name.
#[derive(Default)]
struct Function {
    depth: u32,
    variables: HashMap<(u32, Rc<str>), u32>,
}

struct Resolver {
    symbols: Vec<Symbols>,
    functions: Vec<Function>,
    /// Inside a condition a filter nobody knows is an error only when it is used.
    soft: bool,
    unknown: Option<Box<Fault>>,
}

/// Fills in all slots and scopes of a template and its blocks.
pub(crate) fn resolve(template: &mut Template, blocks: Vec<BlockCode>) -> Res<()> {
    let mut resolver = Resolver { symbols: Vec::new(), functions: Vec::new(), soft: false, unknown: None };
    let (root, function) = resolver.root();
    if walk::undeclared(&template.body, &["self"]).contains("self") {
        let var = resolver.parameter(root, "self");
        template.self_slot = Some(resolver.slot(root, var));
    }
    resolver.analyse(root, &template.body);
    template.scope = resolver.scope(root);
    resolver.statements(root, &mut template.body, true)?;
    template.size = resolver.size(function);
    for mut block in blocks {
        let (root, function) = resolver.root();
        let special = walk::undeclared(&block.body, &["self", "super"]);
        if special.contains("self") {
            let var = resolver.parameter(root, "self");
            block.self_slot = Some(resolver.slot(root, var));
        }
        if special.contains("super") {
            let var = resolver.parameter(root, "super");
            block.super_slot = Some(resolver.slot(root, var));
        }
        resolver.analyse(root, &block.body);
        block.scope = resolver.scope(root);
        resolver.statements(root, &mut block.body, false)?;
        block.size = resolver.size(function);
        template.blocks.push(Rc::new(block));
    }
    resolver.unknown.map_or(Ok(()), Err)
}

impl Resolver {
    fn function(&mut self, depth: u32) -> usize {
        self.functions.push(Function { depth, variables: HashMap::new() });
        self.functions.len() - 1
    }
    fn root(&mut self) -> (usize, usize) {
        let function = self.function(0);
        self.symbols.push(Symbols { function, ..Symbols::default() });
        (self.symbols.len() - 1, function)
    }
    fn inner(&mut self, parent: usize, function: Option<usize>) -> usize {
        let outer = &self.symbols[parent];
        let (level, function) = (outer.level + 1, function.unwrap_or(outer.function));
        self.symbols.push(Symbols { parent: Some(parent), level, function, ..Symbols::default() });
        self.symbols.len() - 1
    }
    /// A function inside that of a scope, and a scope in it.
    fn inner_function(&mut self, parent: usize) -> (usize, usize) {
        let depth = self.functions[self.symbols[parent].function].depth + 1;
        let function = self.function(depth);
        (self.inner(parent, Some(function)), function)
    }
    fn size(&self, function: usize) -> u32 {
        u32::try_from(self.functions[function].variables.len()).unwrap_or(u32::MAX)
    }

    fn variable(&mut self, scope: usize, name: &str) -> Var {
        let Symbols { level, function, .. } = self.symbols[scope];
        let variables = &mut self.functions[function].variables;
        let next = u32::try_from(variables.len()).unwrap_or(u32::MAX - 1);
        (function, *variables.entry((level, Rc::from(name))).or_insert(next))
    }
    fn define(&mut self, scope: usize, name: &str, from: From) -> Var {
        let var = self.variable(scope, name);
        let symbols = &mut self.symbols[scope];
        symbols.refs.insert(Rc::from(name), var);
        symbols.loads.insert(var, from);
        var
    }
    fn parameter(&mut self, scope: usize, name: &str) -> Var {
        self.symbols[scope].stores.insert(Rc::from(name));
        self.define(scope, name, From::Parameter)
    }
    fn find(&self, scope: usize, name: &str) -> Option<Var> {
        let mut here = Some(scope);
        while let Some(at) = here {
            let symbols = &self.symbols[at];
            if let Some(var) = symbols.refs.get(name) {
                return Some(*var);
            }
            here = symbols.parent;
        }
        None
    }
    fn load(&mut self, scope: usize, name: &str) {
        if self.find(scope, name).is_none() {
            self.define(scope, name, From::Resolve(Rc::from(name)));
        }
    }
    fn store(&mut self, scope: usize, name: &str) {
        let symbols = &mut self.symbols[scope];
        symbols.stores.insert(Rc::from(name));
        if symbols.refs.contains_key(name) {
            return;
        }
        let outer = symbols.parent.and_then(|p| self.find(p, name));
        self.define(scope, name, outer.map_or(From::Undefined, From::Alias));
    }

    /// Puts together what the branches of an `if` did.
    fn merge(&mut self, scope: usize, branches: Vec<Symbols>) {
        let mut stores: BTreeSet<Rc<str>> = branches.iter().flat_map(|b| b.stores.clone()).collect();
        stores.retain(|name| !self.symbols[scope].stores.contains(name));
        for branch in branches {
            let symbols = &mut self.symbols[scope];
            symbols.refs.extend(branch.refs);
            symbols.loads.extend(branch.loads);
            symbols.stores.extend(branch.stores);
        }
        for name in stores {
            let Some(target) = self.find(scope, &name) else { continue };
            let outer = self.symbols[scope].parent.and_then(|p| self.find(p, &name));
            let from = outer.map_or(From::Resolve(name), From::Alias);
            self.symbols[scope].loads.insert(target, from);
        }
    }
    /// What some statements do to a scope, on a copy of it.
    fn branch(&mut self, scope: usize, look: impl FnOnce(&mut Self)) -> Symbols {
        let before = self.symbols[scope].clone();
        look(self);
        std::mem::replace(&mut self.symbols[scope], before)
    }
}
