//! Whether a file says only what it may. Texts that stand for numbers and truths become them.

use super::{Field, Shape, is_extension};
use crate::codes;
use crate::node::{Map, Node, Value};
use diag::{Diagnostic, Report};

/// Checks a tree as one file says it: short forms and long ones. `path` names it in messages (`services.web`).
pub(crate) fn check(node: &mut Node, shape: &Shape, path: &str, report: &mut Report) {
    match shape {
        Shape::Any | Shape::External | Shape::Count | Shape::Mode | Shape::Size => {
            let fits = match shape {
                Shape::Any => true,
                Shape::External => matches!(node.value, Value::Bool(_) | Value::Text(_) | Value::Map(_)),
                _ => matches!(node.value, Value::Int(_) | Value::Float(_) | Value::Text(_) | Value::Null),
            };
            if !fits {
                let wanted =
                    if matches!(shape, Shape::External) { "true or false" } else { "a number or a text" };
                wrong(node, path, wanted, report);
            } else if matches!(shape, Shape::External) && matches!(node.value, Value::Text(_)) {
                truth(node, path, report);
            }
        }
        Shape::Text | Shape::Choice(_) | Shape::Duration => match &node.value {
            Value::Text(_) => {}
            // Nothing is what an override says to leave a value alone.
            Value::Null => {}
            Value::Int(_) | Value::Float(_) => quote(node, path, report),
            _ => wrong(node, path, "a text", report),
        },
        Shape::Scalar => {
            if matches!(node.value, Value::List(_) | Value::Map(_)) {
                wrong(node, path, "a text", report);
            }
        }
        Shape::TextOrNumber => {
            if !matches!(node.value, Value::Text(_) | Value::Int(_) | Value::Float(_) | Value::Null) {
                wrong(node, path, "a text or a number", report);
            }
        }
        Shape::Bool => match &node.value {
            Value::Bool(_) | Value::Null => {}
            Value::Text(_) => truth(node, path, report),
            _ => wrong(node, path, "true or false", report),
        },
        Shape::Int => number(node, path, false, report),
        Shape::Float => number(node, path, true, report),
        Shape::Command | Shape::Test => match &node.value {
            Value::Null | Value::Text(_) => {}
            Value::List(_) => texts(node, path, false, report),
            _ => wrong(node, path, "a text or a list of words", report),
        },
        Shape::Texts => texts(node, path, false, report),
        Shape::TextOrTexts => {
            if !matches!(node.value, Value::Text(_)) {
                texts(node, path, false, report);
            }
        }
        Shape::TextsOrNumbers => texts(node, path, true, report),
        Shape::Pairs | Shape::Labels => pairs(node, path, report),
        Shape::Hosts => hosts(node, path, report),
        Shape::Options => match &mut node.value {
            Value::Map(map) => scalars(map, path, report),
            Value::Null => {}
            _ => wrong(node, path, "a map", report),
        },
        Shape::Limit => match &mut node.value {
            Value::Map(map) => record(map, LIMIT, path, report),
            _ => number(node, path, false, report),
        },
        Shape::List(of) => match &mut node.value {
            Value::List(items) => {
                for (number, item) in items.iter_mut().enumerate() {
                    check(item, of, &format!("{path}[{number}]"), report);
                }
            }
            Value::Null => {}
            _ => wrong(node, path, "a list", report),
        },
        Shape::Map(of) => match &mut node.value {
            Value::Map(map) => names(map, of, path, report),
            Value::Null => {}
            _ => wrong(node, path, "a map", report),
        },
        Shape::Names(of) => match &mut node.value {
            Value::Map(map) => names(map, of, path, report),
            Value::List(_) => texts(node, path, false, report),
            Value::Null => {}
            _ => wrong(node, path, "a list of names or a map", report),
        },
        Shape::Record(fields) => match &mut node.value {
            Value::Map(map) => record(map, fields, path, report),
            Value::Null => {}
            _ => wrong(node, path, "a map", report),
        },
        Shape::OrNull(of) => {
            if !node.is_null() {
                check(node, of, path, report);
            }
        }
        // Ports may be written as bare numbers.
        Shape::Short(of) => match &node.value {
            Value::Text(_) => {}
            Value::Int(_) if path.contains(".ports[") => {}
            _ => check(node, of, path, report),
        },
    }
}

static LIMIT: &[Field] = &[super::required("soft", Shape::Int), super::required("hard", Shape::Int)];

fn record(map: &mut Map, fields: &[Field], path: &str, report: &mut Report) {
    for (key, entry) in map.iter_mut() {
        let inside = join(path, key);
        match fields.iter().find(|f| f.key == key) {
            Some(field) => check(&mut entry.node, &field.shape, &inside, report),
            None if is_extension(key) => {}
            None => {
                let of =
                    if path.is_empty() { "of a Compose file".to_owned() } else { format!("of `{path}`") };
                report.push(
                    Diagnostic::error(codes::UNKNOWN_KEY, &entry.at, format!("`{key}` is not a key {of}"))
                        .help("a key of your own starts with `x-`")
                        .suggest(key, fields.iter().map(|f| f.key)),
                );
            }
        }
    }
}

fn names(map: &mut Map, of: &Shape, path: &str, report: &mut Report) {
    let of_names = !path.ends_with(".ulimits") && !path.ends_with(".options");
    for (name, entry) in map.iter_mut() {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if of_names && (name.is_empty() || !name.chars().all(plain)) {
            report.push(
                Diagnostic::error(
                    codes::WRONG_VALUE,
                    &entry.at,
                    format!("`{name}` cannot be a name in `{path}`"),
                )
                .help("names have letters, digits, `.`, `_` and `-`"),
            );
        }
        check(&mut entry.node, of, &join(path, name), report);
    }
}

fn texts(node: &mut Node, path: &str, numbers: bool, report: &mut Report) {
    match &mut node.value {
        Value::List(items) => {
            for (number, item) in items.iter().enumerate() {
                let path = format!("{path}[{number}]");
                match &item.value {
                    Value::Text(_) => {}
                    Value::Int(_) | Value::Float(_) if numbers => {}
                    Value::Int(_) | Value::Float(_) | Value::Bool(_) => quote(item, &path, report),
                    _ => wrong(item, &path, "a text", report),
                }
            }
        }
        Value::Null => {}
        _ => wrong(node, path, "a list of texts", report),
    }
}

fn pairs(node: &mut Node, path: &str, report: &mut Report) {
    match &mut node.value {
        Value::Map(map) => scalars(map, path, report),
        Value::List(_) | Value::Null => texts(node, path, false, report),
        _ => wrong(node, path, "a map or a list of `NAME=value`", report),
    }
}

/// Values that become texts: a number whose text changes by being read is worth a word.
fn scalars(map: &Map, path: &str, report: &mut Report) {
    for (key, entry) in map.iter() {
        let node = &entry.node;
        if matches!(node.value, Value::List(_) | Value::Map(_)) {
            wrong(node, &join(path, key), "a text", report);
        }
        if let (Some(written), Some(read)) = (&node.written, node.scalar_text()) {
            report.push(
                Diagnostic::warning(
                    codes::NUMBER_TEXT,
                    &node.place,
                    format!("`{written}` is a number to YAML, and docker compose makes `{read}` of it"),
                )
                .help(format!("write it in quotes if `{written}` is meant")),
            );
        }
    }
}

fn hosts(node: &mut Node, path: &str, report: &mut Report) {
    match &node.value {
        Value::Map(map) => {
            for (name, entry) in map.iter() {
                let path = join(path, name);
                match &entry.node.value {
                    Value::Text(_) => {}
                    Value::List(items) if items.iter().all(|i| i.as_text().is_some()) => {}
                    _ => wrong(&entry.node, &path, "an address or a list of addresses", report),
                }
            }
        }
        _ => texts(node, path, false, report),
    }
}

/// `true` or `false` of a text: YAML 1.1's words, in any case.
fn truth(node: &mut Node, path: &str, report: &mut Report) {
    let Some(text) = node.as_text() else { return };
    match text.to_lowercase().as_str() {
        "true" | "y" | "yes" | "on" => node.value = Value::Bool(true),
        "false" | "n" | "no" | "off" => node.value = Value::Bool(false),
        _ => wrong(node, path, "true or false", report),
    }
}

fn number(node: &mut Node, path: &str, float: bool, report: &mut Report) {
    let read = match &node.value {
        Value::Int(_) | Value::Null => return,
        Value::Float(f) if float || f.fract() == 0.0 => return,
        Value::Text(text) if float => text.parse().ok().filter(|f: &f64| f.is_finite()).map(Value::Float),
        Value::Text(text) => text.parse::<i64>().ok().map(|i| Value::Int(i.into())),
        _ => None,
    };
    match read {
        Some(value) => node.value = value,
        None => wrong(node, path, if float { "a number" } else { "a whole number" }, report),
    }
}

fn wrong(node: &Node, path: &str, wanted: &str, report: &mut Report) {
    let what = if path.is_empty() { "a Compose file".to_owned() } else { format!("`{path}`") };
    let is = match &node.value {
        Value::Text(text) if text.len() <= 40 => format!("`{text}`"),
        _ => node.word().to_owned(),
    };
    report.push(
        Diagnostic::error(codes::WRONG_TYPE, &node.place, format!("{what} is {wanted}, and this is {is}"))
            .help("`fleetwright explain FW1412` shows the forms"),
    );
}

fn quote(node: &Node, path: &str, report: &mut Report) {
    let text = node.written.as_deref().map(str::to_owned).or_else(|| node.scalar_text()).unwrap_or_default();
    report.push(
        Diagnostic::error(
            codes::WRONG_TYPE,
            &node.place,
            format!("`{path}` is a text, and this is {}", node.word()),
        )
        .help(format!("write it in quotes: \"{text}\"")),
    );
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
