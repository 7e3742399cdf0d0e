//! Python's `str()` and `repr()` of values.

use super::{DEEPEST, Object, V, lock};
use crate::error::{Fault, Res};
use std::fmt::Write;

/// `str(value)`.
pub(crate) fn text(value: &V) -> Res<String> {
    let mut out = String::new();
    write_text(value, &mut out)?;
    Ok(out)
}

/// Writes `str(value)`: what `{{ value }}` prints.
pub(crate) fn write_text(value: &V, out: &mut String) -> Res<()> {
    write_as(value, out, Style::Python)
}

/// How values are shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// As Python does.
    Python,
    /// As Ansible's engine does among other text: tuples are lists, but not those of `groupby`, and bytes are text.
    Among,
    /// As Ansible's engine does when nothing else is printed: all tuples are lists.
    Alone,
}

/// Writes what Ansible's engine prints.
pub(crate) fn write_final(value: &V, style: Style, out: &mut String) -> Res<()> {
    match value {
        V::Bytes(bytes) => out.push_str(&String::from_utf8_lossy(bytes)),
        other => write_as(other, out, style)?,
    }
    Ok(())
}

fn write_as(value: &V, out: &mut String, style: Style) -> Res<()> {
    match value {
        V::Str(text) | V::Safe(text) | V::Date(text) => out.push_str(text),
        V::Undefined(u) if u.strict => return Err(u.fault()),
        V::Undefined(_) => {}
        V::Obj(object) => match &**object {
            Object::Module(module) => out.push_str(&module.body),
            _ => write_repr(value, out, 0, style)?,
        },
        other => write_repr(other, out, 0, style)?,
    }
    Ok(())
}

/// `repr(value)`.
pub(crate) fn repr(value: &V) -> Res<String> {
    let mut out = String::new();
    write_repr(value, &mut out, 0, Style::Python)?;
    Ok(out)
}

fn write_repr(value: &V, out: &mut String, depth: u32, style: Style) -> Res<()> {
    if depth > DEEPEST {
        return Err(Fault::limit("a value nested too deep to be printed"));
    }
    let items = |items: &[V], out: &mut String| -> Res<()> {
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                out.push_str(", ");
            }
            write_repr(item, out, depth + 1, style)?;
        }
        Ok(())
    };
    match value {
        V::Undefined(u) if u.native => return Err(u.fault()),
        // Undefined's repr is not strict in Python either.
        V::Undefined(_) => out.push_str("Undefined"),
        V::None => out.push_str("None"),
        V::Bool(true) => out.push_str("True"),
        V::Bool(false) => out.push_str("False"),
        V::Int(n) => {
            // The short way is the common one.
            let _ = match i64::try_from(*n) {
                Ok(n) => write!(out, "{n}"),
                Err(_) => write!(out, "{n}"),
            };
        }
        V::Float(x) => out.push_str(&py::repr(&py::Value::Float(*x))),
        V::Str(text) => out.push_str(&py::repr_str(text)),
        V::Safe(text) => {
            let _ = write!(out, "Markup({})", py::repr_str(text));
        }
        V::Bytes(bytes) => out.push_str(&py::repr(&py::Value::Bytes(std::sync::Arc::from(&**bytes)))),
        V::Date(text) => out.push_str(&py::repr(&py::Value::Date(text.to_string()))),
        V::List(list) => {
            out.push('[');
            items(&list.items(), out)?;
            out.push(']');
        }
        V::Tuple(tuple) if style == Style::Among && tuple.names.is_some() => {
            write_repr(value, out, depth, Style::Python)?;
        }
        V::Tuple(tuple) if style != Style::Python => {
            out.push('[');
            items(&tuple.items, out)?;
            out.push(']');
        }
        V::Tuple(tuple) => {
            out.push('(');
            items(&tuple.items, out)?;
            out.push_str(if tuple.items.len() == 1 { ",)" } else { ")" });
        }
        V::Dict(dict) => {
            out.push('{');
            for (i, (key, value)) in dict.entries().iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                write_repr(key.value(), out, depth + 1, style)?;
                out.push_str(": ");
                write_repr(value, out, depth + 1, style)?;
            }
            out.push('}');
        }
        V::Obj(object) => match &**object {
            Object::Range(range) if range.step == 1 => {
                let _ = write!(out, "range({}, {})", range.start, range.stop);
            }
            Object::Range(range) => {
                let _ = write!(out, "range({}, {}, {})", range.start, range.stop, range.step);
            }
            Object::View(view) => {
                let _ = write!(out, "{}([", object.type_name());
                items(&view.items(), out)?;
                out.push_str("])");
            }
            Object::Namespace(namespace) => {
                out.push_str("<Namespace {");
                let entries = lock(&namespace.0).clone();
                for (i, (key, value)) in entries.iter().enumerate() {
                    if i > 0 {
                        out.push_str(", ");
                    }
                    out.push_str(&py::repr_str(key));
                    out.push_str(": ");
                    write_repr(value, out, depth + 1, style)?;
                }
                out.push_str("}>");
            }
            Object::Macro(one) => match &one.name {
                Some(name) => {
                    let _ = write!(out, "<Macro {}>", py::repr_str(name));
                }
                None => out.push_str("<Macro anonymous>"),
            },
            Object::Iter(_) => {
                return Err(Fault::unsupported(format!(
                    "this prints a {}, which Python shows as an address in memory",
                    object.type_name()
                ))
                .with_help("add `| list`, or `| join(…)`"));
            }
            _ => {
                return Err(Fault::unsupported(format!(
                    "this prints a {}, which Python shows as an address in memory",
                    object.type_name()
                )));
            }
        },
    }
    Ok(())
}
