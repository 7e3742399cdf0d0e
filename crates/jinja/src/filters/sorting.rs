//! Filters that compare items.

use super::sequences::{at_path, parts};
use super::{flag, given, text_of};
use crate::error::{Fault, Res};
use crate::run::{Args, Interp};
use crate::value::{Entries, Key, Tuple, V, equal, order};
use std::cmp::Ordering;
use std::rc::Rc;

/// Texts without their case, other values as they are.
fn folded(value: V, case_sensitive: bool) -> V {
    match &value {
        V::Str(text) | V::Safe(text) if !case_sensitive => {
            let is_folded = text.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase());
            if is_folded { value } else { V::from(text.to_lowercase()) }
        }
        _ => value,
    }
}

/// Python's `sorted`: stable, an error where two keys that are looked at do not compare.
pub(crate) fn sorted(interp: &mut Interp<'_>, items: Vec<V>, keys: Vec<V>, reverse: bool) -> Res<Vec<V>> {
    let length = items.len() as u64;
    interp.charge(length.saturating_mul(u64::from(64 - length.leading_zeros())))?;
    if keys.iter().any(|k| matches!(k, V::Float(x) if x.is_nan())) {
        return Err(Fault::unsupported("sorting a NaN is not supported: its place depends on chance"));
    }
    // The standard library's sort may panic on what is no order, and a template can bring one.
    let mut both: Vec<(V, V)> = keys.into_iter().zip(items).collect();
    if both.iter().all(|(key, _)| key.as_str().is_some()) {
        // Texts are ordered whatever they are.
        match reverse {
            false => both.sort_by(|(a, _), (b, _)| a.as_str().cmp(&b.as_str())),
            true => both.sort_by(|(a, _), (b, _)| b.as_str().cmp(&a.as_str())),
        }
        return Ok(both.into_iter().map(|(_, item)| item).collect());
    }
    let mut width = 1;
    while width < both.len() {
        let mut merged = Vec::with_capacity(both.len());
        for run in both.chunks(width * 2) {
            let (left, right) = run.split_at(width.min(run.len()));
            merge(left, right, reverse, &mut merged)?;
        }
        both = merged;
        width *= 2;
    }
    Ok(both.into_iter().map(|(_, item)| item).collect())
}

fn merge(left: &[(V, V)], right: &[(V, V)], reverse: bool, out: &mut Vec<(V, V)>) -> Res<()> {
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let (low, high) = if reverse { (&a.0, &b.0) } else { (&b.0, &a.0) };
        let next = if order(low, high, "<")? == Some(Ordering::Less) { right.next() } else { left.next() };
        out.extend(next.cloned());
    }
    out.extend(left.chain(right).cloned());
    Ok(())
}

pub(super) fn sort(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [reverse, case, attribute] = args.take("sort", ["reverse", "case_sensitive", "attribute"], 0)?;
    let (reverse, case) = (flag(reverse, false)?, flag(case, false)?);
    let attribute = attribute.unwrap_or(V::None);
    let paths: Vec<Vec<V>> = match &attribute {
        V::Str(text) => text.split(',').map(|one| parts(&V::from(one))).collect(),
        other => vec![parts(other)],
    };
    let items = interp.items(&on)?.to_vec();
    let mut keys = Vec::with_capacity(items.len());
    for item in &items {
        let mut key = Vec::with_capacity(paths.len());
        for path in &paths {
            key.push(folded(at_path(interp, item, path, None)?, case));
        }
        keys.push(match (key.len(), key.pop()) {
            (1, Some(one)) => {
                // One undefined key alone is compared with nothing, so nothing is wrong with it.
                one
            }
            (_, last) => {
                key.extend(last);
                V::list(key)
            }
        });
    }
    Ok(V::list(sorted(interp, items, keys, reverse)?))
}

pub(super) fn dictsort(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [case, by, reverse] = args.take("dictsort", ["case_sensitive", "by", "reverse"], 0)?;
    let (case, reverse) = (flag(case, false)?, flag(reverse, false)?);
    let by = by.map_or(Ok(Rc::from("key")), |b| text_of(&b, "dictsort"))?;
    let by_value = match &*by {
        "key" => false,
        "value" => true,
        _ => return Err(Fault::failed("You can only sort by either \"key\" or \"value\"")),
    };
    let V::Dict(dict) = &on else {
        if let V::Undefined(u) = &on {
            return Err(u.fault());
        }
        return Err(Fault::failed(format!("'{}' object has no attribute 'items'", on.type_name())));
    };
    let (mut items, mut keys) = (Vec::new(), Vec::new());
    for (key, value) in dict.entries().iter() {
        keys.push(folded(if by_value { value.clone() } else { key.value().clone() }, case));
        items.push(V::tuple(vec![key.value().clone(), value.clone()]));
    }
    Ok(V::list(sorted(interp, items, keys, reverse)?))
}

pub(super) fn unique(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [case, attribute] = args.take("unique", ["case_sensitive", "attribute"], 0)?;
    let ansible = interp.engine.options().ansible;
    // Ansible asks first whether the items can be hashed, and falls back to comparing them.
    let case = match case {
        Some(case) => case.truth()?,
        None => false,
    };
    let plain = attribute.is_none();
    let path = parts(&attribute.unwrap_or(V::None));
    let items = interp.items(&on)?;
    let mut seen = Entries::default();
    let mut out = Vec::new();
    for item in items.iter() {
        let value = folded(at_path(interp, item, &path, None)?, case);
        match Key::new(value) {
            Ok(key) => {
                if seen.insert(key, V::None).is_none() {
                    out.push(item.clone());
                }
            }
            Err(_) if ansible && plain && !item.is_undefined() => {
                return by_comparing(interp, &items).map(V::list);
            }
            Err(fault) => return Err(fault),
        }
    }
    Ok(if ansible { V::list(out) } else { V::iter("generator", out) })
}

/// Each item that equals none before it.
pub(super) fn by_comparing(interp: &mut Interp<'_>, items: &[V]) -> Res<Vec<V>> {
    let mut out: Vec<V> = Vec::new();
    for item in items {
        interp.charge(out.len() as u64 / 4 + 1)?;
        let mut known = false;
        for other in &out {
            if equal(other, item)? {
                known = true;
                break;
            }
        }
        if !known {
            out.push(item.clone());
        }
    }
    Ok(out)
}

fn extreme(interp: &mut Interp<'_>, on: V, args: Args, name: &str, wanted: Ordering) -> Res<V> {
    let [case, attribute] = args.take(name, ["case_sensitive", "attribute"], 0)?;
    let case = flag(case, false)?;
    let path = parts(&given(attribute).unwrap_or(V::None));
    let items = interp.items(&on)?;
    let mut best: Option<(V, V)> = None;
    let word = if wanted == Ordering::Less { "<" } else { ">" };
    for item in items.iter() {
        let key = folded(at_path(interp, item, &path, None)?, case);
        let better = match &best {
            None => true,
            Some((known, _)) => order(&key, known, word)? == Some(wanted),
        };
        if better {
            best = Some((key, item.clone()));
        }
    }
    Ok(match best {
        Some((_, item)) => item,
        None => interp.undefined_hint("No aggregated item, sequence was empty.", name),
    })
}

pub(super) fn min(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    extreme(interp, on, args, "min", Ordering::Less)
}

pub(super) fn max(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    extreme(interp, on, args, "max", Ordering::Greater)
}

pub(super) fn groupby(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [attribute, default, case] = args.take("groupby", ["attribute", "default", "case_sensitive"], 1)?;
    let path = parts(&attribute.unwrap_or(V::None));
    let default = given(default);
    let case = flag(case, false)?;
    let items = interp.items(&on)?.to_vec();
    let mut keyed = Vec::with_capacity(items.len());
    for item in &items {
        let value = at_path(interp, item, &path, default.as_ref())?;
        keyed.push(V::tuple(vec![folded(value.clone(), case), value, item.clone()]));
    }
    let keys = keyed.iter().map(|k| part(k, 0)).collect();
    let mut groups: Vec<(V, V, Vec<V>)> = Vec::new();
    for entry in sorted(interp, keyed, keys, false)? {
        let (key, value, item) = (part(&entry, 0), part(&entry, 1), part(&entry, 2));
        match groups.last_mut() {
            Some((last, _, members)) if equal(last, &key)? => members.push(item),
            _ => groups.push((key, value, vec![item])),
        }
    }
    let groups = groups
        .into_iter()
        .map(|(_, name, members)| {
            let items = vec![name, V::list(members)];
            V::Tuple(Rc::new(Tuple { items, names: Some(&["grouper", "list"]) }))
        })
        .collect();
    Ok(V::list(groups))
}

fn part(entry: &V, at: usize) -> V {
    match entry {
        V::Tuple(tuple) => tuple.items.get(at).cloned().unwrap_or(V::None),
        _ => V::None,
    }
}
