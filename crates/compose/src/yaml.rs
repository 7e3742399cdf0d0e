//! A tree as canonical YAML: block style, two spaces, keys sorted, texts quoted only where they need it.

use crate::node::{Node, Value};
use crate::scalar;
use std::fmt::Write as _;

/// The text of a tree.
pub(crate) fn emit(node: &Node) -> String {
    let mut out = String::new();
    match &node.value {
        Value::Map(map) if !map.is_empty() => block(&mut out, node, 0),
        _ => {
            out.push_str(&inline(node, 0));
            out.push('\n');
        }
    }
    out
}

fn block(out: &mut String, node: &Node, depth: usize) {
    let indent = "  ".repeat(depth);
    match &node.value {
        Value::Map(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            for (key, entry) in entries {
                out.push_str(&indent);
                out.push_str(&name(key));
                out.push(':');
                value(out, &entry.node, depth);
            }
        }
        Value::List(items) => {
            for item in items {
                let _ = write!(out, "{indent}-");
                match &item.value {
                    Value::Map(map) if !map.is_empty() => {
                        // The first key stands behind the dash.
                        let mut inside = String::new();
                        block(&mut inside, item, depth + 1);
                        out.push(' ');
                        out.push_str(inside.trim_start_matches(' '));
                    }
                    _ => value(out, item, depth),
                }
            }
        }
        _ => {}
    }
}

fn value(out: &mut String, node: &Node, depth: usize) {
    let nested = match &node.value {
        Value::Map(map) => !map.is_empty(),
        Value::List(items) => !items.is_empty(),
        _ => false,
    };
    if nested {
        out.push('\n');
        block(out, node, depth + 1);
    } else {
        let _ = writeln!(out, " {}", inline(node, depth + 1));
    }
}

fn inline(node: &Node, depth: usize) -> String {
    match &node.value {
        Value::Null => "null".to_owned(),
        Value::Bool(b) => b.to_string(),
        Value::Int(i) => i.to_string(),
        Value::Float(f) if f.is_nan() => ".nan".to_owned(),
        Value::Float(f) if f.is_infinite() => if *f > 0.0 { ".inf" } else { "-.inf" }.to_owned(),
        Value::Float(f) => scalar::go_float(*f),
        Value::Text(t) => text(t, depth),
        Value::List(_) => "[]".to_owned(),
        Value::Map(_) => "{}".to_owned(),
    }
}

/// A key: variables are not replaced in keys, and a key is on one line.
fn name(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

/// A text so that it is read back as it is, with `$` doubled.
fn text(text: &str, depth: usize) -> String {
    let text = text.replace('$', "$$");
    if is_plain(&text) {
        return text;
    }
    literal(&text, depth).unwrap_or_else(|| quoted(&text))
}

pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Several lines, each as it stands, where nothing in them needs an escape.
pub(crate) fn literal(text: &str, depth: usize) -> Option<String> {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let fits = text.contains('\n')
        && !body.is_empty()
        && !body.ends_with('\n')
        && !text.starts_with([' ', '\n', '\t'])
        && text
            .chars()
            .all(|c| c == '\n' || (!c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')))
        && text.lines().all(|line| !line.ends_with(' '));
    if !fits {
        return None;
    }
    let mut out = String::from(if text.ends_with('\n') { "|" } else { "|-" });
    for line in body.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            out.push_str(&"  ".repeat(depth));
            out.push_str(line);
        }
    }
    Some(out)
}

/// True for a text that stands without quotes: a word of every YAML, 1.1's too.
fn is_plain(text: &str) -> bool {
    let first = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '$' | '.');
    let rest = |c: char| c.is_ascii_alphanumeric() || "/_$.-+=:@,;()~^* ".contains(c);
    let word = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "~"];
    text.starts_with(first)
        && text.chars().all(rest)
        && !text.contains(": ")
        && !text.ends_with([':', ' '])
        && !text.contains(" #")
        && !word.contains(&text.to_ascii_lowercase().as_str())
        && matches!(scalar::resolve(text), Value::Text(_))
        // 22:30 is a number to YAML 1.1, 2020-01-01 a date.
        && !text.starts_with(|c: char| c.is_ascii_digit() || c == '.' || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::Map;
    use diag::Place;

    #[test]
    fn keys_stand_on_one_line_with_their_dollars() {
        let place = Place::builtin("test");
        let mut map = Map::default();
        for key in ["a$b", "two\nlines", "no", "1"] {
            map.insert(key, &place, Node::text(&place, key));
        }
        let text = emit(&Node::new(&place, Value::Map(map)));
        assert_eq!(text, "\"1\": \"1\"\na$b: a$$b\n\"no\": \"no\"\n\"two\\nlines\": |-\n  two\n  lines\n");
    }
}
