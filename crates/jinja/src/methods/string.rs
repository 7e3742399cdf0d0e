//! Methods of strings.

use crate::error::{Fault, Res};
use crate::run::{Args, Interp};
use crate::text::{braces, capitalize, cased, splitlines, strip, titled};
use crate::value::V;
use std::rc::Rc;

fn text_arg(value: Option<V>, what: &str) -> Res<Option<Rc<str>>> {
    match value {
        None | Some(V::None) => Ok(None),
        Some(V::Str(text) | V::Safe(text)) => Ok(Some(text)),
        Some(V::Undefined(u)) => Err(u.fault()),
        Some(other) => Err(Fault::failed(format!("{what} must be str, not {}", other.type_name()))),
    }
}

fn int_arg(value: Option<V>, default: i128) -> Res<i128> {
    match value {
        None => Ok(default),
        Some(V::Undefined(u)) => Err(u.fault()),
        Some(other) => other.as_int().ok_or_else(|| {
            Fault::failed(format!("'{}' object cannot be interpreted as an integer", other.type_name()))
        }),
    }
}

pub(super) fn call(interp: &mut Interp<'_>, text: &Rc<str>, name: &'static str, args: Args) -> Res<V> {
    interp.charge(text.len() as u64 / 32)?;
    if let Some(answer) = is(text, name) {
        args.none(name)?;
        return Ok(V::Bool(answer));
    }
    match name {
        "upper" | "lower" | "casefold" | "capitalize" | "swapcase" | "title" => {
            args.none(name)?;
            Ok(V::from(match name {
                "upper" => text.to_uppercase(),
                "lower" => text.to_lowercase(),
                // Full case folding differs from lower case in few letters; `ß` is the known one.
                "casefold" => text.to_lowercase().replace('ß', "ss"),
                "capitalize" => capitalize(text),
                "swapcase" => text.chars().map(swapped).collect(),
                _ => title(text),
            }))
        }
        "strip" | "lstrip" | "rstrip" => {
            let [chars] = args.take(name, ["chars"], 0)?;
            let chars = text_arg(chars, "strip arg")?;
            Ok(V::from(strip(text, chars.as_deref(), name != "rstrip", name != "lstrip")))
        }
        "split" | "rsplit" => {
            let [separator, most] = args.take(name, ["sep", "maxsplit"], 0)?;
            let separator = text_arg(separator, "sep")?;
            let most = usize::try_from(int_arg(most, -1)?).unwrap_or(usize::MAX);
            if separator.as_deref() == Some("") {
                return Err(Fault::failed("empty separator"));
            }
            let parts = split(text, separator.as_deref(), most, name == "rsplit");
            interp.charge(parts.len() as u64)?;
            Ok(V::list(parts.into_iter().map(V::from).collect()))
        }
        "splitlines" => {
            let [keep] = args.take(name, ["keepends"], 0)?;
            let keep = keep.map_or(Ok(false), |k| k.truth())?;
            Ok(V::list(splitlines(text, keep).into_iter().map(V::from).collect()))
        }
        "partition" | "rpartition" => {
            let [separator] = args.take(name, ["sep"], 1)?;
            let separator = text_arg(separator, "sep")?.unwrap_or_default();
            if separator.is_empty() {
                return Err(Fault::failed("empty separator"));
            }
            let found = if name == "partition" { text.find(&*separator) } else { text.rfind(&*separator) };
            let parts = match found {
                Some(at) => [&text[..at], &separator, &text[at + separator.len()..]],
                None if name == "partition" => [&**text, "", ""],
                None => ["", "", &**text],
            };
            Ok(V::tuple(parts.into_iter().map(V::from).collect()))
        }
        "join" => {
            let [items] = args.take(name, ["iterable"], 1)?;
            let items = interp.items(&items.unwrap_or(V::None))?;
            let mut out = String::new();
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push_str(text);
                }
                match item {
                    V::Str(part) | V::Safe(part) => out.push_str(part),
                    V::Undefined(u) => return Err(u.fault()),
                    other => {
                        let what = other.type_name();
                        return Err(Fault::failed(format!(
                            "sequence item {i}: expected str instance, {what} found"
                        )));
                    }
                }
                interp.will_make(out.len().min(text.len() + 64))?;
            }
            interp.will_make(out.len())?;
            Ok(V::from(out))
        }
        "replace" => {
            let [old, new, count] = args.take(name, ["old", "new", "count"], 2)?;
            let old = text_arg(old, "replace() argument 1")?.unwrap_or_default();
            let new = text_arg(new, "replace() argument 2")?.unwrap_or_default();
            let count = usize::try_from(int_arg(count, -1)?).unwrap_or(usize::MAX);
            Ok(V::from(replace(interp, text, &old, &new, count)?))
        }
        "removeprefix" | "removesuffix" => {
            let [part] = args.take(name, ["prefix"], 1)?;
            let part = text_arg(part, name)?.unwrap_or_default();
            let cut =
                if name == "removeprefix" { text.strip_prefix(&*part) } else { text.strip_suffix(&*part) };
            Ok(V::from(cut.unwrap_or(text)))
        }
        "startswith" | "endswith" => ends(text, name, args),
        "find" | "rfind" | "index" | "rindex" | "count" => find(interp, text, name, args),
        "center" | "ljust" | "rjust" | "zfill" => justify(interp, text, name, args),
        "expandtabs" => {
            let [size] = args.take(name, ["tabsize"], 0)?;
            let size = usize::try_from(int_arg(size, 8)?).unwrap_or(0);
            interp.will_make(text.matches('\t').count().saturating_mul(size))?;
            Ok(V::from(expandtabs(text, size)))
        }
        "format" => Ok(V::from(braces::format(interp, text, &args)?)),
        "format_map" => {
            let [map] = args.take(name, ["mapping"], 1)?;
            let Some(V::Dict(map)) = map else { return Err(Fault::failed("format_map takes a mapping")) };
            let named = map
                .entries()
                .iter()
                .filter_map(|(k, v)| Some((k.value().as_str()?.clone(), v.clone())))
                .collect();
            Ok(V::from(braces::format(interp, text, &Args { positional: Vec::new(), named })?))
        }
        "encode" => {
            let [encoding, _errors] = args.take(name, ["encoding", "errors"], 0)?;
            let encoding = text_arg(encoding, "encoding")?.unwrap_or_else(|| Rc::from("utf-8"));
            match &*encoding.to_lowercase().replace('_', "-") {
                "utf-8" | "utf8" => Ok(V::Bytes(Rc::from(text.as_bytes()))),
                "ascii" if text.is_ascii() => Ok(V::Bytes(Rc::from(text.as_bytes()))),
                other => Err(Fault::unsupported(format!("the encoding `{other}` is not supported"))),
            }
        }
        _ => Err(Fault::unsupported(format!("`{name}` of a str is not supported"))),
    }
}

fn is(text: &str, name: &str) -> Option<bool> {
    let all = |test: fn(char) -> bool| !text.is_empty() && text.chars().all(test);
    // What Unicode calls Nd, without a table: digits of any script are numeric and not alphabetic.
    let decimal = |c: char| c.is_ascii_digit() || (c.is_numeric() && !c.is_alphabetic() && c as u32 > 0x65f);
    Some(match name {
        "isalnum" => all(char::is_alphanumeric),
        "isalpha" => all(char::is_alphabetic),
        "isascii" => text.is_ascii(),
        "isdecimal" | "isdigit" => !text.is_empty() && text.chars().all(decimal),
        "isnumeric" => all(char::is_numeric),
        "isidentifier" => {
            let first = |c: char| c.is_alphabetic() || c == '_';
            text.starts_with(first) && text.chars().all(|c| c.is_alphanumeric() || c == '_')
        }
        "islower" => text.chars().any(cased) && !text.chars().any(char::is_uppercase),
        "isupper" => text.chars().any(cased) && !text.chars().any(char::is_lowercase),
        "isprintable" => {
            let shown = py::repr_str(text);
            shown.len() >= 2 && shown[1..shown.len() - 1].replace("\\'", "'").replace("\\\\", "\\") == *text
        }
        "isspace" => all(crate::parse::lexer::is_space),
        "istitle" => istitle(text),
        _ => return None,
    })
}

fn istitle(text: &str) -> bool {
    let (mut after_cased, mut any) = (false, false);
    for c in text.chars() {
        if c.is_uppercase() {
            if after_cased {
                return false;
            }
            (after_cased, any) = (true, true);
        } else if c.is_lowercase() {
            if !after_cased {
                return false;
            }
            any = true;
        } else {
            after_cased = false;
        }
    }
    any
}

fn swapped(c: char) -> String {
    if c.is_uppercase() { c.to_lowercase().collect() } else { c.to_uppercase().collect() }
}

/// `str.title`: a letter after one is lower case.
fn title(text: &str) -> String {
    let mut after = false;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if after {
            out.extend(c.to_lowercase());
        } else {
            out.push_str(&titled(c));
        }
        after = cased(c);
    }
    out
}

pub(crate) fn split<'t>(text: &'t str, separator: Option<&str>, most: usize, right: bool) -> Vec<&'t str> {
    let space = crate::parse::lexer::is_space;
    let mut out = Vec::new();
    match (separator, right) {
        (Some(separator), false) => return text.splitn(most.saturating_add(1), separator).collect(),
        (Some(separator), true) => out.extend(text.rsplitn(most.saturating_add(1), separator)),
        (None, false) => {
            let mut rest = text.trim_start_matches(space);
            while !rest.is_empty() {
                match rest.find(space) {
                    Some(end) if out.len() < most => {
                        out.push(&rest[..end]);
                        rest = rest[end..].trim_start_matches(space);
                    }
                    _ if out.len() < most => {
                        out.push(rest);
                        break;
                    }
                    _ => {
                        // What is left keeps its inner spaces; Python leaves those at its end, too.
                        out.push(rest);
                        break;
                    }
                }
            }
            return out;
        }
        (None, true) => {
            let mut rest = text.trim_end_matches(space);
            while !rest.is_empty() {
                match rest.char_indices().rev().find(|(_, c)| space(*c)) {
                    Some((at, c)) if out.len() < most => {
                        out.push(&rest[at + c.len_utf8()..]);
                        rest = rest[..at].trim_end_matches(space);
                    }
                    _ => {
                        out.push(rest);
                        break;
                    }
                }
            }
        }
    }
    out.reverse();
    out
}

pub(crate) fn replace(
    interp: &mut Interp<'_>,
    text: &str,
    old: &str,
    new: &str,
    count: usize,
) -> Res<String> {
    let found = text.matches(old).count().min(count);
    interp.will_make(text.len().saturating_add(found.saturating_mul(new.len())))?;
    Ok(text.replacen(old, new, count))
}

fn ends(text: &str, name: &str, args: Args) -> Res<V> {
    let [wanted, start, stop] = args.take(name, ["prefix", "start", "end"], 1)?;
    let chars: Vec<char> = text.chars().collect();
    let part: String = crate::ops::slice(chars.len(), [start, stop, None])?.map(|i| chars[i]).collect();
    let one = |wanted: &V| match wanted {
        V::Str(w) | V::Safe(w) if name == "startswith" => Ok(part.starts_with(&**w)),
        V::Str(w) | V::Safe(w) => Ok(part.ends_with(&**w)),
        V::Undefined(u) => Err(u.fault()),
        other => Err(Fault::failed(format!(
            "{name} first arg must be str or a tuple of str, not {}",
            other.type_name()
        ))),
    };
    let answer = match wanted.unwrap_or(V::None) {
        V::Tuple(many) => {
            let mut any = false;
            for wanted in &many.items {
                any |= one(wanted)?;
            }
            any
        }
        wanted => one(&wanted)?,
    };
    Ok(V::Bool(answer))
}

fn find(interp: &mut Interp<'_>, text: &str, name: &str, args: Args) -> Res<V> {
    let [wanted, start, stop] = args.take(name, ["sub", "start", "end"], 1)?;
    let wanted = match wanted {
        Some(V::Str(text) | V::Safe(text)) => text,
        Some(V::Undefined(u)) => return Err(u.fault()),
        other => {
            let what = other.map_or("NoneType", |o| o.type_name());
            return Err(Fault::failed(format!("must be str, not {what}")));
        }
    };
    let chars: Vec<char> = text.chars().collect();
    interp.charge(chars.len() as u64 / 8)?;
    let mut inside = crate::ops::slice(chars.len(), [start, stop, None])?;
    let from = inside.next();
    let part: String = from.into_iter().chain(inside).map(|i| chars[i]).collect();
    if name == "count" {
        let empty = part.chars().count() + 1;
        return Ok(V::usize(if wanted.is_empty() { empty } else { part.matches(&*wanted).count() }));
    }
    let found = if name.starts_with('r') { part.rfind(&*wanted) } else { part.find(&*wanted) };
    match found {
        Some(at) => Ok(V::usize(from.unwrap_or(0) + part[..at].chars().count())),
        None if name.ends_with("find") => Ok(V::Int(-1)),
        None => Err(Fault::failed("substring not found")),
    }
}

fn justify(interp: &mut Interp<'_>, text: &str, name: &str, args: Args) -> Res<V> {
    let [width, fill] = args.take(name, ["width", "fillchar"], 1)?;
    let width = int_arg(width, 0)?;
    let fill = text_arg(fill, "fillchar")?.unwrap_or_else(|| Rc::from(" "));
    if fill.chars().count() != 1 {
        return Err(Fault::failed("The fill character must be exactly one character long"));
    }
    interp.will_make(usize::try_from(width).unwrap_or(0))?;
    let gap = crate::text::pad(text, width);
    Ok(V::from(match name {
        "ljust" => format!("{text}{}", fill.repeat(gap)),
        "rjust" => format!("{}{text}", fill.repeat(gap)),
        "center" => center(text, usize::try_from(width).unwrap_or(0), &fill),
        _ => {
            let (sign, digits) = match text.strip_prefix(['+', '-']) {
                Some(digits) => (&text[..1], digits),
                None => ("", text),
            };
            format!("{sign}{}{digits}", "0".repeat(gap))
        }
    }))
}

/// `str.center`: the odd one goes left when the width is odd.
pub(crate) fn center(text: &str, width: usize, fill: &str) -> String {
    let gap = crate::text::pad(text, width as i128);
    let left = gap / 2 + (gap & width & 1);
    format!("{}{text}{}", fill.repeat(left), fill.repeat(gap - left))
}

fn expandtabs(text: &str, size: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut column = 0;
    for c in text.chars() {
        match c {
            '\t' if size > 0 => {
                let gap = size - column % size;
                out.extend(std::iter::repeat_n(' ', gap));
                column += gap;
            }
            '\t' => {}
            '\n' | '\r' => {
                out.push(c);
                column = 0;
            }
            c => {
                out.push(c);
                column += 1;
            }
        }
    }
    out
}
