//! The schema and the reference say what the records say.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use model::{Node, NodeKind};
use serde_json::{Map, Value, json};
use std::{env, fs};
use support::{read, repository};

#[test]
fn the_reference_is_fresh() {
    let file = repository().join("docs/language.md");
    let said = source::language_reference();
    if env::var_os("UPDATE").is_some() {
        fs::write(&file, &said).unwrap();
    }
    assert!(
        fs::read_to_string(&file).unwrap_or_default() == said,
        "docs/language.md is stale; UPDATE=1 rewrites it"
    );
}

/// The few keywords the schema uses; of patterns only that of a value of OpenTofu.
fn valid(schema: &Value, root: &Value, value: &Value) -> bool {
    let all = |key: &str, test: &dyn Fn(&Value) -> bool| schema.get(key).is_none_or(test);
    let matching = |list: &Value| list.as_array().unwrap().iter().filter(|s| valid(s, root, value)).count();
    let of_type = |name: &str| match name {
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_u64(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "null" => value.is_null(),
        other => panic!("type {other}"),
    };
    all("$ref", &|r| {
        let name = r.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
        valid(&root["$defs"][name], root, value)
    }) && all("type", &|t| match t {
        Value::String(t) => of_type(t),
        Value::Array(list) => list.iter().any(|t| of_type(t.as_str().unwrap())),
        _ => panic!("type"),
    }) && all("enum", &|e| e.as_array().unwrap().contains(value))
        && all("const", &|c| c == value)
        && all("anyOf", &|list| matching(list) > 0)
        && all("oneOf", &|list| matching(list) == 1)
        && all("pattern", &|p| {
            let fact = p.as_str().is_some_and(|p| p.starts_with("^tofu/") && p.ends_with("/\\S+$"));
            !fact || value.as_str().is_none_or(|text| text.starts_with("tofu/"))
        })
        && all("minimum", &|m| value.as_u64().is_none_or(|v| v >= m.as_u64().unwrap()))
        && all("maximum", &|m| value.as_u64().is_none_or(|v| v <= m.as_u64().unwrap()))
        && all("required", &|keys| {
            keys.as_array().unwrap().iter().all(|k| value.get(k.as_str().unwrap()).is_some())
        })
        && all("items", &|s| value.as_array().is_none_or(|items| items.iter().all(|i| valid(s, root, i))))
        && all("if", &|condition| {
            let branch = if valid(condition, root, value) { "then" } else { "else" };
            valid(&schema[branch], root, value)
        })
        && value.as_object().is_none_or(|map| {
            map.iter().all(|(key, v)| match schema.get("properties").and_then(|p| p.get(key)) {
                Some(s) => valid(s, root, v),
                None => all("additionalProperties", &|more| match more {
                    Value::Bool(allowed) => *allowed,
                    more => valid(more, root, v),
                }),
            })
        })
}

/// As a YAML 1.2 reader of an editor sees it.
fn as_json(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Null => Value::Null,
        NodeKind::Scalar { text, quoted: false } => match text.as_str() {
            "true" => json!(true),
            "false" => json!(false),
            text => text
                .parse::<u64>()
                .map(Value::from)
                .or_else(|_| text.parse::<f64>().map(Value::from))
                .unwrap_or_else(|_| json!(text)),
        },
        NodeKind::Scalar { text, .. } => json!(text),
        NodeKind::List(items) => items.iter().map(as_json).collect(),
        NodeKind::Map(entries) => {
            Value::Object(entries.iter().map(|(k, v)| (k.text.clone(), as_json(v))).collect::<Map<_, _>>())
        }
    }
}

fn check(path: &str, bytes: &[u8]) -> Option<bool> {
    let part = match source::role(path) {
        source::Role::Fleet => None,
        source::Role::Single(part) | source::Role::Thing(part, _) => Some(part),
        source::Role::Other | source::Role::Stray => return None,
    };
    let schema = part.map_or_else(source::schema, |part| source::schema_of(part).unwrap());
    let node = source::yaml::parse(path, std::str::from_utf8(bytes).ok()?, &mut diag::Report::new())?;
    Some(valid(&schema, &schema, &as_json(&node)))
}

#[test]
fn the_schema_takes_every_example() {
    for name in ["two-sites", "anycast", "atlas", "constellation", "standards"] {
        for (path, bytes) in read(&repository().join("examples").join(name)).unwrap().files {
            assert_ne!(check(&path, &bytes), Some(false), "{name}/{path}");
        }
    }
}

#[test]
fn the_schema_refuses_what_reading_refuses() {
    let refused = [
        ("bad-FW0101-unknown-key", "sites/home.yaml"),
        ("bad-FW0102-wrong-type", "hosts/box.yaml"),
        ("bad-FW0102-wrong-type", "services/web.yaml"),
        ("bad-FW0103-missing-key", "services/web.yaml"),
        ("bad-FW0104-unknown-word", "sites/home.yaml"),
        ("bad-FW0104-unknown-word", "services/web.yaml"),
    ];
    for (fixture, path) in refused {
        let sources = read(&repository().join("fleets").join(fixture)).unwrap();
        assert_eq!(check(path, &sources.files[path]), Some(false), "{fixture}/{path}");
    }
}

#[test]
fn every_kind_has_a_schema() {
    for part in source::folder::KINDS.iter().chain(source::folder::SINGLES) {
        assert!(source::schema_of(part).is_some(), "{part}");
    }
    assert!(source::schema_of("nothing").is_none());
}
