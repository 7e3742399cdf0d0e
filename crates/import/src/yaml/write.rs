//! Maps, lists and their comments as lines.

use super::{Entry, Map, Yaml, scalar};

/// Longest line that a list or map is put on.
const WIDTH: usize = 100;

/// A file's text: `head` as comments, then the map.
pub fn text(head: &str, map: &Map) -> String {
    let mut out = String::new();
    comments(&mut out, head.lines(), 0);
    entries(&mut out, map, 0);
    if map.is_empty() {
        // A file of comments alone would be nothing; a map without keys is what is meant.
        out.push_str("{}\n");
    }
    out
}

fn comments<'t>(out: &mut String, lines: impl IntoIterator<Item = &'t str>, indent: usize) {
    for line in lines {
        out.push_str(&" ".repeat(indent));
        out.push_str(format!("# {}", clean(line)).trim_end());
        out.push('\n');
    }
}

/// A comment stays on its line, whatever was put into it.
fn clean(line: &str) -> String {
    line.chars()
        .map(|c| if c.is_control() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .collect()
}

fn entries(out: &mut String, map: &Map, indent: usize) {
    for entry in &map.entries {
        let mut above: Vec<&str> = entry.above.iter().map(String::as_str).collect();
        let inline = inline(&entry.value, indent + entry.key.chars().count() + 2);
        if let (None, Some(beside)) = (&inline, &entry.beside) {
            above.push(beside);
        }
        comments(out, above, indent);
        out.push_str(&" ".repeat(indent));
        out.push_str(&scalar::word(&entry.key));
        out.push(':');
        match inline {
            Some(value) => {
                out.push(' ');
                out.push_str(&value);
                if let Some(beside) = &entry.beside {
                    out.push_str("    # ");
                    out.push_str(clean(beside).trim_end());
                }
                out.push('\n');
            }
            None => nested(out, entry, indent),
        }
    }
    comments(out, map.end.iter().map(String::as_str), indent);
}

fn nested(out: &mut String, entry: &Entry, indent: usize) {
    match &entry.value {
        Yaml::Map(map) => {
            out.push('\n');
            entries(out, map, indent + 2);
        }
        Yaml::List(items) => {
            out.push('\n');
            list(out, items, indent + 2);
        }
        Yaml::Word(text) | Yaml::Text(text) | Yaml::Typed(text) => {
            out.push(' ');
            out.push_str(&scalar::block(text, indent + 2).unwrap_or_else(|| scalar::quoted(text)));
            out.push('\n');
        }
    }
}

fn list(out: &mut String, items: &[Yaml], indent: usize) {
    for item in items {
        let dash = format!("{}- ", " ".repeat(indent));
        match (inline(item, indent + 2), item) {
            (Some(value), _) => {
                out.push_str(&dash);
                out.push_str(&value);
                out.push('\n');
            }
            (None, Yaml::Map(map)) => {
                let mut inside = String::new();
                entries(&mut inside, map, indent + 2);
                // The first line stands behind the dash.
                out.push_str(&dash);
                out.push_str(inside.trim_start_matches(' '));
            }
            (None, Yaml::List(inner)) => {
                let mut inside = String::new();
                list(&mut inside, inner, indent + 2);
                out.push_str(&dash);
                out.push_str(inside.trim_start_matches(' '));
            }
            (None, Yaml::Word(text) | Yaml::Text(text) | Yaml::Typed(text)) => {
                out.push_str(&dash);
                out.push_str(&scalar::block(text, indent + 2).unwrap_or_else(|| scalar::quoted(text)));
                out.push('\n');
            }
        }
    }
}

/// The value on one line; `None` when it has comments or is too long there.
fn inline(value: &Yaml, at: usize) -> Option<String> {
    let text = flow(value)?;
    let scalar = matches!(value, Yaml::Word(_) | Yaml::Text(_) | Yaml::Typed(_));
    (scalar || at + text.chars().count() <= WIDTH).then_some(text)
}

fn flow(value: &Yaml) -> Option<String> {
    match value {
        Yaml::Word(text) | Yaml::Text(text) if scalar::block(text, 0).is_some() => None,
        Yaml::Typed(text) => Some(text.clone()),
        Yaml::Word(text) => Some(scalar::word(text)),
        Yaml::Text(text) => Some(scalar::typed(text)),
        Yaml::List(items) => {
            let parts: Option<Vec<String>> = items.iter().map(flow).collect();
            Some(format!("[{}]", parts?.join(", ")))
        }
        Yaml::Map(map) => {
            let bare = |e: &Entry| e.above.is_empty() && e.beside.is_none();
            if !map.end.is_empty() || !map.entries.iter().all(bare) {
                return None;
            }
            let parts: Option<Vec<String>> = map
                .entries
                .iter()
                .map(|e| Some(format!("{}: {}", scalar::word(&e.key), flow(&e.value)?)))
                .collect();
            Some(format!("{{{}}}", parts?.join(", ")))
        }
    }
}
