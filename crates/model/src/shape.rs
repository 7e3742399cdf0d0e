//! How values are written, as data: the schema, the reference and the list of known keys come from here.

/// How a value is written.
#[derive(Clone, Debug)]
pub enum Shape {
    /// Anything (a module's own parameters, raw maps).
    Any,
    /// `yes` / `no` / `true` / `false`.
    Bool,
    /// A text.
    Text {
        /// What it is, with an example: "IPv4 prefix, e.g. 10.0.0.0/24".
        what: &'static str,
        /// A regular expression (ECMA) it matches.
        pattern: Option<&'static str>,
        /// It may look like a number or a boolean to other YAML readers: `8080`, `no`.
        bare: bool,
    },
    /// A whole number in a range.
    Integer {
        /// Smallest.
        min: u64,
        /// Largest.
        max: u64,
    },
    /// One of some words, each with its meaning.
    Choice(&'static [(&'static str, &'static str)]),
    /// A list (or one alone).
    List(Box<Shape>),
    /// A map of names to values.
    Map(Box<Shape>),
    /// A record.
    Record(RecordShape),
    /// One of several shapes.
    OneOf(Vec<Shape>),
}

/// A record's name, meaning and fields. Fields are behind a function because records may nest.
#[derive(Clone, Debug)]
pub struct RecordShape {
    /// Rust name; also its name in the schema.
    pub name: &'static str,
    /// What it is.
    pub doc: &'static str,
    /// The field a bare scalar stands for, if any.
    pub short: Option<&'static str>,
    /// Its fields.
    pub fields: fn() -> Vec<FieldShape>,
}

/// One field of a record.
#[derive(Clone, Debug)]
pub struct FieldShape {
    /// The key as written.
    pub key: &'static str,
    /// What it means.
    pub doc: &'static str,
    /// Must be written.
    pub required: bool,
    /// How its value is written.
    pub shape: Shape,
}
