//! Methods of dictionaries.

use crate::error::{Fault, Res};
use crate::run::{Args, Interp};
use crate::value::{Dict, Entries, Key, Object, V, View, ViewKind, repr};
use std::rc::Rc;

pub(super) fn call(interp: &mut Interp<'_>, dict: &Rc<Dict>, name: &'static str, args: Args) -> Res<V> {
    let view = |kind| Ok(V::obj(Object::View(View { dict: dict.clone(), kind })));
    match name {
        "keys" | "values" | "items" => {
            args.none(name)?;
            match name {
                "keys" => view(ViewKind::Keys),
                "values" => view(ViewKind::Values),
                _ => view(ViewKind::Items),
            }
        }
        "get" => {
            let [key, default] = args.take(name, ["key", "default"], 1)?;
            let key = Key::new(key.unwrap_or(V::None))?;
            Ok(dict.get(&key).or(default).unwrap_or(V::None))
        }
        "copy" => {
            args.none(name)?;
            Ok(V::dict(dict.entries().as_ref().clone()))
        }
        "clear" => {
            args.none(name)?;
            dict.change(Entries::clear)?;
            Ok(V::None)
        }
        "pop" => {
            let [key, default] = args.take(name, ["key", "default"], 1)?;
            let key = Key::new(key.unwrap_or(V::None))?;
            let shown = repr(key.value())?;
            let popped = dict.change(|entries| entries.shift_remove(&key))?;
            popped.or(default).ok_or_else(|| Fault::failed(format!("KeyError: {shown}")))
        }
        "popitem" => {
            args.none(name)?;
            let popped = dict.change(Entries::pop)?;
            let (key, value) = popped.ok_or_else(|| Fault::failed("popitem(): dictionary is empty"))?;
            Ok(V::tuple(vec![key.value().clone(), value]))
        }
        "setdefault" => {
            let [key, default] = args.take(name, ["key", "default"], 1)?;
            let key = Key::new(key.unwrap_or(V::None))?;
            if let Some(value) = dict.get(&key) {
                return Ok(value);
            }
            let value = default.unwrap_or(V::None);
            dict.change(|entries| entries.insert(key, value.clone()))?;
            Ok(value)
        }
        _ => {
            let more = entries(interp, name, args)?;
            dict.change(|entries| entries.extend(more))?;
            Ok(V::None)
        }
    }
}

/// What `dict(…)` and `update(…)` take: a mapping or pairs, and names.
pub(crate) fn entries(interp: &mut Interp<'_>, what: &str, args: Args) -> Res<Entries> {
    let Args { positional, named } = args;
    if positional.len() > 1 {
        return Err(Fault::failed(format!("{what} expected at most 1 argument, got {}", positional.len())));
    }
    let mut out = Entries::default();
    match positional.into_iter().next() {
        None => {}
        Some(V::Dict(dict)) => out.extend(dict.entries().iter().map(|(k, v)| (k.clone(), v.clone()))),
        Some(pairs) => {
            for pair in interp.items(&pairs)?.iter() {
                let pair = interp.items(pair)?;
                let [key, value] = &pair[..] else {
                    return Err(Fault::failed(format!(
                        "dictionary update sequence element has length {}; 2 is required",
                        pair.len()
                    )));
                };
                out.insert(Key::new(key.clone())?, value.clone());
            }
        }
    }
    for (name, value) in named {
        out.insert(Key::text(name), value);
    }
    Ok(out)
}
