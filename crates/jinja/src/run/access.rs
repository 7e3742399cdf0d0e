//! Names, attributes and items; and the record of which variables were read.

use super::{Frame, Interp};
use crate::error::{Fault, Res};
use crate::functions;
use crate::methods;
use crate::parse::ast::{Expr, ExprKind, Name};
use crate::value::{Key, Object, Undefined, V, lock};
use std::rc::Rc;

/// A way into a variable as it is walked: `hosts.core.address`.
struct Way {
    text: String,
    /// Whether a part of it was computed, so that the next time it may be another.
    computed: bool,
}

impl Interp<'_> {
    /// A name as the context has it: what the template set or was given, then the render's variables, then
    /// the functions all templates have.
    pub(super) fn resolve(&mut self, name: &str, frame: &Frame) -> Option<V> {
        if let Some(value) = frame.context.own(name) {
            return Some(value);
        }
        if frame.context.with_variables
            && let Some(value) = self.variables.get(name)
        {
            return Some(value);
        }
        functions::global(name)
    }

    /// Whether a name is one of the render's variables here.
    fn is_variable(&self, name: &str, frame: &Frame) -> bool {
        frame.context.with_variables
            && frame.context.own(name).is_none()
            && self.variables.get(name).is_some()
    }

    pub(super) fn name(&mut self, name: &Name, frame: &Frame) -> V {
        frame.act.get(name.slot).unwrap_or_else(|| self.undefined_named(&name.name))
    }

    /// A name, an attribute or an item; notes what was read of which variable.
    pub(super) fn access(&mut self, e: &Expr, frame: &Frame) -> Res<V> {
        let here = std::ptr::from_ref(e).addr();
        let noted = self.noted.contains(&here);
        let mut way = (!noted).then(|| Way { text: String::new(), computed: false });
        let value = self.follow(e, frame, &mut way)?;
        if let Some(way) = way {
            if !way.computed {
                self.noted.insert(here);
            }
            self.reads.insert(match &self.scope {
                Some(host) if self.scope != self.host => format!("hostvars.{host}.{}", way.text),
                _ => way.text,
            });
        }
        let value = self.settled(value)?;
        Ok(self.used_here(value, e, frame))
    }

    fn follow(&mut self, e: &Expr, frame: &Frame, way: &mut Option<Way>) -> Res<V> {
        match &e.kind {
            ExprKind::Name(name) => {
                if let Some(known) = way {
                    if name.read && self.is_variable(&name.name, frame) {
                        known.text.push_str(&name.name);
                    } else {
                        *way = None;
                    }
                }
                Ok(self.name(name, frame))
            }
            ExprKind::Attr(on, attr) => {
                let on = self.follow_deeper(on, frame, way)?;
                if let Some(way) = way {
                    way.text.push('.');
                    way.text.push_str(attr);
                }
                self.attr_of(e, &on, attr, frame)
            }
            ExprKind::Item(on, index) => {
                let on = self.follow_deeper(on, frame, way)?;
                let index_value = self.eval(index, frame)?;
                if let Some(way) = way {
                    way.computed |= !matches!(index.kind, ExprKind::Const(_));
                    match &index_value {
                        V::Str(text) | V::Safe(text) => {
                            way.text.push('.');
                            way.text.push_str(text);
                        }
                        V::Int(n) => way.text.push_str(&format!("[{n}]")),
                        _ => {}
                    }
                }
                let value = self.item(&on, &index_value)?;
                Ok(with_path(value, e))
            }
            _ => {
                *way = None;
                self.eval(e, frame)
            }
        }
    }

    fn follow_deeper(&mut self, e: &Expr, frame: &Frame, way: &mut Option<Way>) -> Res<V> {
        let value = self.deeper(|i| i.follow(e, frame, way))?;
        self.opened(value)
    }

    /// A value of the inventory that cannot be made is told with where it was used first.
    fn used_here(&mut self, value: V, e: &Expr, frame: &Frame) -> V {
        match &value {
            V::Undefined(u) => match &u.cause {
                Some(cause) if cause.trace.is_empty() && !frame.template.name.is_empty() => {
                    let cause = cause.clone().through(&frame.template.name, e.at, "used here");
                    V::broken(cause)
                }
                _ => value,
            },
            _ => value,
        }
    }

    pub(super) fn attr_of(&mut self, e: &Expr, on: &V, attr: &Rc<str>, frame: &Frame) -> Res<V> {
        let value = self.attr(on, attr).map_err(|f| f.at(&frame.template.name, e.at))?;
        Ok(with_path(value, e))
    }

    /// `on.name`: the attribute, else the item.
    pub(crate) fn attr(&mut self, on: &V, name: &str) -> Res<V> {
        if let V::Undefined(u) = on {
            return if self.native() && u.strict { Ok(on.clone()) } else { Err(u.fault()) };
        }
        if let Some(value) = self.attribute(on, name)? {
            return Ok(value);
        }
        if let V::Dict(dict) = on
            && let Some(value) = dict.get_str(name)
        {
            return Ok(value);
        }
        Ok(self.undefined_of(on, &V::from(name)))
    }

    /// `on[index]`: the item, else the attribute.
    pub(crate) fn item(&mut self, on: &V, index: &V) -> Res<V> {
        if let V::Undefined(u) = on {
            return if self.native() && u.strict { Ok(on.clone()) } else { Err(u.fault()) };
        }
        if let Some(value) = self.subscript(on, index)? {
            return Ok(value);
        }
        if let Some(name) = index.as_str()
            && let Some(value) = self.attribute(on, &name.clone())?
        {
            return Ok(value);
        }
        Ok(self.undefined_of(on, index))
    }

    /// What Python's `getattr` gives.
    fn attribute(&mut self, on: &V, name: &str) -> Res<Option<V>> {
        if let Some(method) = methods::find(on, name) {
            return Ok(Some(V::obj(Object::Method { on: on.clone(), name: method })));
        }
        match on {
            V::Tuple(tuple) => {
                if let Some(at) = tuple.names.and_then(|names| names.iter().position(|n| *n == name)) {
                    return Ok(tuple.items.get(at).cloned());
                }
            }
            V::Obj(object) => match &**object {
                Object::Loop(one) => return self.loop_attr(object, one, name),
                Object::Namespace(namespace) => return Ok(lock(&namespace.0).get(name).cloned()),
                Object::Module(module) => {
                    if let Some(value) = module.names.get(name) {
                        return Ok(Some(value.clone()));
                    }
                }
                Object::Cycler { items, position } if name == "current" => {
                    return Ok(items.get(*lock(position)).cloned());
                }
                Object::SelfRef(context) if lock(&context.blocks).contains_key(name) => {
                    let context = context.clone();
                    return Ok(Some(self.block_reference(&Rc::from(name), &context, 0)));
                }
                Object::Block(block) if name == "super" => {
                    let (name, context) = (block.name.clone(), block.context.clone());
                    return Ok(Some(self.block_reference(&name, &context, block.position + 1)));
                }
                Object::Macro(one) => match name {
                    "name" => return Ok(Some(one.name.clone().map_or(V::None, V::Str))),
                    "arguments" => {
                        let names = one.code.arguments.iter().map(|a| V::Str(a.name.clone())).collect();
                        return Ok(Some(V::tuple(names)));
                    }
                    "catch_kwargs" => return Ok(Some(V::Bool(one.code.kwargs.is_some()))),
                    "catch_varargs" => return Ok(Some(V::Bool(one.code.varargs.is_some()))),
                    "caller" => return Ok(Some(V::Bool(one.code.caller.is_some()))),
                    _ => {}
                },
                Object::Range(range) => match name {
                    "start" => return Ok(Some(V::Int(range.start))),
                    "stop" => return Ok(Some(V::Int(range.stop))),
                    "step" => return Ok(Some(V::Int(range.step))),
                    _ => {}
                },
                _ => {}
            },
            _ => {}
        }
        if methods::python_has(on, name) {
            return Err(Fault::unsupported(format!(
                "`{name}` of a {} is not supported in templates here",
                on.type_name()
            )));
        }
        Ok(None)
    }

    /// What Python's `on[index]` gives, nothing where it raises an error Jinja2 swallows.
    fn subscript(&mut self, on: &V, index: &V) -> Res<Option<V>> {
        if let V::Undefined(u) = index
            && u.strict
        {
            return Err(u.fault());
        }
        let at = |length: usize| -> Option<usize> {
            let n = index.as_int()?;
            let n = if n < 0 { n.checked_add(length as i128)? } else { n };
            usize::try_from(n).ok().filter(|n| *n < length)
        };
        Ok(match on {
            V::Dict(dict) => match index {
                V::Str(text) | V::Safe(text) => dict.get_str(text),
                other => Key::new(other.clone()).ok().and_then(|key| dict.get(&key)),
            },
            V::List(list) => {
                let items = list.items();
                at(items.len()).and_then(|i| items.get(i).cloned())
            }
            V::Tuple(tuple) => at(tuple.items.len()).and_then(|i| tuple.items.get(i).cloned()),
            V::Str(text) | V::Safe(text) => {
                let found = if text.is_ascii() {
                    at(text.len()).and_then(|i| text.get(i..=i)).map(Rc::from)
                } else {
                    at(text.chars().count())
                        .and_then(|i| text.chars().nth(i))
                        .map(|c| Rc::from(c.encode_utf8(&mut [0; 4]) as &str))
                };
                found.map(|one| if matches!(on, V::Safe(_)) { V::Safe(one) } else { V::Str(one) })
            }
            V::Bytes(bytes) => at(bytes.len()).and_then(|i| bytes.get(i)).map(|b| V::Int(i128::from(*b))),
            V::Obj(object) => match &**object {
                Object::Range(range) => {
                    let length = usize::try_from(range.len()).unwrap_or(usize::MAX);
                    at(length).map(|i| V::Int(range.get(i as i128)))
                }
                Object::SelfRef(context) => match index.as_str() {
                    Some(name) if lock(&context.blocks).contains_key(name) => {
                        let context = context.clone();
                        Some(self.block_reference(name, &context, 0))
                    }
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        })
    }

    /// `on[start:stop:step]`.
    pub(super) fn slice(&mut self, on: &V, bounds: [Option<V>; 3]) -> Res<V> {
        match on {
            V::Undefined(u) => Err(u.fault()),
            V::Str(text) | V::Safe(text) => {
                let chars: Vec<char> = text.chars().collect();
                self.charge(chars.len() as u64 / 8)?;
                let cut: String = crate::ops::slice(chars.len(), bounds)?.map(|i| chars[i]).collect();
                Ok(if matches!(on, V::Safe(_)) { V::Safe(Rc::from(cut)) } else { V::from(cut) })
            }
            V::List(list) => {
                let items = list.items();
                self.charge(items.len() as u64 / 8)?;
                Ok(V::list(crate::ops::slice(items.len(), bounds)?.map(|i| items[i].clone()).collect()))
            }
            V::Tuple(tuple) => {
                let items = &tuple.items;
                Ok(V::tuple(crate::ops::slice(items.len(), bounds)?.map(|i| items[i].clone()).collect()))
            }
            V::Obj(object) if matches!(**object, Object::Range(_)) => {
                Err(Fault::unsupported("a slice of a range is not supported").with_help("add `| list` first"))
            }
            V::Dict(_) => Err(Fault::failed("unhashable type: 'slice'")),
            other => Err(Fault::failed(format!("'{}' object is not subscriptable", other.type_name()))),
        }
    }
}

/// An undefined value learns how it is written in the template.
fn with_path(value: V, e: &Expr) -> V {
    match value {
        V::Undefined(u) if u.path.is_none() && u.hint.is_none() && u.cause.is_none() => match path(e) {
            Some(path) => V::Undefined(Rc::new(Undefined {
                hint: None,
                of: u.of.clone(),
                name: u.name.clone(),
                text_name: u.text_name,
                path: Some(path),
                strict: u.strict,
                native: u.native,
                cause: None,
            })),
            None => V::Undefined(u),
        },
        other => other,
    }
}

fn path(e: &Expr) -> Option<String> {
    match &e.kind {
        ExprKind::Name(name) => Some(name.name.to_string()),
        ExprKind::Attr(on, attr) => Some(format!("{}.{attr}", path(on)?)),
        ExprKind::Item(on, index) => {
            let on = path(on)?;
            Some(match &index.kind {
                ExprKind::Const(V::Str(text)) => format!("{on}['{text}']"),
                ExprKind::Const(V::Int(n)) => format!("{on}[{n}]"),
                _ => format!("{on}[{}]", path(index).unwrap_or_else(|| "…".to_owned())),
            })
        }
        _ => None,
    }
}
