//! What Ansible's template engine does otherwise than Jinja2: undefined values are handed on until something
//! needs them, what filters and methods generate are lists, and texts of the inventory are templates.

use super::{Args, Context, Interp, Out};
use crate::error::{At, Fault, Kind, Res};
use crate::filters::FilterFn;
use crate::value::{Deferred, Dict, Entries, List, Object, V};
use std::rc::Rc;

fn plain(name: &str) -> &str {
    name.strip_prefix("ansible.builtin.").unwrap_or(name)
}

impl Interp<'_> {
    /// Whether this is Ansible's engine.
    pub(super) fn native(&self) -> bool {
        self.engine.options().templar
    }

    /// For what a body writes that is captured.
    pub(super) fn out(&self) -> Out {
        Out::new(self.native())
    }

    /// Runs a macro, which gives what is undefined in it.
    pub(super) fn called(&mut self, run: impl FnOnce(&mut Self) -> Res<V>) -> Res<V> {
        if !self.native() {
            return run(self);
        }
        let in_value = std::mem::replace(&mut self.in_value, true);
        let made = run(self);
        self.in_value = in_value;
        match made {
            Err(fault) if fault.kind == Kind::Undefined => Ok(V::broken(fault)),
            made => made,
        }
    }

    /// The first undefined value a call would be given, which is its result then.
    pub(crate) fn first_missing(&self, on: Option<&V>, args: &Args) -> Option<V> {
        if !self.native() {
            return None;
        }
        let strict = |v: &&V| matches!(v, V::Undefined(u) if u.strict);
        on.into_iter().chain(&args.positional).chain(args.named.iter().map(|(_, v)| v)).find(strict).cloned()
    }

    /// What a test gives that is asked of an undefined value.
    pub(super) fn unaskable(&self, name: &str, on: &V, args: &Args) -> Option<V> {
        let missing = self.first_missing(Some(on), args)?;
        match plain(name) {
            "defined" | "undefined" => Some(missing).filter(|m| matches!(m, V::Undefined(u) if u.failed())),
            _ => Some(missing),
        }
    }

    /// Runs a filter.
    pub(super) fn run_filter(&mut self, name: &str, function: Option<FilterFn>, on: V, args: Args) -> Res<V> {
        let function = function.ok_or_else(|| crate::filters::unknown(name))?;
        if !self.native() {
            return function(self, on, args);
        }
        let name = plain(name);
        let takes_missing = matches!(name, "d" | "default" | "mandatory" | "ternary" | "type_debug");
        if !takes_missing && let Some(missing) = self.first_missing(Some(&on), &args) {
            return Ok(missing);
        }
        let result = function(self, on, args)?;
        let result = self.listed(result)?;
        let hands_on = matches!(name, "map" | "reject" | "rejectattr" | "select" | "selectattr");
        if !takes_missing
            && !hands_on
            && let V::List(list) = &result
        {
            // To make this list each item was looked at.
            let strict = |v: &&V| matches!(v, V::Undefined(u) if u.strict);
            if let Some(missing) = list.items().iter().find(strict) {
                return Ok(missing.clone());
            }
        }
        Ok(result)
    }

    /// What is generated is a list.
    pub(super) fn listed(&mut self, value: V) -> Res<V> {
        match &value {
            V::Obj(object)
                if self.native()
                    && matches!(&**object, Object::Iter(_) | Object::View(_) | Object::Range(_)) =>
            {
                Ok(V::list(self.items(&value)?.to_vec()))
            }
            _ => Ok(value),
        }
    }

    /// The value that stands for a text of the inventory that is a template; other values are theirs.
    pub(super) fn opened(&mut self, value: V) -> Res<V> {
        match &value {
            V::Obj(object) => match &**object {
                Object::Deferred(deferred) => self.rendered(object, deferred),
                _ => Ok(value),
            },
            _ => Ok(value),
        }
    }

    /// A value of the inventory with all templates in it rendered. One that cannot be is undefined, which is
    /// told when it is used.
    pub(crate) fn settled(&mut self, value: V) -> Res<V> {
        if !value.is_deferred() {
            return Ok(value);
        }
        self.charge(1)?;
        match &value {
            V::List(list) => {
                let address = Rc::as_ptr(list).addr();
                self.once(address, &value, |i| {
                    let items: Res<Vec<V>> = list.items().iter().map(|v| i.settled(v.clone())).collect();
                    Ok(V::List(Rc::new(List::frozen(items?))))
                })
            }
            V::Dict(dict) => {
                let address = Rc::as_ptr(dict).addr();
                self.once(address, &value, |i| {
                    let mut entries = Entries::default();
                    for (key, value) in dict.entries().iter() {
                        entries.insert(key.clone(), i.settled(value.clone())?);
                    }
                    Ok(V::Dict(Rc::new(Dict::frozen(entries))))
                })
            }
            V::Obj(object) => match &**object {
                Object::Method { on, name } => {
                    let on = self.settled(on.clone())?;
                    Ok(V::obj(Object::Method { on, name }))
                }
                _ => self.opened(value),
            },
            _ => Ok(value),
        }
    }

    /// What was made of a value before, in the same scope.
    fn once(&mut self, address: usize, value: &V, make: impl FnOnce(&mut Self) -> Res<V>) -> Res<V> {
        let key = (address, self.scope.clone());
        if let Some((_, known)) = self.settled.get(&key) {
            return Ok(known.clone());
        }
        let made = self.deeper(make)?;
        // The value is kept too: its address stays its own.
        self.settled.insert(key, (value.clone(), made.clone()));
        Ok(made)
    }

    fn rendered(&mut self, object: &Rc<Object>, deferred: &Deferred) -> Res<V> {
        let address = Rc::as_ptr(object).addr();
        let busy = (address, self.scope.clone());
        if self.busy.contains(&busy) {
            return Err(at(Fault::failed("this variable is made of itself"), deferred));
        }
        let value = V::Obj(object.clone());
        self.once(address, &value, |i| {
            i.busy.push(busy);
            let made = i.in_scope(deferred);
            i.busy.pop();
            match made {
                Err(fault) if fault.kind == Kind::Limit => Err(at(fault, deferred)),
                Err(fault) => Ok(V::broken(at(fault, deferred))),
                Ok(V::Undefined(u)) if u.strict => Ok(V::broken(at(u.fault(), deferred))),
                made => made,
            }
        })
    }

    /// Renders it with the variables it belongs to.
    fn in_scope(&mut self, deferred: &Deferred) -> Res<V> {
        let other = match &deferred.scope {
            Some(name) if self.scope.as_ref() != Some(name) => {
                let variables = self.world.scope(name)?;
                Some((self.scope.replace(name.clone()), std::mem::replace(&mut self.variables, variables)))
            }
            _ => None,
        };
        let noted = other.is_some().then(|| std::mem::take(&mut self.noted));
        let in_value = std::mem::replace(&mut self.in_value, true);
        let made = self.value_of(&deferred.text);
        self.in_value = in_value;
        if let Some((scope, variables)) = other {
            self.scope = scope;
            self.variables = variables;
        }
        if let Some(noted) = noted {
            self.noted = noted;
        }
        made
    }

    /// The value a text makes that is a template.
    fn value_of(&mut self, text: &Rc<str>) -> Res<V> {
        let template = self.engine.value(text)?;
        let syntax = std::mem::replace(&mut self.syntax, template.syntax);
        let mut out = self.out();
        let done = self.root(&template, Context::new(&template, Vec::new(), true), &mut out);
        self.syntax = syntax;
        done?;
        Ok(template.with_line_ends(out.finish()))
    }
}

/// The fault of a value is where the value stands.
fn at(mut fault: Box<Fault>, deferred: &Deferred) -> Box<Fault> {
    if fault.file.as_deref().is_none_or(str::is_empty) {
        fault.file = Some(Rc::from(&*deferred.place.file));
        fault.at = At { line: deferred.place.line, column: deferred.place.column };
    }
    fault
}
