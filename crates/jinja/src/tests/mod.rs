//! Tests: Jinja2's own and Ansible's.

mod ansible;
mod versions;

use crate::error::{Fault, Res};
use crate::filters::{self, text_of};
use crate::parse::ast::Comparison;
use crate::run::{Args, Interp};
use crate::value::{Object, V, equal, text};
use std::rc::Rc;

/// A test: what it is asked of, and its arguments.
pub(crate) type TestFn = fn(&mut Interp<'_>, V, Args) -> Res<bool>;

/// What is said of a test nobody knows.
pub(crate) fn unknown(name: &str) -> Box<Fault> {
    Fault::unsupported(format!("the test `{name}` is not known"))
}

/// The test of a name.
pub(crate) fn find(name: &str) -> Option<TestFn> {
    let plain = name.strip_prefix("ansible.builtin.").or(name.strip_prefix("ansible.utils.")).unwrap_or(name);
    let test: TestFn = match plain {
        "!=" | "ne" => |i, v, a| compare(i, v, a, Comparison::Ne),
        "<" | "lt" | "lessthan" => |i, v, a| compare(i, v, a, Comparison::Lt),
        "<=" | "le" => |i, v, a| compare(i, v, a, Comparison::Le),
        "==" | "eq" | "equalto" => |i, v, a| compare(i, v, a, Comparison::Eq),
        ">" | "gt" | "greaterthan" => |i, v, a| compare(i, v, a, Comparison::Gt),
        ">=" | "ge" => |i, v, a| compare(i, v, a, Comparison::Ge),
        "abs" | "is_abs" => ansible::absolute,
        "all" => ansible::all,
        "any" => ansible::any,
        "boolean" => |_, v, a| a.none("boolean").map(|()| matches!(v, V::Bool(_))),
        "callable" => |_, v, a| {
            a.none("callable").map(|()| match &v {
                V::Obj(object) => object.callable(),
                // An undefined value has a `__call__`: one that fails.
                V::Undefined(_) => true,
                _ => false,
            })
        },
        "changed" | "change" => |i, v, a| ansible::result(i, &v, a, "changed"),
        "contains" => ansible::contains,
        "defined" => |_, v, a| a.none("defined").map(|()| !v.is_undefined()),
        "directory" | "is_dir" => ansible::directory,
        "divisibleby" => divisible,
        "escaped" => |_, v, a| a.none("escaped").map(|()| matches!(v, V::Safe(_))),
        "even" => |i, v, a| rest_of(i, v, a, 0),
        "exists" => ansible::exists,
        "failed" | "failure" => |i, v, a| ansible::result(i, &v, a, "failed"),
        "false" => |_, v, a| a.none("false").map(|()| matches!(v, V::Bool(false))),
        "falsy" => |i, v, a| ansible::truthy(i, v, a).map(|t| !t),
        "file" | "is_file" => ansible::file,
        "filter" => |_, v, a| {
            a.none("filter")?;
            text_of(&v, "filter").map(|name| filters::find(&name).is_some())
        },
        "float" => |_, v, a| a.none("float").map(|()| matches!(v, V::Float(_))),
        "in" => |_, v, a| {
            let [seq] = a.take("in", ["seq"], 1)?;
            crate::value::contains(&seq.unwrap_or(V::None), &v)
        },
        "integer" => |_, v, a| a.none("integer").map(|()| matches!(v, V::Int(_))),
        "iterable" => |_, v, a| {
            a.none("iterable")?;
            match &v {
                V::Undefined(u) if u.strict => Err(u.fault()),
                V::None | V::Bool(_) | V::Int(_) | V::Float(_) | V::Date(_) => Ok(false),
                V::Obj(object) => Ok(matches!(
                    **object,
                    Object::Range(_) | Object::Iter(_) | Object::View(_) | Object::Loop(_)
                )),
                _ => Ok(true),
            }
        },
        "link" | "is_link" => ansible::link,
        "link_exists" => ansible::link_exists,
        "lower" => |i, v, a| cased(i, v, a, char::is_uppercase),
        "mapping" => |_, v, a| a.none("mapping").map(|()| matches!(v, V::Dict(_))),
        "match" => |i, v, a| ansible::pattern(i, v, a, Some("match")),
        "nan" | "isnan" => ansible::nan,
        "none" => |_, v, a| a.none("none").map(|()| matches!(v, V::None)),
        "number" => |_, v, a| a.none("number").map(|()| matches!(v, V::Int(_) | V::Float(_) | V::Bool(_))),
        "odd" => |i, v, a| rest_of(i, v, a, 1),
        "reachable" => |i, v, a| ansible::result(i, &v, a, "unreachable").map(|u| !u),
        "regex" => |i, v, a| ansible::pattern(i, v, a, None),
        "sameas" => same,
        "search" => |i, v, a| ansible::pattern(i, v, a, Some("search")),
        "sequence" => sequence,
        "skipped" | "skip" => |i, v, a| ansible::result(i, &v, a, "skipped"),
        "string" => |_, v, a| a.none("string").map(|()| v.as_str().is_some()),
        "subset" | "issubset" => |i, v, a| ansible::subset(i, v, a, true),
        "succeeded" | "success" | "successful" => |i, v, a| ansible::result(i, &v, a, "failed").map(|f| !f),
        "superset" | "issuperset" => |i, v, a| ansible::subset(i, v, a, false),
        "test" => |_, v, a| {
            a.none("test")?;
            text_of(&v, "test").map(|name| find(&name).is_some())
        },
        "true" => |_, v, a| a.none("true").map(|()| matches!(v, V::Bool(true))),
        "truthy" => ansible::truthy,
        "undefined" => |_, v, a| a.none("undefined").map(|()| v.is_undefined()),
        "unreachable" => |i, v, a| ansible::result(i, &v, a, "unreachable"),
        "upper" => |i, v, a| cased(i, v, a, char::is_lowercase),
        "uri" => |i, v, a| ansible::uri(i, v, a, "uri"),
        "url" => |i, v, a| ansible::uri(i, v, a, "url"),
        "urn" => |i, v, a| ansible::uri(i, v, a, "urn"),
        "version" | "version_compare" => versions::version,
        _ => return None,
    };
    Some(test)
}

fn compare(_: &mut Interp<'_>, on: V, args: Args, comparison: Comparison) -> Res<bool> {
    let [other] = args.take("a comparison", ["other"], 1)?;
    crate::run::compare(comparison, &on, &other.unwrap_or(V::None))
}

fn remainder(interp: &mut Interp<'_>, on: V, by: V) -> Res<V> {
    crate::ops::binary(interp, crate::parse::ast::Operator::Mod, on, by)
}

fn rest_of(interp: &mut Interp<'_>, on: V, args: Args, wanted: i128) -> Res<bool> {
    args.none("odd")?;
    equal(&remainder(interp, on, V::Int(2))?, &V::Int(wanted))
}

fn divisible(interp: &mut Interp<'_>, on: V, args: Args) -> Res<bool> {
    let [by] = args.take("divisibleby", ["num"], 1)?;
    equal(&remainder(interp, on, by.unwrap_or(V::None))?, &V::Int(0))
}

fn cased(_: &mut Interp<'_>, on: V, args: Args, not: fn(char) -> bool) -> Res<bool> {
    args.none("lower")?;
    let text = text(&on)?;
    Ok(text.chars().any(crate::text::cased) && !text.chars().any(not))
}

/// What has a length and items.
fn sequence(_: &mut Interp<'_>, on: V, args: Args) -> Res<bool> {
    args.none("sequence")?;
    Ok(match &on {
        V::Undefined(u) if u.strict => return Err(u.fault()),
        V::List(_) | V::Tuple(_) | V::Dict(_) | V::Str(_) | V::Safe(_) | V::Bytes(_) => true,
        V::Obj(object) => matches!(**object, Object::Range(_)),
        V::Undefined(_) => false,
        _ => false,
    })
}

/// Python's `is`: the same object. Small integers and literals are one object there, larger ones may not be.
fn same(_: &mut Interp<'_>, on: V, args: Args) -> Res<bool> {
    let [other] = args.take("sameas", ["other"], 1)?;
    Ok(match (&on, &other.unwrap_or(V::None)) {
        (V::None, V::None) => true,
        (V::Bool(a), V::Bool(b)) => a == b,
        (V::List(a), V::List(b)) => Rc::ptr_eq(a, b),
        (V::Dict(a), V::Dict(b)) => Rc::ptr_eq(a, b),
        (V::Tuple(a), V::Tuple(b)) => Rc::ptr_eq(a, b),
        (V::Obj(a), V::Obj(b)) => Rc::ptr_eq(a, b),
        (V::Undefined(a), V::Undefined(b)) => Rc::ptr_eq(a, b),
        (V::Int(a), V::Int(b)) if (-5..=256).contains(a) => a == b,
        (V::Str(a) | V::Safe(a), V::Str(b) | V::Safe(b)) if a == b && !Rc::ptr_eq(a, b) => {
            return Err(Fault::unsupported("`sameas` of two equal texts depends on Python's memory")
                .with_help("compare them with `==`"));
        }
        (V::Str(a) | V::Safe(a), V::Str(b) | V::Safe(b)) => Rc::ptr_eq(a, b),
        (V::Int(a), V::Int(b)) if a == b => {
            return Err(Fault::unsupported("`sameas` of two equal numbers depends on Python's memory")
                .with_help("compare them with `==`"));
        }
        _ => false,
    })
}
