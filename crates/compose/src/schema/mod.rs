//! What a Compose file may say (compose-spec.json of the Compose Specification): keys, and what their values are.

mod check;
mod resources;
mod service;
mod settle;

pub(crate) use check::check;
pub(crate) use settle::{pairs, settle};

/// What a value is.
pub(crate) enum Shape {
    /// Anything, kept as it is.
    Any,
    /// A text.
    Text,
    /// A text, a number, true or false, or nothing; a text in the end.
    Scalar,
    /// A text or a number; a text in the end.
    TextOrNumber,
    /// `true`, `false`, or a text that says so (`yes`, `on`).
    Bool,
    /// A whole number, or a text that is one.
    Int,
    /// A number, or a text that is one.
    Float,
    /// Bytes: `64m`.
    Size,
    /// A duration: `1m30s`.
    Duration,
    /// Permission bits, octal.
    Mode,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A command: words, or one text taken apart as a shell would.
    Command,
    /// `healthcheck.test`: words, or one text for a shell.
    Test,
    /// A list of texts.
    Texts,
    /// A text or a list of texts.
    TextOrTexts,
    /// A list of texts and numbers; texts in the end.
    TextsOrNumbers,
    /// `NAME: value` or `- NAME=value`; a name alone has no value yet.
    Pairs,
    /// `NAME: value` or `- NAME=value`; a name alone has an empty one.
    Labels,
    /// `NAME: address`, `- NAME=address` or `- NAME:address`.
    Hosts,
    /// `NAME: value`, texts in the end.
    Options,
    /// `soft` and `hard`, or one number for both.
    Limit,
    /// `all` or a number of devices.
    Count,
    /// A list.
    List(&'static Shape),
    /// A map with names as its keys.
    Map(&'static Shape),
    /// A map with these keys.
    Record(&'static [Field]),
    /// Nothing, or this.
    OrNull(&'static Shape),
    /// A text that stands for this, or this.
    Short(&'static Shape),
    /// A list of names, or a map of names to this.
    Names(&'static Shape),
    /// `true`, `false`, or a map with the name (an old form).
    External,
}

/// A key of a record.
pub(crate) struct Field {
    /// The key.
    pub key: &'static str,
    /// What its value is.
    pub shape: Shape,
    /// A zero value (`false`, `0`, an empty text) is said, not left out.
    pub zero: bool,
    /// It must be there.
    pub required: bool,
}

/// A key that is left out when its value is zero.
pub(crate) const fn field(key: &'static str, shape: Shape) -> Field {
    Field { key, shape, zero: false, required: false }
}

/// A key whose zero means something.
pub(crate) const fn zero(key: &'static str, shape: Shape) -> Field {
    Field { key, shape, zero: true, required: false }
}

/// A key that must be there.
pub(crate) const fn required(key: &'static str, shape: Shape) -> Field {
    Field { key, shape, zero: false, required: true }
}

/// A whole file.
pub(crate) static PROJECT: Shape = Shape::Record(resources::PROJECT);
/// One service.
pub(crate) static SERVICE: Shape = Shape::Record(service::SERVICE);

/// True for keys the specification leaves to others.
pub(crate) fn is_extension(key: &str) -> bool {
    key.starts_with("x-")
}
