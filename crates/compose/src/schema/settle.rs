//! The last form of values: every short form gone, sizes in bytes, durations as Go prints them, lists of pairs
//! as maps, what is zero left out.

use super::{Field, Shape, is_extension};
use crate::node::{Map, Node, Value};
use crate::{codes, quantity, words};
use diag::{Diagnostic, Place, Report};

/// The value in its last form; nothing when it says nothing. `path` names it in messages.
pub(crate) fn settle(
    node: Node,
    shape: &Shape,
    keep_zero: bool,
    path: &str,
    report: &mut Report,
) -> Option<Node> {
    let place = node.place.clone();
    let value = match shape {
        Shape::Any => node.value,
        Shape::Text => Value::Text(text(&node)?),
        Shape::Scalar | Shape::TextOrNumber => Value::Text(node.scalar_text().filter(|t| !t.is_empty())?),
        Shape::Choice(words) => choice(&node, words, path, report)?,
        Shape::Bool | Shape::Int | Shape::Float => number(&node, keep_zero)?,
        Shape::Size => size(&node, path, report)?,
        Shape::Duration => duration(&node, keep_zero, path, report)?,
        Shape::Mode => mode(&node, path, report)?,
        Shape::Command => command(node, path, report)?,
        Shape::Test => test(node, path, report)?,
        Shape::Texts | Shape::TextOrTexts | Shape::TextsOrNumbers => list(node)?,
        Shape::Pairs => Value::Map(pairs(node, None)).not_empty()?,
        Shape::Labels => Value::Map(pairs(node, Some(""))).not_empty()?,
        Shape::Hosts => hosts(node, path, report)?,
        Shape::Options => Value::Map(pairs(node, Some(""))).not_empty()?,
        Shape::Limit => match node.value {
            Value::Map(map) => record(map, LIMIT, &place, path, report),
            value => value,
        },
        Shape::Count => count(&node, path, report)?,
        Shape::External => number(&node, false)?,
        Shape::List(of) => match node.value {
            Value::List(items) => {
                let items = items.into_iter().enumerate().filter_map(|(number, item)| {
                    settle(item, of, false, &format!("{path}[{number}]"), report)
                });
                Value::List(items.collect()).not_empty()?
            }
            _ => return None,
        },
        Shape::Map(of) | Shape::Names(of) => match node.value {
            Value::Map(map) => {
                let mut out = Map::default();
                for (key, entry) in map {
                    let inside = format!("{path}.{key}");
                    let node = settle(entry.node, of, true, &inside, report)
                        .unwrap_or_else(|| Node::new(&entry.at, Value::Null));
                    out.insert(key, &entry.at, node);
                }
                Value::Map(out).not_empty()?
            }
            _ => return None,
        },
        Shape::Record(fields) => match node.value {
            Value::Map(map) => record(map, fields, &place, path, report),
            _ => return None,
        },
        Shape::OrNull(of) | Shape::Short(of) => return settle(node, of, keep_zero, path, report),
    };
    Some(Node { place, value, mark: None, written: None })
}

static LIMIT: &[Field] = &[super::zero("soft", Shape::Int), super::zero("hard", Shape::Int)];

trait NotEmpty: Sized {
    fn not_empty(self) -> Option<Self>;
}

impl NotEmpty for Value {
    fn not_empty(self) -> Option<Value> {
        match &self {
            Value::Map(map) if map.is_empty() => None,
            Value::List(items) if items.is_empty() => None,
            _ => Some(self),
        }
    }
}

fn record(map: Map, fields: &[Field], place: &Place, path: &str, report: &mut Report) -> Value {
    for field in fields.iter().filter(|f| f.required) {
        if map.get(field.key).is_none_or(Node::is_null) {
            report.push(
                Diagnostic::error(codes::MISSING, place, format!("`{path}` has no `{}`", field.key))
                    .help(format!("say its `{}`", field.key)),
            );
        }
    }
    let mut out = Map::default();
    for (key, entry) in map {
        let inside = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let node = match fields.iter().find(|f| f.key == key) {
            Some(field) => settle(entry.node, &field.shape, field.zero, &inside, report),
            None if is_extension(&key) => Some(entry.node),
            // Said when the file was checked.
            None => None,
        };
        if let Some(node) = node {
            out.insert(key, &entry.at, node);
        }
    }
    Value::Map(out)
}

fn text(node: &Node) -> Option<String> {
    node.as_text().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn choice(node: &Node, words: &[&str], path: &str, report: &mut Report) -> Option<Value> {
    let text = text(node)?;
    if !words.contains(&text.as_str()) {
        let message = format!("`{text}` is not what `{path}` may be");
        report.push(
            Diagnostic::error(codes::WRONG_VALUE, &node.place, message)
                .help(format!("it is one of: {}", words.join(", ")))
                .suggest(&text, words.iter().copied()),
        );
    }
    Some(Value::Text(text))
}

fn number(node: &Node, keep_zero: bool) -> Option<Value> {
    let zero = match &node.value {
        Value::Bool(b) => !b,
        Value::Int(i) => *i == 0,
        Value::Float(f) => *f == 0.0,
        _ => return None,
    };
    (keep_zero || !zero).then(|| node.value.clone())
}

fn wrong(node: &Node, path: &str, wanted: &str, report: &mut Report) -> Option<Value> {
    let text = node.scalar_text().unwrap_or_default();
    let message = format!("`{text}` is not what `{path}` may be");
    report.push(Diagnostic::error(codes::WRONG_VALUE, &node.place, message).help(format!("it is {wanted}")));
    None
}

fn size(node: &Node, path: &str, report: &mut Report) -> Option<Value> {
    let bytes = match &node.value {
        Value::Int(i) => i64::try_from(*i).ok(),
        Value::Float(f) if f.is_finite() && f.abs() < 9.2e18 => Some(*f as i64),
        Value::Text(text) => quantity::bytes(text.trim()),
        _ => return None,
    };
    match bytes {
        None => wrong(node, path, "a size: a number with b, k, m or g, such as `64m`", report),
        Some(0) => None,
        Some(bytes) => Some(Value::Text(bytes.to_string())),
    }
}

fn duration(node: &Node, keep_zero: bool, path: &str, report: &mut Report) -> Option<Value> {
    let text = node.as_text()?;
    match quantity::nanoseconds(text) {
        None => wrong(node, path, "a duration such as `1m30s`, `500ms` or `2h`", report),
        Some(0) if !keep_zero => None,
        Some(ns) => Some(Value::Text(quantity::go_duration(ns))),
    }
}

fn mode(node: &Node, path: &str, report: &mut Report) -> Option<Value> {
    let bits = match &node.value {
        Value::Int(i) => u32::try_from(*i).ok(),
        Value::Text(text) => u32::from_str_radix(text.strip_prefix("0o").unwrap_or(text), 8).ok(),
        Value::Null => return None,
        _ => None,
    };
    match bits.filter(|b| *b <= 0o7777) {
        Some(bits) => Some(Value::Text(format!("0{bits:o}"))),
        None => wrong(node, path, "permission bits in octal, such as `0440`", report),
    }
}

fn list(node: Node) -> Option<Value> {
    let items: Vec<Node> = match node.value {
        Value::List(items) => items
            .into_iter()
            .filter_map(|item| item.scalar_text().map(|text| Node::text(&item.place, text)))
            .collect(),
        Value::Text(_) => vec![node],
        _ => return None,
    };
    Value::List(items).not_empty()
}

fn command(node: Node, path: &str, report: &mut Report) -> Option<Value> {
    match &node.value {
        Value::Text(text) => match words::split(text) {
            Ok(words) => Some(Value::List(words.into_iter().map(|w| Node::text(&node.place, w)).collect())),
            Err(words::Fault::Open) => {
                report.push(
                    Diagnostic::error(
                        codes::SHELL_WORDS,
                        &node.place,
                        format!("a quote of `{path}` is not closed"),
                    )
                    .help("write the command as a list of words"),
                );
                None
            }
            Err(words::Fault::Operator(c)) => {
                let message =
                    format!("docker compose drops everything of `{path}` from `{c}` on: no shell reads it");
                report.push(
                    Diagnostic::error(codes::SHELL_WORDS, &node.place, message)
                        .help("for a shell: `[\"sh\", \"-c\", \"…\"]`; for the character itself: quotes around the word"),
                );
                None
            }
        },
        // `[]` says "none", unlike nothing at all.
        Value::List(_) => Some(node.value),
        _ => None,
    }
}

fn test(node: Node, path: &str, report: &mut Report) -> Option<Value> {
    match node.value {
        Value::Text(text) => {
            Some(Value::List(vec![Node::text(&node.place, "CMD-SHELL"), Node::text(&node.place, text)]))
        }
        Value::List(items) => {
            let first = items.first().and_then(Node::as_text)?;
            if !matches!(first, "CMD" | "CMD-SHELL" | "NONE") {
                report.push(
                    Diagnostic::error(
                        codes::WRONG_VALUE,
                        &node.place,
                        format!("`{path}` starts with `{first}`"),
                    )
                    .help("its first word is `CMD`, `CMD-SHELL` or `NONE`"),
                );
            }
            Some(Value::List(items))
        }
        _ => None,
    }
}

/// `- NAME=value` or `NAME: value` as a map of texts. A name alone gets `alone`, or nothing.
pub(crate) fn pairs(node: Node, alone: Option<&str>) -> Map {
    let mut out = Map::default();
    let value = |place: &Place, text: Option<String>| match text.or_else(|| alone.map(str::to_owned)) {
        Some(text) => Node::text(place, text),
        None => Node::new(place, Value::Null),
    };
    match node.value {
        Value::Map(map) => {
            for (key, entry) in map {
                let node = value(&entry.node.place, entry.node.scalar_text());
                out.insert(key, &entry.at, node);
            }
        }
        Value::List(items) => {
            for item in items {
                let Some(text) = item.as_text() else { continue };
                let (key, text) = match text.split_once('=') {
                    Some((key, text)) => (key, Some(text.to_owned())),
                    None => (text, None),
                };
                out.insert(key, &item.place, value(&item.place, text));
            }
        }
        _ => {}
    }
    out
}

/// Hosts as a sorted list of `NAME=address`.
fn hosts(node: Node, path: &str, report: &mut Report) -> Option<Value> {
    let mut out: Vec<Node> = Vec::new();
    let mut add = |place: &Place, name: &str, address: &str| {
        if name.is_empty() || name.contains([':', '=']) || address.is_empty() {
            report.push(
                Diagnostic::error(
                    codes::WRONG_VALUE,
                    place,
                    format!("`{path}`: no host and its address here"),
                )
                .help("write `NAME=ADDRESS`"),
            );
        }
        let bare = address.strip_prefix('[').and_then(|a| a.strip_suffix(']')).unwrap_or(address);
        out.push(Node::text(place, format!("{name}={bare}")));
    };
    match &node.value {
        Value::Map(map) => {
            for (name, entry) in map.iter() {
                match &entry.node.value {
                    Value::Text(address) => add(&entry.at, name, address),
                    Value::List(items) => items
                        .iter()
                        .filter_map(|i| i.as_text().map(|a| (&i.place, a)))
                        .for_each(|(place, address)| add(place, name, address)),
                    _ => {}
                }
            }
        }
        Value::List(items) => {
            for item in items {
                let text = item.as_text().unwrap_or_default();
                let (name, address) =
                    text.split_once('=').or_else(|| text.split_once(':')).unwrap_or((text, ""));
                add(&item.place, name, address);
            }
        }
        _ => {}
    }
    out.sort_by(|a, b| a.as_text().cmp(&b.as_text()));
    out.dedup_by(|a, b| a.as_text() == b.as_text());
    Value::List(out).not_empty()
}

/// A number of devices; `all` is -1.
fn count(node: &Node, path: &str, report: &mut Report) -> Option<Value> {
    match &node.value {
        Value::Int(_) => Some(node.value.clone()),
        Value::Text(text) if text == "all" => Some(Value::Int(-1)),
        Value::Text(text) => match text.parse::<i64>() {
            Ok(count) => Some(Value::Int(count.into())),
            Err(_) => wrong(node, path, "`all` or a number", report),
        },
        _ => None,
    }
}
