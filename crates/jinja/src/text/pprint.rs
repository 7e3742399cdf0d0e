//! `pprint.pformat`: values over 80 columns go over several lines.

use crate::error::{Fault, Res};
use crate::value::{DEEPEST, V, order, repr};

const WIDTH: usize = 80;

/// `pformat(value)`.
pub(crate) fn pformat(value: &V) -> Res<String> {
    let mut out = String::new();
    write(value, 0, 0, 0, &mut out)?;
    out.truncate(out.trim_end_matches('\n').len());
    Ok(out)
}

/// The text on one line, dictionaries sorted by key.
fn flat(value: &V, depth: u32) -> Res<String> {
    if depth > DEEPEST {
        return Err(Fault::limit("a value nested too deep to be printed"));
    }
    let list = |items: &[V]| -> Res<String> {
        Ok(items.iter().map(|i| flat(i, depth + 1)).collect::<Res<Vec<_>>>()?.join(", "))
    };
    match value {
        V::List(items) => Ok(format!("[{}]", list(&items.items())?)),
        V::Tuple(tuple) if tuple.items.len() == 1 => Ok(format!("({},)", list(&tuple.items)?)),
        V::Tuple(tuple) => Ok(format!("({})", list(&tuple.items)?)),
        V::Dict(_) => {
            let mut parts = Vec::new();
            for (key, value) in sorted(value)? {
                parts.push(format!("{}: {}", flat(&key, depth + 1)?, flat(&value, depth + 1)?));
            }
            Ok(format!("{{{}}}", parts.join(", ")))
        }
        other => repr(other),
    }
}

fn sorted(value: &V) -> Res<Vec<(V, V)>> {
    let V::Dict(dict) = value else { return Ok(Vec::new()) };
    let mut entries: Vec<(V, V)> =
        dict.entries().iter().map(|(k, v)| (k.value().clone(), v.clone())).collect();
    // Keys of kinds that do not compare stand by the name of their type.
    entries.sort_by(|(a, _), (b, _)| {
        order(a, b, "<").ok().flatten().unwrap_or_else(|| a.type_name().cmp(b.type_name()))
    });
    Ok(entries)
}

fn write(value: &V, indent: usize, allowance: usize, depth: u32, out: &mut String) -> Res<()> {
    let one = flat(value, depth)?;
    if indent + one.chars().count() + allowance <= WIDTH {
        out.push_str(&one);
        return Ok(());
    }
    match value {
        V::Dict(_) => {
            out.push('{');
            let entries = sorted(value)?;
            let last = entries.len().saturating_sub(1);
            for (i, (key, value)) in entries.iter().enumerate() {
                let shown = flat(key, depth + 1)?;
                out.push_str(&shown);
                out.push_str(": ");
                let inner = indent + 1 + shown.chars().count() + 2;
                write(value, inner, if i == last { allowance + 1 } else { 1 }, depth + 1, out)?;
                if i < last {
                    out.push_str(",\n");
                    out.push_str(&" ".repeat(indent + 1));
                }
            }
            out.push('}');
        }
        V::List(list) => items(&list.items(), ('[', "]"), indent, allowance, depth, out)?,
        V::Tuple(tuple) => {
            let end = if tuple.items.len() == 1 { ",)" } else { ")" };
            items(&tuple.items, ('(', end), indent, allowance, depth, out)?;
        }
        V::Str(_) => {
            return Err(Fault::unsupported("`pprint` of a text longer than a line is not supported"));
        }
        _ => out.push_str(&one),
    }
    Ok(())
}

fn items(
    all: &[V],
    ends: (char, &str),
    indent: usize,
    allowance: usize,
    depth: u32,
    out: &mut String,
) -> Res<()> {
    out.push(ends.0);
    let last = all.len().saturating_sub(1);
    for (i, item) in all.iter().enumerate() {
        let after = if i == last { allowance + ends.1.len() } else { 1 };
        write(item, indent + 1, after, depth + 1, out)?;
        if i < last {
            out.push_str(",\n");
            out.push_str(&" ".repeat(indent + 1));
        }
    }
    out.push_str(ends.1);
    Ok(())
}
