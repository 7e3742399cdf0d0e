//! Ansible's tests.

use crate::error::{Fault, Res};
use crate::filters::{flag, soft, text_of};
use crate::run::{Args, Interp};
use crate::value::{Key, V, equal};
use crate::world::FileKind;
use std::rc::Rc;

/// `match`, `search` or `regex`, which is told which of the two by an argument.
pub(super) fn pattern(interp: &mut Interp<'_>, on: V, args: Args, kind: Option<&str>) -> Res<bool> {
    let names = ["pattern", "ignorecase", "multiline", "match_type"];
    let [pattern, ignorecase, multiline, named] = args.take(kind.unwrap_or("regex"), names, 0)?;
    let text = soft(&on)?;
    let pattern = pattern.map_or(Ok(Rc::from("")), |p| text_of(&p, "a pattern"))?;
    let (ignorecase, multiline) = (flag(ignorecase, false)?, flag(multiline, false)?);
    let named = named.map(|n| text_of(&n, "regex")).transpose()?;
    interp.charge(text.len() as u64)?;
    let at_start = match kind.or(named.as_deref()).unwrap_or("search") {
        "match" => true,
        "search" => false,
        "fullmatch" => {
            let whole = format!("(?:{pattern})\\Z");
            return interp.engine.pattern(&whole, ignorecase, multiline)?.matches_start(&text);
        }
        other => return Err(Fault::failed(format!("a regex has no `{other}`"))),
    };
    if at_start {
        // A match at the start only: with alternatives, the first that matches there.
        let start = format!("\\A(?:{pattern})");
        return Ok(interp.engine.pattern(&start, ignorecase, multiline)?.search(&text)?.is_some());
    }
    Ok(interp.engine.pattern(&pattern, ignorecase, multiline)?.search(&text)?.is_some())
}

pub(super) fn any(interp: &mut Interp<'_>, on: V, args: Args) -> Res<bool> {
    args.none("any")?;
    for item in interp.items(&on)?.iter() {
        if item.truth()? {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) fn all(interp: &mut Interp<'_>, on: V, args: Args) -> Res<bool> {
    args.none("all")?;
    for item in interp.items(&on)?.iter() {
        if !item.truth()? {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) fn contains(_: &mut Interp<'_>, on: V, args: Args) -> Res<bool> {
    let [item] = args.take("contains", ["b"], 1)?;
    crate::value::contains(&on, &item.unwrap_or(V::None))
}

/// All items of one are in the other: as sets, so each must be hashable.
pub(super) fn subset(interp: &mut Interp<'_>, on: V, args: Args, forward: bool) -> Res<bool> {
    let [other] = args.take("subset", ["b"], 1)?;
    let (a, b) = (interp.items(&on)?, interp.items(&other.unwrap_or(V::None))?);
    let keys = |items: &Rc<Vec<V>>| -> Res<std::collections::HashSet<Key>> {
        items.iter().map(|i| Key::new(i.clone())).collect()
    };
    let (a, b) = (keys(&a)?, keys(&b)?);
    Ok(if forward { a.is_subset(&b) } else { a.is_superset(&b) })
}

pub(super) fn truthy(_: &mut Interp<'_>, on: V, args: Args) -> Res<bool> {
    let [convert] = args.take("truthy", ["convert_bool"], 0)?;
    if flag(convert, false)? {
        let word = match &on {
            V::Undefined(u) => return Err(u.fault()),
            V::Str(text) | V::Safe(text) => crate::text::strip(text, None, true, true).to_lowercase(),
            V::Int(_) | V::Bool(_) | V::Float(_) => match on.as_float() {
                Some(1.0) => "1".to_owned(),
                Some(0.0) => "0".to_owned(),
                _ => String::new(),
            },
            _ => String::new(),
        };
        match &*word {
            "y" | "yes" | "on" | "1" | "true" | "t" | "1.0" => return Ok(true),
            "n" | "no" | "off" | "0" | "false" | "f" | "0.0" => return Ok(false),
            _ => {}
        }
    }
    on.truth()
}

pub(super) fn nan(_: &mut Interp<'_>, on: V, args: Args) -> Res<bool> {
    args.none("nan")?;
    match &on {
        V::Undefined(u) => Err(u.fault()),
        V::Float(x) => Ok(x.is_nan()),
        _ => Ok(false),
    }
}

/// What a task's result says of itself.
pub(super) fn result(_: &mut Interp<'_>, on: &V, args: Args, what: &str) -> Res<bool> {
    args.none(what)?;
    let V::Dict(dict) = on else {
        if let V::Undefined(u) = on {
            return Err(u.fault());
        }
        return Err(Fault::failed(format!("The '{what}' test expects a dictionary")));
    };
    if let Some(value) = dict.get_str(what) {
        return value.truth();
    }
    if what == "changed"
        && let Some(V::List(results)) = dict.get_str("results")
    {
        for one in results.items().iter() {
            if let V::Dict(one) = one
                && one.get_str(what).map_or(Ok(false), |v| v.truth())?
            {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

pub(super) fn absolute(_: &mut Interp<'_>, on: V, args: Args) -> Res<bool> {
    args.none("abs")?;
    Ok(text_of(&on, "abs")?.starts_with('/'))
}

fn kind(interp: &mut Interp<'_>, on: &V, args: Args, what: &str) -> Res<Option<FileKind>> {
    args.none(what)?;
    let path = text_of(on, what)?;
    interp.charge(100)?;
    interp.world.kind(&path)
}

pub(super) fn file(interp: &mut Interp<'_>, on: V, args: Args) -> Res<bool> {
    Ok(kind(interp, &on, args, "file")? == Some(FileKind::File))
}

pub(super) fn directory(interp: &mut Interp<'_>, on: V, args: Args) -> Res<bool> {
    Ok(kind(interp, &on, args, "directory")? == Some(FileKind::Folder))
}

pub(super) fn link(interp: &mut Interp<'_>, on: V, args: Args) -> Res<bool> {
    Ok(kind(interp, &on, args, "link")? == Some(FileKind::Link))
}

pub(super) fn exists(interp: &mut Interp<'_>, on: V, args: Args) -> Res<bool> {
    Ok(kind(interp, &on, args, "exists")?.is_some())
}

pub(super) fn link_exists(interp: &mut Interp<'_>, on: V, args: Args) -> Res<bool> {
    Ok(kind(interp, &on, args, "link_exists")?.is_some())
}

/// Whether a text has a scheme, for a URL a place too, and one of the schemes asked for.
pub(super) fn uri(interp: &mut Interp<'_>, on: V, args: Args, what: &str) -> Res<bool> {
    let [schemes] = args.take(what, ["schemes"], 0)?;
    let text = soft(&on)?;
    let part = |interp: &mut Interp<'_>, name: &str| -> Res<String> {
        match interp.filter("urlsplit", V::Str(text.clone()), Args::of(vec![V::from(name)])) {
            Ok(value) => Ok(value.as_str().map(|t| t.to_string()).unwrap_or_default()),
            Err(_) => Ok(String::new()),
        }
    };
    let scheme = part(interp, "scheme")?;
    let place = part(interp, "netloc")?;
    let path = part(interp, "path")?;
    if let Some(schemes) = schemes {
        let wanted = interp.items(&schemes)?;
        let mut known = wanted.is_empty();
        for one in wanted.iter() {
            known |= equal(one, &V::from(scheme.as_str()))?;
        }
        if !known {
            return Ok(false);
        }
    }
    Ok(match what {
        "url" => !scheme.is_empty() && !place.is_empty(),
        "urn" => scheme == "urn" && !path.is_empty(),
        _ => !scheme.is_empty() && (!place.is_empty() || !path.is_empty()),
    })
}
