//! Methods of lists and tuples.

use crate::error::{Fault, Res};
use crate::filters::sorted;
use crate::run::{Args, Interp};
use crate::value::{List, V, equal};
use std::rc::Rc;

/// `count` and `index`, of all sequences.
pub(super) fn search(interp: &mut Interp<'_>, items: &[V], name: &'static str, args: Args) -> Res<V> {
    let [wanted, start, stop] = args.take(name, ["value", "start", "stop"], 1)?;
    let wanted = wanted.unwrap_or(V::None);
    interp.charge(items.len() as u64)?;
    if name == "count" {
        let mut count = 0;
        for item in items {
            count += i128::from(equal(item, &wanted)?);
        }
        return Ok(V::Int(count));
    }
    for i in crate::ops::slice(items.len(), [start, stop, None])? {
        if equal(&items[i], &wanted)? {
            return Ok(V::usize(i));
        }
    }
    Err(Fault::failed(format!("{} is not in list", crate::value::repr(&wanted)?)))
}

pub(super) fn call(interp: &mut Interp<'_>, list: &Rc<List>, name: &'static str, args: Args) -> Res<V> {
    let index = |value: &V| value.as_int().ok_or_else(|| Fault::failed("an index must be an integer"));
    match name {
        "count" | "index" => return search(interp, &list.items(), name, args),
        "copy" => {
            args.none(name)?;
            return Ok(V::list(list.items().to_vec()));
        }
        "append" => {
            let [item] = args.take(name, ["object"], 1)?;
            list.change(|items| items.extend(item))?;
        }
        "extend" => {
            let [more] = args.take(name, ["iterable"], 1)?;
            let more = interp.items(&more.unwrap_or(V::None))?;
            list.change(|items| items.extend(more.iter().cloned()))?;
        }
        "insert" => {
            let [at, item] = args.take(name, ["index", "object"], 2)?;
            let at = index(&at.unwrap_or(V::None))?;
            list.change(|items| {
                let n = items.len() as i128;
                let at = if at < 0 { at.saturating_add(n).max(0) } else { at.min(n) };
                items.insert(usize::try_from(at).unwrap_or(0), item.unwrap_or(V::None));
            })?;
        }
        "pop" => {
            let [at] = args.take(name, ["index"], 0)?;
            let at = at.as_ref().map_or(Ok(-1), index)?;
            let popped = list.change(|items| {
                let n = items.len() as i128;
                let at = if at < 0 { at.saturating_add(n) } else { at };
                usize::try_from(at).ok().filter(|i| *i < items.len()).map(|i| items.remove(i))
            })?;
            return popped.ok_or_else(|| Fault::failed("pop index out of range"));
        }
        "remove" => {
            let [wanted] = args.take(name, ["value"], 1)?;
            let wanted = wanted.unwrap_or(V::None);
            let items = list.items();
            for (i, item) in items.iter().enumerate() {
                if equal(item, &wanted)? {
                    list.change(|items| items.remove(i))?;
                    return Ok(V::None);
                }
            }
            return Err(Fault::failed("list.remove(x): x not in list"));
        }
        "clear" => list.change(Vec::clear)?,
        "reverse" => list.change(|items| items.reverse())?,
        _ => {
            let [key, reverse] = args.take(name, ["key", "reverse"], 0)?;
            if key.is_some_and(|k| !matches!(k, V::None)) {
                return Err(Fault::unsupported("`list.sort(key=…)` is not supported"));
            }
            let reverse = reverse.map_or(Ok(false), |r| r.truth())?;
            let items = list.items().to_vec();
            let keys = items.clone();
            let done = sorted(interp, items, keys, reverse)?;
            list.change(|items| *items = done)?;
        }
    }
    interp.charge(1)?;
    Ok(V::None)
}
