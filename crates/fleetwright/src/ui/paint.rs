//! Colour, by meaning.

/// What a word means; how that looks is decided here alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A heading or a name that matters.
    Bold,
    /// Beside the point.
    Dim,
    /// Well.
    Good,
    /// To be looked at.
    Warn,
    /// Wrong.
    Bad,
    /// A name of a thing.
    Name,
}

/// Puts colour on words, or leaves them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paint {
    /// Colour is used.
    pub on: bool,
}

impl Paint {
    /// The text in this style.
    pub fn with(self, style: Style, text: impl AsRef<str>) -> String {
        let text = text.as_ref();
        if !self.on {
            return text.to_owned();
        }
        let code = match style {
            Style::Bold => "1",
            Style::Dim => "2",
            Style::Good => "32",
            Style::Warn => "33",
            Style::Bad => "31",
            Style::Name => "36",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}
