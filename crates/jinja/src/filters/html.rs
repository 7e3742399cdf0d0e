//! Filters for HTML and XML.

use super::{flag, given, int_of, soft};
use crate::error::{Fault, Res};
use crate::parse::lexer::is_space;
use crate::run::{Args, Interp};
use crate::text;
use crate::value::V;
use py::json::{Indent, JsonOptions, dumps};
use std::rc::Rc;

fn safe_text(text: String) -> V {
    V::Safe(Rc::from(text))
}

pub(super) fn escape(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    args.none("escape")?;
    match on {
        V::Safe(_) => Ok(on),
        other => Ok(safe_text(text::escape(&soft(&other)?))),
    }
}

pub(super) fn forceescape(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    args.none("forceescape")?;
    Ok(safe_text(text::escape(&soft(&on)?)))
}

pub(super) fn safe(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    args.none("safe")?;
    Ok(V::Safe(soft(&on)?))
}

/// Takes tags out and makes one blank of many.
pub(super) fn striptags(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    args.none("striptags")?;
    let mut rest = soft(&on)?.to_string();
    // Comments first, then tags, each as far as it ends.
    for (open, close) in [("<!--", "-->"), ("<", ">")] {
        let mut out = String::with_capacity(rest.len());
        let mut left = rest.as_str();
        while let Some(start) = left.find(open) {
            let Some(end) = left[start..].find(close) else { break };
            out.push_str(&left[..start]);
            left = &left[start + end + close.len()..];
        }
        out.push_str(left);
        rest = out;
    }
    let words: Vec<&str> = rest.split(is_space).filter(|w| !w.is_empty()).collect();
    let plain = words.join(" ");
    if plain.contains('&') {
        return unescape(&plain).map(V::from);
    }
    Ok(V::from(plain))
}

/// The entities `escape` writes and a few more; others are refused and not guessed.
fn unescape(text: &str) -> Res<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end =
            rest[1..].find(|c: char| !(c.is_ascii_alphanumeric() || c == '#')).map_or(rest.len(), |e| e + 1);
        let name = &rest[1..end];
        let known = match name {
            "" => Some('&'),
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            "nbsp" => Some('\u{a0}'),
            _ => name.strip_prefix('#').and_then(|n| {
                let code = match n.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16),
                    None => n.parse(),
                };
                code.ok().and_then(char::from_u32)
            }),
        };
        let Some(known) = known else {
            return Err(Fault::unsupported(format!("`striptags`: the entity `&{name};` is not supported")));
        };
        out.push(known);
        rest = &rest[end..];
        if !name.is_empty() {
            rest = rest.strip_prefix(';').unwrap_or(rest);
        }
    }
    out.push_str(rest);
    Ok(out)
}

pub(super) fn xmlattr(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [space] = args.take("xmlattr", ["autospace"], 0)?;
    let space = flag(space, true)?;
    let V::Dict(dict) = &on else {
        if let V::Undefined(u) = &on {
            return Err(u.fault());
        }
        return Err(Fault::failed(format!("'{}' object has no attribute 'items'", on.type_name())));
    };
    let escaped = |v: &V| -> Res<String> {
        Ok(match v {
            V::Safe(text) => text.to_string(),
            other => text::escape(&soft(other)?),
        })
    };
    let mut out = Vec::new();
    for (key, value) in dict.entries().iter() {
        if matches!(value, V::None | V::Undefined(_)) {
            continue;
        }
        let name = super::text_of(key.value(), "xmlattr")?;
        if name.contains(|c: char| c.is_ascii_whitespace() || c == '\u{b}' || "/>=".contains(c)) {
            return Err(Fault::failed(format!(
                "Invalid character in attribute name: {}",
                py::repr_str(&name)
            )));
        }
        out.push(format!("{}=\"{}\"", escaped(key.value())?, escaped(value)?));
    }
    let joined = out.join(" ");
    Ok(V::from(if space && !joined.is_empty() { format!(" {joined}") } else { joined }))
}

/// JSON for HTML: keys sorted, and what could end a script escaped.
pub(super) fn tojson(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [indent] = args.take("tojson", ["indent"], 0)?;
    let indent = match given(indent) {
        None => None,
        Some(V::Str(text) | V::Safe(text)) => Some(Indent::Text(text.to_string())),
        Some(n) => Some(Indent::Spaces(usize::try_from(int_of(&n, "tojson")?).unwrap_or(0).min(4096))),
    };
    let options = JsonOptions { indent, sort_keys: true, ..JsonOptions::python() };
    let json = dumps(&on.plain("tojson")?, &options).map_err(Fault::failed)?;
    interp.will_make(json.len())?;
    let escaped =
        json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026").replace('\'', "\\u0027");
    Ok(safe_text(escaped))
}
