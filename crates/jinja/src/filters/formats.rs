//! Filters that write and read JSON and YAML.

use super::{int_of, text_of};
use crate::error::{Fault, Res};
use crate::run::{Args, Interp};
use crate::value::V;
use diag::Report;
use py::json::{Indent, JsonOptions};
use py::yaml::DumpOptions;
use std::rc::Rc;

fn json(interp: &mut Interp<'_>, on: &V, mut args: Args, what: &str, mut options: JsonOptions) -> Res<V> {
    if !args.positional.is_empty() {
        let name = if what == "to_nice_json" { "indent" } else { "profile" };
        if name == "profile" || args.positional.len() > 1 {
            return Err(Fault::unsupported(format!("`{what}` with arguments by position is not supported")));
        }
        let first = args.positional.remove(0);
        args.named.push((Rc::from(name), first));
    }
    for (name, value) in args.named {
        match &*name {
            "indent" => {
                options.indent = match &value {
                    V::None => None,
                    V::Str(text) | V::Safe(text) => Some(Indent::Text(text.to_string())),
                    n => Some(Indent::Spaces(usize::try_from(int_of(n, what)?).unwrap_or(0).min(4096))),
                }
            }
            "sort_keys" => options.sort_keys = value.truth()?,
            "ensure_ascii" => options.ensure_ascii = value.truth()?,
            "separators" if what == "to_nice_json" => {}
            "separators" => {
                let both = interp.items(&value)?;
                let [item, key] = &both[..] else {
                    return Err(Fault::failed("`separators` are two texts"));
                };
                options.separators =
                    Some((text_of(item, what)?.to_string(), text_of(key, what)?.to_string()));
            }
            other => {
                return Err(Fault::unsupported(format!("the option `{other}` of `{what}` is not supported")));
            }
        }
    }
    let text = py::json::dumps(&on.plain(what)?, &options).map_err(Fault::failed)?;
    interp.will_make(text.len())?;
    Ok(V::from(text))
}

pub(super) fn to_json(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    json(interp, &on, args, "to_json", JsonOptions::to_json())
}

pub(super) fn to_nice_json(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    json(interp, &on, args, "to_nice_json", JsonOptions::to_nice_json())
}

fn yaml(interp: &mut Interp<'_>, on: &V, mut args: Args, what: &str, mut options: DumpOptions) -> Res<V> {
    if !args.positional.is_empty() {
        if what != "to_nice_yaml" || args.positional.len() > 1 {
            return Err(Fault::unsupported(format!("`{what}` with arguments by position is not supported")));
        }
        let first = args.positional.remove(0);
        args.named.push((Rc::from("indent"), first));
    }
    let number = |v: &V| -> Res<Option<i64>> {
        match v {
            V::None => Ok(None),
            n => Ok(Some(i64::try_from(int_of(n, what)?).unwrap_or(i64::MAX))),
        }
    };
    for (name, value) in args.named {
        match &*name {
            "indent" => options.indent = number(&value)?,
            "width" => {
                options.width = match value {
                    // `width=inf` is how people say "no limit".
                    V::Float(x) if x.is_infinite() => Some(-1),
                    other => number(&other)?,
                }
            }
            "default_flow_style" => {
                options.default_flow_style = match value {
                    V::None => None,
                    other => Some(other.truth()?),
                }
            }
            "sort_keys" => options.sort_keys = value.truth()?,
            "explicit_start" => options.explicit_start = value.truth()?,
            "explicit_end" => options.explicit_end = value.truth()?,
            other => {
                return Err(Fault::unsupported(format!("the option `{other}` of `{what}` is not supported")));
            }
        }
    }
    let text = py::yaml::dump(&on.plain(what)?, &options);
    interp.will_make(text.len())?;
    Ok(V::from(text))
}

pub(super) fn to_yaml(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    yaml(interp, &on, args, "to_yaml", DumpOptions::to_yaml())
}

pub(super) fn to_nice_yaml(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    yaml(interp, &on, args, "to_nice_yaml", DumpOptions::to_nice_yaml())
}

pub(super) fn from_json(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    args.none("from_json")?;
    let text = text_of(&on, "from_json")?;
    match py::json::loads(&text) {
        Ok(value) => Ok(V::live(&value)),
        Err(error) => Err(Fault::failed(format!("from_json: {}", error.message))),
    }
}

fn load(text: &str) -> Res<V> {
    let mut report = Report::new();
    let node = py::load("from_yaml", text, &py::NoTags, &mut report);
    if let Some(fault) = report.items.iter().find(|d| d.severity == diag::Severity::Error) {
        return Err(Fault::failed(format!("from_yaml: {}", fault.message)));
    }
    Ok(node.map_or(V::None, |node| V::live(&node.value())))
}

pub(super) fn from_yaml(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    args.none("from_yaml")?;
    match &on {
        V::Undefined(u) => Err(u.fault()),
        V::Str(text) | V::Safe(text) => load(text),
        other => Ok(other.clone()),
    }
}

/// Documents are told apart by their `---` lines.
pub(super) fn from_yaml_all(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    args.none("from_yaml_all")?;
    let text = match &on {
        V::None => return Ok(V::list(Vec::new())),
        V::Str(text) | V::Safe(text) => text,
        V::Undefined(u) => return Err(u.fault()),
        other => return Ok(other.clone()),
    };
    let mut documents = Vec::new();
    let mut current = String::new();
    let mut explicit = false;
    let ends = |current: &str, explicit: bool| {
        explicit || current.lines().any(|l| !l.trim().is_empty() && !l.trim_start().starts_with('#'))
    };
    for line in text.split_inclusive('\n') {
        let marker =
            |m: &str| line.strip_prefix(m).is_some_and(|r| r.is_empty() || r.starts_with([' ', '\n', '\r']));
        if marker("---") {
            if ends(&current, explicit) {
                documents.push(load(&current)?);
            }
            current = line[3..].to_owned();
            explicit = true;
        } else if marker("...") {
            if ends(&current, explicit) {
                documents.push(load(&current)?);
            }
            current.clear();
            explicit = false;
        } else {
            current.push_str(line);
        }
    }
    if ends(&current, explicit) {
        documents.push(load(&current)?);
    }
    Ok(V::iter("generator", documents))
}
