//! State files of version 4, read only: they are OpenTofu's to write.

use super::outputs::{self, Output};
use crate::codes;
use crate::json::{self, Json, Node};
use diag::{Diagnostic, Place, Report};
use std::collections::BTreeMap;
use std::fmt;

/// What a state file holds that hosts can use.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The root module's outputs by name.
    pub outputs: BTreeMap<String, Output>,
    /// Instances by full address: `module.core.docker_container.db["a"]`, `data.http.me`.
    pub instances: BTreeMap<String, Instance>,
}

/// One step into a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A key of an object.
    Key(String),
    /// An element of a list, from 0.
    Index(usize),
}

/// One instance of a resource.
#[derive(Clone, PartialEq)]
pub struct Instance {
    /// Its attributes, an object with places.
    pub attributes: Node,
    /// Paths of attributes that are secret.
    pub sensitive: Vec<Vec<Step>>,
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance")
            .field("attributes", &self.attributes.keys().collect::<Vec<_>>())
            .field("sensitive", &self.sensitive)
            .finish()
    }
}

/// Reads a state file. A fault in one resource is reported and the others are still read; `None` when it is no
/// state of version 4 at all.
pub fn state(file: &str, bytes: &[u8], report: &mut Report) -> Option<State> {
    let root = match json::parse(file, bytes) {
        Ok(root) => root,
        Err(diagnostic) => {
            report.push(diagnostic);
            return None;
        }
    };
    let version = root.get("version");
    match version.and_then(number) {
        Some(4) => {}
        other => {
            let said = other.map_or("says no version".to_owned(), |v| format!("has version {v}"));
            report.push(
                Diagnostic::error(
                    codes::NOT_STATE,
                    &version.unwrap_or(&root).place,
                    format!("this state {said}, and only version 4 is known"),
                )
                .help(
                    "`tofu state pull` prints the state as version 4; an encrypted state must be pulled too",
                ),
            );
            return None;
        }
    }
    let outputs = root.get("outputs").map_or(Some(BTreeMap::new()), |node| outputs::of(node, report))?;
    let mut instances = BTreeMap::new();
    match root.get("resources") {
        None => {}
        Some(list @ Node { value: Json::Array(_), .. }) => {
            for resource in list.elements() {
                if let Err(diagnostic) = each(resource, &mut instances) {
                    report.push(diagnostic);
                }
            }
        }
        Some(other) => {
            report.push(wrong(&other.place, format!("`resources` is {}, not a list", other.kind())))
        }
    }
    Some(State { outputs, instances })
}

fn number(node: &Node) -> Option<u64> {
    match &node.value {
        Json::Number(number) => number.as_u64(),
        _ => None,
    }
}

fn each(resource: &Node, into: &mut BTreeMap<String, Instance>) -> Result<(), Diagnostic> {
    let text = |key: &str| {
        resource
            .get(key)
            .and_then(Node::text)
            .ok_or_else(|| wrong(&resource.place, format!("a resource without the text `{key}`")))
    };
    let (ty, name) = (text("type")?, text("name")?);
    let data = match text("mode")? {
        "managed" => false,
        "data" => true,
        other => return Err(wrong(&resource.place, format!("`{ty}.{name}` has the unknown mode `{other}`"))),
    };
    let mut address = String::new();
    if let Some(module) = resource.get("module").and_then(Node::text) {
        address = format!("{module}.");
    }
    if data {
        address.push_str("data.");
    }
    address.push_str(&format!("{ty}.{name}"));
    for instance in resource.get("instances").map(Node::elements).unwrap_or_default() {
        // What a failed replacement left behind is no fact about the present.
        if instance.get("deposed").is_some() {
            continue;
        }
        let Some(attributes) =
            instance.get("attributes").filter(|node| matches!(node.value, Json::Object(_)))
        else {
            return Err(wrong(&instance.place, format!("an instance of `{address}` has no `attributes`")));
        };
        let key = match instance.get("index_key").map(|node| &node.value) {
            None | Some(Json::Null) => String::new(),
            Some(Json::Number(n)) => format!("[{n}]"),
            Some(Json::String(key)) => format!("[{}]", quoted(key)),
            Some(_) => {
                return Err(wrong(&instance.place, format!("an `index_key` of `{address}` is no key")));
            }
        };
        let marks = instance.get("sensitive_attributes").map(Node::elements).unwrap_or_default();
        let sensitive = marks.iter().map(|mark| path(mark.elements())).collect();
        into.insert(format!("{address}{key}"), Instance { attributes: attributes.clone(), sensitive });
    }
    Ok(())
}

/// `[{"type": "get_attr", "value": "env"}, {"type": "index", "value": {"value": 0, "type": "number"}}]`.
/// What cannot be read ends the path early: more is secret then, never less.
fn path(steps: &[Node]) -> Vec<Step> {
    let step = |node: &Node| {
        let value = node.get("value")?;
        let value = value.get("value").unwrap_or(value);
        match &value.value {
            Json::String(key) => Some(Step::Key(key.clone())),
            Json::Number(n) => n.as_u64().and_then(|n| usize::try_from(n).ok()).map(Step::Index),
            _ => None,
        }
    };
    steps.iter().map_while(step).collect()
}

/// A key as addresses write it.
fn quoted(key: &str) -> String {
    format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""))
}

fn wrong(place: &Place, message: String) -> Diagnostic {
    Diagnostic::error(codes::NOT_STATE, place, message)
        .help("give the state as OpenTofu wrote it; `tofu state pull` prints it")
}
