//! Codes of diagnostics about templates. Numbers are stable; never reuse one.

/// The text is not a template: a tag, a bracket or a string that does not end, an unknown statement.
pub const SYNTAX: &str = "FW1301";
/// A variable, attribute or item that is not there was used.
pub const UNDEFINED: &str = "FW1302";
/// A filter, test, function, lookup or method this tool does not have, or refuses.
pub const UNSUPPORTED: &str = "FW1303";
/// A template that is included, imported or extended is not there.
pub const NO_TEMPLATE: &str = "FW1304";
/// The template asks for more steps, text or depth than any configuration needs.
pub const LIMIT: &str = "FW1305";
/// An operation that Python refuses too: a wrong type, a division by zero, a wrong argument.
pub const FAILED: &str = "FW1306";
/// A `{{NAME}}` of a simple template nobody gave a value for.
pub const SIMPLE_MISSING: &str = "FW1307";
