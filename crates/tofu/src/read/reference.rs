//! `tofu/STACK/OUTPUT/KEY…`: a text that means a value OpenTofu knows.

use crate::codes;
use diag::{Diagnostic, Place};

/// What every reference begins with.
const PREFIX: &str = "tofu/";

/// A stack, and the way to a value in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// The stack.
    pub stack: String,
    /// The output or a resource's address, then keys of objects and numbers of elements. At least one.
    pub parts: Vec<String>,
}

impl Reference {
    /// True for a text that means a value and not itself: `tofu/`, a stack, `/` and something more, no blanks.
    pub fn is(text: &str) -> bool {
        text.strip_prefix(PREFIX).is_some_and(|rest| rest.contains('/'))
            && !text.contains(char::is_whitespace)
    }

    /// Reads a reference. Slashes inside `["…"]` of a resource's address part nothing.
    ///
    /// # Errors
    /// [`codes::BAD_REFERENCE`] at `place`, when a part is empty.
    pub fn parse(text: &str, place: &Place) -> Result<Reference, Diagnostic> {
        let wrong = |what: &str| {
            Diagnostic::error(codes::BAD_REFERENCE, place, format!("`{text}` {what}"))
                .help("write `tofu/STACK/OUTPUT`, and `/KEY` for each step into its value")
        };
        let rest = text.strip_prefix(PREFIX).ok_or_else(|| wrong("does not begin with `tofu/`"))?;
        let mut parts = split(rest).into_iter();
        let stack = parts.next().filter(|stack| !stack.is_empty()).ok_or_else(|| wrong("names no stack"))?;
        let parts: Vec<String> = parts.collect();
        if parts.is_empty() {
            return Err(wrong("names no output"));
        }
        if parts.iter().any(String::is_empty) {
            return Err(wrong("has an empty part"));
        }
        Ok(Reference { stack, parts })
    }
}

fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    let mut before = None;
    for c in text.chars() {
        match c {
            '"' if quoted && before != Some('\\') => quoted = false,
            '"' if !quoted && before == Some('[') => quoted = true,
            _ => {}
        }
        match (c, quoted) {
            ('/', false) => parts.push(String::new()),
            _ => parts.last_mut().into_iter().for_each(|part| part.push(c)),
        }
        before = Some(c);
    }
    parts
}
