//! Templates that know `{{NAME}}` and nothing else: `NAME` of capital letters, digits and underscores.
//!
//! Every other brace belongs to the application the file is for, and stays as it is; values are put in byte
//! for byte.

use crate::codes;
use diag::{Diagnostic, Place, Report};
use std::collections::BTreeSet;

/// What was made of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filled {
    /// The text.
    pub text: String,
    /// The names that stood in it.
    pub names: BTreeSet<String>,
}

/// Puts values in. Each name without one is reported with its place; then there is no text.
pub fn fill(
    file: &str,
    template: &str,
    value: &dyn Fn(&str) -> Option<String>,
    report: &mut Report,
) -> Option<Filled> {
    let mut text = String::with_capacity(template.len());
    let mut names = BTreeSet::new();
    let mut missing = false;
    let mut end = 0;
    let mut at = (1, 1);
    let mut counted = 0;
    for (start, length) in fields(template) {
        for c in template[counted..start].chars() {
            at = if c == '\n' { (at.0 + 1, 1) } else { (at.0, at.1 + 1) };
        }
        counted = start;
        let name = &template[start + 2..start + length - 2];
        text.push_str(&template[end..start]);
        end = start + length;
        match value(name) {
            Some(value) => text.push_str(&value),
            None => {
                missing = true;
                let place = Place::new(file, at.0, at.1);
                report.push(
                    Diagnostic::error(codes::SIMPLE_MISSING, &place, format!("`{name}` has no value"))
                        .help("give it one, or write the braces otherwise if they are the application's own"),
                );
            }
        }
        names.insert(name.to_owned());
    }
    text.push_str(&template[end..]);
    (!missing).then_some(Filled { text, names })
}

/// Where the fields are: byte offset and length, braces counted.
fn fields(template: &str) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    let mut from = 0;
    while let Some(found) = template[from..].find("{{") {
        let start = from + found;
        let rest = &template[start + 2..];
        let name =
            rest.bytes().take_while(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_').count();
        if name > 0 && rest[name..].starts_with("}}") {
            out.push((start, name + 4));
            from = start + name + 4;
        } else {
            // `{{{NAME}}` is a brace and a field.
            from = start + 1;
        }
    }
    out
}
