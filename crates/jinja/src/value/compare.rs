//! Python's `==`, `<` and `in`.

use super::{DEEPEST, Key, Object, V};
use crate::error::{Fault, Res};
use std::cmp::Ordering;
use std::rc::Rc;

fn too_deep() -> Box<Fault> {
    Fault::limit("values nested too deep to be compared")
}

/// `a == b`.
pub(crate) fn equal(a: &V, b: &V) -> Res<bool> {
    equal_at(a, b, 0)
}

fn equal_at(a: &V, b: &V, depth: u32) -> Res<bool> {
    if depth > DEEPEST {
        return Err(too_deep());
    }
    let all = |a: &[V], b: &[V]| -> Res<bool> {
        if a.len() != b.len() {
            return Ok(false);
        }
        for (a, b) in a.iter().zip(b) {
            if !equal_at(a, b, depth + 1)? {
                return Ok(false);
            }
        }
        Ok(true)
    };
    Ok(match (a, b) {
        (V::Undefined(u), _) | (_, V::Undefined(u)) if u.strict => return Err(u.fault()),
        (V::Undefined(_), V::Undefined(_)) | (V::None, V::None) => true,
        (V::Str(a) | V::Safe(a), V::Str(b) | V::Safe(b)) => a == b,
        (V::Bytes(a), V::Bytes(b)) => a == b,
        (V::Date(a), V::Date(b)) => a == b,
        (V::List(a), V::List(b)) => Rc::ptr_eq(a, b) || all(&a.items(), &b.items())?,
        (V::Tuple(a), V::Tuple(b)) => Rc::ptr_eq(a, b) || all(&a.items, &b.items)?,
        (V::Dict(a), V::Dict(b)) => {
            if Rc::ptr_eq(a, b) {
                return Ok(true);
            }
            let (a, b) = (a.entries(), b.entries());
            if a.len() != b.len() {
                return Ok(false);
            }
            for (key, value) in a.iter() {
                match b.get(key) {
                    Some(other) if equal_at(value, other, depth + 1)? => {}
                    _ => return Ok(false),
                }
            }
            true
        }
        (V::Obj(a), V::Obj(b)) => {
            Rc::ptr_eq(a, b)
                || match (&**a, &**b) {
                    (Object::Range(a), Object::Range(b)) => {
                        a.len() == b.len()
                            && (a.len() == 0 || (a.start == b.start && (a.len() == 1 || a.step == b.step)))
                    }
                    _ => false,
                }
        }
        _ => numbers(a, b) == Some(Ordering::Equal),
    })
}

/// What `<` and `>` say; nothing where a NaN is met. `word` is the operator, for Python's message.
pub(crate) fn order(a: &V, b: &V, word: &str) -> Res<Option<Ordering>> {
    order_at(a, b, word, 0)
}

fn order_at(a: &V, b: &V, word: &str, depth: u32) -> Res<Option<Ordering>> {
    if depth > DEEPEST {
        return Err(too_deep());
    }
    match (a, b) {
        (V::Undefined(u), _) | (_, V::Undefined(u)) => Err(u.fault()),
        (V::Str(a) | V::Safe(a), V::Str(b) | V::Safe(b)) => Ok(Some(a.cmp(b))),
        (V::Bytes(a), V::Bytes(b)) => Ok(Some(a.cmp(b))),
        (V::Date(x), V::Date(y)) if a.type_name() == b.type_name() => Ok(Some(x.cmp(y))),
        (V::List(a), V::List(b)) => sequences(&a.items(), &b.items(), word, depth),
        (V::Tuple(a), V::Tuple(b)) => sequences(&a.items, &b.items, word, depth),
        _ if a.as_float().is_some() && b.as_float().is_some() => Ok(numbers(a, b)),
        _ => Err(Fault::failed(format!(
            "'{word}' not supported between instances of '{}' and '{}'",
            a.type_name(),
            b.type_name()
        ))),
    }
}

fn sequences(a: &[V], b: &[V], word: &str, depth: u32) -> Res<Option<Ordering>> {
    for (a, b) in a.iter().zip(b) {
        if !equal_at(a, b, depth + 1)? {
            return order_at(a, b, word, depth + 1);
        }
    }
    Ok(Some(a.len().cmp(&b.len())))
}

fn numbers(a: &V, b: &V) -> Option<Ordering> {
    match (a, b) {
        (V::Float(a), V::Float(b)) => a.partial_cmp(b),
        (V::Float(a), _) => py::int_and_float(b.as_int()?, *a).map(Ordering::reverse),
        (_, V::Float(b)) => py::int_and_float(a.as_int()?, *b),
        _ => Some(a.as_int()?.cmp(&b.as_int()?)),
    }
}

/// `item in container`, for what needs no walking of an iterator.
pub(crate) fn contains(container: &V, item: &V) -> Res<bool> {
    let any = |items: &[V]| -> Res<bool> {
        for one in items {
            if equal(one, item)? {
                return Ok(true);
            }
        }
        Ok(false)
    };
    match container {
        V::Undefined(u) if u.strict => Err(u.fault()),
        V::Undefined(_) => Ok(false),
        V::Str(text) | V::Safe(text) => match item {
            V::Str(part) | V::Safe(part) => Ok(text.contains(&**part)),
            V::Undefined(u) if u.strict => Err(u.fault()),
            other => Err(Fault::failed(format!(
                "'in <string>' requires string as left operand, not {}",
                other.type_name()
            ))),
        },
        V::List(list) => any(&list.items()),
        V::Tuple(tuple) => any(&tuple.items),
        V::Dict(dict) => Ok(dict.entries().contains_key(&Key::new(item.clone())?)),
        V::Obj(object) => match &**object {
            Object::Range(range) => Ok(item.as_int().is_some_and(|n| range.contains(n))),
            Object::View(view) => any(&view.items()),
            Object::Iter(iter) => {
                let items: Vec<V> = super::lock(&iter.items).by_ref().collect();
                any(&items)
            }
            Object::Namespace(_) | Object::Loop(_) | Object::Macro(_) => Err(not_iterable(container)),
            _ => Err(not_iterable(container)),
        },
        other => Err(not_iterable(other)),
    }
}

fn not_iterable(value: &V) -> Box<Fault> {
    Fault::failed(format!("argument of type '{}' is not iterable", value.type_name()))
}
