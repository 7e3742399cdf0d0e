//! The variables of a host as its templates see them.

use ansible::Vars;
use jinja::{Value, Values};
use py::{Kind, Node};
use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

/// Variables of which each is made a value when a template first reads it: most templates read few of many.
pub(crate) struct Shown {
    pub vars: Arc<Vars>,
    /// Their texts may be templates.
    templated: bool,
    /// By their place in the variables.
    made: Vec<OnceCell<Value>>,
    secret: Vec<OnceCell<bool>>,
}

impl Shown {
    pub fn new(vars: &Arc<Vars>, templated: bool) -> Shown {
        let made = (0..vars.len()).map(|_| OnceCell::new()).collect();
        let secret = (0..vars.len()).map(|_| OnceCell::new()).collect();
        Shown { vars: Arc::clone(vars), templated, made, secret }
    }

    /// True when something in the variable at a place was encrypted.
    pub fn holds_secret(&self, at: usize) -> bool {
        let holds = || self.vars.at(at).is_some_and(|(_, var)| var.node.holds_secret());
        self.secret.get(at).is_some_and(|known| *known.get_or_init(holds))
    }

    /// True when something on a way into the variable at a place, or under its end, was encrypted.
    pub fn reads_secret(&self, at: usize, path: &str) -> bool {
        self.vars.at(at).is_some_and(|(_, var)| {
            let (node, secret) = walk(&var.node, path);
            secret || node.holds_secret()
        })
    }
}

impl Values for Shown {
    fn value(&self, name: &str) -> Option<Value> {
        let at = self.vars.position(name)?;
        let (_, var) = self.vars.at(at)?;
        let make = || match self.templated {
            true => Value::templated(&var.node, None),
            false => Value::from(&*var.node),
        };
        Some(self.made.get(at)?.get_or_init(make).clone())
    }
    fn names(&self) -> Vec<Rc<str>> {
        self.vars.iter().map(|(name, _)| Rc::from(name)).collect()
    }
}

/// The part of a value at the end of a way into it, as far as the way can be told, and whether a part on the way
/// was encrypted.
pub(crate) fn walk<'n>(from: &'n Node, path: &str) -> (&'n Node, bool) {
    let mut node = from;
    let mut secret = false;
    for part in path.split(['.', '[']).skip(1) {
        secret |= node.marks.secret;
        let part = part.trim_end_matches(']').trim_matches(['\'', '"']);
        let next = match &node.kind {
            Kind::Map(_) => node.get(part),
            Kind::List(items) => part.parse::<usize>().ok().and_then(|n| items.get(n)),
            Kind::Scalar(_) => None,
        };
        match next {
            Some(next) => node = next,
            // A method, or a key that is no text: all of it counts.
            None => break,
        }
    }
    (node, secret)
}
