//! A tree of the model as YAML that people would write: short lists and maps on one line, longer ones below each
//! other, quotes only where they are needed.

use crate::yaml::{literal, quoted};
use model::{Node, NodeKind};

/// Longest line for a list or map that stands on one.
const WIDTH: usize = 100;
/// Most keys of a map on one line.
const MOST_KEYS: usize = 3;

/// The text of a map.
pub(super) fn emit(node: &Node) -> String {
    let mut out = String::new();
    block(&mut out, node, 0);
    out
}

fn block(out: &mut String, node: &Node, depth: usize) {
    let indent = "  ".repeat(depth);
    match &node.kind {
        NodeKind::Map(entries) => {
            for (key, value) in entries {
                let key = scalar(&key.text);
                let start = format!("{indent}{key}:");
                let deep = depth == 0 && has_maps(value);
                let line = flow(value).filter(|text| !deep && start.len() + 1 + text.len() <= WIDTH);
                match (line, &value.kind) {
                    (Some(text), _) => out.push_str(&format!("{start} {text}\n")),
                    (None, NodeKind::Scalar { text, .. }) => {
                        let text = literal(text, depth + 1).unwrap_or_else(|| scalar(text));
                        out.push_str(&format!("{start} {text}\n"));
                    }
                    (None, _) => {
                        out.push_str(&format!("{start}\n"));
                        block(out, value, depth + 1);
                    }
                }
            }
        }
        NodeKind::List(items) => {
            for item in items {
                // Lists of the model's services hold texts.
                let text = match &item.kind {
                    NodeKind::Scalar { text, .. } => literal(text, depth + 1).unwrap_or_else(|| scalar(text)),
                    _ => flow(item).unwrap_or_else(|| inline(item)),
                };
                out.push_str(&format!("{indent}- {text}\n"));
            }
        }
        NodeKind::Null | NodeKind::Scalar { .. } => {}
    }
}

/// Maps in a map: at the top they stand below each other.
fn has_maps(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Map(entries) => entries.iter().any(|(_, value)| matches!(value.kind, NodeKind::Map(_))),
        _ => false,
    }
}

/// The value on one line, when it reads well there.
fn flow(node: &Node) -> Option<String> {
    let fits = match &node.kind {
        NodeKind::Null => true,
        NodeKind::Scalar { text, .. } => !text.contains('\n'),
        NodeKind::List(items) => items.iter().all(|item| flow(item).is_some()),
        NodeKind::Map(entries) => {
            entries.len() <= MOST_KEYS && entries.iter().all(|(_, value)| flow(value).is_some())
        }
    };
    fits.then(|| inline(node))
}

fn inline(node: &Node) -> String {
    match &node.kind {
        NodeKind::Null => "null".to_owned(),
        NodeKind::Scalar { text, .. } => scalar(text),
        NodeKind::List(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        NodeKind::Map(entries) => {
            let all: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{}: {}", scalar(&key.text), inline(value)))
                .collect();
            format!("{{{}}}", all.join(", "))
        }
    }
}

/// A text so that it is read back as it is, also between brackets. Numbers and words of truth stay as they are:
/// the language reads them as texts.
fn scalar(text: &str) -> String {
    let first = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '.');
    let rest = |c: char| c.is_ascii_alphanumeric() || "/_$.-+=:@;()~^*%! ".contains(c);
    // `-x` and `--word` are words; `- x` is a list, `---` a document.
    let option = text
        .strip_prefix("--")
        .or(text.strip_prefix('-'))
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric()));
    let plain = (option || text.starts_with(first))
        && text.chars().all(rest)
        && !text.contains(": ")
        && !text.ends_with([':', ' '])
        // Before a bracket some readers take it for an item of a list.
        && !text.ends_with(" -")
        && !text.starts_with("...")
        && !matches!(text, "null" | "Null" | "NULL");
    if plain { text.to_owned() } else { quoted(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_yaml_would_take_for_something_else_is_quoted() {
        for (text, said) in [
            ("8080", "8080"),
            ("no", "no"),
            ("a b", "a b"),
            ("cat -", "\"cat -\""),
            ("", "\"\""),
            ("null", "\"null\""),
            ("- x", "\"- x\""),
            ("--dir", "--dir"),
            ("---", "\"---\""),
            ("a, b", "\"a, b\""),
            ("a: b", "\"a: b\""),
            ("a #b", "\"a #b\""),
            ("{x}", "\"{x}\""),
            ("tab\t", "\"tab\\t\""),
        ] {
            assert_eq!(scalar(text), said);
        }
    }
}
