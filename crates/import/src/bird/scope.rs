//! What a configuration's names stand for: constants, templates, filters, functions.

use super::parse::{Body, Stmt};
use std::collections::{BTreeMap, BTreeSet};

/// Everything with a name.
#[derive(Debug, Default)]
pub(super) struct Scope<'a> {
    defines: BTreeMap<&'a str, &'a [String]>,
    templates: BTreeMap<&'a str, &'a Stmt>,
    filters: BTreeMap<&'a str, &'a Stmt>,
    /// Every statement that gives a name, for what raw text needs.
    pub named: BTreeMap<&'a str, usize>,
}

impl<'a> Scope<'a> {
    pub(super) fn of(all: &'a [Stmt]) -> Self {
        let mut scope = Scope::default();
        for (n, stmt) in all.iter().enumerate() {
            match stmt.word(0) {
                "define" => {
                    scope.defines.insert(stmt.word(1), stmt.words.get(3..).unwrap_or_default());
                    scope.named.insert(stmt.word(1), n);
                }
                "template" => {
                    scope.templates.insert(stmt.word(2), stmt);
                    scope.named.insert(stmt.word(2), n);
                }
                "filter" => {
                    scope.filters.insert(stmt.word(1), stmt);
                    scope.named.insert(stmt.word(1), n);
                }
                "function" => {
                    scope.named.insert(stmt.word(1), n);
                }
                _ if stmt.word(1) == "table" => {
                    scope.named.insert(stmt.word(2), n);
                }
                _ => {}
            }
        }
        scope.named.remove("");
        scope
    }

    /// A word, or the one it is defined as.
    pub(super) fn value<'w>(&'w self, word: &'w str) -> &'w str {
        let mut word = word;
        // Constants of constants; a circle ends somewhere in it.
        for _ in 0..8 {
            match self.defines.get(word) {
                Some([one]) => word = one,
                _ => break,
            }
        }
        word
    }

    /// Words with constants put in.
    pub(super) fn values<'w>(&self, words: impl IntoIterator<Item = &'w str>) -> Vec<String> {
        let mut out = Vec::new();
        for word in words {
            match self.defines.get(word) {
                Some(many) if many.len() > 1 => out.extend(many.iter().map(|w| self.value(w).to_owned())),
                _ => out.push(self.value(word).to_owned()),
            }
        }
        out
    }

    /// A protocol's statements, those of its templates before its own.
    pub(super) fn options(&self, protocol: &'a Stmt) -> Vec<&'a Stmt> {
        let mut chain = vec![protocol];
        let mut seen = BTreeSet::new();
        while let Some(name) = chain.last().and_then(|s| from(s)) {
            match self.templates.get(name).filter(|_| seen.insert(name.to_owned())) {
                Some(template) => chain.push(template),
                None => break,
            }
        }
        chain.into_iter().rev().flat_map(Stmt::inside).collect()
    }

    /// The code that an `import` or `export` runs: its own, a named filter's, or the expression behind `where`.
    pub(super) fn code(&self, stmt: &'a Stmt) -> Option<Vec<String>> {
        if let Body::Code(words) = &stmt.body {
            return Some(self.values(words.iter().map(String::as_str)));
        }
        match stmt.word(1) {
            "filter" => match &self.filters.get(stmt.word(2))?.body {
                Body::Code(words) => Some(self.values(words.iter().map(String::as_str))),
                Body::None | Body::Stmts(_) => None,
            },
            "where" => Some(self.values(stmt.words.iter().skip(1).map(String::as_str))),
            _ => None,
        }
    }
}

/// The template a protocol is from.
pub(super) fn from(stmt: &Stmt) -> Option<&str> {
    let at = stmt.words.iter().position(|w| w == "from")?;
    stmt.words.get(at + 1).map(String::as_str)
}

/// A protocol's own name; one without has its type's.
pub(super) fn name(stmt: &Stmt) -> &str {
    match stmt.word(2) {
        "" | "from" => stmt.word(1),
        name => name.trim_matches('\''),
    }
}
