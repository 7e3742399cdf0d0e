//! Codes of diagnostics about YAML and JSON that was written for Python. Numbers are stable; never reuse one.

/// The text is not YAML.
pub const NOT_YAML: &str = "FW1201";
/// Aliases that repeat too much text, themselves, or nothing.
pub const ALIAS: &str = "FW1202";
/// Nested deeper than any tree needs.
pub const TOO_DEEP: &str = "FW1203";
/// More than one document in a file.
pub const DOCUMENTS: &str = "FW1204";
/// A tag nobody here knows, or one on a value it cannot have.
pub const TAG: &str = "FW1205";
/// The same key twice in one map.
pub const DUPLICATE_KEY: &str = "FW1206";
/// A key that is a list or a map.
pub const STRANGE_KEY: &str = "FW1207";
/// A merge of something that is not a map.
pub const MERGE: &str = "FW1208";
/// A scalar that cannot be what its form or tag says: a 13th month, half a base64 text.
pub const SCALAR: &str = "FW1209";
/// A control character in the text.
pub const CONTROL: &str = "FW1210";
/// The text is not JSON.
pub const NOT_JSON: &str = "FW1211";
