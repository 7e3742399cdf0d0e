//! Filters that change the form of data.

use super::sequences::at_path;
use super::{flag, given, int_of};
use crate::error::{Fault, Res};
use crate::run::{Args, Interp};
use crate::value::{Entries, Key, V, repr};
use std::rc::Rc;

pub(super) fn default(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [value, boolean] = args.take("default", ["default_value", "boolean"], 0)?;
    let value = value.unwrap_or_else(|| V::from(""));
    if interp.engine.options().templar && boolean.as_ref().is_some_and(|b| !matches!(b, V::Bool(_))) {
        return Err(Fault::failed("`default`: the second argument is true or false"));
    }
    if matches!(&on, V::Undefined(u) if u.failed()) {
        return Ok(on);
    }
    if on.is_undefined() || (flag(boolean, false)? && !on.truth()?) {
        return Ok(value);
    }
    Ok(on)
}

pub(super) fn mandatory(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [message] = args.take("mandatory", ["msg"], 0)?;
    let V::Undefined(undefined) = &on else { return Ok(on) };
    Err(match given(message) {
        Some(message) => Fault::undefined(super::soft(&message)?.to_string()),
        None => Fault::undefined(format!("Mandatory variable not defined: {}", undefined.message())),
    })
}

pub(super) fn ternary(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [yes, no, none] = args.take("ternary", ["true_val", "false_val", "none_val"], 2)?;
    let none = given(none);
    let chosen = match (&on, none) {
        (V::None, Some(none)) => Some(none),
        _ if on.truth()? => yes,
        _ => no,
    };
    Ok(chosen.unwrap_or(V::None))
}

pub(super) fn to_bool(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    args.none("bool")?;
    let word = match &on {
        V::Undefined(u) => return Err(u.fault()),
        V::Str(text) | V::Safe(text) => text.to_lowercase(),
        V::Bool(b) => return Ok(V::Bool(*b)),
        V::Int(n) => n.to_string(),
        // Anything else is no condition to Ansible but what equals 1, with a warning.
        V::Float(x) => return Ok(V::Bool(*x == 1.0)),
        _ => return Ok(V::Bool(false)),
    };
    Ok(V::Bool(matches!(&*word, "yes" | "on" | "true" | "1")))
}

pub(super) fn type_debug(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    args.none("type_debug")?;
    Ok(V::from(on.type_name()))
}

pub(super) fn dict2items(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [key, value] = args.take("dict2items", ["key_name", "value_name"], 0)?;
    let name = |v: Option<V>, default: &str| Key::new(v.unwrap_or_else(|| V::from(default)));
    let (key_name, value_name) = (name(key, "key")?, name(value, "value")?);
    let V::Dict(dict) = &on else {
        if let V::Undefined(u) = &on {
            return Err(u.fault());
        }
        return Err(Fault::failed(format!("dict2items requires a dictionary, got a {}", on.type_name())));
    };
    let entry = |(k, v): (&Key, &V)| {
        let mut pair = Entries::with_capacity_and_hasher(2, Default::default());
        pair.insert(key_name.clone(), k.value().clone());
        pair.insert(value_name.clone(), v.clone());
        V::dict(pair)
    };
    Ok(V::list(dict.entries().iter().map(entry).collect()))
}

/// What Ansible takes for a sequence: no text and no mapping.
pub(super) fn sequence(interp: &mut Interp<'_>, on: &V, what: &str) -> Res<Rc<Vec<V>>> {
    match on {
        V::List(_) | V::Tuple(_) => interp.items(on),
        V::Undefined(u) => Err(u.fault()),
        other => Err(Fault::failed(format!("{what} requires a list, got a {}", other.type_name()))),
    }
}

pub(super) fn items2dict(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [key, value] = args.take("items2dict", ["key_name", "value_name"], 0)?;
    let (key, value) = (key.unwrap_or_else(|| V::from("key")), value.unwrap_or_else(|| V::from("value")));
    let mut out = Entries::default();
    for item in sequence(interp, &on, "items2dict")?.iter() {
        let V::Dict(dict) = item else {
            return Err(Fault::failed("items2dict requires a list of dictionaries"));
        };
        let part = |name: &V| -> Res<V> {
            dict.get(&Key::new(name.clone())?).ok_or_else(|| {
                Fault::failed(format!(
                    "items2dict requires each dictionary in the list to contain the key {}",
                    repr(name).unwrap_or_default()
                ))
            })
        };
        out.insert(Key::new(part(&key)?)?, part(&value)?);
    }
    Ok(V::dict(out))
}

pub(super) fn flatten(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [levels, nulls] = args.take("flatten", ["levels", "skip_nulls"], 0)?;
    let levels = given(levels).map(|l| int_of(&l, "flatten")).transpose()?;
    let skip = flag(nulls, true)?;
    let mut out = Vec::new();
    let items = interp.items(&on)?;
    flat(interp, &items, levels, skip, 0, &mut out)?;
    Ok(V::list(out))
}

pub(super) fn flat(
    interp: &mut Interp<'_>,
    items: &[V],
    levels: Option<i128>,
    skip: bool,
    depth: u32,
    out: &mut Vec<V>,
) -> Res<()> {
    if depth > crate::value::DEEPEST {
        return Err(Fault::limit("a value nested too deep for `flatten`"));
    }
    for item in items {
        interp.charge(1)?;
        let null = match item {
            V::None => true,
            V::Str(text) => matches!(&**text, "None" | "null"),
            _ => false,
        };
        match item {
            _ if skip && null => {}
            V::List(_) | V::Tuple(_) if levels.is_none_or(|l| l >= 1) => {
                let inner = interp.items(item)?;
                flat(interp, &inner, levels.map(|l| l - 1), skip, depth + 1, out)?;
            }
            other => out.push(other.clone()),
        }
    }
    Ok(())
}

pub(super) fn extract(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [container, more] = args.take("extract", ["container", "morekeys"], 1)?;
    let mut keys = vec![on];
    match given(more) {
        None => {}
        Some(V::List(list)) => keys.extend(list.items().iter().cloned()),
        Some(one) => keys.push(one),
    }
    at_path(interp, &container.unwrap_or(V::None), &keys, None)
}

pub(super) fn subelements(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [path, skip] = args.take("subelements", ["subelement_obj", "skip_missing"], 1)?;
    let skip = flag(skip, false)?;
    let elements: Vec<V> = match &on {
        V::Dict(dict) => dict.entries().values().cloned().collect(),
        V::List(list) => list.items().to_vec(),
        V::Undefined(u) => return Err(u.fault()),
        _ => return Err(Fault::failed("obj must be a list of dicts or a nested dict")),
    };
    let path: Vec<V> = match path.unwrap_or(V::None) {
        V::List(list) => list.items().to_vec(),
        V::Str(text) | V::Safe(text) => text.split('.').map(V::from).collect(),
        _ => return Err(Fault::failed("subelements must be a list or a string")),
    };
    let mut out = Vec::new();
    for element in &elements {
        let mut values = element.clone();
        let mut missing = false;
        for part in &path {
            let shown = repr(part)?;
            let V::Dict(dict) = &values else {
                return Err(Fault::failed(format!("the key {shown} should point to a dictionary")));
            };
            match dict.get(&Key::new(part.clone())?) {
                Some(value) => values = value,
                None if skip => {
                    missing = true;
                    break;
                }
                None => {
                    return Err(Fault::failed(format!("could not find {shown} key in an iterated item")));
                }
            }
        }
        if missing {
            continue;
        }
        let V::List(list) = &values else {
            return Err(Fault::failed("the subelements should be a list"));
        };
        interp.charge(list.items().len() as u64)?;
        out.extend(list.items().iter().map(|v| V::tuple(vec![element.clone(), v.clone()])));
    }
    Ok(V::list(out))
}

pub(super) fn rekey_on_member(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [key, duplicates] = args.take("rekey_on_member", ["key", "duplicates"], 1)?;
    let key = Key::new(key.unwrap_or(V::None))?;
    let overwrite = match duplicates.as_ref().and_then(V::as_str).map(|t| &**t) {
        None | Some("error") => false,
        Some("overwrite") => true,
        Some(other) => {
            return Err(Fault::failed(format!(
                "rekey_on_member: duplicates is error or overwrite, not {other}"
            )));
        }
    };
    let items: Vec<V> = match &on {
        V::Dict(dict) => dict.entries().values().cloned().collect(),
        V::Str(_) | V::Safe(_) => return Err(Fault::failed("Type is not a valid list, set, or dict")),
        other => interp.items(other)?.to_vec(),
    };
    let mut out = Entries::default();
    for item in items {
        let V::Dict(dict) = &item else { return Err(Fault::failed("List item is not a valid dict")) };
        let shown = repr(key.value())?;
        let value = dict.get(&key).ok_or_else(|| Fault::failed(format!("Key {shown} was not found")))?;
        let value = Key::new(value)?;
        if !overwrite && out.contains_key(&value) {
            return Err(Fault::failed(format!("Key {shown} is not unique, cannot correctly turn into dict")));
        }
        out.insert(value, item);
    }
    Ok(V::dict(out))
}
