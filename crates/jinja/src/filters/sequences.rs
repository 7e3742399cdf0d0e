//! Filters on sequences.

use super::{given, int_of, soft, text_of};
use crate::error::{Fault, Res};
use crate::run::{Args, Interp};
use crate::value::{Object, V, write_text};
use std::rc::Rc;

/// The parts of an attribute's path: numbers are indices.
pub(super) fn parts(attribute: &V) -> Vec<V> {
    match attribute {
        V::None => Vec::new(),
        V::Str(path) | V::Safe(path) => path
            .split('.')
            .map(|part| match part.parse::<i128>() {
                Ok(n) if part.bytes().all(|b| b.is_ascii_digit()) => V::Int(n),
                _ => V::from(part),
            })
            .collect(),
        other => vec![other.clone()],
    }
}

/// What stands at a path in an item.
pub(super) fn at_path(interp: &mut Interp<'_>, item: &V, path: &[V], default: Option<&V>) -> Res<V> {
    let mut value = item.clone();
    for part in path {
        interp.charge(1)?;
        value = interp.item(&value, part)?;
        if value.is_undefined()
            && let Some(default) = default
        {
            value = default.clone();
        }
    }
    Ok(value)
}

pub(super) fn length(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    args.none("length")?;
    interp.length(&on).map(V::usize)
}

pub(super) fn list(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    args.none("list")?;
    let items = interp.items(&on)?;
    Ok(V::list(items.to_vec()))
}

pub(super) fn first(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    args.none("first")?;
    if let V::Obj(object) = &on
        && let Object::Iter(iter) = &**object
    {
        let next = crate::value::lock(&iter.items).next();
        return Ok(
            next.unwrap_or_else(|| interp.undefined_hint("No first item, sequence was empty.", "first"))
        );
    }
    let items = interp.items(&on)?;
    match items.first() {
        Some(item) => Ok(item.clone()),
        None => Ok(interp.undefined_hint("No first item, sequence was empty.", "first")),
    }
}

/// Whether Python's `reversed` takes it.
fn reversible(on: &V) -> bool {
    match on {
        V::Obj(object) => matches!(**object, Object::Range(_) | Object::View(_)),
        V::Undefined(_) | V::None | V::Bool(_) | V::Int(_) | V::Float(_) | V::Date(_) => false,
        _ => true,
    }
}

pub(super) fn last(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    args.none("last")?;
    if let V::Undefined(u) = &on {
        return Err(u.fault());
    }
    if !reversible(&on) {
        return Err(Fault::failed(format!("'{}' object is not reversible", on.type_name())));
    }
    let items = interp.items(&on)?;
    match items.last() {
        Some(item) => Ok(item.clone()),
        None => Ok(interp.undefined_hint("No last item, sequence was empty.", "last")),
    }
}

pub(super) fn reverse(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    args.none("reverse")?;
    match &on {
        V::Str(text) => return Ok(V::from(text.chars().rev().collect::<String>())),
        V::Safe(text) => return Ok(V::Safe(Rc::from(text.chars().rev().collect::<String>()))),
        _ => {}
    }
    let items: Vec<V> = interp.items(&on)?.iter().rev().cloned().collect();
    Ok(if reversible(&on) { V::iter("list_reverseiterator", items) } else { V::list(items) })
}

pub(super) fn join(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [separator, attribute] = args.take("join", ["d", "attribute"], 0)?;
    let separator = separator.map_or(Ok(Rc::from("")), |d| soft(&d))?;
    let path = given(attribute).map(|a| parts(&a));
    let items = interp.items(&on)?;
    let mut out = String::new();
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push_str(&separator);
        }
        match &path {
            Some(path) => write_text(&at_path(interp, item, path, None)?, &mut out)?,
            None => write_text(item, &mut out)?,
        }
        if out.len() > interp.engine.options().largest_output {
            break;
        }
    }
    interp.will_make(out.len())?;
    Ok(V::from(out))
}

pub(super) fn items(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    args.none("items")?;
    match &on {
        V::Undefined(_) => Ok(V::iter("generator", Vec::new())),
        V::Dict(dict) => Ok(V::iter(
            "generator",
            dict.entries().iter().map(|(k, v)| V::tuple(vec![k.value().clone(), v.clone()])).collect(),
        )),
        _ => Err(Fault::failed("Can only get item pairs from a mapping.")),
    }
}

pub(super) fn batch(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [count, fill] = args.take("batch", ["linecount", "fill_with"], 1)?;
    let count = int_of(&count.unwrap_or(V::None), "batch")?;
    let items = interp.items(&on)?;
    // A batch of no items is never full but at its very start, where Python gives an empty one.
    let size = usize::try_from(count).unwrap_or(0);
    if size == 0 {
        return Err(Fault::unsupported(format!("`batch` by {count} is not supported")));
    }
    let mut out: Vec<Vec<V>> = items.chunks(size).map(<[V]>::to_vec).collect();
    if let (Some(fill), Some(last)) = (given(fill), out.last_mut()) {
        interp.charge(size as u64)?;
        last.resize(size, fill);
    }
    Ok(V::iter("generator", out.into_iter().map(V::list).collect()))
}

pub(super) fn slice(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [slices, fill] = args.take("slice", ["slices", "fill_with"], 1)?;
    let slices = int_of(&slices.unwrap_or(V::None), "slice")?;
    if slices == 0 {
        return Err(Fault::failed("integer division or modulo by zero"));
    }
    let slices = usize::try_from(slices).unwrap_or(0);
    interp.charge(slices as u64)?;
    let items = interp.items(&on)?;
    let (each, extra) = (items.len() / slices.max(1), items.len() % slices.max(1));
    let fill = given(fill);
    let mut out = Vec::new();
    let mut rest = &items[..];
    for i in 0..slices {
        let (part, after) = rest.split_at(each + usize::from(i < extra));
        rest = after;
        let mut part = part.to_vec();
        if i >= extra {
            part.extend(fill.clone());
        }
        out.push(V::list(part));
    }
    Ok(V::iter("generator", out))
}

pub(super) fn sum(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [attribute, start] = args.take("sum", ["attribute", "start"], 0)?;
    let path = given(attribute).map(|a| parts(&a));
    let mut total = start.unwrap_or(V::Int(0));
    if total.as_str().is_some() {
        return Err(Fault::failed("sum() can't sum strings [use ''.join(seq) instead]"));
    }
    for item in interp.items(&on)?.iter() {
        let value = match &path {
            Some(path) => at_path(interp, item, path, None)?,
            None => item.clone(),
        };
        total = crate::ops::binary(interp, crate::parse::ast::Operator::Add, total, value)?;
    }
    Ok(total)
}

pub(super) fn attr(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [name] = args.take("attr", ["name"], 1)?;
    let name = text_of(&name.unwrap_or(V::None), "attr")?;
    // Of a dict this finds methods only, never keys.
    if let V::Dict(_) = &on
        && crate::methods::find(&on, &name).is_none()
    {
        return Ok(interp.undefined_of(&on, &V::Str(name)));
    }
    interp.attr(&on, &name)
}

pub(super) fn map(interp: &mut Interp<'_>, on: V, mut args: Args) -> Res<V> {
    let mut out = Vec::new();
    if !on.truth()? {
        return Ok(V::iter("generator", out));
    }
    if args.positional.is_empty()
        && let Some(attribute) = args.named("attribute")
    {
        let default = given(args.named("default"));
        if let Some((name, _)) = args.named.first() {
            return Err(Fault::failed(format!("Unexpected keyword argument '{name}'")));
        }
        let path = parts(&attribute);
        for item in interp.items(&on)?.iter() {
            out.push(at_path(interp, item, &path, default.as_ref())?);
        }
        return Ok(V::iter("generator", out));
    }
    if args.positional.is_empty() {
        return Err(Fault::failed("map requires a filter argument"));
    }
    let name = text_of(&args.positional.remove(0), "map")?;
    for item in interp.items(&on)?.iter() {
        interp.charge(1)?;
        let args = Args { positional: args.positional.clone(), named: args.named.clone() };
        out.push(interp.filter(&name, item.clone(), args)?);
    }
    Ok(V::iter("generator", out))
}

fn choose(interp: &mut Interp<'_>, on: V, mut args: Args, wanted: bool, by_attribute: bool) -> Res<V> {
    let mut out = Vec::new();
    if !on.truth()? {
        return Ok(V::iter("generator", out));
    }
    let path = if by_attribute {
        if args.positional.is_empty() {
            return Err(Fault::failed("Missing parameter for attribute name"));
        }
        parts(&args.positional.remove(0))
    } else {
        Vec::new()
    };
    let test = if args.positional.is_empty() { None } else { Some(args.positional.remove(0)) };
    let test = test.map(|t| text_of(&t, "select")).transpose()?;
    for item in interp.items(&on)?.iter() {
        interp.charge(1)?;
        let value = if by_attribute { at_path(interp, item, &path, None)? } else { item.clone() };
        let chosen = match &test {
            Some(name) => {
                let args = Args { positional: args.positional.clone(), named: args.named.clone() };
                interp.test(name, value, args)?
            }
            None => value.truth()?,
        };
        if chosen == wanted {
            out.push(item.clone());
        }
    }
    Ok(V::iter("generator", out))
}

pub(super) fn select(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    choose(interp, on, args, true, false)
}

pub(super) fn reject(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    choose(interp, on, args, false, false)
}

pub(super) fn selectattr(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    choose(interp, on, args, true, true)
}

pub(super) fn rejectattr(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    choose(interp, on, args, false, true)
}
