//! JSON Schema (draft 2020-12) of the language, made from the records' shapes, so that editors complete and
//! check what is typed. YAML readers of editors see `8080` as a number and `yes` as a text or a boolean; the
//! schema takes what the tool takes.

use crate::folder::{KINDS, SINGLES};
use model::shape::{FieldShape, RecordShape, Shape};
use model::{Decode, Fleet};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What may stand for any value: `tofu/STACK/OUTPUT`.
const FACT: &str = r"^tofu/[^\s/]+/\S+$";

/// The schema of `fleet.yaml`.
pub fn schema() -> Value {
    document("a fleet", &Fleet::shape())
}

/// The schema of `KIND/NAME.yaml` for a folder's name (`hosts`), or of a file for what a fleet has one of
/// (`bgp`). `None` when there is no such folder or file.
pub fn schema_of(part: &str) -> Option<Value> {
    let field = fields(&Fleet::shape()).into_iter().find(|f| f.key == part)?;
    match field.shape {
        Shape::Map(thing) if KINDS.contains(&part) => Some(document(part, &thing)),
        shape if SINGLES.contains(&part) => Some(document(part, &shape)),
        _ => None,
    }
}

fn fact() -> Value {
    json!({"type": "string", "pattern": FACT})
}

fn fields(shape: &Shape) -> Vec<FieldShape> {
    match shape {
        Shape::Record(record) => (record.fields)(),
        _ => Vec::new(),
    }
}

fn document(title: &str, shape: &Shape) -> Value {
    let mut defs = Defs::default();
    let root = defs.of(shape);
    let mut out = Map::new();
    out.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    out.insert("title".to_owned(), json!(format!("Fleetwright: {title}")));
    if let Value::Object(root) = root {
        out.extend(root);
    }
    let defs: Map<String, Value> =
        defs.done.into_iter().filter_map(|(name, def)| Some((name.to_owned(), def?))).collect();
    out.insert("$defs".to_owned(), Value::Object(defs));
    Value::Object(out)
}

/// Records that are referred to by name; `None` while one is being written.
#[derive(Default)]
struct Defs {
    done: BTreeMap<&'static str, Option<Value>>,
}

impl Defs {
    fn of(&mut self, shape: &Shape) -> Value {
        match shape {
            Shape::Any => json!({}),
            Shape::Bool => json!({"anyOf": [{"enum": [true, false, "yes", "no"]}, fact()]}),
            Shape::Text { what, pattern, bare } => {
                let mut text = json!({"type": "string", "description": what});
                if let Some(pattern) = pattern {
                    text["pattern"] = json!(format!("{FACT}|{pattern}"));
                }
                if *bare {
                    text["type"] = json!(["string", "number", "boolean"]);
                }
                text
            }
            // A pattern is for texts alone, and bounds are for numbers.
            Shape::Integer { min, max } => {
                json!({"type": ["integer", "string"], "minimum": min, "maximum": max, "pattern": FACT})
            }
            Shape::Choice(words) => {
                let words = words.iter().map(|(word, doc)| json!({"const": word, "description": doc.trim()}));
                json!({"oneOf": words.chain([fact()]).collect::<Vec<_>>()})
            }
            Shape::List(item) => {
                let item = self.of(item);
                json!({"anyOf": [{"type": "array", "items": item}, item, {"type": "null"}]})
            }
            Shape::Map(value) => {
                let value = self.of(value);
                json!({"type": ["object", "null", "string"], "additionalProperties": value, "pattern": FACT})
            }
            Shape::OneOf(shapes) => {
                let shapes: Vec<Value> = shapes.iter().map(|s| self.of(s)).collect();
                json!({"anyOf": shapes})
            }
            Shape::Record(record) => {
                self.define(record);
                json!({"$ref": format!("#/$defs/{}", record.name)})
            }
        }
    }

    fn define(&mut self, record: &RecordShape) {
        if self.done.contains_key(record.name) {
            return;
        }
        self.done.insert(record.name, None);
        let fields = (record.fields)();
        let mut properties = Map::new();
        let mut required = Vec::new();
        let mut short = None;
        for field in &fields {
            let mut value = self.of(&field.shape);
            if record.short == Some(field.key) {
                short = Some(value.clone());
            }
            if let Value::Object(value) = &mut value {
                value.insert("description".to_owned(), json!(field.doc.trim()));
            }
            properties.insert(field.key.to_owned(), value);
            if field.required {
                required.push(json!(field.key));
            }
        }
        let mut map = json!({
            "type": if required.is_empty() { json!(["object", "null"]) } else { json!("object") },
            "properties": properties,
            "additionalProperties": false,
        });
        if !required.is_empty() {
            map["required"] = Value::Array(required);
        }
        let mut def = match short {
            // The bare form must not be tried on a map: its errors would hide the record's.
            Some(short) => json!({
                "if": {"type": ["object", "null"]}, "then": map, "else": short,
            }),
            None => {
                if let Some(types) = map["type"].as_array_mut() {
                    types.push(json!("string"));
                } else {
                    map["type"] = json!(["object", "string"]);
                }
                map["pattern"] = json!(FACT);
                map
            }
        };
        def["description"] = json!(record.doc.trim());
        self.done.insert(record.name, Some(def));
    }
}
