//! `$VAR`, `${VAR}` and their defaults (Compose Specification, "Interpolation").

use crate::budget::{self, Budget};
use crate::codes;
use crate::node::{Node, Value};
use diag::{Diagnostic, Place, Report};
use std::borrow::Cow;

/// Deepest `${A:-${B:-…}}`.
const MAX_NESTED: usize = 32;
/// Most bytes variables may bring into one text: Linux gives no program a longer variable (MAX_ARG_STRLEN).
const MAX_BROUGHT: usize = 128 * 1024;

/// Where a variable's value comes from.
pub(crate) type Lookup<'l> = &'l dyn Fn(&str) -> Option<String>;

/// What is wrong with a text or worth saying about it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// `${…` that is none.
    Template(String),
    /// `${NAME:?message}` without a value.
    Required { name: String, message: String },
    /// Not set, and without a default.
    Unset(String),
    /// Variables of variables that come to more than [`MAX_BROUGHT`].
    TooLong,
}

impl Fault {
    /// For people, at a place.
    pub(crate) fn diagnostic(&self, place: &Place) -> Diagnostic {
        match self {
            Fault::Template(what) => Diagnostic::error(
                codes::TEMPLATE,
                place,
                format!("`{}` is not `${{NAME}}` or one of its forms", shortened(what)),
            )
            .help("a dollar sign itself is written `$$`"),
            Fault::Required { name, message } => {
                let why = if message.is_empty() { String::new() } else { format!(": {message}") };
                Diagnostic::error(codes::REQUIRED_VARIABLE, place, format!("`{name}` must have a value{why}"))
                    .help("set it in the environment, in .env, or in an --env-file")
            }
            Fault::Unset(name) => {
                let message = format!("`{name}` is not set; an empty text takes its place");
                Diagnostic::warning(codes::UNSET_VARIABLE, place, message)
                    .help(format!("set it, or say what else to take: `${{{name}:-default}}`"))
            }
            Fault::TooLong => {
                let message = format!("variables bring more than {MAX_BROUGHT} bytes into this text");
                Diagnostic::error(codes::TOO_LARGE, place, message)
                    .help("a variable made of others that are made of others grows fast: write it out")
            }
        }
    }

    fn stops(&self) -> bool {
        !matches!(self, Fault::Unset(_))
    }
}

/// Replaces variables in every text of the tree.
pub(crate) fn tree(node: &mut Node, lookup: Lookup<'_>, budget: &mut Budget, report: &mut Report) {
    match &mut node.value {
        Value::Text(text) => {
            let mut faults = Vec::new();
            if let Cow::Owned(new) = substitute(text, lookup, &mut faults) {
                let brought = new.len().saturating_sub(text.len());
                let room = brought == 0 || budget.take(budget::of_text(brought), &node.place, report);
                *text = if room { new } else { String::new() };
            }
            for fault in faults {
                report.push(fault.diagnostic(&node.place));
            }
        }
        Value::List(items) => items.iter_mut().for_each(|item| tree(item, lookup, budget, report)),
        Value::Map(map) => {
            map.iter_mut().for_each(|(_, entry)| tree(&mut entry.node, lookup, budget, report));
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {}
    }
}

/// The text with its variables replaced. What cannot be replaced is left as an empty text and said in `faults`;
/// after a `${` that cannot be read the rest of the text is left out.
pub(crate) fn substitute<'t>(text: &'t str, lookup: Lookup<'_>, faults: &mut Vec<Fault>) -> Cow<'t, str> {
    Substitution { lookup, faults, brought: 0 }.text(text, 0)
}

struct Substitution<'s> {
    lookup: Lookup<'s>,
    faults: &'s mut Vec<Fault>,
    /// Bytes of values that were put in so far.
    brought: usize,
}

impl Substitution<'_> {
    fn text<'t>(&mut self, text: &'t str, depth: usize) -> Cow<'t, str> {
        if !text.contains('$') {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            let after = &rest[at + 1..];
            rest = if let Some(after) = after.strip_prefix('$') {
                out.push('$');
                after
            } else if let Some(inside) = after.strip_prefix('{') {
                let end = closing(inside);
                let Some((end, put)) = end.and_then(|end| Some((end, self.braced(&inside[..end], depth)?)))
                else {
                    self.faults.push(Fault::Template(text.to_owned()));
                    return Cow::Owned(out);
                };
                out.push_str(&put);
                &inside[end + 1..]
            } else {
                match name_length(after) {
                    // A dollar sign before anything else is itself.
                    0 => {
                        out.push('$');
                        after
                    }
                    length => {
                        out.push_str(&self.value(&after[..length]));
                        &after[length..]
                    }
                }
            };
            if self.brought > MAX_BROUGHT {
                return Cow::Owned(String::new());
            }
        }
        out.push_str(rest);
        Cow::Owned(out)
    }

    /// What stands between the braces: a name, and what to do without a value. Nothing when it is neither.
    fn braced(&mut self, inside: &str, depth: usize) -> Option<String> {
        let length = name_length(inside);
        let (name, rest) = inside.split_at(length);
        if length == 0 || depth >= MAX_NESTED {
            return None;
        }
        if rest.is_empty() {
            return Some(self.value(name));
        }
        let (empty_too, rest) = match rest.strip_prefix(':') {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let mut chars = rest.chars();
        let operator = chars.next();
        let word = chars.as_str();
        // The tool's pattern ends at the line.
        if !matches!(operator, Some('-' | '+' | '?')) || word.contains('\n') {
            return None;
        }
        // The word is replaced whether it is used or not; only what stops is said of an unused one.
        let known = self.faults.len();
        let word = self.text(word, depth + 1).into_owned();
        let inner = self.faults.split_off(known);
        let found = (self.lookup)(name);
        let there = found.as_ref().is_some_and(|v| !(empty_too && v.is_empty()));
        let (used, text) = match operator {
            Some('-') if !there => (true, word),
            Some('+') if there => (true, word),
            Some('?') if !there => {
                self.faults.extend(inner.into_iter().filter(Fault::stops));
                self.faults.push(Fault::Required { name: name.to_owned(), message: word });
                return Some(String::new());
            }
            _ => {
                let text = found.unwrap_or_default();
                self.bring(text.len());
                (false, text)
            }
        };
        self.faults.extend(inner.into_iter().filter(|fault| used || fault.stops()));
        Some(text)
    }

    fn value(&mut self, name: &str) -> String {
        match (self.lookup)(name) {
            Some(value) => {
                self.bring(value.len());
                value
            }
            None => {
                self.faults.push(Fault::Unset(name.to_owned()));
                String::new()
            }
        }
    }

    fn bring(&mut self, bytes: usize) {
        let before = self.brought;
        self.brought = before.saturating_add(bytes);
        if before <= MAX_BROUGHT && self.brought > MAX_BROUGHT {
            self.faults.push(Fault::TooLong);
        }
    }
}

/// Where the brace of `${` closes: braces inside are counted; when they do not come out even, the last one is it.
fn closing(inside: &str) -> Option<usize> {
    let mut open = 1_usize;
    let mut last = None;
    for (at, c) in inside.char_indices() {
        match c {
            '{' => open += 1,
            '}' => {
                last = Some(at);
                open -= 1;
                if open == 0 {
                    return last;
                }
            }
            _ => {}
        }
    }
    last
}

fn name_length(text: &str) -> usize {
    let first = text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    if !first {
        return 0;
    }
    text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count()
}

/// The start of a text that is too long for a message.
fn shortened(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(60) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(name: &str) -> Option<String> {
        match name {
            "SET" => Some("value".to_owned()),
            "EMPTY" => Some(String::new()),
            "OTHER" => Some("other".to_owned()),
            _ => None,
        }
    }

    fn ok(text: &str) -> String {
        let mut faults = Vec::new();
        let out = substitute(text, &lookup, &mut faults).into_owned();
        assert_eq!(faults, [], "{text}");
        out
    }

    fn bad(text: &str) -> Vec<Fault> {
        let mut faults = Vec::new();
        substitute(text, &lookup, &mut faults);
        faults
    }

    #[test]
    fn each_form_of_the_specification() {
        for (text, expected) in [
            ("$SET/${SET}", "value/value"),
            ("${SET:-x}${SET-x}", "valuevalue"),
            ("${EMPTY:-x}|${EMPTY-x}", "x|"),
            ("${UNSET:-x}|${UNSET-y}", "x|y"),
            ("${SET:+x}|${EMPTY:+x}|${EMPTY+x}|${UNSET:+x}|${UNSET+x}", "x||x||"),
            ("${SET:?no}${EMPTY?no}", "value"),
            ("${UNSET:-${SET}}", "value"),
            ("${UNSET:-${UNSET:-$OTHER}}", "other"),
            ("${UNSET:-a}${UNSET:-b}", "ab"),
            ("$${SET} $$SET $$", "${SET} $SET $"),
            ("$1 $ 5$", "$1 $ 5$"),
            ("${UNSET:-{\"a\": {\"b\": 1}}}", "{\"a\": {\"b\": 1}}"),
            ("${UNSET:-:-}", ":-"),
            ("${UNSET-$$}", "$"),
        ] {
            assert_eq!(ok(text), expected, "{text}");
        }
    }

    #[test]
    fn what_stops_is_said() {
        assert_eq!(bad("a ${ b"), [Fault::Template("a ${ b".to_owned())]);
        assert_eq!(bad("${}"), [Fault::Template("${}".to_owned())]);
        assert_eq!(bad("${A!x}"), [Fault::Template("${A!x}".to_owned())]);
        assert_eq!(bad("$UNSET"), [Fault::Unset("UNSET".to_owned())]);
        assert_eq!(
            bad("${EMPTY:?give $OTHER}"),
            [Fault::Required { name: "EMPTY".to_owned(), message: "give other".to_owned() }]
        );
        // A default that is not used is still read, but nothing unset in it is worth a word.
        assert_eq!(bad("${SET:-$UNSET}"), []);
        assert_eq!(bad("${SET:-${}}").len(), 1);
        // The text is said once, however often it goes wrong.
        assert_eq!(bad("${}${}${}").len(), 1);
    }

    #[test]
    fn variables_bring_no_more_than_a_program_could_be_given() {
        let long = "x".repeat(1 << 16);
        let lookup = |_: &str| Some(long.clone());
        for (text, fits) in [("$A", true), ("$A$A", true), ("$A$A$A", false), ("${B:-$A$A$A$A}", false)] {
            let mut faults = Vec::new();
            substitute(text, &lookup, &mut faults);
            assert_eq!(faults.is_empty(), fits, "{text}");
        }
        let deep = format!("{}$A{}", "${B:-".repeat(40), "}".repeat(40));
        assert_eq!(bad(&deep).len(), 1);
    }
}
