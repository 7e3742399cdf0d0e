//! `json.dumps`, byte for byte.

use crate::{Map, Value, compare, float};
use std::cmp::Ordering;

/// The arguments of `json.dumps`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonOptions {
    /// Lines and indentation; nothing is one line.
    pub indent: Option<Indent>,
    /// Between items, and between key and value: `(", ", ": ")`. Nothing is Python's choice, which leaves no
    /// blank at a line's end.
    pub separators: Option<(String, String)>,
    /// Dicts by key.
    pub sort_keys: bool,
    /// Escapes for all beyond ASCII.
    pub ensure_ascii: bool,
    /// `date` and `datetime` as ISO texts, as Ansible's encoder has them; without it they are an error.
    pub dates: bool,
    /// Keys become texts before they are sorted, as Ansible's encoder has it: `10` stands before `9`.
    pub text_keys: bool,
}

/// What a level is indented by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Indent {
    /// So many spaces.
    Spaces(usize),
    /// This text.
    Text(String),
}

impl JsonOptions {
    /// `json.dumps(value)`.
    pub fn python() -> JsonOptions {
        JsonOptions {
            indent: None,
            separators: None,
            sort_keys: false,
            ensure_ascii: true,
            dates: false,
            text_keys: false,
        }
    }

    /// Ansible's `to_json` without arguments.
    pub fn to_json() -> JsonOptions {
        JsonOptions { dates: true, text_keys: true, ..JsonOptions::python() }
    }

    /// Ansible's `to_nice_json` without arguments.
    pub fn to_nice_json() -> JsonOptions {
        JsonOptions {
            indent: Some(Indent::Spaces(4)),
            separators: Some((",".to_owned(), ": ".to_owned())),
            sort_keys: true,
            ..JsonOptions::to_json()
        }
    }
}

/// `json.dumps(value, …)`. The error is what Python's exception says.
pub fn dumps(value: &Value, options: &JsonOptions) -> Result<String, String> {
    let (item, key) = match &options.separators {
        Some((item, key)) => (item.as_str(), key.as_str()),
        None if options.indent.is_some() => (",", ": "),
        None => (", ", ": "),
    };
    let indent = options.indent.as_ref().map(|indent| match indent {
        Indent::Spaces(n) => " ".repeat(*n),
        Indent::Text(text) => text.clone(),
    });
    let mut writer = Writer { out: String::new(), options, item, key, indent, level: 0 };
    writer.value(value)?;
    Ok(writer.out)
}

struct Writer<'o> {
    out: String,
    options: &'o JsonOptions,
    item: &'o str,
    key: &'o str,
    indent: Option<String>,
    level: usize,
}

impl Writer<'_> {
    fn value(&mut self, value: &Value) -> Result<(), String> {
        match value {
            Value::None => self.out.push_str("null"),
            Value::Bool(b) => self.out.push_str(if *b { "true" } else { "false" }),
            Value::Int(n) => self.out.push_str(&n.to_string()),
            Value::Float(x) => self.out.push_str(&number(*x)),
            Value::Str(text) => self.string(text),
            Value::Date(text) if self.options.dates => self.string(&text.replacen(' ', "T", 1)),
            Value::Date(_) | Value::Bytes(_) => {
                return Err(format!("Object of type {} is not JSON serializable", value.type_name()));
            }
            Value::List(items) => {
                self.begin('[');
                for (i, item) in items.iter().enumerate() {
                    self.next(i);
                    self.value(item)?;
                }
                self.end(']', items.is_empty());
            }
            Value::Map(map) => self.map(map)?,
        }
        Ok(())
    }

    fn map(&mut self, map: &Map) -> Result<(), String> {
        let texts: Map;
        let map = if self.options.text_keys && map.keys().any(|key| key.as_str().is_none()) {
            texts = map
                .iter()
                .map(|(key, value)| key_text(key).map(|key| (key, value.clone())))
                .collect::<Result<_, _>>()?;
            &texts
        } else {
            map
        };
        let mut entries: Vec<(&Value, &Value)> = map.iter().collect();
        if self.options.sort_keys {
            if let Some(((first, _), others)) = entries.split_first()
                && let Some((other, _)) = others.iter().find(|(key, _)| compare(first, key).is_none())
            {
                return Err(format!(
                    "'<' not supported between instances of '{}' and '{}'",
                    other.type_name(),
                    first.type_name()
                ));
            }
            entries.sort_by(|(a, _), (b, _)| compare(a, b).unwrap_or(Ordering::Equal));
        }
        self.begin('{');
        for (i, (key, value)) in entries.iter().enumerate() {
            self.next(i);
            let text = key_text(key)?;
            self.string(text.as_str().unwrap_or_default());
            self.out.push_str(self.key);
            self.value(value)?;
        }
        self.end('}', entries.is_empty());
        Ok(())
    }

    fn begin(&mut self, bracket: char) {
        self.out.push(bracket);
        self.level += 1;
    }

    fn next(&mut self, i: usize) {
        if i > 0 {
            self.out.push_str(self.item);
        }
        self.line();
    }

    fn end(&mut self, bracket: char, empty: bool) {
        self.level -= 1;
        if !empty {
            self.line();
        }
        self.out.push(bracket);
    }

    fn line(&mut self) {
        if let Some(indent) = &self.indent {
            self.out.push('\n');
            for _ in 0..self.level {
                self.out.push_str(indent);
            }
        }
    }

    fn string(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            match c {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                '\x0c' => self.out.push_str("\\f"),
                '\x08' => self.out.push_str("\\b"),
                ' '..='~' => self.out.push(c),
                c if self.options.ensure_ascii || c < ' ' => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        self.out.push_str(&format!("\\u{unit:04x}"));
                    }
                }
                c => self.out.push(c),
            }
        }
        self.out.push('"');
    }
}

/// What a key is in JSON.
fn key_text(key: &Value) -> Result<Value, String> {
    Ok(match key {
        Value::Str(_) => key.clone(),
        Value::None => "null".into(),
        Value::Bool(b) => if *b { "true" } else { "false" }.into(),
        Value::Int(n) => n.to_string().into(),
        Value::Float(x) => number(*x).into(),
        other => {
            return Err(format!("keys must be str, int, float, bool or None, not {}", other.type_name()));
        }
    })
}

fn number(x: f64) -> String {
    if x.is_nan() {
        "NaN".to_owned()
    } else if x.is_infinite() {
        if x > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else {
        float::repr(x)
    }
}
