//! What a diagnostic is: a stable code, places in the text, and a way out.
//!
//! Diagnostics are values. They are collected and reported together, never thrown one by one.

mod text;

pub use text::{Style, render_plain, render_pretty};

use std::fmt;
use std::sync::Arc;

/// A place in a source text: file, line and column, both counted from 1.
///
/// `line == 0` means the place is not in a text (for example a value made by the tool itself).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Place {
    /// Path of the file, relative to the fleet's folder.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl Place {
    /// A place in a text.
    pub fn new(file: impl Into<Arc<str>>, line: u32, column: u32) -> Self {
        Place { file: file.into(), line, column }
    }
    /// A place that stands for a whole file.
    pub fn file(file: impl Into<Arc<str>>) -> Self {
        Place::new(file, 1, 1)
    }
    /// The place of a fact the tool itself brings (`builtin`): not in any text of the fleet.
    pub fn builtin(what: &str) -> Self {
        Place::new(format!("builtin:{what}"), 0, 0)
    }
    /// True for places that are in the fleet's own text.
    pub fn is_source(&self) -> bool {
        self.line > 0 && !self.file.starts_with("builtin:")
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            f.write_str(&self.file)
        } else {
            write!(f, "{}:{}:{}", self.file, self.line, self.column)
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Severity {
    /// `error`, `warning` or `note`.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}

/// How bad it is. Errors stop what comes after; warnings and notes do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing after this phase runs.
    Error,
    /// Reported, and work goes on.
    Warning,
    /// Worth knowing, for example "not supported yet".
    Note,
}

/// One thing to say about the sources.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Diagnostic {
    /// Stable code, `FW` and four digits; `fleetwright explain CODE` and `docs/codes/CODE.md` tell more.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence, lower case, no full stop.
    pub message: String,
    /// Where. Every diagnostic about the text has one.
    pub place: Option<Place>,
    /// Further places with a word each, such as "first used here".
    pub labels: Vec<(Place, String)>,
    /// The way out, if the message does not say it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error at a place.
    pub fn error(code: &'static str, place: &Place, message: impl Into<String>) -> Self {
        Diagnostic {
            code,
            severity: Severity::Error,
            message: message.into(),
            place: Some(place.clone()),
            labels: Vec::new(),
            help: None,
        }
    }
    /// An error with no place in the text.
    pub fn bare(code: &'static str, message: impl Into<String>) -> Self {
        Diagnostic {
            code,
            severity: Severity::Error,
            message: message.into(),
            place: None,
            labels: Vec::new(),
            help: None,
        }
    }
    /// A warning at a place.
    pub fn warning(code: &'static str, place: &Place, message: impl Into<String>) -> Self {
        Diagnostic { severity: Severity::Warning, ..Self::error(code, place, message) }
    }
    /// A note at a place.
    pub fn note(code: &'static str, place: &Place, message: impl Into<String>) -> Self {
        Diagnostic { severity: Severity::Note, ..Self::error(code, place, message) }
    }
    /// Adds a second place.
    pub fn label(mut self, place: &Place, word: impl Into<String>) -> Self {
        self.labels.push((place.clone(), word.into()));
        self
    }
    /// Adds the way out.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
    /// Adds "did you mean `x`?" when a candidate is near `word`.
    pub fn suggest<'a>(self, word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Self {
        match nearest(word, candidates) {
            Some(near) => {
                let help = format!("did you mean `{near}`?");
                self.help(help)
            }
            None => self,
        }
    }
}

/// What a phase has to say: all of it, in the order it was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The diagnostics.
    pub items: Vec<Diagnostic>,
}

impl Report {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }
    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.items.push(diagnostic);
    }
    /// Adds all of another.
    pub fn extend(&mut self, other: Report) {
        self.items.extend(other.items);
    }
    /// True when at least one is an error.
    pub fn has_errors(&self) -> bool {
        self.items.iter().any(|d| d.severity == Severity::Error)
    }
    /// How many are errors.
    pub fn error_count(&self) -> usize {
        self.items.iter().filter(|d| d.severity == Severity::Error).count()
    }
    /// Sorts by place, then code, and drops exact repeats, so that output does not depend on the order of rules.
    pub fn sort(&mut self) {
        self.items.sort_by(|a, b| (&a.place, a.code, &a.message).cmp(&(&b.place, b.code, &b.message)));
        self.items.dedup();
    }
}

/// The candidate nearest to `word` by edit distance, if it is near enough to be a slip of the hand
/// (at most a third of the letters, and at least one).
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    candidates.into_iter().map(|c| (distance(word, c), c)).filter(|(d, _)| *d <= limit).min().map(|(_, c)| c)
}

/// Edit distance with transpositions (optimal string alignment), in characters.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut rows: Vec<Vec<usize>> = (0..=a.len()).map(|i| vec![i; b.len() + 1]).collect();
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let change = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + change);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_suggested_and_strangers_are_not() {
        assert_eq!(nearest("uplnik", ["lan", "uplink", "router"]), Some("uplink"));
        assert_eq!(nearest("host", ["hosts", "lan"]), Some("hosts"));
        assert_eq!(nearest("zebra", ["lan", "uplink"]), None);
    }

    #[test]
    fn sorting_drops_repeats_and_orders_by_place() {
        let a = Place::new("a.yaml", 2, 1);
        let b = Place::new("a.yaml", 1, 1);
        let mut report = Report::new();
        report.push(Diagnostic::error("FW0002", &a, "second"));
        report.push(Diagnostic::error("FW0001", &b, "first"));
        report.push(Diagnostic::error("FW0002", &a, "second"));
        report.sort();
        assert_eq!(report.items.iter().map(|d| d.code).collect::<Vec<_>>(), ["FW0001", "FW0002"]);
    }
}
