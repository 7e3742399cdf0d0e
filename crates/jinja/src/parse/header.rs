//! Ansible's `#jinja2:` line at the start of a template.

use super::Syntax;
use crate::error::{At, Fault, Res};
use py::Value;
use py::literal::{Literal, literal};

/// What the line begins with.
pub(crate) const HEADER: &str = "#jinja2:";

/// The rest of the template and how it is read, when it begins with such a line.
pub(super) fn split(source: &str, mut syntax: Syntax) -> Res<Option<(&str, Syntax)>> {
    let Some(after) = source.strip_prefix(HEADER) else { return Ok(None) };
    let at = At { line: 1, column: 1 };
    let fail = |message: String| Err(Fault::syntax(message, at));
    let Some((line, rest)) = after.split_once('\n') else {
        return fail(format!("no template follows the line of `{HEADER}`"));
    };
    for pair in line.split(',') {
        let Some((key, value)) = pair.split_once(':') else {
            return fail(format!("`{}` in the line of `{HEADER}` is no `name: value`", pair.trim()));
        };
        let key = key.trim();
        let value = match literal(value.trim()) {
            Literal::Value(value) => value,
            _ => return fail(format!("`{}`, the value of `{key}`, is no literal of Python's", value.trim())),
        };
        let usual = match key {
            "trim_blocks" | "lstrip_blocks" | "keep_trailing_newline" => {
                let Value::Bool(on) = value else {
                    return fail(format!("`{key}` is True or False"));
                };
                match key {
                    "trim_blocks" => syntax.trim_blocks = on,
                    "lstrip_blocks" => syntax.lstrip_blocks = on,
                    _ => syntax.keep_trailing_newline = on,
                }
                continue;
            }
            "block_start_string" => "{%",
            "block_end_string" => "%}",
            "variable_start_string" => "{{",
            "variable_end_string" => "}}",
            "comment_start_string" => "{#",
            "comment_end_string" => "#}",
            "newline_sequence" => "\n",
            "line_statement_prefix" | "line_comment_prefix" => "",
            _ => return fail(format!("`{key}` is no option of a `{HEADER}` line")),
        };
        let same = match &value {
            Value::None => usual.is_empty(),
            Value::Str(text) => **text == *usual,
            _ => false,
        };
        if !same {
            let told = Fault::unsupported(format!("another `{key}` than Jinja2's own is not supported"));
            return Err(told.set_at(at));
        }
    }
    Ok(Some((rest, syntax)))
}
