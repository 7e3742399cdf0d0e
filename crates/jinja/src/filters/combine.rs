//! `combine`: dictionaries laid over each other.

use super::{data, flag, text_of};
use crate::error::{Fault, Res};
use crate::run::{Args, Interp};
use crate::value::{DEEPEST, Entries, V, equal};
use std::rc::Rc;

/// What becomes of two lists under one key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lists {
    Replace,
    Keep,
    Append,
    Prepend,
    AppendNew,
    PrependNew,
}

pub(super) fn combine(interp: &mut Interp<'_>, on: V, mut args: Args) -> Res<V> {
    let recursive = flag(args.named("recursive"), false)?;
    let lists = match args.named("list_merge") {
        None => Lists::Replace,
        Some(name) => match &*text_of(&name, "combine")? {
            "replace" => Lists::Replace,
            "keep" => Lists::Keep,
            "append" => Lists::Append,
            "prepend" => Lists::Prepend,
            "append_rp" => Lists::AppendNew,
            "prepend_rp" => Lists::PrependNew,
            other => return Err(Fault::failed(format!("combine: list_merge cannot be `{other}`"))),
        },
    };
    if !args.named.is_empty() {
        return Err(Fault::failed("'recursive' and 'list_merge' are the only valid keyword arguments"));
    }
    let mut terms = vec![on];
    terms.extend(args.positional);
    let mut dicts = Vec::new();
    data::flat(interp, &terms, Some(1), true, 0, &mut dicts)?;
    let mut dicts = dicts.into_iter().rev();
    let Some(mut result) = dicts.next() else { return Ok(V::dict(Entries::default())) };
    for below in dicts {
        result = merge(interp, &below, &result, recursive, lists, 0)?;
    }
    if let V::Undefined(u) = &result {
        return Err(u.fault());
    }
    Ok(result)
}

/// `y` over `x`.
fn merge(interp: &mut Interp<'_>, x: &V, y: &V, recursive: bool, lists: Lists, depth: u32) -> Res<V> {
    if depth > DEEPEST {
        return Err(Fault::limit("values nested too deep for `combine`"));
    }
    let (V::Dict(a), V::Dict(b)) = (x, y) else {
        if let V::Undefined(u) = if matches!(x, V::Dict(_)) { y } else { x } {
            return Err(u.fault());
        }
        return Err(Fault::failed(format!(
            "failed to combine variables, expected dicts but got a '{}' and a '{}'",
            x.type_name(),
            y.type_name()
        )));
    };
    let (a, b) = (a.entries(), b.entries());
    interp.charge((a.len() + b.len()) as u64)?;
    if a.is_empty() || equal(x, y)? {
        return Ok(V::dict(b.as_ref().clone()));
    }
    if b.is_empty() {
        return Ok(V::dict(a.as_ref().clone()));
    }
    let mut out: Entries = a.as_ref().clone();
    for (key, upper) in b.iter() {
        let value = match (out.get(key), upper) {
            (Some(lower @ V::Dict(_)), V::Dict(_)) if recursive => {
                let lower = lower.clone();
                merge(interp, &lower, upper, recursive, lists, depth + 1)?
            }
            (Some(V::List(lower)), V::List(upper)) => {
                let (lower, upper) = (lower.items(), upper.items());
                match lists {
                    Lists::Replace => V::list(upper.to_vec()),
                    Lists::Keep => V::list(lower.to_vec()),
                    Lists::Append => V::list(lower.iter().chain(upper.iter()).cloned().collect()),
                    Lists::Prepend => V::list(upper.iter().chain(lower.iter()).cloned().collect()),
                    Lists::AppendNew => {
                        let mut kept = without(interp, &lower, &upper)?;
                        kept.extend(upper.iter().cloned());
                        V::list(kept)
                    }
                    Lists::PrependNew => {
                        let kept = without(interp, &lower, &upper)?;
                        V::list(upper.iter().cloned().chain(kept).collect())
                    }
                }
            }
            (_, upper) => upper.clone(),
        };
        out.insert(key.clone(), value);
    }
    Ok(V::dict(out))
}

/// The items of `a` that are not in `b`.
fn without(interp: &mut Interp<'_>, a: &Rc<Vec<V>>, b: &Rc<Vec<V>>) -> Res<Vec<V>> {
    let mut out = Vec::new();
    for item in a.iter() {
        interp.charge(b.len() as u64 / 4 + 1)?;
        let mut found = false;
        for other in b.iter() {
            found |= equal(item, other)?;
        }
        if !found {
            out.push(item.clone());
        }
    }
    Ok(out)
}
