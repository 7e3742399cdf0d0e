//! Methods of Python's types.

pub(crate) mod dict;
mod list;
pub(crate) mod string;

use crate::error::{Fault, Res};
use crate::run::{Args, Interp};
use crate::value::{Object, V, lock};

const STR: [&str; 43] = [
    "capitalize",
    "casefold",
    "center",
    "count",
    "encode",
    "endswith",
    "expandtabs",
    "find",
    "format",
    "format_map",
    "index",
    "isalnum",
    "isalpha",
    "isascii",
    "isdecimal",
    "isdigit",
    "isidentifier",
    "islower",
    "isnumeric",
    "isprintable",
    "isspace",
    "istitle",
    "isupper",
    "join",
    "ljust",
    "lower",
    "lstrip",
    "partition",
    "removeprefix",
    "removesuffix",
    "replace",
    "rfind",
    "rindex",
    "rjust",
    "rpartition",
    "rsplit",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "swapcase",
    "title",
];
const STR_MORE: [&str; 2] = ["upper", "zfill"];
const LIST: [&str; 11] =
    ["append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse", "sort"];
const DICT: [&str; 10] =
    ["clear", "copy", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values"];
const TUPLE: [&str; 2] = ["count", "index"];
const NUMBER: [&str; 3] = ["bit_length", "is_integer", "conjugate"];
const BYTES: [&str; 2] = ["decode", "hex"];
const CYCLER: [&str; 2] = ["next", "reset"];

/// The method of that name, if the value has it.
pub(crate) fn find(on: &V, name: &str) -> Option<&'static str> {
    let of = |all: &'static [&'static str]| all.iter().find(|m| **m == name).copied();
    match on {
        V::Str(_) | V::Safe(_) => {
            let safe: &[&str] = if matches!(on, V::Safe(_)) { &["striptags", "unescape"] } else { &[] };
            of(&STR).or_else(|| of(&STR_MORE)).or_else(|| safe.contains(&name).then_some("striptags"))
        }
        V::List(_) => of(&LIST),
        V::Dict(_) => of(&DICT),
        V::Tuple(_) => of(&TUPLE),
        V::Bytes(_) => of(&BYTES),
        V::Float(_) => of(&NUMBER[1..2]),
        V::Int(_) | V::Bool(_) => of(&NUMBER[..1]),
        V::Obj(object) => match &**object {
            Object::Cycler { .. } => of(&CYCLER),
            Object::Range(_) => of(&TUPLE),
            _ => None,
        },
        _ => None,
    }
}

/// Whether Python's type has an attribute of that name which is not here.
pub(crate) fn python_has(on: &V, name: &str) -> bool {
    if name.len() > 4 && name.starts_with("__") && name.ends_with("__") {
        return true;
    }
    match on {
        V::Str(_) => matches!(name, "translate" | "maketrans"),
        V::Dict(_) => name == "fromkeys",
        V::Int(_) | V::Bool(_) => matches!(
            name,
            "as_integer_ratio"
                | "bit_count"
                | "conjugate"
                | "denominator"
                | "from_bytes"
                | "imag"
                | "numerator"
                | "real"
                | "to_bytes"
        ),
        V::Float(_) => {
            matches!(name, "as_integer_ratio" | "conjugate" | "fromhex" | "hex" | "imag" | "real")
        }
        // Dates and bytes have dozens; none of them is here.
        V::Date(_) | V::Bytes(_) => true,
        _ => false,
    }
}

/// Calls a method that [`find`] gave.
pub(crate) fn call(interp: &mut Interp<'_>, on: &V, name: &'static str, args: Args) -> Res<V> {
    interp.charge(1)?;
    match on {
        V::Str(text) => string::call(interp, text, name, args),
        V::Safe(text) => {
            if name == "striptags" {
                return Err(Fault::unsupported(
                    "methods of a Markup beyond those of a str are not supported",
                ));
            }
            // A Markup's methods give Markup again.
            Ok(match string::call(interp, text, name, args)? {
                V::Str(text) => V::Safe(text),
                other => other,
            })
        }
        V::List(list) => list::call(interp, list, name, args),
        V::Dict(dict) => dict::call(interp, dict, name, args),
        V::Tuple(tuple) => list::search(interp, &tuple.items, name, args),
        V::Int(n) => {
            args.none(name)?;
            Ok(V::Int(i128::from(128 - n.unsigned_abs().leading_zeros())))
        }
        V::Bool(b) => Ok(V::Int(i128::from(*b))),
        V::Float(x) => {
            args.none(name)?;
            Ok(V::Bool(x.is_finite() && x.fract() == 0.0))
        }
        V::Bytes(bytes) => {
            if name == "hex" {
                args.none(name)?;
                return Ok(V::from(bytes.iter().map(|b| format!("{b:02x}")).collect::<String>()));
            }
            match std::str::from_utf8(bytes) {
                Ok(text) => Ok(V::from(text)),
                Err(_) => Err(Fault::failed("'utf-8' codec can't decode these bytes")),
            }
        }
        V::Obj(object) => match &**object {
            Object::Cycler { items, position } => {
                args.none(name)?;
                let mut position = lock(position);
                if name == "reset" {
                    *position = 0;
                    return Ok(V::None);
                }
                let item = items.get(*position).cloned().unwrap_or(V::None);
                *position = (*position + 1) % items.len().max(1);
                Ok(item)
            }
            Object::Loop(one) => interp.loop_method(one, name, args),
            Object::Range(_) => {
                let items = interp.items(on)?;
                list::search(interp, &items, name, args)
            }
            _ => Err(Fault::unsupported(format!("`{name}` is not supported"))),
        },
        _ => Err(Fault::unsupported(format!("`{name}` is not supported"))),
    }
}
