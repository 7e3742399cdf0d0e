//! From the inventory's values and back.

use super::object::Deferred;
use super::{DEEPEST, Dict, Entries, Key, List, Object, V};
use crate::error::{Fault, Res};
use std::rc::Rc;
use std::sync::Arc;

/// The inventory's value, frozen.
impl From<&py::Value> for V {
    fn from(value: &py::Value) -> V {
        match value {
            py::Value::None => V::None,
            py::Value::Bool(b) => V::Bool(*b),
            py::Value::Int(n) => V::Int(*n),
            py::Value::Float(x) => V::Float(*x),
            py::Value::Str(text) => V::Str(Rc::from(&**text)),
            py::Value::Bytes(bytes) => V::Bytes(Rc::from(&**bytes)),
            py::Value::Date(text) => V::Date(Rc::from(text.as_str())),
            py::Value::List(items) => V::List(Rc::new(List::frozen(items.iter().map(V::from).collect()))),
            py::Value::Map(map) => V::Dict(Rc::new(Dict::frozen(
                map.iter()
                    // A key that Python could not hash is none a reader gives.
                    .filter_map(|(k, v)| Some((Key::new(V::from(k)).ok()?, V::from(v))))
                    .collect::<Entries>(),
            ))),
        }
    }
}

/// The inventory's value, frozen; texts are texts.
impl From<&py::Node> for V {
    fn from(node: &py::Node) -> V {
        match &node.kind {
            py::Kind::Scalar(value) => V::from(value),
            py::Kind::List(items) => V::List(Rc::new(List::frozen(items.iter().map(V::from).collect()))),
            py::Kind::Map(entries) => V::Dict(Rc::new(Dict::frozen(
                entries
                    .iter()
                    .filter_map(|e| Some((Key::new(V::from(&e.key)).ok()?, V::from(&e.node))))
                    .collect::<Entries>(),
            ))),
        }
    }
}

/// Whether Ansible takes a text for a template.
pub(crate) fn is_template(text: &str) -> bool {
    text.starts_with(crate::parse::HEADER) || ["{{", "{%", "{#"].iter().any(|begin| text.contains(begin))
}

impl V {
    /// The inventory's value as Ansible has it, frozen: texts that are templates (and not `!unsafe`) are rendered
    /// when they are read, with the variables of the host `scope`, or those of the render without one.
    pub fn templated(node: &py::Node, scope: Option<&Rc<str>>) -> V {
        match &node.kind {
            py::Kind::Scalar(py::Value::Str(text)) if !node.marks.raw && is_template(text) => {
                V::obj(Object::Deferred(Deferred {
                    text: Rc::from(&**text),
                    place: node.place.clone(),
                    scope: scope.cloned(),
                }))
            }
            py::Kind::Scalar(value) => V::from(value),
            py::Kind::List(items) => {
                V::List(Rc::new(List::frozen(items.iter().map(|item| V::templated(item, scope)).collect())))
            }
            py::Kind::Map(entries) => V::Dict(Rc::new(Dict::frozen(
                entries
                    .iter()
                    .filter_map(|e| Some((Key::new(V::from(&e.key)).ok()?, V::templated(&e.node, scope))))
                    .collect::<Entries>(),
            ))),
        }
    }

    /// Whether it is, or holds, a template that was not rendered yet.
    pub(crate) fn is_deferred(&self) -> bool {
        match self {
            V::List(list) => list.is_deferred(),
            V::Dict(dict) => dict.is_deferred(),
            V::Obj(object) => match &**object {
                Object::Deferred(_) => true,
                Object::Method { on, .. } => on.is_deferred(),
                _ => false,
            },
            _ => false,
        }
    }

    /// A dict of the caller's, frozen.
    pub fn frozen_dict(entries: impl IntoIterator<Item = (Rc<str>, V)>) -> V {
        let entries = entries.into_iter().map(|(k, v)| (Key::text(k), v)).collect();
        V::Dict(Rc::new(Dict::frozen(entries)))
    }

    /// A value a filter made of data, the template's own.
    pub(crate) fn live(value: &py::Value) -> V {
        match value {
            py::Value::List(items) => V::list(items.iter().map(V::live).collect()),
            py::Value::Map(map) => V::dict(
                map.iter().filter_map(|(k, v)| Some((Key::new(V::from(k)).ok()?, V::live(v)))).collect(),
            ),
            scalar => V::from(scalar),
        }
    }

    /// As plain data, tuples and views as lists; an error for what is none.
    pub(crate) fn plain(&self, what: &str) -> Res<py::Value> {
        plain(self, what, 0)
    }
}

fn plain(value: &V, what: &str, depth: u32) -> Res<py::Value> {
    if depth > DEEPEST {
        return Err(Fault::limit(format!("a value nested too deep for `{what}`")));
    }
    let list = |items: &[V]| -> Res<py::Value> {
        Ok(py::Value::List(items.iter().map(|item| plain(item, what, depth + 1)).collect::<Res<_>>()?))
    };
    Ok(match value {
        V::Undefined(u) => return Err(u.fault()),
        V::None => py::Value::None,
        V::Bool(b) => py::Value::Bool(*b),
        V::Int(n) => py::Value::Int(*n),
        V::Float(x) => py::Value::Float(*x),
        V::Str(text) | V::Safe(text) => py::Value::from(&**text),
        V::Bytes(bytes) => py::Value::Bytes(Arc::from(&**bytes)),
        V::Date(text) => py::Value::Date(text.to_string()),
        V::List(items) => list(&items.items())?,
        V::Tuple(tuple) => list(&tuple.items)?,
        V::Dict(dict) => {
            let mut map = py::Map::new();
            for (key, value) in dict.entries().iter() {
                map.insert(plain(key.value(), what, depth + 1)?, plain(value, what, depth + 1)?);
            }
            py::Value::Map(map)
        }
        V::Obj(object) => match &**object {
            // Ansible's encoder takes any sequence, Jinja2's and YAML's only the known ones.
            Object::Range(range) if matches!(what, "to_json" | "to_nice_json") => {
                const MOST: i128 = 1_000_000;
                if range.len() > MOST {
                    return Err(Fault::limit(format!("a range too long for `{what}`")));
                }
                py::Value::List((0..range.len()).map(|i| py::Value::Int(range.get(i))).collect())
            }
            _ => {
                return Err(Fault::failed(format!(
                    "`{what}`: object of type {} is not data",
                    object.type_name()
                )));
            }
        },
    })
}
