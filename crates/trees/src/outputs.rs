//! What `tofu output -json` prints, as variables.

use crate::codes;
use diag::{Diagnostic, Report};
use py::{Entry, Kind, Marks, Node};

/// The value of each output by its name: `{"bucket": {"sensitive": false, "type": …, "value": …}}` gives
/// `bucket`. Sensitive ones are secrets. What is no output is reported.
pub fn outputs(node: &Node, report: &mut Report) -> Option<Node> {
    let refuse = |node: &Node, what: &str, report: &mut Report| {
        report.push(
            Diagnostic::error(codes::OUTPUTS, &node.place, what.to_owned())
                .help("write the file by `tofu output -json`, with nothing else in it"),
        );
    };
    let Kind::Map(entries) = &node.kind else {
        refuse(node, "outputs are one JSON object", report);
        return None;
    };
    let mut values = Vec::new();
    for entry in entries {
        match entry.node.get("value") {
            Some(value) => {
                let mut value = value.clone();
                let sensitive = entry.node.get("sensitive").and_then(Node::as_scalar);
                if sensitive.is_some_and(py::Value::truth) {
                    value.mark(Marks { secret: true, raw: false });
                }
                values.push(Entry { key: entry.key.clone(), place: entry.place.clone(), node: value });
            }
            None => {
                let name = py::str(&entry.key);
                refuse(&entry.node, &format!("the output `{name}` has no `value`"), report);
            }
        }
    }
    Some(Node { place: node.place.clone(), marks: node.marks, kind: Kind::Map(values) })
}
