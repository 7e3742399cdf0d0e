//! Text whose every line can say why it exists.

use diag::Place;
use std::sync::Arc;

/// Why a line, a unit or a rule exists: the source line it came from and a reason in words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Why {
    /// The source line that asked for it; `builtin:…` when it is a default of the tool itself.
    pub place: Place,
    /// One clause, lower case: "tunnel kyiv-wroclaw carries exposed services".
    pub reason: Arc<str>,
}

impl Why {
    /// A reason at a place.
    pub fn new(place: &Place, reason: impl Into<Arc<str>>) -> Self {
        Why { place: place.clone(), reason: reason.into() }
    }
}

/// A piece of a line: plain text, or a secret that is only filled in on the way to its host.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Segment {
    /// Plain text.
    Text(String),
    /// The value of the secret of this name; shown as `‹secret NAME›`.
    Secret(String),
}

/// One line, without its newline.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Line {
    /// The pieces in order.
    pub segments: Vec<Segment>,
    /// Why the line is there.
    pub why: Why,
}

/// A text made of lines that know why they are there. Rendered with `\n` after each line. A clone shares
/// the lines: one text on many hosts is held once.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Text {
    /// The lines in order.
    pub lines: Arc<Vec<Line>>,
}

impl Text {
    /// An empty text.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds plain text; each `\n` inside starts a new line with the same reason.
    pub fn line(&mut self, text: impl AsRef<str>, why: &Why) -> &mut Self {
        let lines = Arc::make_mut(&mut self.lines);
        for part in text.as_ref().split('\n') {
            lines.push(Line { segments: vec![Segment::Text(part.to_owned())], why: why.clone() });
        }
        self
    }

    /// Adds a line `before` + secret + `after`.
    pub fn secret_line(&mut self, before: &str, secret: &str, after: &str, why: &Why) -> &mut Self {
        let mut segments = vec![Segment::Text(before.to_owned()), Segment::Secret(secret.to_owned())];
        if !after.is_empty() {
            segments.push(Segment::Text(after.to_owned()));
        }
        Arc::make_mut(&mut self.lines).push(Line { segments, why: why.clone() });
        self
    }

    /// Adds an empty line.
    pub fn blank(&mut self, why: &Why) -> &mut Self {
        self.line("", why)
    }

    /// Adds all lines of another text.
    pub fn append(&mut self, other: Text) -> &mut Self {
        Arc::make_mut(&mut self.lines).extend(Arc::unwrap_or_clone(other.lines));
        self
    }

    /// The names of all secrets in it.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().flat_map(|l| &l.segments).filter_map(|s| match s {
            Segment::Secret(name) => Some(name.as_str()),
            Segment::Text(_) => None,
        })
    }

    /// The text with secrets filled in by `value`.
    ///
    /// # Errors
    /// The name of the first secret `value` does not know.
    pub fn reveal(&self, value: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
        let mut out = String::new();
        for line in self.lines.iter() {
            for segment in &line.segments {
                match segment {
                    Segment::Text(text) => out.push_str(text),
                    Segment::Secret(name) => out.push_str(&value(name).ok_or_else(|| name.clone())?),
                }
            }
            out.push('\n');
        }
        Ok(out)
    }

    /// The text with every secret shown as `‹secret NAME›`: safe to print.
    pub fn public(&self) -> String {
        let mut out = String::new();
        for line in self.lines.iter() {
            out.push_str(&line.public());
            out.push('\n');
        }
        out
    }
}

impl Line {
    /// The line with secrets hidden.
    pub fn public(&self) -> String {
        let mut out = String::new();
        for segment in &self.segments {
            match segment {
                Segment::Text(text) => out.push_str(text),
                Segment::Secret(name) => {
                    out.push_str("‹secret ");
                    out.push_str(name);
                    out.push('›');
                }
            }
        }
        out
    }
}
