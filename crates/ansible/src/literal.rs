//! Values of INI inventories: Python's literals, anything else a text.

use crate::codes;
use diag::{Diagnostic, Place, Report};
use py::{Node, Value};

/// The value of a text, at its place.
pub(crate) fn value(text: &str, place: &Place, report: &mut Report) -> Node {
    let value = py::literal::literal_or_text(text).unwrap_or_else(|why| {
        report.push(
            Diagnostic::error(codes::LITERAL, place, format!("Python reads {why} here, which has no value"))
                .help("put it into a YAML file, or quote it twice if it is a text: \"'text'\""),
        );
        Value::None
    });
    Node::from_value(place, value)
}
