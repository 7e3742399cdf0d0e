//! Codes of diagnostics about reading. Numbers are stable; never reuse one.

/// A key the record does not have.
pub const UNKNOWN_KEY: &str = "FW0101";
/// A value of the wrong type or form.
pub const WRONG_TYPE: &str = "FW0102";
/// A required key is missing.
pub const MISSING_KEY: &str = "FW0103";
/// A word that is not one of the known ones.
pub const UNKNOWN_WORD: &str = "FW0104";
/// A name with characters that names cannot have.
pub const BAD_NAME: &str = "FW0105";
