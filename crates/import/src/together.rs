//! A source that is there already and what is to be added to it, key by key at the top.

use diag::{Diagnostic, Place, Report};
use model::{Node, NodeKind};

use crate::codes;

/// The text with what it does not say yet added at its end; the same text when it says all of it. What is there
/// keeps every letter.
///
/// # Errors
/// A diagnostic for each key that says something else, or one when the text cannot be added to.
pub fn together(path: &str, there: &str, more: &str) -> Result<String, Vec<Diagnostic>> {
    let mut report = Report::new();
    let have = source::yaml::parse(path, there, &mut report);
    let add = source::yaml::parse(path, more, &mut report);
    let (Some(have), Some(add)) = (have, add) else { return Err(report.items) };
    let (Some(known), NodeKind::Map(new)) = (entries(&have), &add.kind) else {
        return Err(vec![cannot(path, "it is no map")]);
    };
    let mut faults = Vec::new();
    let mut wanted = Vec::new();
    for (key, value) in new {
        match known.iter().find(|(k, _)| k.text == key.text) {
            Some((_, old)) if same(old, value) => {}
            Some((old, _)) => faults.push(
                Diagnostic::error(
                    codes::TAKEN,
                    &old.place,
                    format!("`{}` says something else here", key.text),
                )
                .help("take it away here, or leave it out of what is imported"),
            ),
            None => wanted.push(key.text.as_str()),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    if wanted.is_empty() {
        return Ok(there.to_owned());
    }
    // A flow map as a whole, `{a: 1}`, has no end to add to.
    let block = known.is_empty() || known.iter().all(|(key, _)| key.place.column == 1);
    if !block {
        return Err(vec![cannot(path, "its keys are not on lines of their own")]);
    }
    let mut text = if known.is_empty() { comments(there) } else { there.to_owned() };
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    for part in parts(more) {
        if part.key.is_none_or(|key| wanted.contains(&key)) {
            text.push_str(part.text);
        }
    }
    let again = source::yaml::parse(path, &text, &mut report).filter(|_| !report.has_errors());
    let whole = again.as_ref().and_then(entries).is_some_and(|all| all.len() == known.len() + wanted.len());
    if whole { Ok(text) } else { Err(vec![cannot(path, "it does not read as one map then")]) }
}

fn entries(node: &Node) -> Option<&[(model::Key, Node)]> {
    match &node.kind {
        NodeKind::Map(entries) => Some(entries),
        NodeKind::Null => Some(&[]),
        NodeKind::Scalar { .. } | NodeKind::List(_) => None,
    }
}

fn cannot(path: &str, why: &str) -> Diagnostic {
    Diagnostic::error(codes::TAKEN, &Place::file(path), format!("{path} cannot be added to: {why}"))
        .help("write it with one key a line")
}

/// Of a text without keys.
fn comments(text: &str) -> String {
    text.lines().filter(|line| line.starts_with('#')).map(|line| format!("{line}\n")).collect()
}

/// Whether both say the same, wherever it stands.
fn same(a: &Node, b: &Node) -> bool {
    match (&a.kind, &b.kind) {
        (NodeKind::Null, NodeKind::Null) => true,
        (NodeKind::Scalar { text: a, .. }, NodeKind::Scalar { text: b, .. }) => a == b,
        (NodeKind::List(a), NodeKind::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (NodeKind::Map(a), NodeKind::Map(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, a)| b.iter().any(|(k, b)| k.text == key.text && same(a, b)))
        }
        // A list of one is written without brackets.
        (NodeKind::List(list), _) if list.len() == 1 => same(&list[0], b),
        (_, NodeKind::List(list)) if list.len() == 1 => same(a, &list[0]),
        _ => false,
    }
}

struct Part<'t> {
    /// The key at the top; comments before the first one have none.
    key: Option<&'t str>,
    text: &'t str,
}

/// A written file by its keys at the top, each with the comments above it.
fn parts(text: &str) -> Vec<Part<'_>> {
    let (mut parts, mut start, mut at, mut key) = (Vec::new(), 0, 0, None);
    let mut body = false;
    for line in text.split_inclusive('\n') {
        let comment = line.starts_with('#');
        let top = !comment && !line.starts_with([' ', '\n', '-']);
        if body && (top || comment) {
            parts.push(Part { key, text: &text[start..at] });
            (start, key, body) = (at, None, false);
        }
        if top {
            key = line.split(':').next().map(|k| k.trim_matches('"'));
            body = true;
        }
        at += line.len();
    }
    if start < text.len() {
        parts.push(Part { key, text: &text[start..] });
    }
    parts
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_missing_is_added_and_what_is_there_stays() {
        let there = "# Mine.\nsite: kyiv   # home\naddress: [10.0.0.1]\n";
        let more =
            "# Imported.\nsite: kyiv\naddress: 10.0.0.1\n# as in bird.conf\nbgp:\n  asn: 64512\n# left out\n";
        let text = together("hosts/a.yaml", there, more).unwrap();
        assert_eq!(text, format!("{there}# as in bird.conf\nbgp:\n  asn: 64512\n# left out\n"));
        assert_eq!(together("hosts/a.yaml", &text, more).unwrap(), text);
        assert_eq!(together("hosts/a.yaml", "# x\n{}\n", "a: 1\n").unwrap(), "# x\na: 1\n");
    }

    #[test]
    fn another_value_is_refused_with_its_place() {
        let faults = together("hosts/a.yaml", "site: kyiv\nport: 1\n", "site: lviv\nport: 2\n").unwrap_err();
        let said: Vec<String> = faults.iter().map(|f| f.place.as_ref().unwrap().to_string()).collect();
        assert_eq!(said, ["hosts/a.yaml:1:1", "hosts/a.yaml:2:1"]);
        assert!(together("hosts/a.yaml", "{site: kyiv}\n", "port: 2\n").is_err());
        assert!(together("hosts/a.yaml", "- 1\n", "port: 2\n").is_err());
    }
}
