//! Python's values as the model's raw ones, so that the inventory that is printed says the same again.

use crate::yaml::{Map, Yaml};
use py::yaml::{DumpOptions, dump};
use py::{Kind, Node, Value};

/// A value; `None` when it has no form.
pub(super) fn yaml(value: &Value) -> Option<Yaml> {
    Some(match value {
        Value::None => Yaml::Typed("null".to_owned()),
        Value::Bool(truth) => Yaml::Typed(truth.to_string()),
        Value::Int(n) => Yaml::Typed(n.to_string()),
        // As PyYAML writes it: `1.0e+16`, because `1e16` is a text to YAML 1.1.
        Value::Float(_) | Value::Date(_) => {
            let text = dump(value, &DumpOptions::python());
            Yaml::Typed(text.lines().next()?.to_owned())
        }
        Value::Str(text) if text.contains('\0') => return None,
        Value::Str(text) => Yaml::Text(text.to_string()),
        Value::Bytes(_) => return None,
        Value::List(items) => Yaml::List(items.iter().map(yaml).collect::<Option<_>>()?),
        Value::Map(entries) => {
            let mut map = Map::new();
            for (key, value) in entries.iter() {
                let key = match key {
                    Value::Str(text) => text.to_string(),
                    // JSON, in which an inventory is printed, has texts for keys.
                    Value::Int(n) => n.to_string(),
                    Value::Bool(truth) => truth.to_string(),
                    Value::None => "null".to_owned(),
                    Value::Float(_) => py::str(key),
                    Value::Date(_) | Value::Bytes(_) | Value::List(_) | Value::Map(_) => return None,
                };
                if map.has(&key) {
                    return None;
                }
                map.set(key, yaml(value)?);
            }
            Yaml::Map(map)
        }
    })
}

/// Whether any part of it is `!unsafe`.
pub(super) fn is_raw(node: &Node) -> bool {
    node.marks.raw
        || match &node.kind {
            Kind::Scalar(_) => false,
            Kind::List(items) => items.iter().any(is_raw),
            Kind::Map(entries) => entries.iter().any(|entry| is_raw(&entry.node)),
        }
}
