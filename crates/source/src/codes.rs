//! Codes of diagnostics about files and YAML. Numbers are stable; never reuse one.

/// The text is not YAML.
pub const NOT_YAML: &str = "FW0001";
/// A tab where YAML wants spaces.
pub const TAB: &str = "FW0002";
/// Bytes that are not UTF-8.
pub const NOT_UTF8: &str = "FW0003";
/// The same key twice in one map.
pub const DUPLICATE_KEY: &str = "FW0004";
/// A key that is a list or a map.
pub const STRANGE_KEY: &str = "FW0005";
/// Nested deeper than any fleet needs.
pub const TOO_DEEP: &str = "FW0006";
/// Aliases that repeat too much text, or themselves.
pub const ALIAS: &str = "FW0007";
/// More than one document in a file.
pub const DOCUMENTS: &str = "FW0008";
/// A tag.
pub const TAG: &str = "FW0009";
/// A merge key.
pub const MERGE_KEY: &str = "FW0010";
/// A file larger than the limit.
pub const TOO_BIG: &str = "FW0011";
/// A control character in the text.
pub const CONTROL: &str = "FW0012";
/// A folder that describes nothing.
pub const EMPTY: &str = "FW0020";
/// A source file where none belongs.
pub const STRAY_FILE: &str = "FW0021";
/// A file name that cannot be a thing's name.
pub const FILE_NAME: &str = "FW0022";
/// The same thing described twice.
pub const TWICE: &str = "FW0023";
/// Two profiles that say different things.
pub const DISAGREE: &str = "FW0030";
/// A profile that uses itself.
pub const PROFILE_CYCLE: &str = "FW0031";
/// A profile with values its user cannot have.
pub const PROFILE_MISFIT: &str = "FW0032";
/// A module of the fleet that hides one of the tool.
pub const MODULE_HIDES: &str = "FW0040";
