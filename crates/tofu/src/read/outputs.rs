//! What `tofu output -json` prints, and the `outputs` of a state file, which have the same shape.

use crate::codes;
use crate::json::{self, Json, Node};
use diag::{Diagnostic, Place, Report};
use std::collections::BTreeMap;
use std::fmt;

/// One output of the root module.
#[derive(Clone, PartialEq)]
pub struct Output {
    /// Its value, with places.
    pub value: Node,
    /// Declared `sensitive`: never shown.
    pub sensitive: bool,
    /// Where the output begins.
    pub place: Place,
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Output");
        if self.sensitive {
            shown.field("value", &"(sensitive)");
        } else {
            shown.field("value", &self.value.to_value());
        }
        shown.field("sensitive", &self.sensitive).field("place", &self.place).finish()
    }
}

/// Reads the JSON of `tofu output -json`: outputs by name.
///
/// A fault in one output is reported and the others are still read. `None` when it is no JSON object at all.
pub fn outputs(file: &str, bytes: &[u8], report: &mut Report) -> Option<BTreeMap<String, Output>> {
    match json::parse(file, bytes) {
        Ok(node) => of(&node, report),
        Err(diagnostic) => {
            report.push(diagnostic);
            None
        }
    }
}

/// The outputs in an object of them.
pub(super) fn of(node: &Node, report: &mut Report) -> Option<BTreeMap<String, Output>> {
    let Json::Object(entries) = &node.value else {
        report
            .push(wrong(&node.place, format!("outputs are an object by name, and this is {}", node.kind())));
        return None;
    };
    let mut found = BTreeMap::new();
    for (name, output) in entries {
        let Some(value) = output.get("value") else {
            report.push(wrong(&output.place, format!("the output `{name}` has no `value`")));
            continue;
        };
        let sensitive = match output.get("sensitive").map(|node| (&node.value, node)) {
            None => false,
            Some((Json::Bool(sensitive), _)) => *sensitive,
            Some((_, node)) => {
                let kind = node.kind();
                report.push(wrong(
                    &node.place,
                    format!("`sensitive` of the output `{name}` is {kind}, not true or false"),
                ));
                true
            }
        };
        let place = output.place.clone();
        found.insert(name.clone(), Output { value: value.clone(), sensitive, place });
    }
    Some(found)
}

fn wrong(place: &Place, message: String) -> Diagnostic {
    Diagnostic::error(codes::NOT_OUTPUTS, place, message)
        .help("give what `tofu output -json` prints for all outputs, without naming one")
}
